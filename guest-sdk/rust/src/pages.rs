//! Results that are returned page by page.

use std::collections::VecDeque;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Error;
use crate::request::RequestBuilder;
use crate::response::Response;

/// The pages of one listing, fetched as they are iterated. Ends after the last page or the first error.
///
/// The host limits the requests of one call. If a listing may be long, let the caller pass a cursor, and page here
/// only up to [`max_pages`](Self::max_pages).
#[must_use = "pages are fetched as they are iterated"]
pub struct Pages<'a> {
    next: Option<RequestBuilder<'a>>,
    step: Step,
    left: usize,
    limit: Option<u64>,
    seen: Vec<String>,
}

enum Step {
    Query { parameter: String, cursor: String },
    Body { field: String, cursor: String },
    Address { pointer: String },
    Link,
    Offset { parameter: String, items: String, page_size: usize, offset: usize },
}

impl<'a> RequestBuilder<'a> {
    /// Pages by a cursor: the text or number at the JSON pointer `cursor` goes into the query `parameter` of the next
    /// request.
    pub fn by_cursor(self, parameter: impl Into<String>, cursor: impl Into<String>) -> Pages<'a> {
        Pages::new(self, Step::Query { parameter: parameter.into(), cursor: cursor.into() })
    }

    /// Pages by a cursor that goes into the top-level `field` of the next request's JSON body.
    pub fn by_cursor_in_body(self, field: impl Into<String>, cursor: impl Into<String>) -> Pages<'a> {
        Pages::new(self, Step::Body { field: field.into(), cursor: cursor.into() })
    }

    /// Pages by the next page's address at a JSON pointer: `/@odata.nextLink`. The host checks it like every address.
    pub fn by_next_address(self, pointer: impl Into<String>) -> Pages<'a> {
        Pages::new(self, Step::Address { pointer: pointer.into() })
    }

    /// Pages by the `Link` header with `rel="next"` (RFC 8288).
    pub fn by_link_header(self) -> Pages<'a> {
        Pages::new(self, Step::Link)
    }

    /// Pages by offset: the query `parameter` counts items, and a page of fewer than `page_size` at the JSON pointer
    /// `items` is the last. Set the service's own page size parameter with `query`.
    pub fn by_offset(self, parameter: impl Into<String>, items: impl Into<String>, page_size: usize) -> Pages<'a> {
        let (parameter, items) = (parameter.into(), items.into());
        let first = self.replace_query(&parameter, "0");
        Pages::new(first, Step::Offset { parameter, items, page_size: page_size.max(1), offset: 0 })
    }
}

impl<'a> Pages<'a> {
    fn new(first: RequestBuilder<'a>, step: Step) -> Self {
        Self { next: Some(first), step, left: usize::MAX, limit: None, seen: Vec::new() }
    }

    /// Fetches at most this many pages, and then ends as if there were no more. If the caller has to know about the
    /// rest, return the cursor to it instead.
    pub fn max_pages(mut self, count: usize) -> Self {
        self.left = count;
        self
    }

    /// Reads up to `bytes` of a page instead of 1 MiB.
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = Some(bytes);
        self
    }

    /// The items in the array at the JSON pointer `items` of each page (`""`: the page itself is the array). A page
    /// without it has no items.
    pub fn items<T>(self, items: impl Into<String>) -> impl Iterator<Item = Result<T, Error>> + 'a
    where
        T: DeserializeOwned + 'a,
    {
        Items { pages: self, pointer: items.into(), ready: VecDeque::new(), item: PhantomData }
    }

    fn fetch(&mut self, request: RequestBuilder<'a>) -> Result<Value, Error> {
        let template = request.duplicate();
        let mut response = request.send()?.ok()?;
        if let Some(limit) = self.limit {
            response = response.limit(limit);
        }
        let link = self.link(&response);
        let page: Value = response.json()?;
        let Some(next) = self.next_position(&page, link) else { return Ok(page) };
        if self.left == 0 {
            return Ok(page);
        }
        let template = template.ok_or_else(|| Error::internal("a request with a streamed body cannot be paged"))?;
        if self.seen.contains(&next) {
            return Err(Error::upstream(502, "the service named a page as the next one that it had sent before"));
        }
        self.seen.push(next.clone());
        self.next = Some(match &self.step {
            Step::Query { parameter, .. } | Step::Offset { parameter, .. } => template.replace_query(parameter, &next),
            Step::Body { field, .. } => template.replace_in_body(field, Value::String(next)),
            Step::Address { .. } | Step::Link => template.redirect_to(next),
        });
        Ok(page)
    }

    fn link(&self, response: &Response) -> Option<String> {
        if !matches!(self.step, Step::Link) {
            return None;
        }
        let next = response.headers().filter(|(name, _)| *name == "link").find_map(|(_, value)| next_link(value))?;
        absolute(response.url(), next)
    }

    fn next_position(&mut self, page: &Value, link: Option<String>) -> Option<String> {
        match &mut self.step {
            Step::Query { cursor, .. } | Step::Body { cursor, .. } => match page.pointer(cursor)? {
                Value::String(text) if !text.is_empty() => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            },
            Step::Address { pointer } => {
                page.pointer(pointer)?.as_str().filter(|next| !next.is_empty()).map(str::to_owned)
            }
            Step::Link => link,
            Step::Offset { items, page_size, offset, .. } => {
                let count = page.pointer(items)?.as_array()?.len();
                *offset += count;
                (count >= *page_size).then(|| offset.to_string())
            }
        }
    }
}

impl Iterator for Pages<'_> {
    type Item = Result<Value, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let request = self.next.take()?;
        self.left -= 1;
        Some(self.fetch(request))
    }
}

struct Items<'a, T> {
    pages: Pages<'a>,
    pointer: String,
    ready: VecDeque<Value>,
    item: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Iterator for Items<'_, T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(serde_json::from_value(item).map_err(|error| Error::Upstream {
                    status: 200,
                    message: format!("an item is not the expected JSON: {error}"),
                    retryable: false,
                }));
            }
            match self.pages.next()? {
                Ok(mut page) => {
                    if let Some(Value::Array(items)) = page.pointer_mut(&self.pointer).map(Value::take) {
                        self.ready = items.into();
                    }
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// The target of the first link with the relation `next` (RFC 8288, section 3).
fn next_link(header: &str) -> Option<&str> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, after) = after.split_once('>')?;
        let (parameters, following) =
            after.split_at(after.find(",<").or_else(|| after.find(", <")).unwrap_or(after.len()));
        let is_next = parameters.split(';').any(|parameter| {
            parameter.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("rel")
                    && value.trim().trim_matches('"').split(' ').any(|relation| relation.eq_ignore_ascii_case("next"))
            })
        });
        if is_next {
            return Some(target);
        }
        rest = following;
    }
    None
}

/// Resolves a link against the address that it came from. Relative paths other than `/path` and `?query` are not
/// followed.
fn absolute(base: &str, link: &str) -> Option<String> {
    if link.starts_with("https://") || link.starts_with("http://") {
        return Some(link.to_owned());
    }
    let host = base.find("://")? + 3;
    if link.starts_with('?') {
        return Some(format!("{}{link}", base.split('?').next()?));
    }
    if link.starts_with('/') && !link.starts_with("//") {
        let end = base[host..].find(['/', '?']).map_or(base.len(), |end| host + end);
        return Some(format!("{}{link}", &base[..end]));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_link_is_found_among_others() {
        let header = r#"<https://x.test/?page=1>; rel="prev", <https://x.test/?page=3,4>; title="a"; rel="next""#;
        assert_eq!(next_link(header), Some("https://x.test/?page=3,4"));
        assert_eq!(next_link(r#"<https://x.test/>; rel="last""#), None);
        assert_eq!(next_link("nonsense <"), None);
    }

    #[test]
    fn a_relative_link_stays_at_the_same_host() {
        assert_eq!(absolute("https://x.test/a?b=1", "?b=2").as_deref(), Some("https://x.test/a?b=2"));
        assert_eq!(absolute("https://x.test/a?b=1", "/c").as_deref(), Some("https://x.test/c"));
        assert_eq!(absolute("https://x.test", "/c").as_deref(), Some("https://x.test/c"));
        assert_eq!(absolute("https://x.test/a", "//evil.test/"), None);
    }
}
