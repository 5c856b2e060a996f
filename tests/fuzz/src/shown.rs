//! What a person is shown.

/// Panics where a text for people could be taken for another one: it is one line, and every character of it is seen.
pub(crate) fn assert_one_plain_line(text: &str) {
    if let Some(hidden) = text.chars().find(|&character| is_hidden(character)) {
        panic!("{hidden:?} is in a line for people: {text:?}");
    }
}

/// Control characters, line breaks, directions of writing, and what has no width.
pub(crate) fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text of an input; what is no UTF-8 counts as if it were.
pub(crate) fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}
