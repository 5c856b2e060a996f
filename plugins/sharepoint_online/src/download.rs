//! Files as text, as base64, or returned to the caller without passing through the connector.

use innkeeper_guest::prelude::*;
use percent_encoding::percent_decode_str;

use crate::address::{Destination, destination};
use crate::ids::Ids;
use crate::{GRAPH, checked};

/// The maximum size of a file as text or base64 in bytes: what fits into an output of 10 MiB. Larger ones are returned
/// as files.
pub(crate) const CONTENT_LIMIT: u64 = 5 << 20;

pub(crate) fn actions() -> Vec<Action> {
    vec![
        Action::new("downloadDriveItem", download_drive_item)
            .title("Download a file as text")
            .description(
                "Returns a file's content as UTF-8 text: for plain text, Markdown, CSV, HTML, JSON, up to 5 MiB. \
                     For other files use `asFile`, or downloadItemFromURL for base64.",
            )
            .read()
            .tool(),
        Action::new("downloadItemFromURL", download_item_from_url)
            .title("Download a file as base64")
            .description(
                "Returns a file's bytes as base64, up to 5 MiB: for PDF, Word and other binary files. With \
                     `asFile`, a file of any size is returned as a file. Takes the download address from getDriveItems.",
            )
            .read()
            .tool(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DownloadDriveItem {
    /// The id of the document library (drive): getSiteDrives finds it.
    #[schemars(length(max = 512))]
    drive_id: String,
    /// The id of the file: getDriveItems finds it.
    #[schemars(length(max = 512))]
    item_id: String,
    /// Returns the file itself, of any type and size, instead of its text.
    #[serde(default)]
    as_file: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TextFile {
    /// The media type of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    /// The size of the file in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    content_length: Option<u64>,
    /// The content of the file, read as UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The name of the file that is returned beside the output, if it was requested as a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_name: Option<String>,
}

fn download_drive_item(
    ctx: &Ctx,
    DownloadDriveItem { drive_id, item_id, as_file }: DownloadDriveItem,
) -> Result<Output<TextFile>, Error> {
    let ids = Ids("downloadDriveItem");
    let (drive, item) = (ids.drive(&drive_id)?, ids.item(&item_id)?);
    // Graph redirects to a pre-signed address, to which the host sends no credential.
    let answer = downloaded(ctx.get(url!(GRAPH; "/drives/{}/items/{}/content", drive, item)).send()?)?;
    let content_type = answer.content_type().map(str::to_owned);
    if as_file {
        let (content_length, name) = (answer.content_length(), file_name(&answer, item));
        let text = TextFile { content_type, content_length, text: None, file_name: Some(name.clone()) };
        return Ok(Output::new(text).file(answer.into_file(name)));
    }
    let bytes = answer.bytes(CONTENT_LIMIT)?;
    let content_length = u64::try_from(bytes.len()).ok();
    let text = Some(String::from_utf8_lossy(&bytes).into_owned());
    Ok(Output::new(TextFile { content_type, content_length, text, file_name: None }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DownloadFromUrl {
    /// `@microsoft.graph.downloadUrl` of an item from getDriveItems, unchanged. It works for about an hour.
    #[schemars(url, length(max = 8192))]
    download_url: String,
    /// Returns the file itself, of any size, instead of base64.
    #[serde(default)]
    as_file: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct BinaryFile {
    /// The media type of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    /// The size of the file in bytes. For a file that is returned beside the output, only if SharePoint gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    content_length: Option<u64>,
    /// The content of the file as base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    /// The name of the file that is returned beside the output, if it was requested as a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_name: Option<String>,
}

/// The address comes from the caller: it must not be able to send the token anywhere but to Graph.
fn download_item_from_url(
    ctx: &Ctx,
    DownloadFromUrl { download_url, as_file }: DownloadFromUrl,
) -> Result<Output<BinaryFile>, Error> {
    let address = download_url.trim();
    if address.is_empty() {
        let message = "downloadItemFromURL requires a downloadUrl. Use getDriveItems to find it.";
        return Err(Error::invalid_input(message));
    }
    let request = match destination(address) {
        Some(Destination::Graph) => ctx.get(address),
        // A redirect would lead to a login page.
        Some(Destination::Download) => ctx.get(address).omit_credential().no_redirects(),
        None => {
            return Err(Error::invalid_input(
                "downloadUrl: only https addresses of *.sharepoint.com and of graph.microsoft.com/v1.0 are downloaded; \
                 give `@microsoft.graph.downloadUrl` of an item that getDriveItems answered",
            ));
        }
    };
    let answer = downloaded(request.send()?)?;
    let content_type = answer.content_type().map(str::to_owned);
    if as_file {
        let (content_length, name) = (answer.content_length(), file_name(&answer, "download"));
        let bytes = BinaryFile { content_type, content_length, base64: None, file_name: Some(name.clone()) };
        return Ok(Output::new(bytes).file(answer.into_file(name)));
    }
    let base64 = answer.base64(CONTENT_LIMIT)?;
    let content_length = u64::try_from(decoded_length(&base64)).ok();
    Ok(Output::new(BinaryFile { content_type, content_length, base64: Some(base64), file_name: None }))
}

/// The number of bytes in a base64 text: three for four characters, less one for each padding character.
fn decoded_length(base64: &str) -> usize {
    base64.len() / 4 * 3 - (base64.len() - base64.trim_end_matches('=').len())
}

/// A response that should be a file's bytes.
fn downloaded(answer: Response) -> Result<Response, Error> {
    let is_graphs = answer.url().starts_with("https://graph.microsoft.com/");
    match answer.status() {
        // This does not concern the connection's authorization, because no token was sent.
        300..=399 | 401 | 403 if !is_graphs => Err(Error::denied(
            "SharePoint does not give out the file at this address: it has expired or is not pre-signed; get a new \
             `@microsoft.graph.downloadUrl` by getDriveItems",
        )),
        _ => checked(answer),
    }
}

/// The file name in the response (RFC 6266), made safe.
pub(crate) fn file_name(answer: &Response, otherwise: &str) -> String {
    let header = answer.header("content-disposition").unwrap_or_default();
    let parameter = |name: &str| {
        let start = header.to_ascii_lowercase().find(name)? + name.len();
        header.get(start..)
    };
    let extended = || {
        let value = parameter("filename*=")?.split(';').next()?.trim();
        let (charset, rest) = value.trim_matches('"').split_once('\'')?;
        let (_language, encoded) = rest.split_once('\'')?;
        charset.eq_ignore_ascii_case("utf-8").then(|| percent_decode_str(encoded).decode_utf8_lossy().into_owned())
    };
    let plain = || {
        let value = parameter("filename=")?.trim_start();
        let value = match value.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next(),
            None => value.split(';').next(),
        };
        value.map(|value| value.trim().to_owned())
    };
    let name = extended().or_else(plain).unwrap_or_default();
    let fit = |text: &str| -> String {
        let replace =
            |character: char| if character.is_control() || "/\\:".contains(character) { '_' } else { character };
        text.trim().chars().take(200).map(replace).collect()
    };
    match fit(&name) {
        name if matches!(name.as_str(), "" | "." | "..") => fit(otherwise),
        name => name,
    }
}
