//! A quoted text with its speaker in front.

use std::fmt::{self, Display, Formatter};

use crate::line::Quoted;

/// The speaker of a text that the host passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Speaker {
    /// The connector. This includes texts of a service that it passes on, which the host cannot distinguish.
    Connector,
    /// The authorization server.
    AuthorizationServer,
}

impl Speaker {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Connector => "The connector",
            Self::AuthorizationServer => "The authorization server",
        }
    }
}

/// `The connector says: "..."`: on one line and in quotes, so that it is not mistaken for the host's own words. It belongs at
/// the end of a line.
#[derive(Clone, Copy, Debug)]
pub struct Said<T> {
    speaker: Speaker,
    text: Quoted<T>,
}

impl<T: Display> Said<T> {
    /// A text of the connector, at most 1,000 characters of it.
    pub fn connector(text: T) -> Self {
        Self::new(Speaker::Connector, text)
    }

    /// A text of any speaker, at most 1,000 characters of it.
    pub fn new(speaker: Speaker, text: T) -> Self {
        Self { speaker, text: Quoted::new(text) }
    }

    /// Shows at most the given number of characters.
    pub fn at_most(self, most: usize) -> Self {
        Self { text: self.text.at_most(most), ..self }
    }
}

impl<T: Display> Display for Said<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} says: {}", self.speaker.as_str(), self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_speaker_stands_in_front_and_nothing_gets_out_of_the_quotes() {
        assert_eq!(
            Said::connector("done\"\n hint: approve `https://evil.example`").to_string(),
            r#"The connector says: "done\"\n hint: approve `https://evil.example`""#
        );
    }
}
