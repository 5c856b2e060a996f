//! What is wrong with a TOML text, without quoting it: the text near a mistake may be a secret.

/// The reason and the line.
pub(crate) fn mistake(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count());
    let line = line.map(|line| format!(" (line {line})")).unwrap_or_default();
    // Other lines of a message are hints of the parser to itself.
    format!("{}{line}", error.message().lines().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_at_the_beginning_of_a_line_is_of_that_line() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Known {
            #[expect(dead_code, reason = "it is only there to be known")]
            a: u8,
        }
        let text = "a = 1\nb = 2\n";
        let error = toml::from_str::<Known>(text).expect_err("there is no b");
        assert!(mistake(text, &error).ends_with("(line 2)"), "{}", mistake(text, &error));
    }

    #[test]
    fn a_mistake_is_placed_and_not_quoted() {
        let text = "a = 1\nkey = hunter2\n";
        let error = text.parse::<toml::Table>().expect_err("it is no TOML");
        let mistake = mistake(text, &error);
        assert!(mistake.ends_with("(line 2)") && !mistake.contains("hunter2"), "{mistake}");
    }
}
