//! Characters that a reader would not recognise.

use icu_properties::props::{BidiControl, DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Why a character is not shown unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hidden {
    /// Ends a line or begins another: line feed, carriage return, U+0085, U+2028, U+2029 and the like.
    LineBreak,
    /// Controls a terminal, or has an unknown effect (general category Cc).
    Control,
    /// Changes the writing direction (the property `Bidi_Control`).
    Direction,
    /// Is invisible: zero width, fillers, variation selectors, tags (the property `Default_Ignorable_Code_Point`).
    Invisible,
    /// Has no meaning: private use, unassigned, noncharacters.
    Meaningless,
    /// Exceeds the marks allowed on one letter, or has no letter: piled up, marks cover the lines around.
    Piled,
}

impl Hidden {
    /// The text follows the code point in a sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::LineBreak => "is a line break",
            Self::Control => "is one of the control characters",
            Self::Direction => "changes the direction of writing",
            Self::Invisible => "cannot be seen",
            Self::Meaningless => "has no meaning",
            Self::Piled => "is a mark on top of others, or on nothing",
        }
    }

    /// Independent of the characters before it.
    pub(crate) fn of(c: char) -> Option<Self> {
        match c {
            ' '..='~' => return None,
            '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => return Some(Self::LineBreak),
            _ => {}
        }
        if CodePointSetData::new::<BidiControl>().contains(c) {
            return Some(Self::Direction);
        }
        if CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c) || BLANKS.contains(&c) {
            return Some(Self::Invisible);
        }
        match CodePointMapData::<GeneralCategory>::new().get(c) {
            GeneralCategory::Control => Some(Self::Control),
            GeneralCategory::Format => Some(Self::Invisible),
            GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator => Some(Self::LineBreak),
            GeneralCategory::PrivateUse | GeneralCategory::Unassigned | GeneralCategory::Surrogate => {
                Some(Self::Meaningless)
            }
            _ => None,
        }
    }
}

/// The characters of a text that are not shown unchanged: their position, the character, and the reason.
pub fn hidden(text: &str) -> impl Iterator<Item = (usize, char, Hidden)> {
    let mut pile = Pile::new();
    text.chars().enumerate().filter_map(move |(index, c)| Some((index, c, pile.hidden(c)?)))
}

/// Counts the marks on the current letter of a text and decides for each character whether it is hidden.
#[derive(Clone, Debug)]
pub(crate) struct Pile {
    /// The number of further marks that the current letter may carry.
    room: u8,
}

impl Pile {
    /// The state at the beginning of a text, where a mark would sit on the character before the text.
    pub(crate) fn new() -> Self {
        Self { room: 0 }
    }

    pub(crate) fn hidden(&mut self, c: char) -> Option<Hidden> {
        if c.is_ascii() {
            self.room = MOST_MARKS;
            return Hidden::of(c);
        }
        if let Some(hidden) = Hidden::of(c) {
            self.room = 0;
            return Some(hidden);
        }
        match CodePointMapData::<GeneralCategory>::new().get(c) {
            GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark => match self.room.checked_sub(1) {
                Some(room) => {
                    self.room = room;
                    None
                }
                None => Some(Hidden::Piled),
            },
            _ => {
                self.room = MOST_MARKS;
                None
            }
        }
    }
}

/// Whether it is a space of any width.
pub(crate) fn is_space(c: char) -> bool {
    match c {
        ' ' | '\t' => true,
        c if c.is_ascii() => false,
        c => CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::SpaceSeparator,
    }
}

/// The maximum number of marks on a letter: no script in use needs more.
const MOST_MARKS: u8 = 4;

/// Blank characters that by their properties are neither spaces nor ignorable: an empty Braille cell, a null note head, the
/// object replacement character, and the Khitan filler.
const BLANKS: [char; 4] = ['\u{2800}', '\u{1d159}', '\u{fffc}', '\u{16fe4}'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_that_fools_the_eye_is_hidden() {
        let cases: [(Hidden, &[char]); 6] = [
            (Hidden::LineBreak, &['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']),
            (Hidden::Control, &['\0', '\t', '\u{1b}', '\u{7f}', '\u{9b}', '\u{9d}']),
            (
                Hidden::Direction,
                &[
                    '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}',
                    '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
                ],
            ),
            (
                Hidden::Invisible,
                &[
                    '\u{ad}',
                    '\u{34f}',
                    '\u{115f}',
                    '\u{1160}',
                    '\u{17b4}',
                    '\u{180e}',
                    '\u{200b}',
                    '\u{200c}',
                    '\u{200d}',
                    '\u{2060}',
                    '\u{2064}',
                    '\u{206a}',
                    '\u{2800}',
                    '\u{3164}',
                    '\u{fe00}',
                    '\u{fe0f}',
                    '\u{feff}',
                    '\u{ffa0}',
                    '\u{fff9}',
                    '\u{fffc}',
                    '\u{1d173}',
                    '\u{e0001}',
                    '\u{e0041}',
                    '\u{e007f}',
                    '\u{e0100}',
                    '\u{e01ef}',
                ],
            ),
            (
                Hidden::Meaningless,
                &['\u{e000}', '\u{f8ff}', '\u{fdd0}', '\u{ffff}', '\u{10ffff}', '\u{f0000}', '\u{378}'],
            ),
            (Hidden::Piled, &['\u{300}', '\u{20dd}', '\u{489}']),
        ];
        for (hidden, characters) in cases {
            for c in characters {
                let found = super::hidden(&c.to_string()).next();
                assert_eq!(found, Some((0, *c, hidden)), "{:04x}", u32::from(*c));
            }
        }
    }

    #[test]
    fn what_people_write_is_not_hidden() {
        for text in [
            "naïve café — “quoted” …",
            "e\u{301}",
            "Việt Nam",
            "नमस्ते",
            "ภาษาไทย",
            "שָׁלוֹם",
            "日本語　ok",
            "a 😀 b",
            "\u{a0}€",
        ] {
            assert_eq!(hidden(text).next(), None, "{text}");
        }
    }

    #[test]
    fn marks_are_piled_up_no_higher_than_writing_needs() {
        let pile = format!("a{}", "\u{301}".repeat(6));
        assert_eq!(hidden(&pile).next(), Some((5, '\u{301}', Hidden::Piled)));
    }
}
