//! Files of a result: how many, their names, and how many bytes they have.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use innkeeper_egress::{Body, EgressError};

use crate::call::File;
use crate::contract::innkeeper::connector::types as wit;
use crate::guest::Guest;
use crate::text;

/// The files for the caller. Those that the guest made keep their room until the caller has dropped them; those that
/// are still arriving are stopped at the limit of [`crate::Limits::download`].
pub(crate) fn hand_out(files: Vec<wit::File>, guest: &mut Guest) -> Result<Vec<File>, String> {
    let limits = &guest.sandbox.limits;
    if files.len() > limits.files {
        return Err(format!("it has {} files; the limit is {}", files.len(), limits.files));
    }
    let download = Download { left: Arc::new(AtomicU64::new(limits.download)), limit: limits.download };
    let mut handed = Vec::with_capacity(files.len());
    for wit::File { name, content_type, content } in files {
        check_length("the name", &name, LONGEST_NAME)?;
        check_length("the media type", content_type.as_deref().unwrap_or_default(), LONGEST_MEDIA_TYPE)?;
        let content = guest.table.delete(content).map_err(|error| format!("one of them does not exist: {error}"))?;
        let content = download.bounded(content.hand_out(limits.wall));
        handed.push(File { name, content_type, content });
    }
    Ok(handed)
}

fn check_length(what: &str, given: &str, longest: usize) -> Result<(), String> {
    if given.len() <= longest {
        return Ok(());
    }
    let shown = text::cut(given, 80);
    Err(format!("{what} {shown:?} of one of them has {} bytes; the limit is {longest}", given.len()))
}

/// The bytes that all files of one result may still have.
struct Download {
    left: Arc<AtomicU64>,
    limit: u64,
}

impl Download {
    fn bounded(&self, body: Body) -> Body {
        // A body with a known length has no more bytes than that.
        if let Some(length) = body.length()
            && take(&self.left, length)
        {
            return body;
        }
        let (length, content_type) = (body.length(), body.content_type().map(str::to_owned));
        let (left, limit) = (Arc::clone(&self.left), self.limit);
        let counted = move |piece: Bytes| {
            if take(&left, piece.len() as u64) { Ok(piece) } else { Err(EgressError::TooLarge { limit }) }
        };
        let pieces = body.into_stream().map(move |piece| piece.and_then(&counted));
        // A body ends at its first error.
        Body::from_stream(pieces.into_stream(), length, content_type)
    }
}

fn take(left: &AtomicU64, size: u64) -> bool {
    left.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(size)).is_ok()
}

/// The longest name of a file in bytes; file systems accept 255.
const LONGEST_NAME: usize = 1024;
/// The longest media type in bytes.
const LONGEST_MEDIA_TYPE: usize = 1024;

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    fn download(limit: u64) -> Download {
        Download { left: Arc::new(AtomicU64::new(limit)), limit }
    }

    fn endless() -> Body {
        Body::from_stream(stream::repeat_with(|| Ok(Bytes::from_static(&[0; 1000]))), None, None)
    }

    #[tokio::test]
    async fn a_file_without_end_ends_at_the_limit() {
        let mut body = download(10_500).bounded(endless());
        let mut seen = 0;
        let error = loop {
            match body.next().await {
                Ok(Some(piece)) => seen += piece.len(),
                Ok(None) => panic!("it ended by itself"),
                Err(error) => break error,
            }
        };
        assert_eq!((seen, error), (10_000, EgressError::TooLarge { limit: 10_500 }));
    }

    #[tokio::test]
    async fn all_files_of_a_result_share_one_limit() {
        let download = download(10);
        let mut first = download.bounded(Body::from_bytes("123456", None));
        let mut second = download.bounded(Body::from_bytes("12345", None));
        assert_eq!(first.read_all(100).await.expect("within the limit"), "123456");
        assert_eq!(second.read_all(100).await, Err(EgressError::TooLarge { limit: 10 }));
        let mut third = download.bounded(Body::from_bytes("1234", None));
        assert_eq!(third.read_all(100).await.expect("there is room for it"), "1234");
    }
}
