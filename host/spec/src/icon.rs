//! A picture that is part of the spec.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use schemars::JsonSchema;
use serde::Serialize;

/// Longest address, in bytes.
const MAX_LENGTH: usize = 32 * 1024;
/// PNG specification, section 5.2.
const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A `data:` address (RFC 2397) of a PNG, or of an SVG that neither runs script nor loads anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Icon(String);

impl Icon {
    /// Checks the address and the picture in it.
    pub fn parse(address: &str) -> Result<Self, String> {
        if address.len() > MAX_LENGTH {
            return Err(format!(
                "has {} bytes: an icon has at most {MAX_LENGTH}; use a smaller picture",
                address.len()
            ));
        }
        let Some((head, data)) = address.strip_prefix("data:").and_then(|rest| rest.split_once(',')) else {
            return Err(
                "is not a `data:` address: write `data:image/svg+xml;base64,` or `data:image/png;base64,` and the picture"
                    .to_owned(),
            );
        };
        let mut parameters = head.split(';');
        let media_type = parameters.next().unwrap_or_default().trim().to_ascii_lowercase();
        let bytes = if parameters.any(|parameter| parameter.trim().eq_ignore_ascii_case("base64")) {
            let data = percent_encoding::percent_decode_str(data).collect::<Vec<u8>>();
            STANDARD
                .decode(data)
                .map_err(|_| "says base64, but is not valid base64: encode the picture again".to_owned())?
        } else {
            percent_encoding::percent_decode_str(data).collect()
        };
        match media_type.as_str() {
            "image/png" if bytes.starts_with(PNG_SIGNATURE) => {}
            "image/png" => return Err("says PNG, but its bytes are not PNG".to_owned()),
            "image/svg+xml" => check_svg(&bytes)?,
            _ => return Err("is neither SVG nor PNG: use `image/svg+xml` or `image/png`".to_owned()),
        }
        Ok(Self(address.to_owned()))
    }

    /// The whole `data:` address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

static ELEMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)<\s*(?:[\w.-]+:)?(script|foreignobject|iframe|object|embed|audio|video|handler|listener)\b")
        .expect("a constant expression")
});
static EVENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?i)[\s"'/]on[a-z]+\s*="#).expect("a constant expression"));
static LINK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?i)(?:href|src)\s*=\s*["']?\s*([^"'\s>]*)"#).expect("a constant expression"));
static STYLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)@import|expression\s*\(|javascript\s*:|url\(\s*["']?\s*[^#"'\s)]"#)
        .expect("a constant expression")
});

fn check_svg(bytes: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "says SVG, but is not UTF-8 text".to_owned())?;
    if !text.contains("<svg") {
        return Err("says SVG, but contains no `<svg>` element".to_owned());
    }
    if text.contains("<!DOCTYPE")
        || text.contains("<!doctype")
        || text.contains("<!ENTITY")
        || text.contains("<?xml-stylesheet")
    {
        return Err(
            "contains a document type, entities or a style sheet: an icon is only the `<svg>` element".to_owned()
        );
    }
    if let Some(element) = ELEMENT.captures(text).and_then(|found| found.get(1)) {
        return Err(format!("contains a <{}> element: an icon is a drawing without scripts", element.as_str()));
    }
    if EVENT.is_match(text) {
        return Err("contains an event attribute such as `onload`: an icon is a drawing without scripts".to_owned());
    }
    let is_local = |target: &str| {
        let target = target.to_ascii_lowercase();
        target.is_empty() || target.starts_with('#') || target.starts_with("data:image/png;base64,")
    };
    let leads_out = LINK.captures_iter(text).filter_map(|found| found.get(1)).any(|target| !is_local(target.as_str()));
    if leads_out || STYLE.is_match(text) {
        return Err("loads or links to something outside of itself: draw everything in the icon".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg(content: &str) -> String {
        let text = format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{content}</svg>");
        format!("data:image/svg+xml;base64,{}", STANDARD.encode(text))
    }

    #[test]
    fn drawings_and_png_are_icons() {
        let png = format!("data:image/png;base64,{}", STANDARD.encode([PNG_SIGNATURE, b"rest"].concat()));
        for good in [
            svg("<path d=\"M0 0h1\" fill=\"url(#g)\"/><use href=\"#g\"/>"),
            "data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'/%3E".to_owned(),
            "data:image/svg+xml;utf8,<svg/>".to_owned(),
            png,
        ] {
            assert_eq!(Icon::parse(&good).expect(&good).as_str(), good);
        }
    }

    #[test]
    fn an_svg_that_could_run_or_load_something_is_refused() {
        for (bad, word) in [
            ("<script>x</script>", "<script>"),
            ("<SVG:Script/>", "<Script>"),
            ("<g onload=\"x\"/>", "event"),
            ("<g/onclick = x>", "event"),
            ("<foreignObject/>", "<foreignObject>"),
            ("<a href=\"https://example.com\"/>", "outside"),
            ("<a xlink:href='javascript:x'/>", "outside"),
            ("<a href='java&#115;cript:x'/>", "outside"),
            ("<image href=\"data:image/svg+xml,x\"/>", "outside"),
            ("<style>@import 'x'</style>", "outside"),
            ("<g style=\"fill:url(http://x)\"/>", "outside"),
            ("<!ENTITY x 'y'>", "entities"),
        ] {
            let error = Icon::parse(&svg(bad)).expect_err(bad);
            assert!(error.contains(word), "{bad}: {error}");
        }
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        for (bad, word) in [
            ("https://example.com/a.png".to_owned(), "not a `data:` address"),
            ("data:image/gif;base64,R0lG".to_owned(), "neither SVG nor PNG"),
            ("data:text/html,<svg/>".to_owned(), "neither SVG nor PNG"),
            (format!("data:image/png;base64,{}", STANDARD.encode("<svg/>")), "not PNG"),
            ("data:image/png;base64,@@".to_owned(), "encode the picture again"),
            ("data:image/svg+xml,hello".to_owned(), "no `<svg>` element"),
            (format!("data:image/svg+xml;base64,{}", STANDARD.encode([0xff, 0xfe])), "not UTF-8"),
            (format!("data:image/svg+xml,<svg>{}</svg>", "x".repeat(MAX_LENGTH)), "at most 32768"),
        ] {
            let error = Icon::parse(&bad).expect_err(&bad);
            assert!(error.contains(word), "{error}");
        }
    }
}
