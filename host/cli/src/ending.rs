//! When a server is to end.

/// Until the process is interrupted (ctrl-c) or told to end (SIGTERM). It counts from this call on, before the future is
/// awaited: call it before the server says that it is there.
#[cfg(unix)]
pub(crate) fn asked_to_end() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let [interrupted, told] = [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| {
        let heard = signal(kind);
        async {
            match heard {
                Ok(mut heard) => drop(heard.recv().await),
                // Without a signal to wait for the process is ended by other means.
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

/// Until the process is interrupted (ctrl-c).
#[cfg(not(unix))]
pub(crate) async fn asked_to_end() {
    // Without a signal to wait for the process is ended by other means.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
