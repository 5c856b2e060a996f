//! Authorizations that nobody finished do not stay.

use std::time::Duration;

use innkeeper::Innkeeper;

/// How often they are looked for.
pub const SWEEP: Duration = Duration::from_mins(30);

/// Removes them every half hour on the host's clock, for as long as it is polled: give it to a task of its own. What fails is
/// logged and tried again.
pub async fn keep_swept(host: Innkeeper) {
    loop {
        host.clock().sleep(SWEEP).await;
        match host.sweep_authorizations().await {
            Ok(swept) => tracing::debug!(swept, "authorizations that nobody finished were removed"),
            Err(error) => tracing::warn!(%error, "authorizations that nobody finished were not removed"),
        }
    }
}
