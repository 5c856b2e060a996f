//! An authorization from start to end, as `authorize` and the demo run it.

use std::io::BufRead as _;
use std::time::Duration;

use innkeeper::{
    BeginAuthorization, Completed, ConnectionId, Innkeeper, PrincipalId, RedirectUri, SessionSecret, SpaceId,
    SystemRandom,
};
use innkeeper::{Clock as _, SystemClock, Timestamp};
use tokio::sync::mpsc;
use url::Url;

use crate::failure::Outcome;
use crate::loopback::Loopback;
use crate::output::say;

/// The longest callback address that is read from standard input, in bytes.
const LONGEST_ADDRESS: u64 = 16 * 1024;

/// The connection to authorize, and how.
pub(crate) struct Authorization<'a> {
    pub(crate) space: &'a SpaceId,
    pub(crate) connection: &'a ConnectionId,
    pub(crate) principal: Option<PrincipalId>,
    /// The port that the browser comes back to; 0 takes a free one.
    pub(crate) port: u16,
    /// How long to wait; at most as long as the authorization is valid.
    pub(crate) patience: Duration,
}

/// An authorization whose address a user has to open.
pub(crate) struct Begun {
    pub(crate) address: Url,
    pub(crate) expires_at: Timestamp,
    loopback: Loopback,
    session: SessionSecret,
    patience: Duration,
}

impl Authorization<'_> {
    /// Listens for the browser, and makes the address that it is to open.
    pub(crate) async fn begin(self, host: &Innkeeper) -> Outcome<Begun> {
        let loopback = Loopback::bind(self.port).await?;
        let session = SessionSecret::random(&SystemRandom);
        let begun = host
            .begin_authorization(BeginAuthorization {
                space: self.space,
                connection: self.connection,
                principal: self.principal,
                redirect_uri: loopback.redirect_uri().clone(),
                session: &session,
                return_url: None,
            })
            .await?;
        let patience = self.patience.min(begun.expires_at.since(SystemClock.now()));
        let (address, expires_at) = (begun.authorization_url, begun.expires_at);
        Ok(Begun { address, expires_at, loopback, session, patience })
    }
}

impl Begun {
    /// Where the provider sends the browser.
    pub(crate) fn redirect_uri(&self) -> &RedirectUri {
        self.loopback.redirect_uri()
    }

    /// Waits for the browser.
    pub(crate) async fn wait(self, host: &Innkeeper) -> Outcome<Completed> {
        let (_keep, nothing) = mpsc::channel(1);
        self.loopback.wait(host, self.session, nothing, self.patience).await
    }

    /// Waits for the browser, or for its callback address on standard input: a browser on another machine ends on an
    /// address that does not work there, and that can be copied.
    pub(crate) async fn wait_or_read(self, host: &Innkeeper) -> Outcome<Completed> {
        self.loopback.wait(host, self.session, lines_of_input(), self.patience).await
    }

    /// Continues with the callback address that a scripted user arrived at.
    pub(crate) async fn arrive(self, host: &Innkeeper, callback: String) -> Outcome<Completed> {
        let (sender, pasted) = mpsc::channel(1);
        // There is room for one.
        let _ = sender.try_send(callback);
        self.loopback.wait(host, self.session, pasted, self.patience).await
    }
}

/// Starts a browser in a separate process; says so if there is none.
pub(crate) fn open_browser(address: &Url) {
    let address = address.to_string();
    // A terminal browser runs until its user closes it.
    std::thread::spawn(move || {
        if let Err(error) = webbrowser::open(&address) {
            say(&format!("The browser could not be opened ({error}): open the address yourself."));
        }
    });
}

/// Lines of standard input, until it ends or the receiver is dropped.
fn lines_of_input() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(1);
    // Reading a terminal cannot be cancelled: the thread stops with the process.
    std::thread::spawn(move || {
        use std::io::Read as _;
        let mut input = std::io::stdin().lock();
        loop {
            let mut line = String::new();
            match input.by_ref().take(LONGEST_ADDRESS).read_line(&mut line) {
                Ok(1..) if sender.blocking_send(line).is_ok() => {}
                _ => return,
            }
        }
    });
    lines
}
