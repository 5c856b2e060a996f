//! Pagination of long lists.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// The position where a page of a list ended. It is valid only for the store that made it and for the same list, and is not
/// secret. As text it is base64url.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Cursor(Vec<u8>);

impl Cursor {
    /// For stores: wraps the bytes that the store needs to continue.
    pub fn new(place: impl Into<Vec<u8>>) -> Self {
        Self(place.into())
    }

    /// For stores: the bytes of the cursor. It may come from outside, so they are untrusted.
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
#[error("the text is not a cursor of a list: pass the cursor of the previous page unchanged")]
pub struct InvalidCursor;

/// The requested part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where the previous page ended; `None` for the first.
    pub after: Option<Cursor>,
    /// The maximum number of items.
    pub limit: usize,
}

impl Page {
    /// The first page.
    pub fn first(limit: usize) -> Self {
        Self { after: None, limit: limit.max(1) }
    }

    /// The page after a cursor.
    pub fn after(cursor: Cursor, limit: usize) -> Self {
        Self { after: Some(cursor), limit: limit.max(1) }
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paged<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Where the next page begins; `None` if this was the last. The last page may be empty.
    pub next: Option<Cursor>,
}

impl<T> Default for Paged<T> {
    fn default() -> Self {
        Self { items: Vec::new(), next: None }
    }
}

/// Reads a whole list, page by page.
pub async fn every_page<T, E, F>(mut read: impl FnMut(Page) -> F) -> Result<Vec<T>, E>
where
    F: Future<Output = Result<Paged<T>, E>>,
{
    let (mut all, mut page) = (Vec::new(), Page::first(AT_ONCE));
    loop {
        let Paged { items, next } = read(page).await?;
        all.extend(items);
        let Some(next) = next else { return Ok(all) };
        page = Page::after(next, AT_ONCE);
    }
}

/// The number of items that [`every_page`] reads at once.
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
