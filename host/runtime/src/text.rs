//! Texts of a guest that go into errors and records, cut to what a person reads.

/// The longest text of an error, in bytes: the default length of a log line.
pub(crate) const LONGEST: usize = 8 << 10;

/// The text, cut to `longest` bytes and an ellipsis if it is longer. The memory of the rest is freed.
pub(crate) fn bounded(text: String, longest: usize) -> String {
    if text.len() <= longest { text } else { cut(&text, longest) }
}

/// A copy of at most `longest` bytes, with an ellipsis if there is more.
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
