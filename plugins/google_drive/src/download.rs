//! The content of a file.

use innkeeper_guest::base64::Engine as _;
use innkeeper_guest::base64::prelude::BASE64_STANDARD;
use innkeeper_guest::prelude::*;

use crate::{base, checked};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DownloadFile {
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
pub(crate) struct Download {
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

pub(crate) fn download_file(ctx: &Ctx, input: DownloadFile) -> Result<Output<Download>, Error> {
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

/// The fields that a download uses.
const TO_DOWNLOAD: &str = "id, name, mimeType, size";
/// The beginning of MIME types for items without bytes of their own: editors' documents, folders, shortcuts.
const NATIVE: &str = "application/vnd.google-apps.";
const PDF: &str = "application/pdf";
const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// The bytes for downloaded content in the output: the host's 10 MiB less room for the file's name.
const CONTENT_LIMIT: u64 = (10 << 20) - (256 << 10);
/// The bytes of a file that fit into the output as base64.
const BINARY_LIMIT: u64 = CONTENT_LIMIT / 4 * 3;
