//! Listings: a search, a folder, a folder for indexing.

use innkeeper_guest::prelude::*;

use crate::{base, checked, given};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SearchFiles {
    /// A query in Drive's query language. `fullText contains 'budget'` searches contents, `name contains 'report'`
    /// names, `mimeType = 'application/pdf'` types, `modifiedTime > '2025-01-01T00:00:00'` times. Join conditions with
    /// `and`, `or`, `not`. In a text, write `\'` for `'` and `\\` for `\`. The result includes files in the trash
    /// unless you add `and trashed = false`.
    #[schemars(length(min = 1), regex(pattern = r"\S"))]
    query: String,
    /// The maximum number of files to return.
    #[serde(default = "default_page_size")]
    #[schemars(range(min = 1, max = 1000))]
    page_size: u32,
    /// `nextPageToken` from the previous page. Leave all other input unchanged.
    page_token: Option<String>,
    /// The sort order, ascending unless `desc` is added. The default is Drive's own order. A search with
    /// `fullText` cannot be sorted.
    order_by: Option<Order>,
}

fn default_page_size() -> u32 {
    250
}

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
enum Order {
    #[serde(rename = "createdTime")]
    Created,
    #[serde(rename = "createdTime desc")]
    CreatedDescending,
    #[serde(rename = "modifiedTime")]
    Modified,
    #[serde(rename = "modifiedTime desc")]
    ModifiedDescending,
    #[serde(rename = "name")]
    Name,
    #[serde(rename = "name desc")]
    NameDescending,
    // Language models fill in optional fields with empty texts.
    #[serde(rename = "")]
    Unordered,
}

impl Order {
    fn parameter(self) -> Option<&'static str> {
        match self {
            Self::Created => Some("createdTime"),
            Self::CreatedDescending => Some("createdTime desc"),
            Self::Modified => Some("modifiedTime"),
            Self::ModifiedDescending => Some("modifiedTime desc"),
            Self::Name => Some("name"),
            Self::NameDescending => Some("name desc"),
            Self::Unordered => None,
        }
    }
}

pub(crate) fn search_files(ctx: &Ctx, input: SearchFiles) -> Result<Listing, Error> {
    Page { size: input.page_size, token: input.page_token, order: input.order_by }.fetch(ctx, &input.query, false)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListFiles {
    /// The id of the folder. The default is the root of My Drive (`root`).
    #[serde(default = "root")]
    folder_id: String,
    /// The maximum number of files to return.
    #[serde(default = "default_page_size")]
    #[schemars(range(min = 1, max = 1000))]
    page_size: u32,
    /// `nextPageToken` from the previous page. Leave all other input unchanged.
    page_token: Option<String>,
    /// The sort order, ascending unless `desc` is added. The default is Drive's own order.
    order_by: Option<Order>,
    /// Whether to include files in the trash.
    #[serde(default)]
    include_trashed: bool,
}

fn root() -> String {
    "root".to_owned()
}

pub(crate) fn list_files(ctx: &Ctx, input: ListFiles) -> Result<Listing, Error> {
    let query = in_folder(&input.folder_id, input.include_trashed);
    Page { size: input.page_size, token: input.page_token, order: input.order_by }.fetch(ctx, &query, false)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListFilesIngest {
    /// The id of the folder, which may be in a shared drive. The default is the root of My Drive (`root`).
    #[serde(default = "root")]
    folder_id: String,
    /// Only files that were modified after this time (RFC 3339; UTC unless it has an offset).
    #[schemars(regex(pattern = r"^(\d{4}-\d{2}-\d{2}([Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})?)?)?$"))]
    modified_after: Option<String>,
    /// The maximum number of files to return.
    #[serde(default = "default_page_size")]
    #[schemars(range(min = 1, max = 1000))]
    page_size: u32,
    /// `nextPageToken` from the previous page. Leave all other input unchanged.
    page_token: Option<String>,
    /// The sort order, ascending unless `desc` is added.
    #[serde(default = "oldest_change_first")]
    order_by: Order,
}

fn oldest_change_first() -> Order {
    Order::Modified
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ingest {
    /// Always true: a failure is an error.
    ok: bool,
    files: Vec<Listed>,
    /// Pass it as `pageToken` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
    /// Whether there is a next page.
    has_more: bool,
}

pub(crate) fn list_files_ingest(ctx: &Ctx, input: ListFilesIngest) -> Result<Ingest, Error> {
    let mut query = in_folder(&input.folder_id, false);
    if let Some(after) = given(input.modified_after) {
        query = format!("{query} and modifiedTime > '{}'", escaped(&after));
    }
    let page = Page { size: input.page_size, token: input.page_token, order: Some(input.order_by) };
    let Listing { files, next_page_token } = page.fetch(ctx, &query, true)?;
    Ok(Ingest { ok: true, files, has_more: next_page_token.is_some(), next_page_token })
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listing {
    #[serde(default)]
    files: Vec<Listed>,
    /// Pass it as `pageToken` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// A file, folder or shortcut.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Listed {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Folders are `application/vnd.google-apps.folder`.
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<String>,
    /// The size in bytes, as a decimal string; absent for items without a size, such as folders and shortcuts.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_time: Option<String>,
    /// The address that opens the file in a browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    web_view_link: Option<String>,
}

/// A part of a listing.
struct Page {
    size: u32,
    token: Option<String>,
    order: Option<Order>,
}

impl Page {
    fn fetch(self, ctx: &Ctx, query: &str, all_drives: bool) -> Result<Listing, Error> {
        let all_drives = all_drives.then_some(true);
        let answer = ctx
            .get(url!(base(ctx)?; "/drive/v3/files"))
            .query("q", query)
            .query("pageSize", self.size)
            .query("fields", LISTED)
            .query_opt("pageToken", given(self.token))
            .query_opt("orderBy", self.order.and_then(Order::parameter))
            .query_opt("supportsAllDrives", all_drives)
            .query_opt("includeItemsFromAllDrives", all_drives)
            .send()?;
        let mut listing: Listing = checked(answer)?.limit(LISTING_LIMIT).json()?;
        listing.next_page_token = given(listing.next_page_token);
        Ok(listing)
    }
}

fn in_folder(id: &str, with_trashed: bool) -> String {
    let id = if id.trim().is_empty() { "root" } else { id };
    let state = if with_trashed { "" } else { " and trashed=false" };
    format!("'{}' in parents{state}", escaped(id))
}

/// Escapes a text for the quotes of Drive's query language.
fn escaped(text: &str) -> String {
    text.replace('\\', r"\\").replace('\'', r"\'")
}

/// The fields of each file in a listing.
const LISTED: &str = "nextPageToken, files(id, name, mimeType, size, createdTime, modifiedTime, webViewLink)";
/// The maximum size of a listing in bytes: a thousand files with long names stay below it.
const LISTING_LIMIT: u64 = 4 << 20;
