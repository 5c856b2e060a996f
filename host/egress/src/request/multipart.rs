//! `multipart/form-data` (RFC 7578).

use std::fmt::Write as _;

use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream, StreamExt};
use http::HeaderValue;

use innkeeper_ambient::Random;

use crate::request::payload::{Payload, fill_text};
use crate::request::placeholders::{Filler, Spelling};
use crate::{Body, EgressError, Part, PartContent};

/// The maximum size of a form that is copied into one buffer, in bytes.
const SMALL: usize = 64 << 10;

/// Encodes the parts between random boundaries. A form whose parts are all in memory can be sent again; others are sent as they
/// arrive, with a length if that of each part is known. Placeholders are filled in in text parts that are not files.
pub(crate) fn encode(parts: Vec<Part>, placeholders: &Filler<'_>, random: &dyn Random) -> Result<Payload, EgressError> {
    let boundary = format!("innkeeper-{:032x}", u128::from_le_bytes(random.bytes()));
    let content_type = HeaderValue::from_str(&format!("multipart/form-data; boundary={boundary}"))
        .expect("letters, digits and hyphens make a header value");
    let mut pieces: Vec<Piece> = Vec::with_capacity(parts.len() * 2 + 1);
    let mut filled = false;
    for part in parts {
        let start = if pieces.is_empty() { "" } else { "\r\n" };
        pieces.push(Piece::Bytes(format!("{start}--{boundary}\r\n{}\r\n", head(&part)?).into()));
        pieces.push(match part.content {
            PartContent::Stream(body) => match body.into_whole() {
                Ok(bytes) => Piece::Bytes(bytes),
                Err(body) => Piece::Stream(body),
            },
            PartContent::Bytes(bytes) if part.file_name.is_some() => Piece::Bytes(bytes),
            PartContent::Bytes(bytes) => {
                let content_type = part.content_type.as_deref().and_then(|text| HeaderValue::from_str(text).ok());
                let text = fill_text(&bytes, Spelling::of_media_type(content_type.as_ref()), placeholders)?;
                filled |= text.is_some();
                Piece::Bytes(text.unwrap_or(bytes))
            }
        });
    }
    let start = if pieces.is_empty() { "" } else { "\r\n" };
    pieces.push(Piece::Bytes(format!("{start}--{boundary}--\r\n").into()));
    let mut payload = join(pieces);
    payload.content_type = Some(content_type);
    payload.filled = filled;
    Ok(payload)
}

enum Piece {
    Bytes(Bytes),
    Stream(Body),
}

impl Piece {
    fn length(&self) -> Option<u64> {
        match self {
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::Stream(body) => body.length(),
        }
    }
}

fn join(pieces: Vec<Piece>) -> Payload {
    let length = pieces.iter().map(Piece::length).try_fold(0, |sum: u64, length| sum.checked_add(length?));
    if pieces.iter().all(|piece| matches!(piece, Piece::Bytes(_))) {
        let whole = pieces.into_iter().filter_map(|piece| match piece {
            Piece::Bytes(bytes) => Some(bytes),
            Piece::Stream(_) => None,
        });
        return match length.and_then(|length| usize::try_from(length).ok()).filter(|length| *length <= SMALL) {
            Some(length) => {
                let mut all = BytesMut::with_capacity(length);
                whole.for_each(|bytes| all.extend_from_slice(&bytes));
                Payload::bytes(all.freeze(), None)
            }
            None => Payload::pieces(whole.collect()),
        };
    }
    let pieces = stream::iter(pieces).flat_map(|piece| -> BoxStream<'static, Result<Bytes, EgressError>> {
        match piece {
            Piece::Bytes(bytes) => Box::pin(stream::iter([Ok(bytes)])),
            Piece::Stream(body) => Box::pin(body.into_stream()),
        }
    });
    Payload::body(Body::from_stream(pieces, length, None))
}

fn head(part: &Part) -> Result<String, EgressError> {
    let mut head = format!("content-disposition: form-data; name=\"{}\"", Quoted(&part.name));
    if let Some(name) = &part.file_name {
        let _ = write!(head, "; filename=\"{}\"", Quoted(name));
    }
    head.push_str("\r\n");
    let own = part.content_type.as_deref().or(match &part.content {
        PartContent::Stream(body) => body.content_type(),
        PartContent::Bytes(_) => None,
    });
    if let Some(content_type) = own.or(part.file_name.is_some().then_some("application/octet-stream")) {
        if !content_type.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(EgressError::InvalidRequest(format!(
                "the content type of the part `{}` contains characters that are not allowed in headers",
                part.name.chars().take(80).flat_map(char::escape_debug).collect::<String>()
            )));
        }
        let _ = write!(head, "content-type: {content_type}\r\n");
    }
    Ok(head)
}

/// A quoted name: a quote or a control character in it would end the header (WHATWG HTML, multipart/form-data encoding
/// algorithm).
struct Quoted<'a>(&'a str);

impl std::fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '"' | '\0'..' ' | '\x7f' => write!(f, "%{:02X}", u32::from(character)),
            _ => f.write_char(character),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use innkeeper_ambient::SeededRandom;

    fn part(name: &str, content: PartContent) -> Part {
        Part { name: name.into(), file_name: None, content_type: None, content }
    }

    async fn text(parts: Vec<Part>) -> (Option<u64>, String) {
        let address = "https://a.example.com/".parse().expect("an address");
        let filler = Filler::new(None, false, &http::Method::POST, &address);
        let payload = encode(parts, &filler, &SeededRandom::new(1)).expect("encodes");
        let length = payload.stream_length;
        let bytes = collect(payload).await;
        (length, String::from_utf8(bytes).expect("text"))
    }

    async fn collect(payload: Payload) -> Vec<u8> {
        payload.into_pieces().map(|piece| piece.expect("readable").to_vec()).concat().await
    }

    #[tokio::test]
    async fn names_cannot_add_headers() {
        let mut evil = part("a\"\r\nx: y", PartContent::Bytes("1".into()));
        evil.file_name = Some("\r\n\r\nb\"ü".into());
        let (_, text) = text(vec![evil]).await;
        assert!(text.contains("name=\"a%22%0D%0Ax: y\"; filename=\"%0D%0A%0D%0Ab%22ü\"\r\n"), "{text}");
        let mut evil = part("a", PartContent::Bytes("1".into()));
        evil.content_type = Some("text/plain\r\nx: y".into());
        let address = "https://a.example.com/".parse().expect("an address");
        let filler = Filler::new(None, false, &http::Method::POST, &address);
        assert!(encode(vec![evil], &filler, &SeededRandom::new(1)).is_err());
    }

    #[tokio::test]
    async fn the_length_of_streamed_parts_is_known_where_each_part_says_it() {
        let stream = |length| {
            let pieces = stream::iter([Ok(Bytes::from_static(b"one")), Ok(Bytes::from_static(b"two"))]);
            part("s", PartContent::Stream(Body::from_stream(pieces, length, Some("text/x".into()))))
        };
        let (length, whole) = text(vec![part("b", PartContent::Bytes("x".into())), stream(Some(6))]).await;
        assert_eq!(length, Some(whole.len() as u64));
        assert!(whole.contains("content-type: text/x\r\n\r\nonetwo\r\n--innkeeper-"), "{whole}");
        assert_eq!(text(vec![stream(None)]).await.0, None);
    }

    #[tokio::test]
    async fn large_parts_in_memory_are_not_copied_and_can_be_sent_again() {
        let large = Bytes::from(vec![b'x'; 1 << 20]);
        let parts = vec![part("a", PartContent::Bytes(large.clone())), part("b", PartContent::Bytes("small".into()))];
        let address = "https://a.example.com/".parse().expect("an address");
        let filler = Filler::new(None, false, &http::Method::POST, &address);
        let payload = encode(parts, &filler, &SeededRandom::new(1)).expect("encodes");
        let length = payload.stream_length;
        for _ in 0..2 {
            payload.to_send().expect("it is whole").expect("a body");
            assert!(payload.is_whole());
        }
        let pieces: Vec<_> = payload.into_pieces().map(|piece| piece.expect("readable")).collect().await;
        assert!(pieces.iter().any(|piece| piece.as_ptr() == large.as_ptr()), "it is the very same memory");
        let whole = pieces.concat();
        assert_eq!(length, Some(whole.len() as u64));
        assert!(whole.ends_with(b"--\r\n") && whole.windows(5).any(|bytes| bytes == b"small"));
    }

    #[tokio::test]
    async fn no_parts_make_a_closed_body() {
        let (_, text) = text(Vec::new()).await;
        assert!(text.starts_with("--innkeeper-") && text.ends_with("--\r\n"), "{text}");
    }
}
