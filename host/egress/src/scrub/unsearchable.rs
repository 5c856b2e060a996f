//! Answers that cannot be searched for a secret: partial bodies, and bodies that contain others in a packed form.
//!
//! A part may begin in the middle of a secret, so that it is found in none of the parts. A packed body contains it in a form
//! that cannot be searched; that matters if a connector may put a secret into a body, because it can store it at the service
//! and request it in an archive.

use http::header::{CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, StatusCode};
use innkeeper_spec::disguise;

use crate::EgressError;

/// The number of leading bytes that identify a body's type; `ustar` in a tar is the farthest.
pub(crate) const ENOUGH: usize = 512;

/// Rejects a request for a part of a body, or for the changes in it.
pub(crate) fn check_request(headers: &HeaderMap) -> Result<(), EgressError> {
    let asks = |name: &&HeaderName| {
        let name = disguise::fold(name.as_str());
        matches!(
            name.strip_prefix("x-").unwrap_or(&name),
            "range" | "if-range" | "request-range" | "ms-range" | "goog-range" | "amz-range" | "a-im"
        )
    };
    match headers.keys().find(asks) {
        None => Ok(()),
        Some(name) => Err(EgressError::InvalidRequest(format!(
            "the header `{name}` asks for a part of the response, and parts cannot be searched for the connection's \
             secrets: leave it out and read the whole body as it arrives, or use a connection without secrets"
        ))),
    }
}

/// Rejects an answer that is a part of a body.
pub(crate) fn check_part(status: StatusCode, headers: &HeaderMap) -> Result<(), EgressError> {
    let is_part = status == StatusCode::PARTIAL_CONTENT
        || status == StatusCode::IM_USED
        || (headers.contains_key(CONTENT_RANGE) && status != StatusCode::RANGE_NOT_SATISFIABLE)
        || media_type(headers).starts_with("multipart/byteranges");
    if !is_part {
        return Ok(());
    }
    Err(EgressError::Connect(
        "the service answered with a part of a body, which cannot be searched for the connection's secrets: request \
         the whole body and read it as it arrives"
            .to_owned(),
    ))
}

/// Rejects a packed body, recognised by its media type, its file name or its first bytes; [`ENOUGH`] of them suffice.
pub(crate) fn check_packed(headers: &HeaderMap, first: &[u8]) -> Result<(), EgressError> {
    let Some(kind) = by_type(&media_type(headers)).or_else(|| by_name(headers)).or_else(|| by_bytes(first)) else {
        return Ok(());
    };
    Err(EgressError::Connect(format!(
        "the service answered with packed data ({kind}), which cannot be searched for secrets, and this connector may \
         put secrets into bodies: request the files themselves, or bind its placeholders to other places with the \
         policy `placeholders`"
    )))
}

fn media_type(headers: &HeaderMap) -> String {
    let text = headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase());
    text.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_owned()
}

fn by_type(media_type: &str) -> Option<&'static str> {
    let (_, subtype) = media_type.split_once('/')?;
    let is_part = |kind: &&'static str| subtype.split(['+', '.', '-']).any(|part| part == *kind);
    // Office documents are zip archives.
    let office = || ["openxmlformats", "opendocument"].iter().any(|office| subtype.contains(office)).then_some("zip");
    KINDS.iter().copied().find(is_part).or_else(office)
}

fn by_name(headers: &HeaderMap) -> Option<&'static str> {
    let text = String::from_utf8_lossy(headers.get(CONTENT_DISPOSITION)?.as_bytes()).to_ascii_lowercase();
    let mut endings =
        text.split(['"', ';', '\'', ' ']).filter_map(|word| word.rsplit_once('.').map(|(_, ending)| ending));
    endings.find_map(|ending| KINDS.iter().copied().find(|kind| *kind == ending))
}

fn by_bytes(first: &[u8]) -> Option<&'static str> {
    if first.get(257..262) == Some(b"ustar") {
        return Some("tar");
    }
    MAGIC.iter().find(|(magic, _)| first.starts_with(magic)).map(|(_, kind)| *kind)
}

/// Names in media types, and file extensions.
const KINDS: [&str; 41] = [
    "7z",
    "apk",
    "ar",
    "arj",
    "br",
    "brotli",
    "bz2",
    "bzip",
    "bzip2",
    "cab",
    "compress",
    "compressed",
    "cpio",
    "deb",
    "docx",
    "epub",
    "gtar",
    "gz",
    "gzip",
    "iso9660",
    "jar",
    "lha",
    "lz4",
    "lzh",
    "lzip",
    "lzma",
    "odt",
    "pdf",
    "pptx",
    "rar",
    "rpm",
    "snappy",
    "tar",
    "tbz2",
    "tgz",
    "txz",
    "xlsx",
    "xz",
    "zip",
    "zlib",
    "zstd",
];

const MAGIC: [(&[u8], &str); 14] = [
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK\x07\x08", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"\x1f\x9d", "compress"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"MSCF", "cab"),
    (b"LZIP", "lzip"),
    (b"%PDF-", "pdf"),
];

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))])
    }

    #[test]
    fn requests_for_parts_are_known_by_their_headers() {
        for name in ["range", "if-range", "x-ms-range", "x-range", "request-range", "request_range", "a-im"] {
            let error = check_request(&headers(name, "bytes=1-")).expect_err(name).to_string();
            assert!(error.contains(name), "{error}");
        }
        for name in ["content-range", "accept-ranges", "if-match", "x-goog-upload-offset"] {
            assert_eq!(check_request(&headers(name, "x")), Ok(()), "{name}");
        }
    }

    #[test]
    fn answers_that_are_parts_are_known_whatever_they_call_themselves() {
        let none = HeaderMap::new();
        assert!(check_part(StatusCode::PARTIAL_CONTENT, &none).is_err());
        assert!(check_part(StatusCode::OK, &headers("content-range", "bytes 3-9/10")).is_err());
        assert!(check_part(StatusCode::OK, &headers("content-type", "Multipart/ByteRanges; boundary=x")).is_err());
        assert_eq!(check_part(StatusCode::RANGE_NOT_SATISFIABLE, &headers("content-range", "bytes */10")), Ok(()));
        assert_eq!(check_part(StatusCode::OK, &none), Ok(()));
    }

    #[test]
    fn packed_bodies_are_known_by_type_name_or_first_bytes() {
        for kind in [
            "application/zip",
            "application/x-zip-compressed",
            "application/x-7z-compressed",
            "application/gzip",
            "application/x-tar; x=y",
            "application/epub+zip",
            "application/pdf",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ] {
            assert!(check_packed(&headers("content-type", kind), b"").is_err(), "{kind}");
        }
        assert!(check_packed(&headers("content-disposition", "attachment; filename=\"a.tar.gz\""), b"").is_err());
        let mut tar = vec![b'a'; ENOUGH];
        tar[257..262].copy_from_slice(b"ustar");
        for bytes in [&b"PK\x03\x04..."[..], b"\x1f\x8b\x08", b"BZh9", b"%PDF-1.7", &tar] {
            assert!(check_packed(&headers("content-type", "application/octet-stream"), bytes).is_err());
        }
        for kind in ["application/json", "text/plain", "application/octet-stream", "image/png", "application/x-ndjson"]
        {
            assert_eq!(check_packed(&headers("content-type", kind), b"{}"), Ok(()), "{kind}");
        }
    }
}
