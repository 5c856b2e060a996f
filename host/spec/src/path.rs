//! Whether a path is within a prefix, however a server reads it.

use std::borrow::Cow;

/// Readings that are followed, including the path as written; a path that is escaped more often is in doubt.
const MOST_READINGS: usize = 4;

/// Whether the path is the prefix or below it, on a segment boundary: as written, with dot segments resolved, and
/// with doubled slashes kept or joined. A path that is in [`doubt`] is within the root only.
pub(crate) fn lies_within(path: &str, prefix: &str) -> bool {
    let prefix: Vec<&str> = prefix.trim_matches('/').split('/').filter(|segment| !segment.is_empty()).collect();
    prefix.is_empty() || (starts_within(path.as_bytes(), &prefix) && doubt(path).is_none())
}

/// Why some server could take this path for another one, if one could. Paths are read as written, and after every
/// round of percent-decoding (also `%u002e`), with backslashes and characters that look like a dot, a slash or a
/// backslash taken for it, and with path parameters and everything after `?` and `#` removed. The text follows "its
/// path".
pub fn doubt(path: &str) -> Option<&'static str> {
    if path.is_ascii() && !path.contains('%') && !path.contains("..") {
        return path.bytes().any(|byte| byte.is_ascii_control()).then_some(CONTROL);
    }
    let mut reading = Cow::Borrowed(path.as_bytes());
    for round in 0..MOST_READINGS {
        let Ok(text) = std::str::from_utf8(&reading) else { return Some(NO_TEXT) };
        if text.chars().any(char::is_control) {
            return Some(CONTROL);
        }
        // The client has resolved plain dot segments; any that are left are disguised.
        let climbs = segments(&reading).any(|segment| is_climbing(segment) && !(round == 0 && segment == b".."));
        if climbs || (!text.is_ascii() && climbs_in_disguise(text)) {
            return Some(DOTS);
        }
        match decoded(&reading) {
            Some(next) => reading = Cow::Owned(next),
            None => return None,
        }
    }
    Some(ESCAPED)
}

const CONTROL: &str = "contains a control character";
const DOTS: &str = "contains hidden dot segments, which some servers would follow";
const ESCAPED: &str = "is percent-encoded repeatedly";
const NO_TEXT: &str = "contains escapes that are not UTF-8, which some servers read as other characters";

fn starts_within(path: &[u8], prefix: &[&str]) -> bool {
    let Some(rest) = path.strip_prefix(b"/") else { return false };
    let segments: Vec<&[u8]> = rest.split(|&byte| byte == b'/' || byte == b'\\').collect();
    let joined = segments.iter().copied().filter(|segment| !segment.is_empty());
    starts_with(&walk(segments.iter().copied()), prefix) && starts_with(&walk(joined), prefix)
}

/// Resolves dot segments (RFC 3986, section 5.2.4).
fn walk<'a>(segments: impl Iterator<Item = &'a [u8]>) -> Vec<&'a [u8]> {
    let mut walked = Vec::new();
    for segment in segments {
        match segment {
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

fn segments(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/' || byte == b'\\')
}

/// Whether some server takes the segment for `..`, or for more of it: `..;a=b` if it removes parameters first, `.. `
/// and `...` if it ignores trailing spaces and dots, `..:` if it reads the name of a file stream.
fn is_climbing(segment: &[u8]) -> bool {
    let name = segment.split(|byte| b";?#:,".contains(byte)).next().unwrap_or_default();
    let mut dots = name.iter().filter(|&&byte| byte == b'.');
    dots.nth(1).is_some() && name.iter().all(|byte| b". +".contains(byte))
}

/// The same for text beyond ASCII: with lookalike characters replaced, and with each character reduced to its low
/// byte, as some servers do.
fn climbs_in_disguise(text: &str) -> bool {
    let alike: String =
        text.chars().filter_map(looks_like).flat_map(|(first, more)| [first].into_iter().chain(more)).collect();
    let low: Vec<u8> = text.chars().map(|character| (u32::from(character) & 0xff) as u8).collect();
    segments(alike.as_bytes()).any(is_climbing) || segments(&low).any(is_climbing)
}

/// What a best fit to ASCII or a compatibility normalisation makes of a character, if that matters to a path; `None`
/// if it is dropped.
fn looks_like(character: char) -> Option<(char, Option<char>)> {
    Some(match character {
        '\u{2024}' | '\u{fe52}' | '\u{ff0e}' | '\u{3002}' | '\u{ff61}' | '\u{00b7}' => ('.', None),
        '\u{2025}' | '\u{2026}' | '\u{fe19}' | '\u{fe30}' => ('.', Some('.')),
        '\u{2044}' | '\u{2215}' | '\u{2571}' | '\u{29f8}' | '\u{ff0f}' => ('/', None),
        '\u{00a5}' | '\u{20a9}' | '\u{2216}' | '\u{29f5}' | '\u{29f9}' | '\u{fe68}' | '\u{ff3c}' => ('\\', None),
        '\u{fe54}' | '\u{ff1b}' | '\u{037e}' => (';', None),
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
            return None;
        }
        space if space.is_whitespace() => (' ', None),
        other => (other, None),
    })
}

/// One round of percent-decoding, including `%uXXXX` as some servers do; `None` if nothing changes.
fn decoded(path: &[u8]) -> Option<Vec<u8>> {
    path.contains(&b'%').then_some(())?;
    let mut next = Vec::with_capacity(path.len());
    let mut rest = path;
    let mut changed = false;
    while let Some((&first, behind)) = rest.split_first() {
        if first == b'%' {
            if let Some(byte) = behind.get(..2).and_then(hex) {
                next.push((byte & 0xff) as u8);
                rest = &behind[2..];
                changed = true;
                continue;
            }
            if matches!(behind.first(), Some(b'u' | b'U'))
                && let Some(unit) = behind.get(1..5).and_then(hex)
            {
                // Half of a surrogate pair is not a character: text that is not UTF-8 is in doubt.
                match char::from_u32(unit) {
                    Some(character) => next.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
                    None => next.push(0xff),
                }
                rest = &behind[5..];
                changed = true;
                continue;
            }
        }
        next.push(first);
        rest = behind;
    }
    changed.then_some(next)
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, &digit| Some(value * 16 + char::from(digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::{doubt, lies_within};

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
            "/v1/a%09",
            "/v1/%c2%85/x",
            "/%761/x",
            "/v1/%u002e%u002e/v2",
            "/v1/..%u2215v2",
            "/v1/%U002E./v2",
            "/v1/%25u002e%25u002e/v2",
            "/v1/%uff0e%uff0e%uff0fv2",
            "/v1/%ud800/v2",
            "/v1/%c0%ae%c0%ae/v2",
            "/v1/%e0%80%ae./v2",
            "/v1/%f0%80%80%ae./v2",
            "/v1/..%c0%afv2",
            "/v1/..%c1%9cv2",
            "/v1/%252e./v2",
            "/v1/%ef%bc%8e%ef%bc%8e/v2",
            "/v1/..%ef%bc%8fv2",
            "/v1/..%ef%bc%bcv2",
            "/v1/%e2%80%a5/v2",
            "/v1/.%e2%80%8b./v2",
            "/v1/%c4%ae%c4%ae/v2",
            "/v1/%ef%bc%ae%ef%bc%ae/v2",
            "/v1/..;/v2",
            "/v1/;/%2e%2e/v2",
            "/v1/;/..;/v2",
            "/v1/..%3b/v2",
            "/v1/..%20/v2",
            "/v1/..+/v2",
            "/v1/.../v2",
            "/v1/%2e%2e%2e/v2",
            "/v1/..%3f/v2",
            "/v1/..%23/v2",
            "/v1/..::$index_allocation/v2",
            "/v1/x%5cy/%252e%252e/%252e%252e/v2",
            "/v1/x%2fy/%252e%252e/%252e%252e/v2",
            "/v1/..%c2%a0/v2",
            "/v1/%%32e%%32e/v2",
            "/v1;x/a",
            "/v1./a",
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
    fn ordinary_names_are_in_no_doubt() {
        for name in [
            "a%20b",
            "What%3F",
            "50%25",
            "100%users",
            "main...feature",
            "v1..v2",
            "a;b=c",
            "notes.txt.",
            "%D0%AE%D0%BB%D0%B8%D1%8F",
            "%D0%AF%D0%AF",
            "%E6%97%A5%E6%9C%AC%EF%BC%8Etxt",
            "%C4%8D%C4%80",
            "a%2Fb%2Fc",
            "drives/b!x%2F..y",
            "caf%C3%A9",
            ".well-known",
            "%2Ehidden",
            "root:/a/b:",
        ] {
            assert_eq!(doubt(&format!("/v1/{name}")), None, "{name}");
            assert!(lies_within(&format!("/v1/{name}"), "/v1"), "{name}");
        }
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
