//! A small read-only API in the shape of Google Drive's, version 3.

mod access;
mod catalogue;
mod content;
mod error;
mod fields;
mod file;
mod files;
mod listing;
mod query;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::people::Person;
use crate::provider::Provider;
use file::File;

/// The files of all users.
pub(crate) struct Drive {
    files: Vec<File>,
}

impl Drive {
    /// The made-up files; `base_url` goes into their links.
    pub(crate) fn new(base_url: &str) -> Self {
        Self { files: catalogue::files(base_url) }
    }

    /// The files that `person` may see: their own, and those shared with them.
    fn visible_to(&self, person: &Person) -> impl Iterator<Item = &File> {
        let id = person.id;
        self.files.iter().filter(move |file| file.owner.id == id || file.shared_with.iter().any(|other| other.id == id))
    }

    /// The file with this id, or `root`, if `person` may see it.
    fn file(&self, id: &str, person: &Person) -> Option<&File> {
        self.visible_to(person).find(|file| file.id == id || (id == "root" && file.is_root_of(person)))
    }
}

/// Everything under `/drive/v3`, and the target of `webViewLink`.
pub(crate) fn routes() -> Router<Arc<Provider>> {
    Router::new()
        .route("/drive/v3/about", get(files::about))
        .route("/drive/v3/files", get(listing::list))
        .route("/drive/v3/files/{id}", get(files::one))
        .route("/drive/v3/files/{id}/export", get(files::export))
        .route("/drive/v3/{*rest}", get(files::no_method))
        .route("/drive/view/{id}", get(files::view))
}
