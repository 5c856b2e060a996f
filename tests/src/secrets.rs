//! Looks for secrets where none may be, in every form that they could have there.

use std::borrow::Cow;
use std::path::Path;

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::warm::files;

/// The shortest piece of a secret that counts as a part of it.
const FRAGMENT: usize = 8;

/// Texts that must be found nowhere.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Vec<Secret>);

#[derive(Clone, Debug)]
struct Secret {
    name: String,
    text: String,
    fragments: bool,
}

impl Secrets {
    /// One whose pieces are secret, too: it must be random enough that no other text has them by chance.
    pub fn random(mut self, name: &str, text: impl Into<String>) -> Self {
        self.add(name, text.into(), true);
        self
    }

    /// One of which only the whole counts.
    pub fn whole(mut self, name: &str, text: impl Into<String>) -> Self {
        self.add(name, text.into(), false);
        self
    }

    fn add(&mut self, name: &str, text: String, fragments: bool) {
        assert!(text.len() >= FRAGMENT, "{name} is too short to be looked for");
        self.0.push(Secret { name: name.to_owned(), text, fragments });
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// What of them is in `bytes`: as it is, percent-encoded or as JSON text, and under these in base64 of both
    /// alphabets wherever it begins, or in hexadecimal digits.
    pub fn found_in(&self, bytes: &[u8]) -> Vec<String> {
        let (names, patterns): (Vec<String>, Vec<Vec<u8>>) = self.0.iter().flat_map(forms).unzip();
        let search = AhoCorasick::new(&patterns).expect("a few thousand patterns fit");
        let json = unescaped(bytes);
        let nested = unescaped(&json);
        let views = [bytes, &json, &nested].map(|view| [Cow::Borrowed(view), percent_decoded(view)]);
        let mut found: Vec<String> = views
            .iter()
            .flatten()
            .flat_map(|view| search.find_overlapping_iter(&**view))
            .map(|hit| names[hit.pattern().as_usize()].clone())
            .collect();
        found.sort();
        found.dedup();
        found
    }

    /// Fails if any of them is in `bytes`.
    pub fn assert_not_in(&self, place: &str, bytes: impl AsRef<[u8]>) {
        let found = self.found_in(bytes.as_ref());
        assert!(found.is_empty(), "{place} holds {found:?}");
    }

    /// Fails if any of them is in a file below `folder`, whose file `keyring` is not looked at.
    pub fn assert_not_on_disk(&self, folder: &Path) {
        let looked_at = files(folder).into_iter().filter(|path| *path != folder.join("keyring"));
        for path in looked_at {
            self.assert_not_in(&path.display().to_string(), std::fs::read(&path).expect("a file can be read"));
        }
    }
}

/// Named patterns that give a secret away.
fn forms(secret: &Secret) -> Vec<(String, Vec<u8>)> {
    let Secret { name, text, fragments } = secret;
    let mut forms = vec![(name.clone(), text.clone().into_bytes())];
    forms.push((format!("{name} in hexadecimal"), text.bytes().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()));
    for ahead in 0..3 {
        let shifted = [vec![0; ahead], text.clone().into_bytes()].concat();
        // Characters at either end mix in bits of the neighbours.
        let (first, end) = ((ahead * 8).div_ceil(6), shifted.len() * 8 / 6);
        for encoded in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            forms.push((format!("{name} in base64"), encoded.as_bytes()[first..end].to_vec()));
        }
    }
    if *fragments {
        let pieces = text.as_bytes().windows(FRAGMENT);
        forms.extend(pieces.map(|piece| (format!("a piece of {name}"), piece.to_vec())));
    }
    forms
}

fn percent_decoded(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *byte == b'%') {
            Some(value) => {
                decoded.push(value);
                rest = &after[2..];
            }
            None => {
                decoded.push(*byte);
                rest = after;
            }
        }
    }
    decoded.into()
}

/// JSON's escapes (RFC 8259, section 7) of the kinds that matter for visible text.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        let code = after.get(1..5).filter(|_| after[0] == b'u').and_then(|digits| std::str::from_utf8(digits).ok());
        match (byte, after.first(), code.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (b'\\', _, Some(value)) => {
                plain.push(value);
                rest = &after[5..];
            }
            (b'\\', Some(escaped @ (b'"' | b'\\' | b'/')), _) => {
                plain.push(*escaped);
                rest = &after[1..];
            }
            _ => {
                plain.push(*byte);
                rest = after;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn a_secret_is_found_in_each_form() {
        let secrets = Secrets::default().random("it", "t0k/n-\"q7+Zk");
        for text in [
            "<t0k/n-\"q7+Zk>".to_owned(),
            r#"{"a":"t0k\/n-\"q7+Zk"}"#.to_owned(),
            r#"{"a":"{\"b\":\"t0k/n-\\\"q7\\u002bZk\"}"}"#.to_owned(),
            "t0k%2Fn-%22q7%2bZk".to_owned(),
            STANDARD.encode("Bearer t0k/n-\"q7+Zk"),
            STANDARD.encode("xBearer t0k/n-\"q7+Zk "),
            URL_SAFE_NO_PAD.encode("xyBearer t0k/n-\"q7+Zk"),
            "74306b2f6e2d2271372b5a6b".to_owned(),
            "only /n-\"q7+Z of it".to_owned(),
        ] {
            assert!(!secrets.found_in(text.as_bytes()).is_empty(), "{text}");
        }
        secrets.assert_not_in("another text", "t0k/n-[redacted] q7+Zk");
    }
}
