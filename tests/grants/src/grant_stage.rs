//! A replica on a clock that the test moves, an authorization server on its own, and a faulty relay between them.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use innkeeper_ambient::{ManualClock, Timestamp};
use innkeeper_auth::{AuthError, GrantStatus};
use innkeeper_fixtures::hazard::Hazard;
use innkeeper_fixtures::oidc::{Counts, OidcClient, OidcOptions, OidcProvider, owner_of};
use innkeeper_spec::AuthMode;
use innkeeper_store::{ConnectionRecord, GrantOwner};
use tempfile::TempDir;

use crate::replica::Replica;

/// All that a test of one connection needs.
#[derive(Debug)]
pub struct GrantStage {
    /// The authorization server and its protected resource.
    pub provider: OidcProvider,
    /// The relay to its token endpoint.
    pub hazard: Hazard,
    /// The clock of every replica.
    pub clock: Arc<ManualClock>,
    /// The first replica.
    pub replica: Replica,
    /// A connection to the provider.
    pub connection: ConnectionRecord,
    /// The folder of the store, which is removed when this is dropped.
    pub folder: TempDir,
}

impl GrantStage {
    /// A connection by this client, which nobody has authorized yet.
    pub async fn start(options: OidcOptions, client: OidcClient, mode: AuthMode) -> Self {
        let provider = OidcProvider::start(options).await.expect("the authorization server starts");
        let hazard = Hazard::start(provider.issuer()).await;
        let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1_800_000_000)));
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let replica = Replica::open(folder.path(), clock.clone()).await.expect("a new store opens");
        let connection = replica.connect(&provider, &hazard.url("token"), client, mode).await;
        Self { provider, hazard, clock, replica, connection, folder }
    }

    /// The same, authorized by `ada` for all users.
    pub async fn authorized(options: OidcOptions, client: OidcClient) -> Self {
        let stage = Self::start(options, client, AuthMode::Shared).await;
        stage.replica.authorize(&stage.provider, &stage.connection, &GrantOwner::Shared, "ada").await;
        stage
    }

    /// The token of the shared grant.
    pub async fn token(&self) -> Result<String, AuthError> {
        self.ticking(self.replica.token(&self.connection, &GrantOwner::Shared)).await
    }

    /// The status of that grant.
    pub async fn status(&self) -> GrantStatus {
        self.replica.auth.status(&self.connection, &GrantOwner::Shared).await.expect("a connection has a status")
    }

    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// The requests to the provider since its start.
    pub async fn counts(&self) -> Counts {
        self.provider.counts().await.expect("the provider counts")
    }

    /// The user that the protected resource accepts this token for.
    pub async fn user_of(&self, token: &str) -> String {
        owner_of(self.provider.api(), token).await.expect("the provider honours the token")
    }

    /// Waits for `work`, while the clock goes on in small steps, for what waits on it in turn.
    pub async fn ticking<T>(&self, work: impl Future<Output = T>) -> T {
        let clock = self.clock.clone();
        let ticks = async {
            loop {
                tokio::time::sleep(STEP).await;
                clock.advance(STEP);
            }
        };
        tokio::select! {
            done = work => done,
            () = ticks => unreachable!("the clock goes on for ever"),
        }
    }

    /// Waits until `holds`, which what happens in the background brings about.
    ///
    /// # Panics
    /// After ten seconds, with `what` it waited for.
    pub async fn until<F: Future<Output = bool>>(&self, what: &str, mut holds: impl FnMut() -> F) {
        for _ in 0..10_000 {
            if self.ticking(holds()).await {
                return;
            }
            tokio::time::sleep(STEP).await;
        }
        panic!("{what} has not come about");
    }
}

/// Of the clock, and of waiting for what is done in the background.
const STEP: Duration = Duration::from_millis(1);
