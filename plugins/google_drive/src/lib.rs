//! Google Drive: finds, lists, describes and downloads files. It only reads.
//!
//! The caller pages through a listing: it passes `nextPageToken` of one page as `pageToken` of the next call.

mod download;
mod listing;
mod metadata;

use innkeeper_guest::prelude::*;

use crate::download::download_file;
use crate::listing::{list_files, list_files_ingest, search_files};
use crate::metadata::get_file_metadata;

/// What a user is asked to grant: only reading.
const SCOPES: &str =
    "https://www.googleapis.com/auth/drive.readonly https://www.googleapis.com/auth/drive.metadata.readonly";

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
