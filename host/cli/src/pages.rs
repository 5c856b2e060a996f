//! Lists that the host returns in pages.

use innkeeper::{Page, Paged};

use crate::failure::Outcome;

/// Items that are read at once.
const AT_ONCE: usize = 500;

/// A whole list.
pub(crate) async fn all<T>(mut read: impl AsyncFnMut(Page) -> Outcome<Paged<T>>) -> Outcome<Vec<T>> {
    let (mut all, mut page) = (Vec::new(), Page::first(AT_ONCE));
    loop {
        let Paged { items, next } = read(page).await?;
        all.extend(items);
        let Some(next) = next else { return Ok(all) };
        page = Page::after(next, AT_ONCE);
    }
}
