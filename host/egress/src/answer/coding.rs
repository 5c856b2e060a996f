//! Content codings of a body (RFC 9110, section 8.4). gzip is decoded here, however often it was applied, so that no part of an
//! answer is returned unsearched.

use std::io;
use std::pin::Pin;

use async_compression::tokio::bufread::GzipDecoder;
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt as _;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio_util::io::StreamReader;

use crate::{EgressError, failure};

/// The maximum number of gzip layers.
const MOST_LAYERS: usize = 3;
/// The codings that change a body: those of the IANA registry of HTTP content codings, and other compressions and encodings that
/// servers are known to name; each also with `x-` before it. A body in one of them cannot be searched.
const CODINGS: [&str; 29] = [
    "aes128gcm",
    "br",
    "compress",
    "dcb",
    "dcz",
    "deflate",
    "exi",
    "gzip",
    "pack200-gzip",
    "zstd",
    "base64",
    "brotli",
    "bzip2",
    "lz4",
    "lzip",
    "lzma",
    "quoted-printable",
    "rar",
    "sdch",
    "snappy",
    "snappy-framed",
    "uuencode",
    "xz",
    "zip",
    "zlib",
    "zopfli",
    "zstandard",
    "7z",
    "lzw",
];
/// The size of one decoded piece, in bytes.
const PIECE: usize = 16 << 10;

/// The body's coding according to the head.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Plain,
    /// This number of gzip layers.
    Gzip(usize),
    /// A coding that is not decoded here, by its name.
    Foreign(String),
}

impl Coding {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        if let Some(coding) =
            names(headers, &TRANSFER_ENCODING).find(|coding| !matches!(&**coding, "chunked" | "identity"))
        {
            return Self::Foreign(coding);
        }
        let mut layers = 0;
        for coding in names(headers, &CONTENT_ENCODING) {
            match &*coding {
                "gzip" | "x-gzip" if layers < MOST_LAYERS => layers += 1,
                coding if is_coding(coding) => return Self::Foreign(coding.to_owned()),
                // "UTF-8", "none" and the like: no coding was applied.
                _ => {}
            }
        }
        if layers == 0 { Self::Plain } else { Self::Gzip(layers) }
    }
}

/// A list that is separated by blanks is no name, and may hold one.
fn is_coding(name: &str) -> bool {
    CODINGS.contains(&name)
        || name.strip_prefix("x-").is_some_and(|name| CODINGS.contains(&name))
        || name.contains(|letter: char| letter.is_whitespace() || letter.is_control())
}

/// The names in a list of codings, in lower case, without parameters and shortened for display.
fn names(headers: &HeaderMap, name: &HeaderName) -> impl Iterator<Item = String> {
    headers.get_all(name).into_iter().flat_map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        let names = text.split(',').map(|coding| {
            let name = coding.split(';').next().unwrap_or_default();
            name.trim().chars().take(40).collect::<String>()
        });
        names.filter(|coding| !coding.is_empty()).collect::<Vec<_>>()
    })
}

/// The source of a body's bytes.
pub(crate) enum Source {
    /// As the service sent them.
    Plain(reqwest::Response),
    /// With this number of gzip layers, before the first byte.
    Coded {
        raw: Box<dyn AsyncBufRead + Send + Unpin>,
        layers: usize,
    },
    Decoded {
        reader: Pin<Box<dyn AsyncRead + Send>>,
        room: BytesMut,
    },
    Ended,
}

impl Source {
    /// Decodes the body, and removes the headers that are only valid for the coded body.
    pub(crate) fn gzip(response: reqwest::Response, layers: usize, headers: &mut HeaderMap) -> Self {
        headers.remove(CONTENT_ENCODING);
        headers.remove(CONTENT_LENGTH);
        let bytes = Box::pin(response.bytes_stream().map_err(io::Error::other));
        Self::Coded { raw: Box::new(StreamReader::new(bytes)), layers }
    }

    /// The next bytes; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, EgressError> {
        loop {
            match self {
                Self::Plain(response) => return response.chunk().await.map_err(failure::broken_body),
                Self::Coded { raw, .. } => {
                    // Some services declare gzip for empty bodies.
                    let is_empty = raw.fill_buf().await.map_err(broken)?.is_empty();
                    *self = match std::mem::replace(self, Self::Ended) {
                        Self::Coded { raw, layers } if !is_empty => {
                            Self::Decoded { reader: decoder(raw, layers), room: BytesMut::new() }
                        }
                        _ => Self::Ended,
                    };
                }
                Self::Decoded { reader, room } => {
                    room.reserve(PIECE);
                    if reader.read_buf(room).await.map_err(broken)? > 0 {
                        return Ok(Some(room.split().freeze()));
                    }
                    *self = Self::Ended;
                }
                Self::Ended => return Ok(None),
            }
        }
    }
}

fn decoder(raw: Box<dyn AsyncBufRead + Send + Unpin>, layers: usize) -> Pin<Box<dyn AsyncRead + Send>> {
    let mut reader = raw;
    for _ in 1..layers {
        reader = Box::new(BufReader::new(one_layer(reader)));
    }
    Box::pin(one_layer(reader))
}

fn one_layer<R: AsyncBufRead>(reader: R) -> GzipDecoder<R> {
    let mut decoder = GzipDecoder::new(reader);
    decoder.multiple_members(true);
    decoder
}

fn broken(error: io::Error) -> EgressError {
    match error.downcast::<reqwest::Error>() {
        Ok(error) => failure::broken_body(error),
        Err(error) => EgressError::Connect(format!(
            "the response broke off: it is not valid gzip, although its head says gzip ({})",
            error.kind()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coding(lines: &[&'static str]) -> Coding {
        Coding::of(&lines.iter().map(|line| (CONTENT_ENCODING, http::HeaderValue::from_static(line))).collect())
    }

    #[test]
    fn every_line_and_every_name_of_a_list_counts() {
        assert_eq!(coding(&[]), Coding::Plain);
        assert_eq!(coding(&["identity"]), Coding::Plain);
        assert_eq!(coding(&["gzip"]), Coding::Gzip(1));
        assert_eq!(coding(&["GZIP, x-gzip"]), Coding::Gzip(2));
        assert_eq!(coding(&["gzip", "gzip"]), Coding::Gzip(2));
        assert_eq!(coding(&["gzip", "br"]), Coding::Foreign("br".to_owned()));
        assert_eq!(coding(&["gzip, gzip", "gzip, gzip"]), Coding::Foreign("gzip".to_owned()));
        assert_eq!(coding(&["deflate"]), Coding::Foreign("deflate".to_owned()));
    }

    #[test]
    fn case_23_a_name_that_is_not_a_coding_leaves_the_body_plain() {
        for name in ["UTF-8", "none", "identity;q=1", "identity; q=0.5", "7bit", "binary", "text/plain", "utf-8, none"]
        {
            assert_eq!(coding(&[name]), Coding::Plain, "{name}");
        }
        assert_eq!(coding(&["utf-8, gzip;q=1"]), Coding::Gzip(1));
        for real in CODINGS.into_iter().filter(|name| !name.ends_with("gzip")) {
            assert_eq!(coding(&[real]), Coding::Foreign(real.to_owned()));
        }
        for other in ["x-br", "x-bzip2", "gzip gzip", "x-zstd"] {
            assert_eq!(coding(&[other]), Coding::Foreign(other.to_owned()), "it cannot be searched");
        }
    }
}
