//! Where the browser comes back: an address of this machine, for one authorization (RFC 8252, section 7.3).

use std::time::Duration;

use innkeeper::{Completed, Innkeeper, RedirectUri, SessionSecret};
use innkeeper_server::{ListenSettings, LocalCallback, LocalFailure};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use crate::failure::{Exit, Failure, Outcome};
use crate::listener::bind_loopback;

/// The path that the provider sends the browser to.
const PATH: &str = "/callback";
/// How much time the browser has to load its page once the authorization is over.
const LEAVING: Duration = Duration::from_secs(2);

/// A listener on 127.0.0.1, for one authorization.
#[derive(Debug)]
pub(crate) struct Loopback {
    listener: TcpListener,
    redirect_uri: RedirectUri,
}

impl Loopback {
    /// Listens; port 0 takes a free one.
    pub(crate) async fn bind(port: u16) -> Outcome<Self> {
        let (listener, mut address) = bind_loopback(port).await?;
        address.set_path(PATH);
        let redirect_uri = RedirectUri::try_from(address)
            .map_err(|why| Failure::failed(format!("the redirect URI of this machine {why}")))?;
        Ok(Self { listener, redirect_uri })
    }

    /// The redirect URI to register at the provider, for any port.
    pub(crate) fn redirect_uri(&self) -> &RedirectUri {
        &self.redirect_uri
    }

    /// Waits for the browser, or for a callback address on `pasted`, until one of them settles the authorization. A
    /// callback that belongs to another authorization, or to none, is answered and changes nothing.
    pub(crate) async fn wait(
        self,
        host: &Innkeeper,
        session: SessionSecret,
        mut pasted: mpsc::Receiver<String>,
        patience: Duration,
    ) -> Outcome<Completed> {
        let (callback, mut settled) = LocalCallback::new(host.clone(), session, self.redirect_uri);
        let (stop, stopped) = oneshot::channel::<()>();
        let mut settings = ListenSettings::default();
        settings.ending_time = LEAVING;
        let server = tokio::spawn(innkeeper_server::listen(self.listener, callback.router(), settings, async {
            // A dropped sender means stop, too.
            let _ = stopped.await;
        }));
        let deadline = tokio::time::sleep(patience);
        tokio::pin!(deadline);
        let outcome = loop {
            tokio::select! {
                Some(outcome) = settled.recv() => break outcome.map_err(Failure::from),
                Some(address) = pasted.recv() => {
                    if let Some(failure) = callback.take_pasted(&address).await {
                        crate::output::say(&format!("That is not the callback address of this authorization: {failure}."));
                    }
                }
                () = &mut deadline => break Err(timed_out(patience)),
            }
        };
        drop(stop);
        // It stops by itself, and its result is known.
        let _ = server.await;
        outcome
    }
}

impl From<LocalFailure> for Failure {
    fn from(failure: LocalFailure) -> Self {
        match failure {
            LocalFailure::Refused(error) => error.into(),
            LocalFailure::Strangers => Self::new(Exit::Denied, "authorization-denied", failure.to_string()),
            _ => Self::failed(failure.to_string()),
        }
    }
}

fn timed_out(patience: Duration) -> Failure {
    let minutes = crate::time::span(patience);
    let message = format!("nobody returned from the authorization server within {minutes}");
    Failure::new(Exit::NeedsAuthorization, "authorization-timeout", message).hint("run the command again")
}
