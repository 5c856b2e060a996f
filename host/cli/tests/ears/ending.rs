//! Stopping the service: requests under way are answered, and no new ones are accepted.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::plain_provider;
use crate::service::Place;
use crate::upstreams::wait;

/// How often the test checks whether connections are refused, every 10 ms.
const TRIES: usize = 1000;

#[test]
fn a_service_that_is_told_to_end_answers_what_is_under_way_and_takes_nothing_new() {
    let provider = plain_provider::start();
    provider.hold();
    let place = Place::with(&plain_provider::service_file(&provider));
    let service = place.start();
    let address = service.listening().to_owned();
    let mut idle = TcpStream::connect(&address).expect("it listens");
    let mut asking = TcpStream::connect(&address).expect("it listens");
    let body = r#"{"refresh_token":"refresh-7"}"#;
    write!(
        asking,
        "POST /v1/plain/oauth/refresh HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("it reads");
    wait(provider.arrived(1));

    service.tell_to_end();
    let refused = (0..TRIES).any(|_| {
        let connected = TcpStream::connect(&address);
        thread::sleep(Duration::from_millis(10));
        connected.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    });
    assert!(refused, "new connections are still taken");

    provider.release_all();
    let mut answer = String::new();
    asking.read_to_string(&mut answer).expect("it answers, and closes the connection");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains(r#""access_token":"access-of-refresh-7""#), "{answer}");
    let mut nothing = [0; 1];
    assert_eq!(idle.read(&mut nothing).unwrap_or(0), 0, "who asked nothing is not waited for");
    assert_eq!(service.ended().code(), Some(0));
}

#[test]
fn a_service_with_nothing_to_do_ends_at_once() {
    let place = Place::with(&plain_provider::service_file(&plain_provider::start()));
    assert_eq!(place.start().stop().code(), Some(0));
}
