//! Details of files. Their contents are not fetched, except the text that Slack keeps of snippets.

use innkeeper_guest::prelude::*;

use crate::answer::{Answer, Method, Query};
use crate::page::Metadata;

pub(crate) fn actions() -> Vec<Action> {
    vec![
        Action::new("getFileInfo", get_file_info)
            .title("Get a file's details")
            .description(
                "Returns name, type, size, owner, address and channels of a file, and its text if it is a snippet. Ids come \
                 from listFiles and getConversationHistory.",
            )
            .read()
            .tool(),
        Action::new("listFiles", list_files)
            .title("List files")
            .description("Lists files of the workspace, of a channel or of a user, newest first, one page at a time.")
            .read()
            .tool(),
    ]
}

/// The important fields of a file.
#[derive(Serialize, Deserialize, JsonSchema)]
struct FileInfo {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mimetype: Option<String>,
    /// Slack's own name for the type.
    #[serde(skip_serializing_if = "Option::is_none")]
    filetype: Option<String>,
    /// The size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    /// The id of the user who shared it.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// Seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<i64>,
    /// The address of the file for people who are logged in.
    #[serde(skip_serializing_if = "Option::is_none")]
    permalink: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_public: Option<bool>,
    /// Whether it is stored at another service.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_external: Option<bool>,
    /// The ids of the public channels that it was shared in.
    #[serde(skip_serializing_if = "Option::is_none")]
    channels: Option<Vec<String>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GetFileInfo {
    /// The id of the file.
    #[schemars(length(min = 1))]
    file: String,
    /// `nextCursor` from the previous page, for more comments.
    cursor: Option<String>,
    /// The maximum number of comments to return. By default Slack decides. Only old files have comments.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    /// Whether to return Slack's whole response, unchanged.
    #[serde(default)]
    raw: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Info {
    ok: bool,
    /// The Slack method that was called.
    source: &'static str,
    file: FileInfo,
    /// The text of a snippet.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    /// Whether that text is cut off.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_truncated: Option<bool>,
    /// The comments on an old file, as Slack returns them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    comments: Vec<Value>,
    /// Pass it as `cursor` to get more comments; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// Whether there are more comments.
    has_more: bool,
}

fn get_file_info(ctx: &Ctx, input: GetFileInfo) -> Result<Answer<Info>, Error> {
    const SOURCE: &str = "files.info";
    #[derive(Deserialize)]
    struct Body {
        file: FileInfo,
        content: Option<String>,
        is_truncated: Option<bool>,
        #[serde(default)]
        comments: Vec<Value>,
        response_metadata: Option<Metadata>,
    }
    let method = Method::new(ctx, "getFileInfo", SOURCE);
    let query =
        Query::new().set("file", &input.file).number("limit", input.limit.map(u64::from)).text("cursor", input.cursor);
    if input.raw {
        return Ok(Answer::Raw(method.get(query)?));
    }
    let Body { file, content, is_truncated, comments, response_metadata } = method.get(query)?;
    let next_cursor = Metadata::next(response_metadata);
    let has_more = next_cursor.is_some();
    Ok(Answer::Compact(Info { ok: true, source: SOURCE, file, content, is_truncated, comments, next_cursor, has_more }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListFiles {
    /// The id of the channel that the files were shared in.
    channel: Option<String>,
    /// The id of the user who shared them.
    user: Option<String>,
    /// Only files from this time on: seconds since 1970.
    ts_from: Option<u64>,
    /// Only files up to this time: seconds since 1970.
    ts_to: Option<u64>,
    /// Kinds of files: `images`, `pdfs`, `snippets`, `spaces`, `gdocs`, `zips` and others that Slack knows. All by
    /// default.
    #[serde(default)]
    #[schemars(inner(regex(pattern = "^[A-Za-z0-9_]+$")))]
    types: Vec<String>,
    /// `nextCursor` from the previous page. Slack counts pages here, so it is a page number.
    cursor: Option<String>,
    /// The maximum number of files to return.
    #[serde(default = "files_of_a_page")]
    #[schemars(range(min = 1, max = 1000))]
    limit: u32,
    /// Whether to include files that a free workspace hides because they are old.
    #[serde(default)]
    show_files_hidden_by_limit: bool,
    /// The id of the workspace; only for a token of a whole organization.
    team_id: Option<String>,
    /// Whether to return Slack's whole response, unchanged.
    #[serde(default)]
    raw: bool,
}

fn files_of_a_page() -> u32 {
    100
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FilePage {
    ok: bool,
    /// The Slack method that was called.
    source: &'static str,
    files: Vec<FileInfo>,
    /// The number of files on all pages together.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    /// Pass it as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// Whether there are more results.
    has_more: bool,
}

fn list_files(ctx: &Ctx, input: ListFiles) -> Result<Answer<FilePage>, Error> {
    const SOURCE: &str = "files.list";
    #[derive(Default, Deserialize)]
    struct Paging {
        page: Option<u64>,
        pages: Option<u64>,
        total: Option<u64>,
    }
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        files: Vec<FileInfo>,
        paging: Option<Paging>,
    }
    let page = page_number(input.cursor.as_deref())?;
    let method = Method::new(ctx, "listFiles", SOURCE);
    let query = Query::new()
        .text("channel", input.channel)
        .text("user", input.user)
        .number("ts_from", input.ts_from)
        .number("ts_to", input.ts_to)
        .text("types", Some(input.types.join(",")))
        .set("count", &input.limit)
        .number("page", page.map(u64::from))
        .flag("show_files_hidden_by_limit", input.show_files_hidden_by_limit)
        .text("team_id", input.team_id);
    if input.raw {
        return Ok(Answer::Raw(method.get(query)?));
    }
    let Body { files, paging } = method.get(query)?;
    let Paging { page, pages, total } = paging.unwrap_or_default();
    let next_cursor = page.zip(pages).filter(|(page, pages)| page < pages).map(|(page, _)| (page + 1).to_string());
    let has_more = next_cursor.is_some();
    Ok(Answer::Compact(FilePage { ok: true, source: SOURCE, files, total, next_cursor, has_more }))
}

fn page_number(cursor: Option<&str>) -> Result<Option<u32>, Error> {
    let Some(cursor) = cursor.map(str::trim).filter(|cursor| !cursor.is_empty()) else { return Ok(None) };
    match cursor.parse() {
        Ok(page) if page > 0 => Ok(Some(page)),
        _ => Err(Error::invalid_input("cursor: pass `nextCursor` from the previous page, which is a page number")),
    }
}
