//! Names of connections.

use innkeeper_shown::{Quoted, hidden};

use crate::error::Error;

/// Refuses a name with hidden characters: it could look like another, or change the direction of the text next to it.
/// `what` is `id` or `title`.
pub(crate) fn check(what: &'static str, name: &str) -> Result<(), Error> {
    match hidden(name).next() {
        None => Ok(()),
        Some((_, c, why)) => {
            let given = Quoted::name(name).to_string();
            Err(Error::Misleading { what, given, code_point: c.into(), why: why.sentence() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_hides_something_is_refused_and_shown_with_it() {
        for good in ["drive", "Ada's Drive – Büro", "日本"] {
            assert!(check("title", good).is_ok(), "{good}");
        }
        for bad in ["dri\u{200b}ve", "a\nb", "\u{202e}evird", "a\u{2028}", "a\u{e0041}"] {
            assert!(check("id", bad).is_err(), "{bad:?}");
        }
        assert_eq!(
            check("title", "dri\u{200b}ve").expect_err("refused").to_string(),
            "the title `dri\\u{200b}ve` contains U+200B, which cannot be seen: leave it out"
        );
    }
}
