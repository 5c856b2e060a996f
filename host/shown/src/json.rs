//! JSON that is safe to show.

use std::fmt::Write as _;

use crate::character::Pile;

/// A JSON text, compact or over several lines, in which hidden characters are written as escapes: the value stays the same
/// (RFC 8259, section 7).
pub fn json(text: &str) -> String {
    let mut pile = Pile::new();
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        // Outside strings JSON is ASCII, and a line break there comes from the serializer.
        if pile.hidden(c).is_some() && !matches!(c, '\n' | '\r' | '\t') {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_escaped_and_the_rest_is_left_alone() {
        assert_eq!(
            json("{\n\t\"a\u{202e}\": \"\u{7f}\u{e0041}é\u{301}\u{feff}\"\n}"),
            "{\n\t\"a\\u202e\": \"\\u007f\\udb40\\udc41é\u{301}\\ufeff\"\n}"
        );
        assert_eq!(json("\"\u{9b}\u{2028}\u{ffff}\""), "\"\\u009b\\u2028\\uffff\"");
    }

    #[test]
    fn marks_are_escaped_where_they_pile_up() {
        let text = json(&format!("\"e{}\"", "\u{301}".repeat(6)));
        assert_eq!(text.matches("\\u0301").count(), 2, "{text}");
    }
}
