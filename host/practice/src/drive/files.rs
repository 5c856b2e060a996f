//! One file: its metadata, its bytes, its exports. Also who is signed in.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, StatusCode, Uri};
use serde_json::json;

use super::access::{Need, Visit, admitted};
use super::error::ApiError;
use super::fields::{FILE_FIELDS, Mask};
use super::file::user;
use crate::pages::{NoticePage, page};
use crate::provider::Provider;

/// The fields of the answer about one file if `fields` is absent.
const USUAL_FIELDS: &str = "kind,id,name,mimeType";

/// `GET /drive/v3/about?fields=user`
pub(crate) async fn about(State(provider): State<Arc<Provider>>, uri: Uri, headers: HeaderMap) -> Response {
    admitted(
        &provider,
        &headers,
        &uri,
        |_| Need::Metadata,
        |visit| {
            let fields = visit.parameters.first("fields").ok_or_else(|| ApiError::required("fields"))?;
            let mask = Mask::parse(fields)?;
            mask.only(&["kind", "user", "storageQuota", "canCreateDrives", "maxUploadSize", "appInstalled"])?;
            let about = json!({
                "kind": "drive#about",
                "user": user(visit.person, visit.person),
                "storageQuota": { "limit": "16106127360", "usage": "48120021", "usageInDrive": "48120021", "usageInDriveTrash": "0" },
                "canCreateDrives": false,
                "maxUploadSize": "0",
                "appInstalled": false,
            });
            Ok(Json(mask.apply(&about)).into_response())
        },
    )
}

/// `GET /drive/v3/files/{id}`; with `alt=media`, its bytes.
pub(crate) async fn one(
    State(provider): State<Arc<Provider>>,
    uri: Uri,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let need = |parameters: &crate::parameters::Parameters| match parameters.first("alt") {
        Some("media") => Need::Content,
        _ => Need::Metadata,
    };
    admitted(&provider, &headers, &uri, need, |visit| match visit.parameters.first("alt") {
        None | Some("json") => metadata(visit, &id),
        Some("media") => media(visit, &id),
        Some(_) => Err(ApiError::invalid("alt", "Invalid value for alt: json or media is expected.")),
    })
}

/// `GET /drive/v3/files/{id}/export?mimeType=...`
pub(crate) async fn export(
    State(provider): State<Arc<Provider>>,
    uri: Uri,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    admitted(
        &provider,
        &headers,
        &uri,
        |_| Need::Content,
        |visit| {
            let mime = visit.parameters.first("mimeType").ok_or_else(|| ApiError::required("mimeType"))?;
            let file = visit.provider.drive.file(&id, visit.person).ok_or_else(|| ApiError::not_found(&id))?;
            if file.exports().is_empty() {
                return Err(ApiError::not_exportable());
            }
            let export =
                file.exports().iter().find(|export| export.mime == mime).ok_or_else(ApiError::no_conversion)?;
            Ok(bytes(export.mime, (export.make)(file.name, file.text())))
        },
    )
}

/// Any other address of the API.
pub(crate) async fn no_method(State(provider): State<Arc<Provider>>, uri: Uri, headers: HeaderMap) -> Response {
    admitted(&provider, &headers, &uri, |_| Need::Metadata, |_| Err(ApiError::no_method()))
}

/// The target of `webViewLink`. No one is signed in here, so nothing of the file is shown.
pub(crate) async fn view() -> Response {
    let text = "A real service would open the file in its editor here. The practice provider only serves its API.";
    page(StatusCode::OK, &NoticePage { title: "A file of the practice Drive", text, details: Vec::new() })
}

fn metadata(visit: &Visit<'_>, id: &str) -> Result<Response, ApiError> {
    let mask = Mask::parse(visit.parameters.first("fields").unwrap_or(USUAL_FIELDS))?;
    mask.only(FILE_FIELDS)?;
    let file = visit.provider.drive.file(id, visit.person).ok_or_else(|| ApiError::not_found(id))?;
    Ok(Json(mask.apply(&file.to_json(visit.person))).into_response())
}

fn media(visit: &Visit<'_>, id: &str) -> Result<Response, ApiError> {
    let file = visit.provider.drive.file(id, visit.person).ok_or_else(|| ApiError::not_found(id))?;
    Ok(bytes(file.kind.mime(), file.bytes().ok_or_else(ApiError::not_downloadable)?))
}

/// Never rendered on the provider's own origin.
fn bytes(mime: &'static str, bytes: Vec<u8>) -> Response {
    let headers = [(CONTENT_TYPE, mime), (CONTENT_DISPOSITION, "attachment"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, bytes).into_response()
}
