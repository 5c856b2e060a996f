//! Keys and certificates in PEM text (RFC 7468).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

/// One section of a PEM text.
pub(super) struct Section<'t> {
    /// The label after BEGIN.
    pub(super) label: &'t str,
    /// The decoded content.
    pub(super) der: Zeroizing<Vec<u8>>,
}

/// The text is not PEM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotPem {
    /// It has the headers of OpenSSL's own legacy key encryption.
    pub(super) old_encryption: bool,
}

/// All sections of a text, in order; at least one. Text around them is ignored, because tools put comments there.
pub(super) fn sections(text: &str) -> Result<Vec<Section<'_>>, NotPem> {
    let malformed = NotPem { old_encryption: false };
    let mut sections = Vec::new();
    let mut rest = text;
    while let Some((_, begun)) = rest.split_once("-----BEGIN ") {
        let (label, body) = begun.split_once("-----").ok_or(malformed)?;
        let (body, after) = body.split_once("-----END ").ok_or(malformed)?;
        let after = after.strip_prefix(label).and_then(|after| after.strip_prefix("-----")).ok_or(malformed)?;
        if body.contains("Proc-Type:") {
            return Err(NotPem { old_encryption: true });
        }
        let joined: Zeroizing<Vec<u8>> = Zeroizing::new(body.bytes().filter(|b| !b.is_ascii_whitespace()).collect());
        let der = BASE64_STANDARD.decode(&*joined).map_err(|_| malformed)?;
        sections.push(Section { label, der: Zeroizing::new(der) });
        rest = after;
    }
    if sections.is_empty() { Err(malformed) } else { Ok(sections) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Result<Vec<(&str, Vec<u8>)>, NotPem> {
        Ok(sections(text)?.into_iter().map(|section| (section.label, section.der.to_vec())).collect())
    }

    #[test]
    fn sections_are_found_among_the_words_of_tools() {
        let text = "Bag Attributes\n-----BEGIN A B-----\r\nAQID\r\n-----END A B-----\n\n-----BEGIN C-----\nBA\n==\n-----END C-----";
        assert_eq!(labels(text), Ok(vec![("A B", vec![1, 2, 3]), ("C", vec![4])]));
    }

    #[test]
    fn what_is_cut_off_or_mixed_is_no_pem() {
        for text in [
            "",
            "AQID",
            "-----BEGIN A-----\nAQID",
            "-----BEGIN A-----\nAQID\n-----END B-----",
            "-----BEGIN A-----\nA*ID\n-----END A-----",
        ] {
            assert_eq!(labels(text), Err(NotPem { old_encryption: false }), "{text}");
        }
    }
}
