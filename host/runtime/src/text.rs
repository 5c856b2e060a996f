//! Texts of a guest that go into errors and records: as long as a person reads, whatever the guest wrote.

/// The longest text of an error, in bytes: as much as a log line has by default.
pub(crate) const LONGEST: usize = 8 << 10;

/// The text, cut to `longest` bytes and an ellipsis where it is longer. What is cut is not kept either.
pub(crate) fn bounded(text: String, longest: usize) -> String {
    if text.len() <= longest { text } else { cut(&text, longest) }
}

/// A copy of at most `longest` bytes, and an ellipsis where there is more.
pub(crate) fn cut(text: &str, longest: usize) -> String {
    let kept = &text[..text.floor_char_boundary(longest)];
    if kept.len() == text.len() { kept.to_owned() } else { format!("{kept}…") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_ends_with_an_ellipsis_between_two_characters() {
        assert_eq!(bounded("abcdé".to_owned(), 6), "abcdé");
        assert_eq!(bounded("abcdé".to_owned(), 5), "abcd…");
        assert_eq!(cut("", 0), "");
    }

    #[test]
    fn what_is_cut_off_is_not_kept() {
        let text = "x".repeat(1 << 20);
        assert!(bounded(text, 10).capacity() < 100);
    }
}
