//! Google Drive: finds, lists, describes and downloads files. Nothing in the Drive is changed.
//!
//! A listing comes page by page: the caller passes `nextPageToken` of one answer as `pageToken` of the next call.

use innkeeper_guest::base64::Engine as _;
use innkeeper_guest::base64::prelude::BASE64_STANDARD;
use innkeeper_guest::prelude::*;

/// What a listing tells of each file.
const LISTED: &str = "nextPageToken, files(id, name, mimeType, size, createdTime, modifiedTime, webViewLink)";
/// What a download has to know of the file.
const TO_DOWNLOAD: &str = "id, name, mimeType, size";
/// What `getFileMetadata` tells of each file.
const ALL_METADATA: &str = "id,name,mimeType,size,createdTime,modifiedTime,owners,lastModifyingUser,sharingUser,shared,\
                            starred,trashed,permissions,description,parents,labelInfo,webViewLink";
/// Begins the MIME type of what has no bytes of its own: editors' documents, folders, shortcuts.
const NATIVE: &str = "application/vnd.google-apps.";
const PDF: &str = "application/pdf";
const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// What a user is asked for: reading and nothing else.
const SCOPES: &str =
    "https://www.googleapis.com/auth/drive.readonly https://www.googleapis.com/auth/drive.metadata.readonly";

/// Bytes of a listing that are read: a thousand files with long names stay below it.
const LISTING_LIMIT: u64 = 4 << 20;
/// Bytes that a downloaded content may have in the output: the host's 10 MiB without room for the file's name.
const CONTENT_LIMIT: u64 = (10 << 20) - (256 << 10);
/// Bytes of a file that have room in the output as base64.
const BINARY_LIMIT: u64 = CONTENT_LIMIT / 4 * 3;
/// Requests sent at once; the first failure keeps the following ones from being sent.
const AT_ONCE: usize = 10;

/// What a connection is configured with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Config {
    /// Where the Drive API is: scheme, host and port, without a path. Only a stand-in for Google needs another one.
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
    /// In Drive's query language: `fullText contains 'budget'` looks into files, `name contains 'report'` at their names,
    /// `mimeType = 'application/pdf'` at their type, `modifiedTime > '2025-01-01T00:00:00'` at their age. Join conditions
    /// with `and`, `or`, `not`. In a text write `\'` for `'` and `\\` for `\`. Files in the trash are found too, unless
    /// you add `and trashed = false`.
    #[schemars(length(min = 1), regex(pattern = r"\S"))]
    query: String,
    /// How many files to answer at most.
    #[serde(default = "default_page_size")]
    #[schemars(range(min = 1, max = 1000))]
    page_size: u32,
    /// `nextPageToken` of the answer before; then everything else must be as it was.
    page_token: Option<String>,
    /// What to sort by, smallest or oldest first unless `desc` is added. Drive's own order, unless given. A search by
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
    // Language models fill in what they need not with nothing.
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
    /// Id of the folder. The top of My Drive (`root`), unless given.
    #[serde(default = "root")]
    folder_id: String,
    /// How many files to answer at most.
    #[serde(default = "default_page_size")]
    #[schemars(range(min = 1, max = 1000))]
    page_size: u32,
    /// `nextPageToken` of the answer before; then everything else must be as it was.
    page_token: Option<String>,
    /// What to sort by, smallest or oldest first unless `desc` is added. Drive's own order, unless given.
    order_by: Option<Order>,
    /// Whether files in the trash are listed too.
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
    /// Id of the folder, which may be one of a shared drive. The top of My Drive (`root`), unless given.
    #[serde(default = "root")]
    folder_id: String,
    /// Only files that were modified after this time (RFC 3339; UTC, unless it has an offset).
    #[schemars(regex(pattern = r"^(\d{4}-\d{2}-\d{2}([Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})?)?)?$"))]
    modified_after: Option<String>,
    /// How many files to answer at most.
    #[serde(default = "default_page_size")]
    #[schemars(range(min = 1, max = 1000))]
    page_size: u32,
    /// `nextPageToken` of the answer before; then everything else must be as it was.
    page_token: Option<String>,
    /// What to sort by, smallest or oldest first unless `desc` is added.
    #[serde(default = "oldest_change_first")]
    order_by: Order,
}

fn oldest_change_first() -> Order {
    Order::Modified
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Ingest {
    /// Always true: a failure is an error, not an answer.
    ok: bool,
    files: Vec<Listed>,
    /// `pageToken` of the call for what follows; absent at the end.
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
    /// `pageToken` of the call for what follows; absent at the end.
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
    /// Bytes, as a decimal text; absent for what has no size, such as folders and shortcuts.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_time: Option<String>,
    /// Opens the file in a browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    web_view_link: Option<String>,
}

/// Which part of a listing.
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

/// For a text between the quotes of Drive's query language.
fn escaped(text: &str) -> String {
    text.replace('\\', r"\\").replace('\'', r"\'")
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DownloadFile {
    /// Id of the file.
    #[schemars(length(min = 1))]
    file_id: String,
    /// `text` answers what can be read as text: Google Docs as Markdown, Sheets as CSV (the first sheet), other editors'
    /// documents as plain text, files of a `text/` type as they are. `arraybuffer` answers bytes: Sheets as XLSX, other
    /// editors' documents as PDF, files as they are.
    #[serde(default)]
    response_type: ResponseType,
    /// Hands the file out beside the answer, of whatever size, instead of its content within the answer.
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
    /// Of the content: what an editor's document was exported as.
    mime_type: String,
    /// Bytes in Drive, as a decimal text, if Drive tells them. What an editor's document is exported as has another size.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<String>,
    /// Absent where the file is handed out beside the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    /// How `content` is to be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<Encoding>,
    /// Name of the file that is handed out beside the answer.
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
    // Without the parameter a file in a shared drive is not found; an export needs none.
    let of_file = || ctx.get(url!(base; "/drive/v3/files/{}", file_id)).query("supportsAllDrives", true);
    let described = of_file().query("fields", TO_DOWNLOAD).send()?;
    let Stored { id, name, mime_type: stored_type, size } = checked(described)?.json()?;

    let export = export_type(&stored_type, response_type)?;
    let mime_type = export.map_or_else(|| stored_type.clone(), str::to_owned);
    let is_text = response_type == ResponseType::Text && mime_type.to_ascii_lowercase().starts_with("text/");
    // The size of an editor's document says nothing of what it is exported as.
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

/// What an editor's document has to be exported as; none for a file with bytes of its own.
fn export_type(stored_type: &str, response_type: ResponseType) -> Result<Option<&'static str>, Error> {
    let Some(kind) = stored_type.strip_prefix(NATIVE) else { return Ok(None) };
    match (kind, response_type) {
        ("folder", _) => {
            Err(Error::invalid_input("fileId: is a folder; list its files by listFiles, then download them"))
        }
        ("shortcut", _) => Err(Error::invalid_input("fileId: is a shortcut; download the file that it leads to")),
        ("document", ResponseType::Text) => Ok(Some("text/markdown")),
        ("spreadsheet", ResponseType::Text) => Ok(Some("text/csv")),
        (_, ResponseType::Text) => Ok(Some("text/plain")),
        ("spreadsheet", ResponseType::ArrayBuffer) => Ok(Some(WORKBOOK)),
        (_, ResponseType::ArrayBuffer) => Ok(Some(PDF)),
    }
}

/// Where Drive tells the size beforehand, a file that is too large is not even asked for.
fn refuse_what_has_no_room(size: Option<&str>, is_text: bool) -> Result<(), Error> {
    let limit = if is_text { CONTENT_LIMIT } else { BINARY_LIMIT };
    match size.and_then(|size| size.parse().ok()) {
        Some(size) if size > limit => Err(too_large(limit, size, if is_text { size } else { in_base64(size) })),
        _ => Ok(()),
    }
}

/// Bytes that are no UTF-8 come out whole too, as base64.
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

/// Bytes that a byte of a text takes within JSON.
fn in_json(byte: u8) -> u64 {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..=0x1f => 6,
        _ => 1,
    }
}

/// A name that no file system takes for a path, with the ending of what a document was exported as.
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
    /// Ids of the files.
    #[schemars(length(min = 1, max = 50), inner(length(min = 1)))]
    file_ids: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Described {
    /// In the order of the ids.
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
    /// Bytes, as a decimal text; absent for what has no size, such as folders and shortcuts.
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
    /// Only where the user may share the file; absent for files in shared drives.
    permissions: Vec<Value>,
    description: String,
    /// Ids of the folders it is in, if the user may see them.
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

/// Google says what is wrong in `error.message`; too many requests may be a 403 with a reason of its own.
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
    // Google's authorization server needs nothing but the addresses and the scope.
    let settled = ["useBasicAuth", "scopeParamName", "accessTokenPath", "tokenTypePath", "tokenType", "issuer"];
    let oauth = Auth::new("oauth_authorization_code")
        .label("Google account")
        .recommended()
        // Google gives a refresh token only for offline access, and again only with a new consent.
        .default("authorizationUrl", "https://accounts.google.com/o/oauth2/v2/auth?access_type=offline&prompt=consent")
        .default("tokenUrl", "https://oauth2.googleapis.com/token")
        .default("revocationUrl", "https://oauth2.googleapis.com/revoke")
        .default("scope", SCOPES)
        .hide("authorizationUrl")
        .hide("tokenUrl")
        .hide("revocationUrl")
        .hide("scope")
        .help("clientId", "Of the OAuth client that you registered in the Google Cloud console.")
        .placeholder("clientId", "1234567890-abc.apps.googleusercontent.com")
        .help("clientSecret", "Of the same OAuth client.");
    let ears = Auth::new("ears")
        .label("Google account, no app of your own needed")
        .default("provider", "google")
        .default("scope", SCOPES)
        .hide("provider")
        .hide("scope");
    let token = Auth::new("bearer")
        .label("Access token")
        .help("token", "An access token with a scope for reading Drive. Google's expire after an hour.")
        .placeholder("token", "ya29....");
    let reason = "Google's Drive API.";
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
                    "Finds files and folders by content, name, type, age and more, in Drive's query language. Answers \
                     their ids, names, types, sizes, times and links, a page at a time.",
                )
                .read()
                .tool(),
        )
        .action(
            Action::new("listFiles", list_files)
                .title("List files")
                .description("What is directly in a folder: files and folders, a page at a time.")
                .read()
                .tool(),
        )
        .action(
            Action::new("downloadFile", download_file)
                .title("Download a file")
                .description(
                    "The content of a file, as text or base64; documents of Google's editors are exported. Up to about \
                     7 MiB, 9 MiB as text; with asFile of any size, handed out as a file. Ids come from searchFiles and \
                     listFiles.",
                )
                .read()
                .tool(),
        )
        .action(
            Action::new("getFileMetadata", get_file_metadata)
                .title("Describe files")
                .description(
                    "Who owns files and may see them, who changed them last, where they are, and more. Up to 50 ids a \
                     call; if one cannot be described, none is.",
                )
                .read()
                .tool(),
        )
        .action(
            Action::new("listFilesIngest", list_files_ingest)
                .title("List files for indexing")
                .description(
                    "What is directly in a folder, of a shared drive too, and was modified after a given time; the oldest \
                     change first, a page at a time.",
                )
                .read(),
        )
        .check(check)
}

innkeeper_guest::export!(connector);

#[cfg(test)]
#[path = "../tests/suite/mod.rs"]
mod tests;
