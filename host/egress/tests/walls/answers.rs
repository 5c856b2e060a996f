//! Answers: bounded and scrubbed.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::write::GzEncoder;
use innkeeper_ambient::{ManualClock, Timestamp};
use innkeeper_egress::EgressError;
use innkeeper_fixtures::scripted::{Reply, ScriptedServer};

use crate::{Out, TOKEN, Tokens, attached, bare, loopback, text};

/// Every way to write the searched token, each inside some text.
fn echoes() -> Vec<Vec<u8>> {
    let every = |prefix: &str, upper: bool| {
        TOKEN
            .bytes()
            .map(|byte| if upper { format!("{prefix}{byte:02X}") } else { format!("{prefix}{byte:02x}") })
            .collect::<String>()
    };
    let json = serde_json::Value::from(TOKEN).to_string();
    let ascii: Vec<String> = TOKEN.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    let mut echoes = vec![
        TOKEN.to_owned(),
        every("%", true),
        every("%", false),
        url::form_urlencoded::byte_serialize(TOKEN.as_bytes()).collect(),
        json[1..json.len() - 1].to_owned(),
        json[1..json.len() - 1].replace('/', "\\/").replace('&', "\\u0026").replace('é', "\\u00E9"),
        ascii.concat(),
    ];
    for lead in ["", "a", "ab"] {
        let inside = format!("{lead}{TOKEN}tail");
        echoes.push(STANDARD.encode(&inside));
        echoes.push(URL_SAFE_NO_PAD.encode(&inside));
        echoes.push(STANDARD.encode(&inside).replace('/', "\\/"));
        echoes.push(STANDARD.encode(&inside).replace('+', "%2B").replace('/', "%2f"));
    }
    echoes.into_iter().map(|echo| format!("before \\\\ 100% {echo} after").into_bytes()).collect()
}

async fn answer(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Result<innkeeper_egress::Response, EgressError> {
    let service = ScriptedServer::start(move |_, _| reply()).await;
    Out::new(&[service.url("")]).tokens(Tokens::in_query(TOKEN)).send(attached(&service.url("/"))).await
}

#[tokio::test]
async fn an_echo_is_scrubbed_from_the_body_in_every_encoding_wherever_it_is_cut() {
    let echoes = Arc::new(echoes());
    for number in 0..echoes.len() {
        let whole = {
            let echoes = Arc::clone(&echoes);
            text(answer(move || Reply::new(200).body(&echoes[number])).await.expect("answered")).await
        };
        assert!(whole.starts_with("before \\\\ 100% ") && whole.ends_with(" after"), "{whole}");
        assert_eq!(whole.matches("[redacted]").count(), 1, "{whole}");
        assert!(whole.len() < 50, "{whole}");
        let byte_by_byte = {
            let echoes = Arc::clone(&echoes);
            answer(move || Reply::new(200).pieces(echoes[number].iter().map(|byte| vec![*byte])))
                .await
                .expect("answered")
        };
        assert_eq!(text(byte_by_byte).await, whole);
    }
}

#[tokio::test]
async fn an_echo_is_scrubbed_from_headers_and_the_length_does_not_lie() {
    for echo in echoes() {
        let sent = echo.clone();
        let response = answer(move || Reply::new(200).header("x-echo", &sent).body(&sent)).await.expect("answered");
        let value = String::from_utf8_lossy(response.headers["x-echo"].as_bytes()).into_owned();
        assert_eq!(value.matches("[redacted]").count(), 1, "{value}");
        assert_eq!(response.body.length(), None);
    }
}

#[tokio::test]
async fn cookies_are_not_handed_on() {
    let service =
        ScriptedServer::start(|_, _| Reply::new(200).header("set-cookie", "a=b").header("x-kept", "1").body("12345"))
            .await;
    let response = Out::new(&[service.url("")]).get(&service.url("/")).await.expect("answered");
    assert!(response.headers.get("set-cookie").is_none() && response.headers.get("x-kept").is_some());
    assert_eq!(response.body.length(), Some(5));
}

#[tokio::test]
async fn gzip_is_taken_off_before_the_search() {
    let response = answer(|| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(format!("<{TOKEN}>").as_bytes()).expect("in memory");
        Reply::new(200).header("content-encoding", "gzip").body(gzip.finish().expect("in memory"))
    })
    .await;
    assert_eq!(text(response.expect("answered")).await, "<[redacted]>");
}

#[tokio::test]
async fn an_encoding_that_cannot_be_searched_is_refused_once_a_credential_was_sent() {
    for coding in ["br", "deflate", "zstd", "gzip, br"] {
        let reply = move || Reply::new(200).header("content-encoding", coding).body("?");
        assert!(
            matches!(answer(reply).await, Err(EgressError::Connect(text)) if text.contains("encoding")),
            "{coding}"
        );
        let service = ScriptedServer::start(move |_, _| reply()).await;
        assert!(Out::new(&[service.url("")]).get(&service.url("/")).await.is_ok());
    }
}

#[tokio::test]
async fn giant_headers_are_refused() {
    let answer = async |size: usize| {
        let service = ScriptedServer::start(move |_, _| Reply::new(200).header("x-large", "x".repeat(size))).await;
        Out::new(&[service.url("")]).get(&service.url("/")).await.err()
    };
    assert_eq!(answer(65_000).await, None);
    assert_eq!(answer(70_000).await, Some(EgressError::TooLarge { limit: 65_536 }));
    // The client accepts no head of that size, and has the same text for a length that is too large.
    let refused = answer(1_000_000).await;
    let is_told =
        |error: &EgressError| matches!(error, EgressError::Connect(text) if text.contains("larger than 65536 bytes"));
    assert!(refused.as_ref().is_some_and(is_told), "{refused:?}");
}

#[tokio::test]
async fn another_protocol_is_no_answer() {
    let switch = || Reply::new(101).header("connection", "upgrade").header("upgrade", "evil");
    let refused = answer(switch).await.err();
    assert!(
        matches!(&refused, Some(EgressError::Connect(text)) if text.contains("switched to another protocol")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_body_that_never_ends_is_ended_by_the_deadline() {
    let service = ScriptedServer::start(|_, _| Reply::new(200).pieces([b"drip".to_vec()]).stalls()).await;
    let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1000)));
    let mut out = Out::with(&[service.url("")], loopback(), clock.clone());
    out.deadline = Some(Timestamp::from_secs(1030));
    let mut response = out.get(&service.url("/")).await.expect("answered");
    assert_eq!(response.body.next().await, Ok(Some("drip".into())));
    let (end, ()) = futures::join!(response.body.next(), async {
        while clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(30));
    });
    assert_eq!(end, Err(EgressError::Timeout));
}

#[tokio::test]
async fn a_body_that_was_handed_on_outlives_the_deadline_as_long_as_bytes_come() {
    let service = ScriptedServer::start(|_, _| Reply::new(200).pieces([b"drip".to_vec()]).stalls()).await;
    let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1000)));
    let mut out = Out::with(&[service.url("")], loopback(), clock.clone());
    out.deadline = Some(Timestamp::from_secs(1030));
    let mut response = out.get(&service.url("/")).await.expect("answered");
    response.body.outlive_the_call(Duration::from_mins(1));
    clock.advance(Duration::from_secs(500));
    assert_eq!(response.body.next().await, Ok(Some("drip".into())));
    let (end, ()) = futures::join!(response.body.next(), async {
        while clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_mins(1));
    });
    assert_eq!(end, Err(EgressError::Timeout));
}

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let service = ScriptedServer::start(|_, _| Reply::never()).await;
    for timeout in [None, Some(Duration::from_secs(5))] {
        let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1000)));
        let out = Out::with(&[service.url("")], loopback(), clock.clone());
        let mut request = bare(&service.url("/"));
        request.timeout = timeout;
        let (answer, ()) = futures::join!(out.send(request), async {
            while clock.sleepers() == 0 {
                tokio::task::yield_now().await;
            }
            clock.advance(timeout.unwrap_or(Duration::from_mins(1)));
        });
        assert_eq!(answer.err(), Some(EgressError::Timeout));
    }
}

#[tokio::test]
async fn a_deadline_that_the_caller_keeps_has_no_timer_and_an_earlier_end_has() {
    let service = ScriptedServer::start(|_, _| Reply::never()).await;
    let url = service.url("/");
    let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1000)));
    let mut out = Out::with(&[service.url("")], loopback(), clock.clone());
    out.deadline = Some(Timestamp::from_secs(1030));
    out.dropped_at_deadline = true;
    let beyond = async {
        while service.received().is_empty() {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(31));
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = out.get(&url) => panic!("{answer:?}"),
        () = beyond => {}
    }
    assert_eq!(clock.sleepers(), 0);

    out.deadline = Some(Timestamp::from_secs(2000));
    let (answer, ()) = futures::join!(out.get(&url), async {
        while clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_mins(1));
    });
    assert_eq!(answer.err(), Some(EgressError::Timeout));
}

#[tokio::test]
async fn a_large_answer_is_bounded_by_who_reads_it() {
    let service = ScriptedServer::start(|_, _| Reply::new(200).pieces(vec![vec![b'x'; 1000]; 100])).await;
    let mut response = Out::new(&[service.url("")]).get(&service.url("/")).await.expect("answered");
    assert_eq!(response.body.read_all(5000).await, Err(EgressError::TooLarge { limit: 5000 }));
}
