//! Long lists, read page by page.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;

/// Where in a list a page ended. It means something to the store that made it alone, for the same list, and is no secret.
/// As text it is base64url.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Cursor(Vec<u8>);

impl Cursor {
    /// For a store: what it needs to go on.
    pub fn new(place: impl Into<Vec<u8>>) -> Self {
        Self(place.into())
    }

    /// For a store: what it gave. It may have come from outside, so it may be anything.
    pub fn place(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        URL_SAFE_NO_PAD.decode(text).map(Self).map_err(|_| InvalidCursor)
    }
}

impl TryFrom<String> for Cursor {
    type Error = InvalidCursor;

    fn try_from(text: String) -> Result<Self, InvalidCursor> {
        text.parse()
    }
}

impl From<Cursor> for String {
    fn from(cursor: Cursor) -> Self {
        cursor.to_string()
    }
}

/// The text is not a valid cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a cursor of a list: pass on what the page before gave, unchanged")]
pub struct InvalidCursor;

/// Which part of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where the page before ended; `None` for the first.
    pub after: Option<Cursor>,
    /// How many items at most.
    pub limit: usize,
}

impl Page {
    /// The first page.
    pub fn first(limit: usize) -> Self {
        Self { after: None, limit }
    }

    /// The page after a cursor.
    pub fn after(cursor: Cursor, limit: usize) -> Self {
        Self { after: Some(cursor), limit }
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paged<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// Where the next page begins; `None` when this was the last. The last may be empty.
    pub next: Option<Cursor>,
}

impl<T> Default for Paged<T> {
    fn default() -> Self {
        Self { items: Vec::new(), next: None }
    }
}

/// A whole list, page by page.
pub(crate) async fn every_page<T, F>(mut read: impl FnMut(Page) -> F) -> Result<Vec<T>, StoreError>
where
    F: Future<Output = Result<Paged<T>, StoreError>>,
{
    let (mut all, mut page) = (Vec::new(), Page::first(AT_ONCE));
    loop {
        let Paged { items, next } = read(page).await?;
        all.extend(items);
        let Some(next) = next else { return Ok(all) };
        page = Page::after(next, AT_ONCE);
    }
}

/// Items that [`every_page`] reads at once.
const AT_ONCE: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_as_text_and_other_texts_are_none() {
        let cursor = Cursor::new(vec![0, 255, 47]);
        assert_eq!(cursor.to_string().parse(), Ok(cursor.clone()));
        let json = serde_json::to_string(&cursor).expect("JSON");
        assert_eq!(serde_json::from_str::<Cursor>(&json).expect("a cursor"), cursor);
        assert_eq!("not base64!".parse::<Cursor>(), Err(InvalidCursor));
    }
}
