//! Bodies, in memory or still arriving.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};
use innkeeper_ambient::Timestamp;

use crate::EgressError;
use crate::answer::incoming::Answer;

/// The bytes of a body: already in memory, or arriving as they are read. Reading consumes them; nothing is fetched ahead of the
/// reader.
pub struct Body {
    content: Content,
    length: Option<u64>,
    content_type: Option<String>,
}

/// A source of bytes outside this crate.
pub(crate) type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, EgressError>> + Send>>;

enum Content {
    Bytes(Bytes),
    Stream(Pieces),
    Answer(Box<Answer>),
    Ended,
}

impl Body {
    /// An empty body.
    pub const fn empty() -> Self {
        Self { content: Content::Ended, length: Some(0), content_type: None }
    }

    /// A body with these bytes.
    pub fn from_bytes(bytes: impl Into<Bytes>, content_type: Option<String>) -> Self {
        let bytes = bytes.into();
        Self { length: Some(bytes.len() as u64), content: Content::Bytes(bytes), content_type }
    }

    /// A body that arrives as it is read. If `length`, in bytes, is given, it must be correct: a request with this body
    /// announces it to the service.
    pub fn from_stream(
        stream: impl Stream<Item = Result<Bytes, EgressError>> + Send + 'static,
        length: Option<u64>,
        content_type: Option<String>,
    ) -> Self {
        Self { content: Content::Stream(Box::pin(stream)), length, content_type }
    }

    pub(crate) fn from_answer(answer: Answer, length: Option<u64>, content_type: Option<String>) -> Self {
        Self { content: Content::Answer(Box::new(answer)), length, content_type }
    }

    /// The number of bytes left, if known. It is unknown for the answer to a request that carried a credential and for
    /// connections with placeholders, because echoes of a secret are replaced as the body arrives.
    pub const fn length(&self) -> Option<u64> {
        self.length
    }

    /// If the body is scrubbed: the size of the blocks that it is returned in, except for the last one. A reader that must not
    /// learn about a secret from sizes must stop only at the end of a block.
    pub fn block(&self) -> Option<usize> {
        match &self.content {
            Content::Answer(answer) => answer.block(),
            _ => None,
        }
    }

    /// The media type, if known.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The next bytes, never an empty piece; `None` at the end. After an error, the body is at its end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, EgressError> {
        loop {
            let piece = match &mut self.content {
                Content::Bytes(_) => match std::mem::replace(&mut self.content, Content::Ended) {
                    Content::Bytes(bytes) => Some(Ok(bytes)),
                    _ => None,
                },
                Content::Stream(stream) => stream.next().await,
                Content::Answer(answer) => answer.next().await.transpose(),
                Content::Ended => None,
            };
            match piece {
                Some(Ok(bytes)) if bytes.is_empty() => {}
                Some(Ok(bytes)) => {
                    self.length = self.length.map(|length| length.saturating_sub(bytes.len() as u64));
                    return Ok(Some(bytes));
                }
                Some(Err(error)) => {
                    self.content = Content::Ended;
                    self.length = None;
                    return Err(error);
                }
                None => {
                    self.content = Content::Ended;
                    self.length = Some(0);
                    return Ok(None);
                }
            }
        }
    }

    /// All remaining bytes; [`EgressError::TooLarge`] if there are more than `limit`, detected from the length if that is known
    /// and otherwise as they arrive.
    pub async fn read_all(&mut self, limit: u64) -> Result<Bytes, EgressError> {
        let too_large = Err(EgressError::TooLarge { limit });
        if self.length.is_some_and(|length| length > limit) {
            return too_large;
        }
        let Some(first) = self.next().await? else { return Ok(Bytes::new()) };
        if first.len() as u64 > limit {
            return too_large;
        }
        // Most answers are one piece: it is returned without a copy.
        let Some(second) = self.next().await? else { return Ok(first) };
        let mut all = BytesMut::from(first);
        let mut piece = second;
        loop {
            if (all.len() + piece.len()) as u64 > limit {
                return too_large;
            }
            all.extend_from_slice(&piece);
            match self.next().await? {
                Some(next) => piece = next,
                None => return Ok(all.freeze()),
            }
        }
    }

    /// Stops the answer to a request at `end` at the latest, whoever reads it by then.
    pub fn end_at(&mut self, end: Timestamp) {
        if let Content::Answer(answer) = &mut self.content {
            answer.end_at(end);
        }
    }

    /// Lets the answer to a request outlive the call that requested it: from here on it may take as long as it needs, if each
    /// piece arrives within `patience`.
    pub fn outlive_the_call(&mut self, patience: Duration) {
        if let Content::Answer(answer) = &mut self.content {
            answer.outlive_the_call(patience);
        }
    }

    /// The remaining bytes, as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, EgressError>> + Send + 'static {
        stream::unfold(self, |mut body| async move { body.next().await.transpose().map(|piece| (piece, body)) })
    }

    /// The bytes, if they are all in memory and none was read.
    pub(crate) fn into_whole(self) -> Result<Bytes, Self> {
        match self.content {
            Content::Bytes(bytes) => Ok(bytes),
            Content::Ended => Ok(Bytes::new()),
            _ => Err(self),
        }
    }

    /// The same, by reference.
    pub(crate) fn whole(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Bytes(bytes) => Some(bytes),
            Content::Ended => Some(&[]),
            Content::Stream(_) | Content::Answer(_) => None,
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::from_bytes(bytes, None)
    }
}

/// Shows the length and media type, never the bytes.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("length", &self.length)
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(pieces: &[&'static str]) -> Body {
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect();
        Body::from_stream(stream::iter(pieces), None, None)
    }

    #[tokio::test]
    async fn a_body_is_read_once_and_counts_down() {
        let mut body = Body::from_bytes("seven b", Some("text/plain".into()));
        assert_eq!((body.length(), body.content_type()), (Some(7), Some("text/plain")));
        assert_eq!(body.next().await.expect("readable"), Some(Bytes::from_static(b"seven b")));
        assert_eq!(body.length(), Some(0));
        assert_eq!(body.next().await.expect("readable"), None);
    }

    #[tokio::test]
    async fn empty_pieces_are_not_the_end() {
        let mut body = pieces(&["", "one", "", "two"]);
        assert_eq!(body.read_all(6).await.expect("small enough"), "onetwo");
    }

    #[tokio::test]
    async fn reading_all_stops_at_the_limit() {
        for limit in 0..6 {
            assert_eq!(pieces(&["one", "two"]).read_all(limit).await, Err(EgressError::TooLarge { limit }));
            assert_eq!(Body::from_bytes("onetwo", None).read_all(limit).await, Err(EgressError::TooLarge { limit }));
        }
    }

    #[tokio::test]
    async fn a_failed_body_has_ended() {
        let mut body =
            Body::from_stream(stream::iter([Err(EgressError::Timeout), Ok(Bytes::from_static(b"late"))]), None, None);
        assert_eq!(body.next().await, Err(EgressError::Timeout));
        assert_eq!(body.next().await, Ok(None));
    }

    #[tokio::test]
    async fn a_body_becomes_a_stream_of_what_is_left() {
        let mut body = pieces(&["one", "two", "three"]);
        body.next().await.expect("readable");
        let left: Vec<_> = body.into_stream().map(|piece| piece.expect("readable")).collect().await;
        assert_eq!(left, ["two", "three"]);
    }
}
