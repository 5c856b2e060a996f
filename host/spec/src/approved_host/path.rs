//! Whether a path lies within a prefix, however a server reads it.

use std::borrow::Cow;

/// Rounds of percent-decoding that are followed; a path escaped more often lies nowhere.
const MOST_ROUNDS: usize = 4;

/// Whether the path is the prefix or below it, on a segment's border: as it stands, and after every round of
/// percent-decoding, with dot segments followed, backslashes taken as slashes, and doubled slashes kept or joined.
pub(super) fn lies_within(path: &str, prefix: &str) -> bool {
    let prefix: Vec<&str> = prefix.trim_matches('/').split('/').filter(|segment| !segment.is_empty()).collect();
    if prefix.is_empty() {
        return true;
    }
    let mut reading = Cow::Borrowed(path.as_bytes());
    for _ in 0..MOST_ROUNDS {
        if !reading_lies_within(&reading, &prefix) {
            return false;
        }
        match decoded(&reading) {
            Some(next) => reading = Cow::Owned(next),
            None => return true,
        }
    }
    false
}

fn reading_lies_within(path: &[u8], prefix: &[&str]) -> bool {
    let Some(rest) = path.strip_prefix(b"/") else { return false };
    if path.iter().any(u8::is_ascii_control) {
        return false;
    }
    let segments: Vec<&[u8]> = rest.split(|&byte| byte == b'/' || byte == b'\\').collect();
    let joined = segments.iter().copied().filter(|segment| !segment.is_empty());
    starts_with(&walk(segments.iter().copied()), prefix) && starts_with(&walk(joined), prefix)
}

/// Follows dot segments (RFC 3986, section 5.2.4). `..;a=b` climbs too: some servers cut parameters off first.
fn walk<'a>(segments: impl Iterator<Item = &'a [u8]>) -> Vec<&'a [u8]> {
    let mut walked = Vec::new();
    for segment in segments {
        match segment.split(|&byte| byte == b';').next().unwrap_or_default() {
            b"." => {}
            b".." => {
                walked.pop();
            }
            _ => walked.push(segment),
        }
    }
    walked
}

fn starts_with(segments: &[&[u8]], prefix: &[&str]) -> bool {
    segments.len() >= prefix.len() && segments.iter().zip(prefix).all(|(segment, wanted)| *segment == wanted.as_bytes())
}

/// One round of percent-decoding; none where nothing changes.
fn decoded(path: &[u8]) -> Option<Vec<u8>> {
    match Cow::from(percent_encoding::percent_decode(path)) {
        Cow::Borrowed(_) => None,
        Cow::Owned(next) => Some(next),
    }
}

#[cfg(test)]
mod tests {
    use super::lies_within;

    #[test]
    fn a_prefix_ends_on_a_segments_border() {
        for inside in ["/v1", "/v1/", "/v1/files", "/v1/files/a%20b", "/v1/a/../b", "/v1/./a"] {
            assert!(lies_within(inside, "/v1"), "{inside}");
            assert!(lies_within(inside, "/v1/"), "{inside}");
        }
        for outside in ["/", "/v10", "/v1x/a", "/v2", "", "v1", "/V1", "/a/v1"] {
            assert!(!lies_within(outside, "/v1"), "{outside}");
        }
    }

    #[test]
    fn no_spelling_climbs_over_the_prefix() {
        for climbing in [
            "/v1/../v2",
            "/v1/%2e%2e/v2",
            "/v1/%2E./v2",
            "/v1/..%2fv2",
            "/v1%2f..%2fv2",
            "/v1/a%2f..%2f..%2fv2",
            "/v1/..\\v2",
            "/v1/..%5cv2",
            "/v1/%252e%252e/v2",
            "/v1/%25252e%25252e/v2",
            "/v1/%252e%252e%252fv2",
            "/v1/..;x=1/v2",
            "/v1//../..",
            "/v1//../../v2",
            "//v1/x",
            "/x/../v1/../v2",
            "/v1/%00/x",
            "/v1/%0d%0ax",
            "/%761/x",
        ] {
            assert!(!lies_within(climbing, "/v1"), "{climbing}");
        }
    }

    #[test]
    fn an_escaped_slash_that_stays_inside_is_fine() {
        assert!(lies_within("/api/v4/projects/group%2Fproject/issues", "/api/v4"));
        assert!(lies_within("/v1/100%/x", "/v1"));
        assert!(lies_within("/v1/a%zz", "/v1"));
    }

    #[test]
    fn endless_escaping_lies_nowhere() {
        assert!(!lies_within("/v1/%2525252525252e", "/v1"));
    }

    #[test]
    fn the_root_prefix_means_any_path() {
        assert!(lies_within("/anything/../x", "/"));
    }
}
