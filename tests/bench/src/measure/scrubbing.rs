//! Looking for a secret in what a service answers.

use std::fmt::Write as _;

use bytes::Bytes;
use innkeeper_egress::fuzzing::Scrubbing;
use serde::Serialize;

use super::Effort;
use crate::sample::{Stopwatch, median};

/// Bytes of an answer.
const BODY: usize = 10 << 20;
/// Bytes that arrive at once, as over TLS.
const PIECE: usize = 16 << 10;
/// A bearer token of the usual length.
const SECRET: &str = "ya29.a0AfH6SMBx-Kq3vT9_LmWc8RzYpN5sUdJ2eGhQ7wXoB4";

/// Bytes a second, on one processor, of a body that is streamed and does not hold the secret.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Scrubbed {
    /// Random bytes, as of a picture.
    pub(crate) binary: f64,
    /// JSON of an API, with the escapes that such texts have.
    pub(crate) json: f64,
    /// A page full of entities.
    pub(crate) page: f64,
}

pub(super) fn measure(effort: Effort) -> Scrubbed {
    Scrubbed { binary: rate(&binary(), effort), json: rate(&json(), effort), page: rate(&page(), effort) }
}

fn rate(body: &Bytes, effort: Effort) -> f64 {
    let pieces: Vec<Bytes> =
        (0..body.len()).step_by(PIECE).map(|at| body.slice(at..body.len().min(at + PIECE))).collect();
    let scrubbing = Scrubbing::of(SECRET);
    let mut rates = Vec::new();
    let watch = Stopwatch::start();
    while watch.elapsed() < effort.turn || rates.len() < 7 {
        let one = Stopwatch::start();
        let out = scrubbing.through(&pieces);
        let time = one.elapsed();
        assert_eq!(out, body.len(), "nothing is redacted");
        #[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
        rates.push(body.len() as f64 / time.as_secs_f64());
    }
    median(rates).round()
}

fn binary() -> Bytes {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next).take(BODY / 8).flatten().collect()
}

fn json() -> Bytes {
    filled(|text, number| {
        let _ = write!(
            text,
            r#"{{"id":"1x{number:030}","name":"Quarterly report {number} \u2013 draft.docx","description":"First line\nsecond \"line\"","webViewLink":"https:\/\/drive.example.com\/file\/d\/{number}\/view?usp=drivesdk&a=b","size":{number},"owners":[{{"displayName":"Ada Lovelace","emailAddress":"ada@example.com","me":true}}],"modifiedTime":"2026-11-30T03:12:45.123Z"}},"#
        );
    })
}

fn page() -> Bytes {
    filled(|text, number| {
        let _ = write!(
            text,
            "<li class=\"entry\"><a href=\"/items/{number}?a=1&amp;b=2\">Item {number} &mdash; &quot;new&quot;</a>\r\n  <p>R&amp;D, \
             50&#37; off</p>\r\n</li>\n"
        );
    })
}

/// A body of entries that `write` writes.
fn filled(write: impl Fn(&mut String, usize)) -> Bytes {
    let mut text = String::with_capacity(BODY + 1024);
    for number in 0.. {
        if text.len() >= BODY {
            break;
        }
        write(&mut text, number);
    }
    let mut body = Bytes::from(text);
    body.truncate(BODY);
    body
}
