//! When a server is to end.

/// Until the process is interrupted (ctrl-c) or told to end (SIGTERM).
pub(crate) async fn asked_to_end() {
    let interrupted = async {
        // Without a signal to wait for the process is ended by other means.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let told = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let told = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = told => {}
    }
}
