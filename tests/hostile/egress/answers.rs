//! Answers that are invalid, that never end, or that are too large.

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::{ANSWERS, UNANSWERED, UNREAD};
use crate::attack::{Attack, Class, attack, on_each};
use crate::reach::Target;
use crate::rig::Rig;
use crate::upstream::{Answer, endless, raw, say, silence};
use crate::ways::{OF_GUESTS, OF_OAUTH, OF_SERVICES, WAYS_OUT};

/// Invalid answers, on every way.
pub(super) fn answers() -> Vec<Attack> {
    let answered = |id, what, text, answer: fn() -> Answer| {
        on_each(Class::Egress, (id, what), ANSWERS, text, WAYS_OUT, move |rig: Rig, way| async move {
            rig.reach(way, Target::Answer(answer())).await
        })
        .but_on(OF_SERVICES, UNANSWERED)
    };
    const LARGE: &str = "its headers are larger than 65536 bytes";
    vec![
        answered(
            "egress-closed",
            "A service hangs up without a word",
            "connection closed before message completed",
            || raw(""),
        ),
        answered("egress-garbage", "A service answers what is no HTTP", "invalid HTTP version parsed", || {
            raw("SSH-2.0-OpenSSH_9.6\r\n\r\n")
        }),
        answered("egress-http09", "A service answers without a head", "invalid HTTP version parsed", || {
            raw("<html>it works</html>")
        }),
        answered(
            "egress-status",
            "A service answers with an invalid status",
            "invalid HTTP status-code parsed",
            || raw("HTTP/1.1 99999 No\r\n\r\n"),
        ),
        answered("egress-lengths", "A service gives two lengths", "invalid content-length parsed", || {
            raw("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}}")
        }),
        answered("egress-length", "A service announces an invalid length", "invalid content-length parsed", || {
            raw("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{}")
        }),
        answered("egress-cut", "A service breaks its answer off", "end of file before message length reached", || {
            raw("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"access_token\":\"half")
        }),
        answered("egress-chunk", "A chunk has an invalid size", "invalid chunk size: overflow", || {
            raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff1\r\n{}\r\n0\r\n\r\n")
        }),
        answered("egress-chunk-cut", "Chunks do not end", "unexpected EOF during chunk size line", || {
            raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n")
        }),
        answered("egress-header-bytes", "A service's headers hold a NUL", "invalid HTTP header parsed", || {
            raw("HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 2\r\n\r\n{}")
        }),
        on_each(
            Class::Egress,
            ("egress-headers-large", "A service sends 100 KB of one header"),
            ANSWERS,
            "it is longer than any legitimate response",
            WAYS_OUT,
            |rig, way| async move {
                let header = format!("x-large: {}", "x".repeat(100_000));
                rig.reach(way, Target::Answer(say(200, &[&header], "{}"))).await
            },
        )
        .but_on(OF_GUESTS, ("HttpError::TooLarge", "65536"))
        .but_on(OF_SERVICES, UNREAD),
        answered("egress-headers-many", "A service sends 5,000 headers", LARGE, || {
            let headers: Vec<String> = (0..5000).map(|n| format!("x-{n}: {n}")).collect();
            say(200, &headers.iter().map(String::as_str).collect::<Vec<_>>(), "{}")
        }),
        answered("egress-headers-endless", "A service's headers never end", LARGE, || {
            endless("HTTP/1.1 200 OK\r\n", "x-header: that goes on and on\r\n")
        }),
        answered(
            "egress-switch",
            "A service switches to another protocol",
            "switched to another protocol, which was not requested",
            || raw("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: evil\r\n\r\nevil"),
        ),
    ]
}

/// Answers that only a guest waits for, or reads.
pub(super) fn answers_to_guests() -> Vec<Attack> {
    let told = |id, what, error, answer: fn() -> Answer, more: Value| {
        attack(Class::Egress, (id, what), ANSWERS, error, move |rig: Rig| {
            let more = more.clone();
            async move {
                let place = rig.upstream().at([answer()]);
                let mut step = json!({ "do": "send", "url": place.url("/") });
                for (name, value) in more.as_object().cloned().unwrap_or_default() {
                    step[name] = value;
                }
                rig.run(json!([step])).await
            }
        })
    };
    let bomb = || {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        std::io::Write::write_all(&mut packed, &vec![b'x'; 64 << 20]).expect("memory takes all");
        say(200, &["content-encoding: gzip"], packed.finish().expect("it ends"))
    };
    vec![
        told(
            "egress-silence",
            "A service never answers",
            ("HttpError::Timeout", "HttpError::Timeout"),
            || silence(""),
            json!({ "timeout": 300 }),
        ),
        told(
            "egress-half",
            "A service begins its head and falls silent",
            ("HttpError::Timeout", "HttpError::Timeout"),
            || silence("HTTP/1.1 200 OK\r\nx: "),
            json!({ "timeout": 300 }),
        ),
        told(
            "egress-endless",
            "An answer never ends",
            ("HttpError::TooLarge", "1048576"),
            || endless("HTTP/1.1 200 OK\r\n\r\n", "and so on and on and on and on and on and on and on\n"),
            json!({}),
        ),
        told("egress-bomb", "64 MiB are packed into 64 KiB", ("HttpError::TooLarge", "1048576"), bomb, json!({})),
        told(
            "egress-promise",
            "An answer promises more bytes than there are in the world",
            ("HttpError::Connect", "its content-length is larger than any body can be"),
            || raw("HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551614\r\n\r\nx"),
            json!({}),
        ),
        told(
            "egress-stall",
            "An answer begins and falls silent",
            ("CallError::TimedOut", "did not finish run within 45 s"),
            || silence("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfirst"),
            json!({}),
        ),
        on_each(
            Class::Egress,
            ("egress-oauth-endless", "An answer to OAuth never ends"),
            ANSWERS,
            "longer than any legitimate response",
            OF_OAUTH,
            |rig, way| async move {
                rig.reach(way, Target::Answer(endless("HTTP/1.1 200 OK\r\n\r\n", "{\"a\":[[[[[[[[[[[[[[[["))).await
            },
        )
        .but_on(OF_SERVICES, UNREAD),
        on_each(
            Class::Egress,
            ("egress-continue", "A service says `100 Continue` for ever"),
            ANSWERS,
            "did not finish run within 45 s",
            OF_GUESTS,
            |rig, way| async move { rig.reach(way, Target::Answer(endless("", "HTTP/1.1 100 Continue\r\n\r\n"))).await },
        )
        .of_kind("CallError::TimedOut")
        // The service of this test gives up after some hundred megabytes, which a quick machine has read before.
        .or(("HttpError::Connect", "broke before the response")),
    ]
}
