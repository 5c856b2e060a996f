//! HTTP/2: requests that a service does not process.

use std::io;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use h2::Reason;
use http::{Method, Response};
use innkeeper_egress::{EgressError, RequestBody};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::tls::{acceptor, listener, out, trusting};
use crate::{bare, text};

/// A server's reaction to a request.
#[derive(Clone, Copy, PartialEq)]
enum Act {
    /// Answers `done`.
    Answer,
    /// Refuses the stream (RFC 9113 section 8.7).
    Refuse,
    /// Closes the connection, and reports that it processed no request on it.
    GoAway,
    /// Resets the stream in the middle of its work.
    Break,
}

/// A server for `api.test` that goes through a list of reactions and repeats the last one.
async fn server(acts: &'static [Act]) -> u16 {
    let acceptor = acceptor(&[b"h2"]);
    let (listener, port) = listener().await;
    tokio::spawn(async move {
        let mut done = 0;
        let act = |done: usize| acts[done.min(acts.len() - 1)];
        while let Ok((stream, _)) = listener.accept().await {
            let stream = acceptor.accept(stream).await.expect("a handshake");
            if act(done) == Act::GoAway {
                go_away(stream).await.expect("written");
                done += 1;
                continue;
            }
            let mut connection = h2::server::handshake(stream).await.expect("HTTP/2");
            while let Some(Ok((_request, mut respond))) = connection.accept().await {
                match act(done) {
                    Act::Answer => {
                        let mut body = respond.send_response(Response::new(()), false).expect("sent");
                        body.send_data(Bytes::from_static(b"done"), true).expect("sent");
                    }
                    Act::Refuse => respond.send_reset(Reason::REFUSED_STREAM),
                    Act::Break => respond.send_reset(Reason::INTERNAL_ERROR),
                    Act::GoAway => panic!("only as the first thing on a connection"),
                }
                done += 1;
            }
        }
    });
    port
}

/// Waits for a request and reports that no stream was processed: the library would name the one it read.
async fn go_away(mut stream: TlsStream<TcpStream>) -> io::Result<()> {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    const GO_AWAY: [u8; 17] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const HEADERS: u8 = 1;
    stream.write_all(&SETTINGS).await?;
    stream.read_exact(&mut [0; b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len()]).await?;
    loop {
        let mut frame = [0; 9];
        stream.read_exact(&mut frame).await?;
        let length = u32::from_be_bytes([0, frame[0], frame[1], frame[2]]);
        stream.read_exact(&mut vec![0; length as usize]).await?;
        if frame[3] == HEADERS {
            stream.write_all(&GO_AWAY).await?;
            return stream.shutdown().await;
        }
    }
}

/// A POST, which no policy repeats, to a server with these reactions: the answer, and the number of requests sent.
async fn post(acts: &'static [Act]) -> (Result<String, EgressError>, u32) {
    let port = server(acts).await;
    let out = out(port, trusting());
    let mut request = bare(&format!("https://api.test:{port}/"));
    request.method = Method::POST;
    request.body = RequestBody::Bytes("x".into());
    let answer = match out.send(request).await {
        Ok(response) => Ok(text(response).await),
        Err(error) => Err(error),
    };
    (answer, out.sent.load(Ordering::SeqCst))
}

#[tokio::test]
async fn what_a_service_left_undone_is_sent_again_and_counted() {
    assert_eq!(post(&[Act::Answer]).await, (Ok("done".to_owned()), 1));
    assert_eq!(post(&[Act::Refuse, Act::Answer]).await, (Ok("done".to_owned()), 2));
    assert_eq!(post(&[Act::GoAway, Act::Refuse, Act::Answer]).await, (Ok("done".to_owned()), 3));
}

#[tokio::test]
async fn a_service_that_leaves_everything_undone_is_not_asked_for_ever() {
    let (answer, sent) = post(&[Act::Refuse]).await;
    assert!(matches!(answer, Err(EgressError::Connect(_))), "{answer:?}");
    assert_eq!(sent, 3);
}

#[tokio::test]
async fn what_may_have_been_done_is_not_sent_again() {
    let (answer, sent) = post(&[Act::Break, Act::Answer]).await;
    assert!(matches!(answer, Err(EgressError::Connect(_))), "{answer:?}");
    assert_eq!(sent, 1);
}
