//! The encoded body of a request, ready to be sent, and to be sent again if possible.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use http::HeaderValue;
use innkeeper_ambient::lock::Mutex;

use innkeeper_ambient::Random;
use innkeeper_spec::Place;
use percent_encoding::utf8_percent_encode;

use crate::answer::body::Pieces;
use crate::request::multipart;
use crate::request::placeholders::{Filler, RESERVED, Spelling};
use crate::wall::disguise;
use crate::{Body, EgressError, RequestBody};

/// The encoded body of a request.
pub(crate) struct Payload {
    content: Content,
    /// The length in bytes of a body that is sent in pieces, if known; the client counts all others.
    pub(crate) stream_length: Option<u64>,
    /// The media type that follows from the kind of body.
    pub(crate) content_type: Option<HeaderValue>,
    /// Whether a secret was filled in.
    pub(crate) filled: bool,
    /// The field of a form that requests another method.
    pub(crate) method_field: Option<String>,
}

enum Content {
    Empty,
    Bytes(Bytes),
    /// Several buffers in sequence, because a copy would double the memory.
    Pieces(Arc<[Bytes]>),
    Stream(Arc<Mutex<Source>>),
}

impl Payload {
    pub(crate) const fn empty() -> Self {
        Self { content: Content::Empty, stream_length: None, content_type: None, filled: false, method_field: None }
    }

    /// Encodes the body and fills in placeholders. `content_type` is the request's own header.
    pub(crate) fn new(
        body: RequestBody,
        content_type: Option<&HeaderValue>,
        placeholders: &Filler<'_>,
        random: &dyn Random,
    ) -> Result<Self, EgressError> {
        let method_field = disguise::method_field(&body, content_type);
        let payload = Self::encode(body, content_type, placeholders, random)?;
        Ok(Self { method_field, ..payload })
    }

    fn encode(
        body: RequestBody,
        content_type: Option<&HeaderValue>,
        placeholders: &Filler<'_>,
        random: &dyn Random,
    ) -> Result<Self, EgressError> {
        match body {
            RequestBody::Empty => Ok(Self::empty()),
            RequestBody::Bytes(bytes) => {
                let filled = fill_text(&bytes, Spelling::of_media_type(content_type), placeholders)?;
                Ok(Self { filled: filled.is_some(), ..Self::bytes(filled.unwrap_or(bytes), None) })
            }
            RequestBody::Form(pairs) => {
                let mut text = String::with_capacity(encoded_length(&pairs));
                let mut any = false;
                for (name, value) in pairs {
                    let filled = placeholders.fill(&value, Spelling::Plain, Place::Body)?;
                    any |= filled.is_some();
                    add_pair(&mut text, &name, filled.as_deref().unwrap_or(&value));
                }
                let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
                Ok(Self { filled: any, ..Self::bytes(text.into(), Some(content_type)) })
            }
            RequestBody::Multipart(parts) => multipart::encode(parts, placeholders, random),
            RequestBody::Stream(body) => Ok(Self::body(body)),
        }
    }

    pub(crate) const fn bytes(bytes: Bytes, content_type: Option<HeaderValue>) -> Self {
        Self { content: Content::Bytes(bytes), stream_length: None, content_type, filled: false, method_field: None }
    }

    /// These buffers, in sequence.
    pub(crate) fn pieces(pieces: Vec<Bytes>) -> Self {
        let length = pieces.iter().map(|piece| piece.len() as u64).sum();
        Self { content: Content::Pieces(pieces.into()), stream_length: Some(length), ..Self::empty() }
    }

    pub(crate) fn body(body: Body) -> Self {
        let content_type = body.content_type().and_then(|text| HeaderValue::from_str(text).ok());
        let length = body.length();
        match body.into_whole() {
            Ok(bytes) => Self::bytes(bytes, content_type),
            Err(body) => {
                let source = Source { stream: Some(Box::pin(body.into_stream())), turn: 0, started: false };
                let content = Content::Stream(Arc::new(Mutex::new(source)));
                Self { content, stream_length: length, content_type, filled: false, method_field: None }
            }
        }
    }

    /// Whether it can be sent (again): a stream can until its first piece was taken.
    pub(crate) fn is_whole(&self) -> bool {
        match &self.content {
            Content::Empty | Content::Bytes(_) | Content::Pieces(_) => true,
            Content::Stream(source) => !source.lock().started,
        }
    }

    /// The body for one attempt. The stream of an earlier attempt becomes invalid; if that attempt took a piece meanwhile, the
    /// body is no longer complete and cannot be sent.
    pub(crate) fn to_send(&self) -> Result<Option<reqwest::Body>, EgressError> {
        Ok(match &self.content {
            Content::Empty => None,
            Content::Bytes(bytes) => Some(bytes.clone().into()),
            Content::Pieces(pieces) => {
                let pieces = Arc::clone(pieces);
                let each = (0..pieces.len()).map(move |place| Ok::<_, EgressError>(pieces[place].clone()));
                Some(reqwest::Body::wrap_stream(futures::stream::iter(each)))
            }
            Content::Stream(source) => {
                let mut locked = source.lock();
                if locked.started {
                    return Err(EgressError::Connect(
                        "a part of the body was already sent: it cannot be sent again".to_owned(),
                    ));
                }
                locked.turn += 1;
                Some(reqwest::Body::wrap_stream(StreamTurn { source: Arc::clone(source), number: locked.turn }))
            }
        })
    }
}

#[cfg(test)]
impl Payload {
    pub(crate) fn into_pieces(self) -> futures::stream::BoxStream<'static, Result<Bytes, EgressError>> {
        let whole = |pieces: Vec<Bytes>| Box::pin(futures::stream::iter(pieces.into_iter().map(Ok)));
        match self.content {
            Content::Empty => whole(Vec::new()),
            Content::Bytes(bytes) => whole(vec![bytes]),
            Content::Pieces(pieces) => whole(pieces.to_vec()),
            Content::Stream(source) => {
                let number = source.lock().turn;
                Box::pin(StreamTurn { source, number })
            }
        }
    }
}

/// A stream that the client may take from, and that may have to be passed to it again.
#[derive(Default)]
struct Source {
    stream: Option<Pieces>,
    turn: u64,
    started: bool,
}

struct StreamTurn {
    source: Arc<Mutex<Source>>,
    number: u64,
}

impl Stream for StreamTurn {
    type Item = Result<Bytes, EgressError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut source = self.source.lock();
        if source.turn != self.number {
            return Poll::Ready(Some(Err(EgressError::Connect("the request was sent again elsewhere".to_owned()))));
        }
        let Some(stream) = &mut source.stream else { return Poll::Ready(None) };
        let polled = stream.as_mut().poll_next(context);
        if polled.is_ready() {
            source.started = true;
        }
        if let Poll::Ready(None | Some(Err(_))) = polled {
            source.stream = None;
        }
        polled
    }
}

/// The bytes with placeholders filled in, if they are text with any.
pub(crate) fn fill_text(
    bytes: &Bytes,
    spelling: Spelling,
    placeholders: &Filler<'_>,
) -> Result<Option<Bytes>, EgressError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(placeholders.fill(text, spelling, Place::Body)?.map(Bytes::from)),
        Err(_) => Ok(None),
    }
}

/// The estimated size of the encoded pairs in bytes: filled-in values may be longer.
fn encoded_length(pairs: &[(String, String)]) -> usize {
    let encoded = |text: &str| text.bytes().map(|byte| if is_reserved(byte) { 3 } else { 1 }).sum::<usize>();
    pairs.iter().map(|(name, value)| encoded(name) + encoded(value) + 2).sum()
}

/// Whether the byte must be percent-encoded ([`RESERVED`]).
const fn is_reserved(byte: u8) -> bool {
    !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}

/// Adds `name=value`, percent-encoded, to a form or a query.
pub(crate) fn add_pair(text: &mut String, name: &str, value: &str) {
    if !text.is_empty() {
        text.push('&');
    }
    text.extend(utf8_percent_encode(name, RESERVED));
    text.push('=');
    text.extend(utf8_percent_encode(value, RESERVED));
}
