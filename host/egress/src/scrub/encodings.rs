//! The plain forms of a secret that an echo may have. Percent-encoding and JSON escapes are not listed: what is escaped is
//! unescaped before it is looked at.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Adds every plain form of `secret` and of what it is inside a JSON string: a placeholder in a JSON body is filled in so, and
/// a service may echo that body inside JSON of its own, or in base64.
pub(super) fn add(secret: &str, patterns: &mut Vec<Vec<u8>>) {
    add_forms(secret, patterns);
    let quoted = serde_json::Value::from(secret).to_string();
    if let Some(inner) =
        quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).filter(|inner| *inner != secret)
    {
        add_forms(inner, patterns);
    }
}

/// As it is, form-encoded spaces, base64 in both alphabets at each of the three positions it can have inside something
/// longer.
fn add_forms(secret: &str, patterns: &mut Vec<Vec<u8>>) {
    patterns.push(secret.as_bytes().to_vec());
    if secret.contains(' ') {
        patterns.push(secret.replace(' ', "+").into_bytes());
    }
    for ahead in 0..3 {
        let mut shifted = vec![0; ahead];
        shifted.extend_from_slice(secret.as_bytes());
        // The first characters mix in bits of what stands before the secret, the last one of what follows: only those
        // made of the secret alone are the same everywhere.
        let first = (ahead * 8).div_ceil(6);
        let end = shifted.len() * 8 / 6;
        for text in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            patterns.push(text.as_bytes()[first..end].to_vec());
        }
    }
}
