//! Google Drive: finds, lists, describes and downloads files. It only reads.
//!
//! The caller pages through a listing: it passes `nextPageToken` of one page as `pageToken` of the next call.

use innkeeper_guest::base64::Engine as _;
use innkeeper_guest::base64::prelude::BASE64_STANDARD;
use innkeeper_guest::prelude::*;

/// The fields of each file in a listing.
const LISTED: &str = "nextPageToken, files(id, name, mimeType, size, createdTime, modifiedTime, webViewLink)";
/// The fields that a download uses.
const TO_DOWNLOAD: &str = "id, name, mimeType, size";
/// The fields of each file in `getFileMetadata`.
const ALL_METADATA: &str = "id,name,mimeType,size,createdTime,modifiedTime,owners,lastModifyingUser,sharingUser,shared,\
                            starred,trashed,permissions,description,parents,labelInfo,webViewLink";
/// The beginning of MIME types for items without bytes of their own: editors' documents, folders, shortcuts.
const NATIVE: &str = "application/vnd.google-apps.";
const PDF: &str = "application/pdf";
const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// What a user is asked to grant: only reading.
const SCOPES: &str =
    "https://www.googleapis.com/auth/drive.readonly https://www.googleapis.com/auth/drive.metadata.readonly";

/// The maximum size of a listing in bytes: a thousand files with long names stay below it.
const LISTING_LIMIT: u64 = 4 << 20;
/// The bytes for downloaded content in the output: the host's 10 MiB less room for the file's name.
const CONTENT_LIMIT: u64 = (10 << 20) - (256 << 10);
/// The bytes of a file that fit into the output as base64.
const BINARY_LIMIT: u64 = CONTENT_LIMIT / 4 * 3;
/// The number of concurrent requests. After the first failure no more are sent.
const AT_ONCE: usize = 10;

/// The configuration of a connection.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Config {
    /// The address of the Drive API: scheme, host and port, without a path. Change it only to replace Google.
    #[serde(default = "google")]
    #[schemars(
        length(max = 512),
        regex(pattern = r"^https?://[^\s/?#@\\]+/?$"),
        extend("x-form" = { "label": "API address", "hidden": true, "widget": "url" })
    )]
    base_url: String,
}

fn google() -> String {
    "https://www.googleapis.com".to_owned()
}

fn base(ctx: &Ctx) -> Result<String, Error> {
    Ok(ctx.config::<Config>()?.base_url)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SearchFiles {
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

fn search_files(ctx: &Ctx, input: SearchFiles) -> Result<Listing, Error> {
    Page { size: input.page_size, token: input.page_token, order: input.order_by }.fetch(ctx, &input.query, false)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListFiles {
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

fn list_files(ctx: &Ctx, input: ListFiles) -> Result<Listing, Error> {
    let query = in_folder(&input.folder_id, input.include_trashed);
    Page { size: input.page_size, token: input.page_token, order: input.order_by }.fetch(ctx, &query, false)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListFilesIngest {
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
struct Ingest {
    /// Always true: a failure is an error.
    ok: bool,
    files: Vec<Listed>,
    /// Pass it as `pageToken` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
    /// Whether there is a next page.
    has_more: bool,
}

fn list_files_ingest(ctx: &Ctx, input: ListFilesIngest) -> Result<Ingest, Error> {
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
struct Listing {
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

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DownloadFile {
    /// The id of the file.
    #[schemars(length(min = 1))]
    file_id: String,
    /// `text` returns what can be read as text: Google Docs as Markdown, Sheets as CSV (the first sheet), other
    /// editors' documents as plain text, files of a `text/` type unchanged. `arraybuffer` returns bytes: Sheets as
    /// XLSX, other editors' documents as PDF, files unchanged.
    #[serde(default)]
    response_type: ResponseType,
    /// Returns the file itself, of any size, beside the output instead of its content in the output.
    #[serde(default)]
    as_file: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ResponseType {
    #[default]
    ArrayBuffer,
    Text,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Download {
    id: String,
    name: String,
    /// The type of the content. For an editor's document, the type that it was exported as.
    mime_type: String,
    /// The size in Drive in bytes, as a decimal string, if Drive gives it. The export of an editor's document has
    /// another size.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<String>,
    /// Absent if the file itself is returned beside the output.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    /// The encoding of `content`.
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<Encoding>,
    /// The name of the file that is returned beside the output.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

#[derive(Serialize, JsonSchema)]
enum Encoding {
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "base64")]
    Base64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    mime_type: String,
    size: Option<String>,
}

fn download_file(ctx: &Ctx, input: DownloadFile) -> Result<Output<Download>, Error> {
    let DownloadFile { file_id, response_type, as_file } = input;
    let base = base(ctx)?;
    // Without the parameter, a file in a shared drive is not found. An export does not use it.
    let of_file = || ctx.get(url!(base; "/drive/v3/files/{}", file_id)).query("supportsAllDrives", true);
    let described = of_file().query("fields", TO_DOWNLOAD).send()?;
    let Stored { id, name, mime_type: stored_type, size } = checked(described)?.json()?;

    let export = export_type(&stored_type, response_type)?;
    let mime_type = export.map_or_else(|| stored_type.clone(), str::to_owned);
    let is_text = response_type == ResponseType::Text && mime_type.to_ascii_lowercase().starts_with("text/");
    // The size of an editor's document says nothing about its export.
    if !as_file && export.is_none() {
        refuse_what_has_no_room(size.as_deref(), is_text)?;
    }
    let request = match export {
        Some(mime_type) => ctx.get(url!(base; "/drive/v3/files/{}/export", file_id)).query("mimeType", mime_type),
        None => of_file().query("alt", "media"),
    };
    let answer = checked(request.header("accept", "*/*").send()?)?;

    let mut download = Download { id, name, mime_type, size, content: None, encoding: None, file: None };
    if as_file {
        let name = file_name(&download.name, &download.id, export);
        let file = answer.into_file(name.clone()).content_type_is(download.mime_type.clone());
        download.file = Some(name);
        return Ok(Output::new(download).file(file));
    }
    let (content, encoding) =
        if is_text { read_text(answer)? } else { (answer.base64(BINARY_LIMIT)?, Encoding::Base64) };
    download.content = Some(content);
    download.encoding = Some(encoding);
    Ok(Output::new(download))
}

/// The type that an editor's document has to be exported as; `None` for a file with bytes of its own.
fn export_type(stored_type: &str, response_type: ResponseType) -> Result<Option<&'static str>, Error> {
    let Some(kind) = stored_type.strip_prefix(NATIVE) else { return Ok(None) };
    match (kind, response_type) {
        ("folder", _) => {
            Err(Error::invalid_input("fileId: this is a folder; list its files with listFiles, then download them"))
        }
        ("shortcut", _) => Err(Error::invalid_input("fileId: this is a shortcut; download the file that it points to")),
        ("document", ResponseType::Text) => Ok(Some("text/markdown")),
        ("spreadsheet", ResponseType::Text) => Ok(Some("text/csv")),
        (_, ResponseType::Text) => Ok(Some("text/plain")),
        ("spreadsheet", ResponseType::ArrayBuffer) => Ok(Some(WORKBOOK)),
        (_, ResponseType::ArrayBuffer) => Ok(Some(PDF)),
    }
}

/// If Drive gives the size beforehand, a file that is too large is not requested.
fn refuse_what_has_no_room(size: Option<&str>, is_text: bool) -> Result<(), Error> {
    let limit = if is_text { CONTENT_LIMIT } else { BINARY_LIMIT };
    match size.and_then(|size| size.parse().ok()) {
        Some(size) if size > limit => Err(too_large(limit, size, if is_text { size } else { in_base64(size) })),
        _ => Ok(()),
    }
}

/// Bytes that are not UTF-8 are returned completely, too, as base64.
fn read_text(answer: Response) -> Result<(String, Encoding), Error> {
    let bytes = answer.bytes(CONTENT_LIMIT)?;
    let length = bytes.len() as u64;
    match String::from_utf8(bytes) {
        Ok(text) => {
            let written = text.bytes().map(in_json).sum();
            if written > CONTENT_LIMIT {
                return Err(too_large(CONTENT_LIMIT, length, written));
            }
            let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
            Ok((text, Encoding::Utf8))
        }
        Err(_) if length > BINARY_LIMIT => Err(too_large(BINARY_LIMIT, length, in_base64(length))),
        Err(error) => Ok((BASE64_STANDARD.encode(error.as_bytes()), Encoding::Base64)),
    }
}

fn too_large(limit: u64, content_length: u64, estimated_output: u64) -> Error {
    Error::TooLarge { limit, content_length: Some(content_length), estimated_output: Some(estimated_output) }
}

fn in_base64(length: u64) -> u64 {
    length.div_ceil(3).saturating_mul(4)
}

/// The number of bytes that a byte of a text takes in JSON.
fn in_json(byte: u8) -> u64 {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..=0x1f => 6,
        _ => 1,
    }
}

/// A name that no file system treats as a path, with the extension of the type that a document was exported as.
fn file_name(name: &str, id: &str, export: Option<&str>) -> String {
    let ending = match export {
        Some("text/markdown") => ".md",
        Some("text/csv") => ".csv",
        Some("text/plain") => ".txt",
        Some(WORKBOOK) => ".xlsx",
        Some(PDF) => ".pdf",
        _ => "",
    };
    let is_named = name.chars().any(|c| !matches!(c, '.' | ' '));
    let name = if is_named { name.trim() } else { id };
    let mut name: String =
        name.chars().map(|c| if c.is_control() || matches!(c, '/' | '\\') { '_' } else { c }).take(200).collect();
    if !name.to_lowercase().ends_with(ending) {
        name.push_str(ending);
    }
    name
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GetFileMetadata {
    /// The ids of the files.
    #[schemars(length(min = 1, max = 50), inner(length(min = 1)))]
    file_ids: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Described {
    /// The files, in the order of the ids.
    files: Vec<Metadata>,
}

/// A file as Drive describes it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
struct Metadata(#[schemars(with = "MetadataShape")] Value);

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("required" = ["id"]))]
#[expect(dead_code, reason = "says what Drive answers, and is never made")]
struct MetadataShape {
    id: String,
    name: String,
    mime_type: String,
    /// The size in bytes, as a decimal string; absent for items without a size, such as folders and shortcuts.
    size: String,
    created_time: String,
    modified_time: String,
    /// Absent for files in shared drives.
    owners: Vec<Value>,
    last_modifying_user: Value,
    sharing_user: Value,
    shared: bool,
    starred: bool,
    trashed: bool,
    /// Only if the user may share the file; absent for files in shared drives.
    permissions: Vec<Value>,
    description: String,
    /// The ids of the folders that contain it, if the user may see them.
    parents: Vec<String>,
    label_info: Value,
    web_view_link: String,
}

fn get_file_metadata(ctx: &Ctx, GetFileMetadata { file_ids }: GetFileMetadata) -> Result<Described, Error> {
    let base = base(ctx)?;
    let mut files = Vec::with_capacity(file_ids.len());
    for ids in file_ids.chunks(AT_ONCE) {
        let request = |id| {
            let request = ctx.get(url!(base; "/drive/v3/files/{}", id)).query("fields", ALL_METADATA);
            request.query("supportsAllDrives", true)
        };
        for answer in ctx.send_all(ids.iter().map(request).collect()) {
            files.push(checked(answer?)?.json()?);
        }
    }
    Ok(Described { files })
}

fn check(ctx: &Ctx) -> Result<String, Error> {
    let answer = ctx.get(url!(base(ctx)?; "/drive/v3/about")).query("fields", "user").send()?;
    let about: Value = checked(answer)?.json()?;
    let named = |pointer| about.pointer(pointer).and_then(Value::as_str).filter(|name| !name.is_empty());
    let user = named("/user/emailAddress").or_else(|| named("/user/displayName")).unwrap_or("user");
    Ok(format!("Connected to Google Drive as {user}"))
}

/// Google puts its error message in `error.message`. Too many requests may be a 403 with a special reason.
fn checked(answer: Response) -> Result<Response, Error> {
    let wait = answer.retry_after();
    let mut is_limited = false;
    let checked = answer.error_for_status_with(|_, body| {
        is_limited = body.at(REASON).is_some_and(|reason| RATE_LIMITS.contains(&reason));
        Some(format!("Google Drive API error: {}", body.at("/error/message")?))
    });
    match checked {
        Err(Error::Denied(_)) if is_limited => Err(Error::RateLimited(wait)),
        checked => checked,
    }
}

const REASON: &str = "/error/errors/0/reason";
const RATE_LIMITS: [&str; 2] = ["rateLimitExceeded", "userRateLimitExceeded"];

fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// The connector.
pub fn connector() -> Connector {
    // Google's authorization server requires only the addresses and the scope.
    let settled = ["useBasicAuth", "scopeParamName", "accessTokenPath", "tokenTypePath", "tokenType", "issuer"];
    let oauth = Auth::new("oauth_authorization_code")
        .label("Google account")
        .recommended()
        // Google issues a refresh token only for offline access, and another one only with a new consent.
        .default("authorizationUrl", "https://accounts.google.com/o/oauth2/v2/auth?access_type=offline&prompt=consent")
        .default("tokenUrl", "https://oauth2.googleapis.com/token")
        .default("revocationUrl", "https://oauth2.googleapis.com/revoke")
        .default("scope", SCOPES)
        .hide("authorizationUrl")
        .hide("tokenUrl")
        .hide("revocationUrl")
        .hide("scope")
        .help("clientId", "The client ID of the OAuth client that you registered in the Google Cloud console.")
        .placeholder("clientId", "1234567890-abc.apps.googleusercontent.com")
        .help("clientSecret", "The client secret of the same OAuth client.");
    let ears = Auth::new("ears")
        .label("Google account, without your own app")
        .default("provider", "google")
        .default("scope", SCOPES)
        .hide("provider")
        .hide("scope");
    let token = Auth::new("bearer")
        .label("Access token")
        .help("token", "An access token with a scope for reading Drive. Google's tokens expire after an hour.")
        .placeholder("token", "ya29....");
    let reason = "Google's Drive API";
    Connector::new("google_drive", env!("CARGO_PKG_VERSION"))
        .title("Google Drive")
        .description("Finds, lists, describes and downloads files in Google Drive.")
        .documentation("https://developers.google.com/workspace/drive/api/reference/rest/v3")
        .auth(settled.into_iter().fold(oauth, Auth::hide))
        .auth(ears)
        .auth(token)
        .config::<Config>()
        .host(Host::config("/baseUrl").path_prefix("/drive/v3").methods(["GET"]).reason(reason))
        .header("accept", "application/json")
        .policies(
            Policies::new()
                .rate_limit(RateLimit::body(REASON, RATE_LIMITS).codes([429]))
                .retry(Retry::new().statuses([429, 500, 502, 503, 504]).max_retries(3)),
        )
        .skill(include_str!("../skill.md"))
        .action(
            Action::new("searchFiles", search_files)
                .title("Search files")
                .description(
                    "Finds files and folders by content, name, type, age and more, in Drive's query language. Returns \
                     their ids, names, types, sizes, times and links, one page at a time.",
                )
                .read()
                .tool(),
        )
        .action(
            Action::new("listFiles", list_files)
                .title("List files")
                .description("Lists the files and folders directly in a folder, one page at a time.")
                .read()
                .tool(),
        )
        .action(
            Action::new("downloadFile", download_file)
                .title("Download a file")
                .description(
                    "Returns the content of a file as text or base64; documents of Google's editors are exported. Files may \
                     have up to about 7 MiB, 9 MiB as text. With asFile, a file of any size is returned as a file. Ids come \
                     from searchFiles and listFiles.",
                )
                .read()
                .tool(),
        )
        .action(
            Action::new("getFileMetadata", get_file_metadata)
                .title("Describe files")
                .description(
                    "Returns who owns files and may see them, who changed them last, where they are, and more. Takes up to \
                     50 ids; if one of them fails, the whole call fails.",
                )
                .read()
                .tool(),
        )
        .action(
            Action::new("listFilesIngest", list_files_ingest)
                .title("List files for indexing")
                .description(
                    "Lists what is directly in a folder, also of a shared drive, and was modified after a given time. The \
                     oldest change comes first, one page at a time.",
                )
                .read(),
        )
        .check(check)
}

innkeeper_guest::export!(connector);

#[cfg(test)]
#[path = "../tests/suite/mod.rs"]
mod tests;
