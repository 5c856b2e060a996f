//! Bytes on their way, in memory or still arriving.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};
use innkeeper_ambient::Timestamp;

use crate::EgressError;
use crate::answer::incoming::Answer;

/// Bytes that were handed in, or that arrive as they are read. Reading consumes; nothing is fetched ahead of the reader.
pub struct Body {
    content: Content,
    length: Option<u64>,
    content_type: Option<String>,
}

/// Bytes that somebody else makes.
pub(crate) type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, EgressError>> + Send>>;

enum Content {
    Bytes(Bytes),
    Stream(Pieces),
    Answer(Box<Answer>),
    Ended,
}

impl Body {
    /// A body without bytes.
    pub const fn empty() -> Self {
        Self { content: Content::Ended, length: Some(0), content_type: None }
    }

    /// A body of these bytes.
    pub fn from_bytes(bytes: impl Into<Bytes>, content_type: Option<String>) -> Self {
        let bytes = bytes.into();
        Self { length: Some(bytes.len() as u64), content: Content::Bytes(bytes), content_type }
    }

    /// A body that arrives as it is read. `length`, in bytes, must be right where it is given: a request that carries
    /// this body promises it to the service.
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

    /// How many bytes are left, where that is known. Unknown for the answer to a request that carried a credential, and
    /// where the connection has placeholders: what echoes a secret is replaced as it arrives.
    pub const fn length(&self) -> Option<u64> {
        self.length
    }

    /// Where it is scrubbed: it is handed out in blocks of so many bytes, the last one excepted. A reader who must not learn
    /// of a secret from sizes reads no further than to the end of a block at once.
    pub fn block(&self) -> Option<usize> {
        match &self.content {
            Content::Answer(answer) => answer.block(),
            _ => None,
        }
    }

    /// The media type, where it is known.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The next bytes, never an empty piece; `None` at the end. A failed body has ended.
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

    /// All that is left; [`EgressError::TooLarge`] when that is more than `limit` bytes, known from the length where there
    /// is one and otherwise once it has arrived.
    pub async fn read_all(&mut self, limit: u64) -> Result<Bytes, EgressError> {
        let too_large = Err(EgressError::TooLarge { limit });
        if self.length.is_some_and(|length| length > limit) {
            return too_large;
        }
        let Some(first) = self.next().await? else { return Ok(Bytes::new()) };
        if first.len() as u64 > limit {
            return too_large;
        }
        // Most answers are one piece: it is handed on as it is.
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

    /// Ends the answer to a request at `end` at the latest, whoever reads it by then.
    pub fn end_at(&mut self, end: Timestamp) {
        if let Content::Answer(answer) = &mut self.content {
            answer.end_at(end);
        }
    }

    /// Lets the answer to a request live on after the call that asked for it: from here on it may take as long as it
    /// needs, as long as each piece comes within `patience`.
    pub fn outlive_the_call(&mut self, patience: Duration) {
        if let Content::Answer(answer) = &mut self.content {
            answer.outlive_the_call(patience);
        }
    }

    /// What is left, as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, EgressError>> + Send + 'static {
        stream::unfold(self, |mut body| async move { body.next().await.transpose().map(|piece| (piece, body)) })
    }

    /// The bytes, where they are all here and none was read.
    pub(crate) fn into_whole(self) -> Result<Bytes, Self> {
        match self.content {
            Content::Bytes(bytes) => Ok(bytes),
            Content::Ended => Ok(Bytes::new()),
            _ => Err(self),
        }
    }

    /// The same, to look at.
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

/// Length and media type; never a byte of it.
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
