//! When a server is asked to stop.

/// Completes when the process is interrupted (ctrl-c) or asked to stop (SIGTERM). Signals count from this call on,
/// before the future is awaited: call it before the server reports that it is ready.
#[cfg(unix)]
pub(crate) fn asked_to_end() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let [interrupted, told] = [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| {
        let heard = signal(kind);
        async {
            match heard {
                Ok(mut heard) => drop(heard.recv().await),
                // Without a signal to wait for, the process is stopped in other ways.
                Err(_) => std::future::pending().await,
            }
        }
    });
    async {
        tokio::select! {
            () = interrupted => {}
            () = told => {}
        }
    }
}

/// Completes when the process is interrupted (ctrl-c).
#[cfg(not(unix))]
pub(crate) async fn asked_to_end() {
    // Without a signal to wait for, the process is stopped in other ways.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
