//! A file as the API shows it.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::content::{self, Export};
use crate::people::Person;

/// The type of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Folder,
    Document,
    Spreadsheet,
    Presentation,
    Pdf,
    Text,
    Markdown,
    Csv,
    Json,
    Png,
}

impl Kind {
    /// The MIME type.
    pub(crate) fn mime(self) -> &'static str {
        match self {
            Self::Folder => "application/vnd.google-apps.folder",
            Self::Document => "application/vnd.google-apps.document",
            Self::Spreadsheet => "application/vnd.google-apps.spreadsheet",
            Self::Presentation => "application/vnd.google-apps.presentation",
            Self::Pdf => "application/pdf",
            Self::Text => "text/plain",
            Self::Markdown => "text/markdown",
            Self::Csv => "text/csv",
            Self::Json => "application/json",
            Self::Png => "image/png",
        }
    }

    /// Whether it has no bytes: a folder or a document of the editors.
    pub(crate) fn is_native(self) -> bool {
        matches!(self, Self::Folder | Self::Document | Self::Spreadsheet | Self::Presentation)
    }
}

/// The source of a file's bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body {
    /// Text; lines of a spreadsheet contain cells separated by commas.
    Written(&'static str),
    /// Readings of a made-up weather station, one per line: close to a megabyte.
    Measured,
}

/// A file or folder.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// The folder's id; a root has none.
    pub(crate) parent: Option<String>,
    /// Whether it is directly in its owner's root.
    pub(crate) is_at_the_top: bool,
    pub(crate) owner: &'static Person,
    pub(crate) shared_with: Vec<&'static Person>,
    pub(crate) description: Option<&'static str>,
    pub(crate) starred: bool,
    pub(crate) trashed: bool,
    pub(crate) created: OffsetDateTime,
    pub(crate) modified: OffsetDateTime,
    pub(crate) body: Body,
    pub(crate) link: String,
    /// Size in bytes and SHA-256, for files that have bytes.
    pub(crate) measure: Option<(usize, String)>,
}

impl File {
    /// Whether this is the top of `person`'s Drive.
    pub(crate) fn is_root_of(&self, person: &Person) -> bool {
        self.parent.is_none() && self.owner.id == person.id
    }

    /// Its text that can be searched.
    pub(crate) fn text(&self) -> &'static str {
        match (self.kind, self.body) {
            (Kind::Png | Kind::Folder, _) | (_, Body::Measured) => "",
            (_, Body::Written(text)) => text,
        }
    }

    /// Its bytes; `None` for native documents.
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        match (self.kind, self.body) {
            (kind, _) if kind.is_native() => None,
            (Kind::Pdf, _) => Some(content::pdf(self.name, self.text())),
            (Kind::Png, _) => Some(content::png(&self.id)),
            (_, Body::Written(text)) => Some(text.as_bytes().to_vec()),
            (_, Body::Measured) => Some(content::measured().into_bytes()),
        }
    }

    /// The formats that it can be exported in.
    pub(crate) fn exports(&self) -> &'static [Export] {
        content::exports(self.kind)
    }

    /// Everything that the API shows `person` of it.
    pub(crate) fn to_json(&self, person: &Person) -> Value {
        let owned = self.owner.id == person.id;
        let mut file = json!({
            "kind": "drive#file",
            "id": self.id,
            "name": self.name,
            "mimeType": self.kind.mime(),
            "starred": self.starred && owned,
            "trashed": self.trashed,
            "explicitlyTrashed": self.trashed,
            "spaces": ["drive"],
            "version": "1",
            "webViewLink": self.link,
            "createdTime": moment(self.created),
            "modifiedTime": moment(self.modified),
            "owners": [user(self.owner, person)],
            "lastModifyingUser": user(self.owner, person),
            "shared": !self.shared_with.is_empty(),
            "ownedByMe": owned,
            "writersCanShare": true,
            "capabilities": { "canDownload": self.kind != Kind::Folder, "canEdit": owned, "canListChildren": self.kind == Kind::Folder },
        });
        if let Some(description) = self.description {
            file["description"] = json!(description);
        }
        if owned {
            // The folder in which another user stores a file is not shown to the reader.
            if let Some(parent) = &self.parent {
                file["parents"] = json!([parent]);
            }
            file["permissions"] = self.permissions();
        } else {
            file["sharingUser"] = user(self.owner, person);
            file["sharedWithMeTime"] = json!(moment(self.modified));
        }
        if let Some((size, digest)) = &self.measure {
            file["size"] = json!(size.to_string());
            file["quotaBytesUsed"] = json!(size.to_string());
            file["sha256Checksum"] = json!(digest);
            file["originalFilename"] = json!(self.name);
            file["fileExtension"] = json!(self.name.rsplit_once('.').map_or("", |(_, extension)| extension));
            file["headRevisionId"] = json!(digest.chars().take(24).collect::<String>());
        } else {
            file["quotaBytesUsed"] = json!("0");
        }
        if !self.exports().is_empty() {
            let link = |export: &Export| (export.mime.to_owned(), json!(format!("{}?as={}", self.link, export.mime)));
            file["exportLinks"] = self.exports().iter().map(link).collect::<serde_json::Map<_, _>>().into();
        }
        file
    }

    fn permissions(&self) -> Value {
        let permission = |person: &Person, role: &str| {
            json!({ "kind": "drive#permission", "id": person.id, "type": "user", "role": role,
                    "emailAddress": person.email, "displayName": person.name })
        };
        let readers = self.shared_with.iter().map(|reader| permission(reader, "reader"));
        std::iter::once(permission(self.owner, "owner")).chain(readers).collect()
    }
}

/// A user in Google's shape.
pub(crate) fn user(shown: &Person, to: &Person) -> Value {
    json!({ "kind": "drive#user", "displayName": shown.name, "emailAddress": shown.email,
            "permissionId": shown.id, "me": shown.id == to.id })
}

fn moment(time: OffsetDateTime) -> String {
    // The years of the catalogue can all be written in RFC 3339.
    let text = time.format(&Rfc3339).unwrap_or_default();
    text.strip_suffix('Z').map_or(text.clone(), |text| format!("{text}.000Z"))
}
