//! Suggestions for mistyped names.

/// The one of `known` that is most similar to `given`, if any is similar at all.
pub(crate) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&given, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// `; did you mean ...?`, or the known names.
pub(crate) fn suggestion(given: &str, known: &[&str]) -> String {
    match nearest(given, known.iter().copied()) {
        Some(name) => format!("; did you mean `{name}`?"),
        None => format!("; there is {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_finds_the_right_one() {
        assert_eq!(nearest("Foldr", ["space", "folder"]), Some("folder"));
        assert_eq!(nearest("xyz", ["space", "folder"]), None);
        assert_eq!(suggestion("xyz", &["space", "folder"]), "; there is space, folder");
    }
}
