//! Listening: the connections of pages and services, limited in number, size and time.

mod admission;
mod connection;
mod paced;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use ipnet::IpNet;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use admission::Admission;

/// The limits of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListenSettings {
    /// Connections at once, in total. 1,024.
    pub connections: usize,
    /// Connections of one peer at once: an address, or for IPv6 a network of 64 bits, which is what one subscriber has. 128.
    pub connections_per_peer: usize,
    /// Peers that are limited only by [`ListenSettings::connections`]: proxies, which stand for many clients. None.
    pub uncounted_peers: Vec<IpNet>,
    /// From the start of a connection, or the first byte of a later request, to the end of the request's head. 10 s.
    pub head_time: Duration,
    /// From the end of a request's head to the end of its body. 30 s.
    pub body_time: Duration,
    /// Between an answer and the first byte of the next request. 60 s.
    pub idle_time: Duration,
    /// For a reader to take what was written, about 64 KiB at a time. 30 s.
    pub answer_time: Duration,
    /// For requests under way when the listener stops. 30 s.
    pub ending_time: Duration,
    /// Bytes of a request's head: method, path, names and values of headers. At least 8 KiB; 32 KiB.
    pub head_size: usize,
    /// Bytes of a request's body. 64 KiB.
    pub body_size: usize,
}

impl Default for ListenSettings {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_per_peer: 128,
            uncounted_peers: Vec::new(),
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(30),
            idle_time: Duration::from_mins(1),
            answer_time: Duration::from_secs(30),
            ending_time: Duration::from_secs(30),
            head_size: 32 << 10,
            body_size: 64 << 10,
        }
    }
}

/// Answers requests on `listener` with `router` (HTTP/1.1) until `until` completes, and requests then under way for
/// [`ListenSettings::ending_time`] longer; the rest is interrupted. Requests carry the peer's address as
/// `ConnectInfo<SocketAddr>`.
///
/// A connection beyond the limits is answered 503 with `Retry-After`, unread. One that is too slow is closed; if only
/// the body of a request is too slow, the answer is 408.
pub async fn listen(listener: TcpListener, router: Router, settings: ListenSettings, until: impl Future<Output = ()>) {
    let settings = Arc::new(settings);
    let admission = Arc::new(Admission::new(&settings));
    let turned_away = Arc::new(Semaphore::new(TURNED_AWAY));
    let (ends, ended) = watch::channel(());
    let mut connections = JoinSet::new();
    tokio::pin!(until);
    loop {
        let accepted = tokio::select! {
            () = &mut until => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_of_the_connection(&error) => continue,
            Err(error) => {
                tracing::warn!(%error, "no connections can be accepted for a moment");
                tokio::select! {
                    () = &mut until => break,
                    () = tokio::time::sleep(PAUSE) => continue,
                }
            }
        };
        if let Some(admitted) = Admission::admit(&admission, peer.ip()) {
            let (router, settings, ended) = (router.clone(), settings.clone(), ended.clone());
            connections.spawn(async move {
                connection::serve(stream, peer, router, &settings, ended).await;
                drop(admitted);
            });
        } else if let Ok(turn) = turned_away.clone().try_acquire_owned() {
            connections.spawn(async move {
                turn_away(stream, peer).await;
                drop(turn);
            });
        }
    }
    drop(listener);
    drop(ends);
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(settings.ending_time, finished).await.is_err() {
        tracing::warn!(connections = connections.len(), "connections that took too long were cut off at the end");
        connections.shutdown().await;
    }
}

/// A client that went away before it was accepted is not a failure of the listener.
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Answers that there is no room. What the client sends meanwhile is read, because closing the connection with unread
/// data would discard the answer.
async fn turn_away(mut stream: TcpStream, peer: SocketAddr) {
    tracing::debug!(%peer, "a connection was turned away");
    let _ = tokio::time::timeout(PAUSE, async {
        stream.write_all(BUSY.as_bytes()).await?;
        stream.shutdown().await?;
        let mut unread = [0; 1024];
        for _ in 0..64 {
            if stream.read(&mut unread).await? == 0 {
                break;
            }
        }
        io::Result::Ok(())
    })
    .await;
}

const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nCache-Control: no-store\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Length: 41\r\n\r\nThis service is busy; try again in 5 s.\r\n";
/// Connections that get this answer at once; more are closed without one.
const TURNED_AWAY: usize = 64;
/// How long such a connection is held, and how long the listener pauses if the system gives it no connection.
const PAUSE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
