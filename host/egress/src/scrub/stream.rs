//! Scrubs bytes that arrive in pieces, so that the reader's view does not depend on a secret.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use bytes::{Buf as _, Bytes, BytesMut};

use super::{REDACTED, Scrubber, Views, decode};

/// Scrubs pieces as they arrive.
///
/// A guest sees the sizes in which an answer is returned, and when. If bytes were held back only where a secret may begin, a
/// guest whose service repeats guesses would find the secret letter by letter. So the scrubber returns whole blocks, except for
/// the last one, and each only after as many further bytes as the longest echo has have arrived, whatever they are.
pub(crate) struct ScrubStream {
    scrubber: Arc<Scrubber>,
    views: Views,
    block: usize,
    /// Bytes that have arrived and were not searched conclusively.
    raw: BytesMut,
    /// The first piece, not copied because it may be the whole answer.
    first: Bytes,
    /// The position in the answer where `raw` begins.
    begin: u64,
    /// The position up to which the answer was searched.
    looked: u64,
    /// The number of raw bytes that belong to a secret whose `[redacted]` is in `clean` already.
    covered: usize,
    /// Searched bytes that were not returned yet.
    clean: BytesMut,
    stretches: VecDeque<Stretch>,
    /// The number of bytes of `clean` that may be returned.
    released: usize,
    redacted: bool,
}

/// Clean bytes, and the position in the answer where they begin.
struct Stretch {
    begin: u64,
    length: usize,
    /// Whether they are the answer's own: the replacement of a secret is released as a whole.
    verbatim: bool,
}

impl ScrubStream {
    /// Creates a scrubber that returns blocks of this number of bytes.
    pub(crate) fn new(scrubber: Arc<Scrubber>, block: usize) -> Self {
        Self {
            scrubber,
            views: Views::default(),
            block: block.max(1),
            raw: BytesMut::new(),
            first: Bytes::new(),
            begin: 0,
            looked: 0,
            covered: 0,
            clean: BytesMut::new(),
            stretches: VecDeque::new(),
            released: 0,
            redacted: false,
        }
    }

    /// The size of a block in bytes.
    pub(crate) const fn block(&self) -> usize {
        self.block
    }

    /// Whether a secret has been found so far.
    pub(crate) const fn has_redacted(&self) -> bool {
        self.redacted
    }

    /// The bytes that can be returned after `piece` has arrived: whole blocks; may be empty.
    pub(crate) fn push(&mut self, piece: Bytes) -> Bytes {
        let lag = self.scrubber.lag();
        if self.looked > 0 {
            self.raw.extend_from_slice(&piece);
        } else if self.first.is_empty() && self.raw.is_empty() {
            self.first = piece;
        } else {
            self.raw.extend_from_slice(&std::mem::take(&mut self.first));
            self.raw.extend_from_slice(&piece);
        }
        // Nothing can be returned before.
        if self.looked == 0 && self.first.len() + self.raw.len() < lag + self.step() {
            return Bytes::new();
        }
        if !self.first.is_empty() {
            self.raw.extend_from_slice(&std::mem::take(&mut self.first));
        }
        let arrived = self.begin + self.raw.len() as u64;
        // The steps do not depend on the pieces, so neither does the output. Each byte is searched equally often, at most three
        // times, whatever it is: a guest can measure the cost.
        let step = self.step() as u64;
        while self.looked + step <= arrived {
            self.looked += step;
            let length = usize::try_from(self.looked - self.begin).unwrap_or(self.raw.len());
            self.look_through(length, false);
        }
        self.release(self.looked.saturating_sub(lag as u64));
        let whole = self.released - self.released % self.block;
        self.released -= whole;
        self.clean.split_to(whole).freeze()
    }

    /// The remaining bytes at the end.
    pub(crate) fn finish(&mut self) -> Bytes {
        if self.looked == 0 {
            return self.finish_at_once();
        }
        self.look_through(self.raw.len(), true);
        self.stretches.clear();
        self.released = 0;
        self.clean.split().freeze()
    }

    /// An answer that is no longer than the part that has to wait.
    fn finish_at_once(&mut self) -> Bytes {
        let whole = if self.raw.is_empty() { std::mem::take(&mut self.first) } else { self.raw.split().freeze() };
        let found = self.scrubber.scan(&whole, &mut self.views);
        if found.is_empty() {
            return whole;
        }
        self.take(&whole, &found);
        self.stretches.clear();
        self.clean.split().freeze()
    }

    /// The number of bytes that are searched at a time.
    fn step(&self) -> usize {
        self.block.max(self.scrubber.lag() / 2)
    }

    /// Searches the first `length` raw bytes, and turns them into clean ones, except for the last ones, as many as the longest
    /// echo has, where an incomplete echo may begin.
    fn look_through(&mut self, length: usize, last: bool) {
        let mut raw = std::mem::take(&mut self.raw);
        let bytes = &raw[..length];
        let found = self.scrubber.scan(bytes, &mut self.views);
        let hold = if last {
            length
        } else {
            // They are searched again from their beginning.
            decode::start_around(bytes, length.saturating_sub(self.scrubber.lag()))
        };
        self.take(&bytes[..hold], &found);
        raw.advance(hold);
        self.begin += hold as u64;
        self.raw = raw;
    }

    /// Copies these bytes, with `[redacted]` for each secret that begins in them; overlapping secrets give one.
    fn take(&mut self, bytes: &[u8], found: &[Range<usize>]) {
        let mut at = self.covered.min(bytes.len());
        let mut secret_end = self.covered;
        for range in found {
            if range.start < secret_end {
                // It overlaps the one before and only makes that longer.
                secret_end = secret_end.max(range.end);
            } else if range.start < bytes.len() {
                self.add(at, &bytes[at..range.start], true);
                self.add(range.start, REDACTED.as_bytes(), false);
                self.redacted = true;
                secret_end = range.end;
            } else {
                break;
            }
            at = secret_end.min(bytes.len());
        }
        self.add(at, &bytes[at..], true);
        self.covered = secret_end.saturating_sub(bytes.len());
    }

    fn add(&mut self, at: usize, bytes: &[u8], verbatim: bool) {
        if bytes.is_empty() {
            return;
        }
        self.clean.extend_from_slice(bytes);
        let begin = self.begin + at as u64;
        match self.stretches.back_mut() {
            Some(last) if verbatim && last.verbatim && last.begin + last.length as u64 == begin => {
                last.length += bytes.len();
            }
            _ => self.stretches.push_back(Stretch { begin, length: bytes.len(), verbatim }),
        }
    }

    /// Releases the bytes that begin before this position of the answer.
    fn release(&mut self, before: u64) {
        while let Some(stretch) = self.stretches.front_mut().filter(|stretch| stretch.begin < before) {
            let reach = usize::try_from(before - stretch.begin).unwrap_or(usize::MAX);
            if stretch.verbatim && reach < stretch.length {
                stretch.begin += reach as u64;
                stretch.length -= reach;
                self.released += reach;
                return;
            }
            self.released += stretch.length;
            self.stretches.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use innkeeper_ambient::{Random, SeededRandom};

    use super::super::EXPANSION;
    use super::*;

    /// The output, piece by piece, if `text` is cut into pieces at these positions.
    fn pieces(scrubber: &Arc<Scrubber>, text: &[u8], cuts: impl Iterator<Item = usize>) -> Vec<Bytes> {
        let mut stream = ScrubStream::new(Arc::clone(scrubber), 8);
        let (mut out, mut from) = (Vec::new(), 0);
        for cut in cuts.chain([text.len()]) {
            out.push(stream.push(Bytes::copy_from_slice(&text[from..cut])));
            from = cut;
        }
        out.push(stream.finish());
        out
    }

    fn draw(random: &SeededRandom, below: usize) -> usize {
        let random: &dyn Random = random;
        usize::from(u16::from_le_bytes(random.bytes())) % below
    }

    #[test]
    fn what_comes_out_does_not_depend_on_where_the_pieces_were_cut() {
        // With few letters, secrets overlap each other, themselves and every escape.
        let letters = [
            r"a", r"b", r"/", r"\", r"\/", r"\u0061", r"\u002F", "%61", "%2f", "%5C", "%25", "%", "u", "0", "ab/a",
            "aaaa", "&#97;", "&amp;", "&", ";", "=61", "=\n", "\n", "\n ", "\r\n", "\0",
        ];
        let secrets = [r"ab/a", r"aaaa", r"b\ab", r"a%61", r"/b/b\\"];
        let scrubber = Arc::new(Scrubber::new(secrets).expect("long enough"));
        let random = SeededRandom::new(11);
        for _ in 0..100 {
            let text: String = (0..draw(&random, 40)).map(|_| letters[draw(&random, letters.len())]).collect();
            let text = text.as_bytes();
            let whole = pieces(&scrubber, text, [].into_iter()).concat();
            for cut in 0..=text.len() {
                assert_eq!(
                    pieces(&scrubber, text, [cut].into_iter()).concat(),
                    whole,
                    "{} at {cut}",
                    text.escape_ascii()
                );
            }
            assert_eq!(pieces(&scrubber, text, 0..text.len()).concat(), whole, "{}", text.escape_ascii());
        }
    }

    /// A service that repeated guesses showed a guest a token letter by letter: a possible beginning of it was held back.
    #[test]
    fn the_sizes_of_what_comes_out_do_not_depend_on_what_a_secret_begins_with() {
        let random = SeededRandom::new(12);
        let secrets = ["abcabcabd-0000000001", "zyxwvutsrq9876543210"];
        let scrubbers = secrets.map(|secret| Arc::new(Scrubber::new([secret]).expect("long enough")));
        for _ in 0..300 {
            // Guesses of every length, cut everywhere, and sometimes the secret itself, which the service knows.
            let parts: Vec<Option<String>> = (0..draw(&random, 40))
                .map(|_| match draw(&random, 5) {
                    0 => None,
                    other => Some(secrets[other % 2][..draw(&random, 20)].to_owned() + &"-".repeat(draw(&random, 9))),
                })
                .collect();
            let texts = secrets
                .map(|secret| parts.iter().map(|part| part.as_deref().unwrap_or(secret)).collect::<Vec<_>>().join("~"));
            let mut cuts: Vec<usize> = (0..draw(&random, 12)).map(|_| draw(&random, texts[0].len() + 1)).collect();
            cuts.sort_unstable();
            let seen = |index: usize| pieces(&scrubbers[index], texts[index].as_bytes(), cuts.iter().copied());
            assert_eq!(seen(0), seen(1), "{texts:?} {cuts:?}");
        }
    }

    /// A text as services write it, with the content encoded by `coding`: in one of seven codings, then escaped up to twice.
    fn coded(text: &str, mut coding: usize) -> Vec<u8> {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        let mut next = |count: usize| {
            let chosen = coding % count;
            coding /= count;
            chosen
        };
        let mut coded: Vec<u8> = match next(HIDING) {
            0 => text.into(),
            1 => STANDARD.encode(text).into(),
            2 => STANDARD.encode(format!("user:{text}!")).into(),
            3 => STANDARD.encode(format!("{{\"a\":1, {text}, and more")).into(),
            4 => STANDARD.encode(STANDARD.encode(text)).into(),
            5 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            _ => text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat().into(),
        };
        for outer in [false, true] {
            let each = |write: fn(u8) -> String| {
                coded.iter().map(|byte| write(*byte)).collect::<Vec<_>>().concat().into_bytes()
            };
            coded = match next(ESCAPING) {
                2 => each(|byte| format!("%{byte:02X}")),
                3 => each(
                    |byte| if byte.is_ascii_alphanumeric() { char::from(byte).into() } else { format!("%{byte:02x}") },
                ),
                4 => each(|byte| format!("&#{byte};")),
                5 => serde_json::Value::from(String::from_utf8_lossy(&coded)).to_string().into(),
                // The places of line breaks in previously escaped text reveal its length.
                6 if !outer => coded.chunks(11).collect::<Vec<_>>().join(&b"\r\n"[..]),
                7 => each(|byte| match byte {
                    b'&' => "&amp;".to_owned(),
                    b'<' => "&lt;".to_owned(),
                    b'>' => "&gt;".to_owned(),
                    b'"' => "&quot;".to_owned(),
                    other => char::from(other).into(),
                }),
                _ => coded,
            };
        }
        coded
    }

    const ROUNDS: usize = 1000;
    const HIDING: usize = 7;
    const ESCAPING: usize = 8;
    const CODINGS: usize = HIDING * ESCAPING * ESCAPING;

    #[test]
    fn what_stands_around_a_secret_stays_the_same_whatever_characters_the_secret_has() {
        let random = SeededRandom::new(13);
        for secrets in [
            ["tok-3fA/9+kQ=wZ_x.7Lm2~Bd4", r#"tok-3fBx8Hk2&wZ<a>7"m9\Bd5"#],
            ["abcdefghijklmnopqr", r"ab%2Fd&lt;h\nj=41r"],
        ] {
            stays_the_same(&random, secrets);
        }
    }

    fn stays_the_same(random: &SeededRandom, secrets: [&str; 2]) {
        let scrubbers = secrets.map(|secret| Arc::new(Scrubber::new([secret]).expect("long enough")));
        let mut with_secrets = 0;
        for round in 0..ROUNDS {
            let parts: Vec<Result<Vec<u8>, usize>> = (0..draw(random, 12))
                .map(|_| match draw(random, 5) {
                    0 => Err(loop {
                        let coding = draw(random, CODINGS);
                        if secrets.iter().all(|secret| coded(secret, coding).len() <= secret.len() * EXPANSION) {
                            break coding;
                        }
                    }),
                    1 => Ok(b"x".repeat(draw(random, 700))),
                    2 => Ok(format!("<p>line {}\r\n&amp; more</p>\n", draw(random, 100)).into()),
                    // A guess with a correct beginning, complete in no coding.
                    _ => {
                        let guess = secrets[draw(random, 2)];
                        let guess = &guess[..draw(random, guess.len() - 1)];
                        Ok([coded(guess, draw(random, CODINGS)), b" ".to_vec()].concat())
                    }
                })
                .collect();
            let seen = |index: usize| -> Bytes {
                let text: Vec<u8> = parts
                    .iter()
                    .flat_map(|part| part.clone().unwrap_or_else(|coding| coded(secrets[index], coding)))
                    .collect();
                pieces(&scrubbers[index], &text, std::iter::empty()).concat().into()
            };
            let (one, other) = (seen(0), seen(1));
            with_secrets += usize::from(one.windows(REDACTED.len()).any(|window| window == REDACTED.as_bytes()));
            assert_eq!(one.escape_ascii().to_string(), other.escape_ascii().to_string(), "round {round}: {parts:?}");
        }
        assert!(with_secrets > ROUNDS / 4, "{with_secrets}");
    }

    /// A guest found a token by the time that a guess took: a possible beginning of a secret was searched again with every
    /// block.
    #[test]
    fn what_a_body_costs_does_not_depend_on_what_a_secret_begins_with() {
        let secrets = ["Zq7Hk2mVxTb9RfLw3NcJ8pYd5GsA6uEe1oQi4XhZ", "r5WyEt0uMbKq8ZhDn2VfXc7LpJs4Ga9Ti6RoYe3w"];
        let escapes: [fn(u8) -> String; 5] = [
            |byte| char::from(byte).into(),
            |byte| format!("%{byte:02X}"),
            |byte| format!("\\u{byte:04x}"),
            |byte| format!("&#{byte};"),
            |byte| format!("={byte:02X}"),
        ];
        for guess in secrets.iter().flat_map(|secret| [4, 9, 20, 39].map(|length| &secret[..length])) {
            let (begin, end) = guess.split_at(guess.len() - 3);
            let mut body = Vec::new();
            for escape in escapes.iter().cycle().take(200) {
                body.extend_from_slice(&[b' '; 9]);
                begin.bytes().for_each(|byte| body.extend_from_slice(escape(byte).as_bytes()));
                body.extend_from_slice(&[0; 380]);
                body.extend_from_slice(end.as_bytes());
                body.extend_from_slice(&[0; 10]);
            }
            let searched = secrets.map(|secret| {
                let mut stream = ScrubStream::new(Arc::new(Scrubber::new([secret]).expect("long enough")), 1024);
                for piece in body.chunks(3000) {
                    stream.push(Bytes::copy_from_slice(piece));
                }
                stream.finish();
                stream.views.searched
            });
            assert_eq!(searched[0], searched[1], "{guess}");
            assert!(searched[0] < 60 * body.len(), "{} for {}", searched[0], body.len());
        }
    }

    #[test]
    fn a_secret_that_repeats_itself_for_ever_does_not_fill_the_memory() {
        let mut stream = ScrubStream::new(Arc::new(Scrubber::new(["aaaa"]).expect("long enough")), 8);
        let mut out = Vec::new();
        for _ in 0..1000 {
            out.extend_from_slice(&stream.push(Bytes::from_static(b"aaaaaaaaaa")));
        }
        assert!(stream.raw.len() < 100 && stream.clean.len() < 100, "{} {}", stream.raw.len(), stream.clean.len());
        out.extend_from_slice(&stream.finish());
        assert_eq!(out, REDACTED.as_bytes());
    }

    #[test]
    fn blocks_are_whole_and_each_comes_once_what_follows_has_arrived() {
        let scrubber = Arc::new(Scrubber::new(["token-one"]).expect("long enough"));
        let lag = scrubber.lag();
        let mut stream = ScrubStream::new(scrubber, 16);
        let step = lag / 2;
        assert_eq!(stream.push(vec![b'x'; lag + step - 1].into()), "");
        assert_eq!(stream.push(vec![b'x'; 1].into()).len(), step);
        assert_eq!(stream.push(vec![b'x'; step + 8].into()).len(), step);
        assert_eq!(stream.finish().len(), lag + 8);
    }
}
