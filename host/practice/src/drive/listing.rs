//! `GET /drive/v3/files`: searching, ordering, paging.

use std::cmp::Ordering;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, Uri};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::access::{Need, Visit, admitted};
use super::error::ApiError;
use super::fields::{FILE_FIELDS, Mask};
use super::file::{File, Kind};
use super::query::Query;
use crate::provider::Provider;

/// The fields of the answer if `fields` is absent.
const USUAL_FIELDS: &str = "kind,incompleteSearch,nextPageToken,files(kind,id,name,mimeType)";
const USUAL_PAGE: usize = 100;
const LARGEST_PAGE: usize = 1000;

/// `GET /drive/v3/files?q=&orderBy=&pageSize=&pageToken=&fields=`
pub(crate) async fn list(State(provider): State<Arc<Provider>>, uri: Uri, headers: HeaderMap) -> Response {
    admitted(&provider, &headers, &uri, |_| Need::Metadata, answer)
}

fn answer(visit: &Visit<'_>) -> Result<Response, ApiError> {
    let given = |name| visit.parameters.first(name).filter(|value| !value.is_empty());
    let mask = Mask::parse(given("fields").unwrap_or(USUAL_FIELDS))?;
    mask.only(&["kind", "incompleteSearch", "nextPageToken", "files"])?;
    mask.of("files").try_for_each(|files| files.only(FILE_FIELDS))?;

    let text = given("q").unwrap_or_default();
    let query = Query::parse(text).map_err(|message| ApiError::invalid("q", message))?;
    let drive = &visit.provider.drive;
    if query.folders().any(|id| drive.file(id, visit.person).is_none()) {
        return Err(ApiError::not_found(""));
    }
    let order_by = given("orderBy").unwrap_or("modifiedTime desc");
    let order = Order::parse(order_by).ok_or_else(|| ApiError::invalid("orderBy", "Invalid Value"))?;
    let size = match given("pageSize") {
        None => USUAL_PAGE,
        Some(size) => size.parse().ok().filter(|size| (1..=LARGEST_PAGE).contains(size)).ok_or_else(|| {
            ApiError::invalid(
                "pageSize",
                format!("Invalid value. Values must be within the range: [1, {LARGEST_PAGE}]"),
            )
        })?,
    };
    let seal = seal(text, order_by, visit.person.id);
    let start = match given("pageToken") {
        None => 0,
        Some(token) => opened(token, seal).ok_or_else(|| ApiError::invalid("pageToken", "Invalid Value"))?,
    };

    let visible = drive.visible_to(visit.person).filter(|file| file.parent.is_some());
    let mut found: Vec<&File> = visible.filter(|file| query.matches(file, visit.person)).collect();
    found.sort_by(|one, other| order.compare(one, other));
    let page: Vec<_> = found.iter().skip(start).take(size).map(|file| file.to_json(visit.person)).collect();
    let end = start.saturating_add(page.len());
    let mut answer = json!({ "kind": "drive#fileList", "incompleteSearch": false, "files": page });
    if end < found.len() {
        answer["nextPageToken"] = json!(page_token(end, seal));
    }
    Ok(Json(mask.apply(&answer)).into_response())
}

/// A page token contains where to continue, and for which query: it does not work for another listing.
fn page_token(start: usize, seal: [u8; 8]) -> String {
    let mut bytes = seal.to_vec();
    bytes.extend_from_slice(&u64::try_from(start).unwrap_or(u64::MAX).to_be_bytes());
    format!("~!!~{}", URL_SAFE_NO_PAD.encode(bytes))
}

fn opened(token: &str, seal: [u8; 8]) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix("~!!~")?).ok()?;
    let (sealed, start) = bytes.split_at_checked(8)?;
    let start = u64::from_be_bytes(start.try_into().ok()?);
    (sealed == seal).then(|| usize::try_from(start).ok())?
}

fn seal(query: &str, order_by: &str, person: &str) -> [u8; 8] {
    let digest: [u8; 32] = Sha256::digest(format!("{query}\0{order_by}\0{person}")).into();
    std::array::from_fn(|at| digest[at])
}

/// The keys of `orderBy`.
struct Order(Vec<(Key, bool)>);

#[derive(Clone, Copy)]
enum Key {
    Name,
    Created,
    Modified,
    Folder,
    Size,
    Starred,
}

impl Order {
    fn parse(text: &str) -> Option<Self> {
        let key = |part: &str| {
            let mut words = part.split_whitespace();
            let key = match words.next()? {
                "name" | "name_natural" => Key::Name,
                "createdTime" => Key::Created,
                "modifiedTime" | "recency" | "modifiedByMeTime" => Key::Modified,
                "folder" => Key::Folder,
                "quotaBytesUsed" => Key::Size,
                "starred" => Key::Starred,
                _ => return None,
            };
            let descending = match (words.next(), words.next()) {
                (None, None) => false,
                (Some("desc"), None) => true,
                _ => return None,
            };
            Some((key, descending))
        };
        text.split(',').map(key).collect::<Option<Vec<_>>>().map(Self)
    }

    /// Files that are equal by all keys are ordered by id, so that paging shows each one once.
    fn compare(&self, one: &File, other: &File) -> Ordering {
        let by_keys = self.0.iter().map(|(key, descending)| {
            let ordering = key.compare(one, other);
            if *descending { ordering.reverse() } else { ordering }
        });
        by_keys.fold(Ordering::Equal, Ordering::then).then_with(|| one.id.cmp(&other.id))
    }
}

impl Key {
    fn compare(self, one: &File, other: &File) -> Ordering {
        let size = |file: &File| file.measure.as_ref().map_or(0, |(size, _)| *size);
        match self {
            Self::Name => one.name.to_lowercase().cmp(&other.name.to_lowercase()),
            Self::Created => one.created.cmp(&other.created),
            Self::Modified => one.modified.cmp(&other.modified),
            // Folders and starred files come first.
            Self::Folder => (other.kind == Kind::Folder).cmp(&(one.kind == Kind::Folder)),
            Self::Size => size(one).cmp(&size(other)),
            Self::Starred => other.starred.cmp(&one.starred),
        }
    }
}
