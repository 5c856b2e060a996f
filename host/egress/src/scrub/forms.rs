//! The forms of a secret that are searched for. Escapes are not listed, because escaped text is decoded before it is searched.
//! The list has the codings that hide a text from a decoder that does not know where it begins: base64, base64 of base64, and
//! hexadecimal.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::utf8_percent_encode;

use super::decode;
use crate::request::placeholders::RESERVED;

/// Base64 of base64 is searched for in pieces of at least this number of bytes: shorter ones occur by chance.
const SHORTEST_TWICE: usize = 8;
/// See [`Form`]: base64 of base64 has at most three such characters on each side.
pub(super) const MOST_BESIDE: usize = 3;

/// A form, and the number of characters beside it that also contain bits of the secret: a base64 character has six bits, a byte
/// eight.
pub(super) type Form = (Vec<u8>, usize);

/// Every form of `secret`, sorted and without duplicates.
pub(super) fn of(secret: &str) -> Vec<Form> {
    let forms = vec![
        secret.as_bytes().to_vec(),
        secret.replace(' ', "+").into_bytes(),
        // Header and host names are in lower case; some services change the case of the text they echo.
        secret.to_ascii_lowercase().into_bytes(),
        secret.to_ascii_uppercase().into_bytes(),
        hex(secret, false).into_bytes(),
        hex(secret, true).into_bytes(),
    ];
    let mut once = Vec::new();
    for spelling in spellings(secret) {
        base64(spelling.as_bytes(), &mut once);
    }
    // PowerShell encodes a text in base64 like this.
    base64(&secret.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(), &mut once);
    let mut twice = Vec::new();
    let mut raw = Vec::new();
    base64(secret.as_bytes(), &mut raw);
    for form in &raw {
        base64(form, &mut twice);
    }
    twice.retain(|form| form.len() >= SHORTEST_TWICE);
    let mut forms: Vec<Form> = forms.into_iter().map(|form| (form, 0)).collect();
    forms.extend(once.into_iter().map(|form| (form, 1)));
    forms.extend(twice.into_iter().map(|form| (form, MOST_BESIDE)));
    // Text is decoded as if every escape in it were real. A secret that itself looks like an escape is also searched for in its
    // decoded form.
    for index in 0..forms.len() {
        let (mut form, beside) = forms[index].clone();
        for _ in 0..decode::DEPTH {
            let decoded = decode::all(&form);
            if decoded == form {
                break;
            }
            forms.push((decoded.clone(), beside));
            form = decoded;
        }
    }
    forms.retain(|(form, _)| form.len() >= super::SHORTEST);
    forms.sort_unstable();
    forms.dedup_by(|later, first| later.0 == first.0);
    forms
}

/// How a text contains the secret before it is encoded in base64: a body of JSON, of a form, or of HTML or XML.
fn spellings(secret: &str) -> Vec<String> {
    let quoted = serde_json::Value::from(secret).to_string();
    let percent: String = utf8_percent_encode(secret, RESERVED).collect();
    let mut entities = String::new();
    for character in secret.chars() {
        match character {
            '&' => entities.push_str("&amp;"),
            '<' => entities.push_str("&lt;"),
            '>' => entities.push_str("&gt;"),
            '"' => entities.push_str("&quot;"),
            '\'' => entities.push_str("&#39;"),
            other => entities.push(other),
        }
    }
    let inner = &quoted[1..quoted.len() - 1];
    // The JSON encoding of PHP, Go and .NET.
    let escaped = |marks: &str, upper: bool| {
        let mut text = String::new();
        for character in inner.chars() {
            match character {
                mark if marks.contains(mark) && upper => drop(write!(text, "\\u{:04X}", u32::from(mark))),
                mark if marks.contains(mark) => drop(write!(text, "\\u{:04x}", u32::from(mark))),
                other => text.push(other),
            }
        }
        text
    };
    let others = [inner.replace('/', "\\/"), escaped("&<>", false), escaped("&<>+'", true), secret.replace(' ', "+")];
    let mut spellings = vec![secret.to_owned(), quoted[1..quoted.len() - 1].to_owned(), lower_escapes(&percent)];
    spellings.extend([percent, entities]);
    spellings.extend(others);
    spellings.sort_unstable();
    spellings.dedup();
    spellings
}

/// The same, with escapes in lower case.
fn lower_escapes(percent: &str) -> String {
    let mut text = String::with_capacity(percent.len());
    let mut digits = 0;
    for character in percent.chars() {
        if digits > 0 {
            digits -= 1;
            text.push(character.to_ascii_lowercase());
        } else {
            digits = if character == '%' { 2 } else { 0 };
            text.push(character);
        }
    }
    text
}

/// Base64 in both alphabets, at each of the three positions that the bytes can have inside a longer text.
fn base64(bytes: &[u8], forms: &mut Vec<Vec<u8>>) {
    for ahead in 0..3 {
        let mut shifted = vec![0; ahead];
        shifted.extend_from_slice(bytes);
        // The first characters contain bits of the preceding bytes, the last one bits of the following bytes: only the
        // characters made entirely of these bytes are the same everywhere.
        let first = (ahead * 8).div_ceil(6);
        let end = shifted.len() * 8 / 6;
        for text in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            let form = text.as_bytes().get(first..end).unwrap_or_default().to_vec();
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
}

fn hex(secret: &str, upper: bool) -> String {
    secret.bytes().fold(String::with_capacity(secret.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = if upper { write!(text, "{byte:02X}") } else { write!(text, "{byte:02x}") };
        text
    })
}
