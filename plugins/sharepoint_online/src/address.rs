//! Addresses from the caller, and where they may lead.

use innkeeper_guest::{Address, Error};
use percent_encoding::percent_decode_str;

/// The same listing, continued at the link. Only the query of the link is used, so that it cannot lead to
/// anything that the action itself does not.
pub(crate) fn continued(address: &Address, next: &str) -> Result<Address, Error> {
    match (destination(next.trim()), next.trim().split_once('?')) {
        (Some(Destination::Graph), Some((_, query))) if !query.is_empty() => {
            Ok(address.as_str().map_or_else(|| address.clone(), |address| format!("{address}?{query}").into()))
        }
        _ => Err(Error::invalid_input("nextLink: pass `@odata.nextLink` from the previous page, unchanged")),
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Destination {
    /// Graph itself: the token goes there.
    Graph,
    /// A pre-signed address of SharePoint, which contains its own permission.
    Download,
}

/// Where an address leads; `None` if that is neither of the two, or is ambiguous: an address that different
/// parsers may read in different ways is refused.
pub(crate) fn destination(address: &str) -> Option<Destination> {
    if !address.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let (scheme, rest) = address.split_once("://")?;
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let host = authority.strip_suffix(":443").unwrap_or(authority).to_ascii_lowercase();
    let is_host = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    if !scheme.eq_ignore_ascii_case("https") || !is_host || !is_plain(rest) {
        return None;
    }
    if host == "graph.microsoft.com" {
        return rest.starts_with("/v1.0/").then_some(Destination::Graph);
    }
    let tenant = host.strip_suffix(".sharepoint.com")?;
    let is_name = !tenant.is_empty() && tenant.split('.').all(|label| !label.is_empty());
    (is_name && rest.starts_with('/')).then_some(Destination::Download)
}

/// Whether path and query are unambiguous: no parser would climb, drop a character or cut them off. (Spaces at the
/// end are dropped, too, which makes `.. ` climb.)
fn is_plain(path_and_query: &str) -> bool {
    let path = path_and_query.split('?').next().unwrap_or_default().to_ascii_lowercase();
    path_and_query == path_and_query.trim()
        && !path_and_query.contains(|character: char| character == '#' || character.is_control())
        && !path.contains("//")
        && !path.contains('\\')
        && !path.contains("%2f")
        && !path.contains("%5c")
        && !path.split('/').any(|segment| matches!(segment.replace("%2e", ".").as_str(), "." | ".."))
}

/// Whether it is a path of ordinary names.
pub(crate) fn is_relative(path: &str) -> bool {
    path.split('/').all(|name| !matches!(name, "" | "." | ".."))
        && !path.contains(|character: char| character.is_control())
}

pub(crate) fn check_graph_path(path: &str) -> Result<(), Error> {
    let refuse = |reason: &str| Err(Error::invalid_input(format!("path: {reason}")));
    if path.contains("://") && !path.starts_with('/') {
        return refuse("pass only the path, such as /v1.0/sites/root, not a full address");
    }
    if !path.starts_with("/v1.0/") {
        return refuse("must begin with /v1.0/");
    }
    if !is_plain(path) {
        return refuse("must not contain `..`, `//`, backslashes, encoded slashes or dots, `#` or control characters");
    }
    let first = path["/v1.0/".len()..].split(['/', '?']).next().unwrap_or_default();
    if percent_decode_str(first).decode_utf8_lossy().eq_ignore_ascii_case("$batch") {
        return refuse("a batch may contain methods other than GET and POST; send its requests one by one");
    }
    Ok(())
}
