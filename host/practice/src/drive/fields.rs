//! The `fields` parameter: which parts of an answer are requested (`nextPageToken, files(id, name), files/owners`).

use serde_json::{Map, Value};

use super::error::ApiError;

/// How deep a mask may nest.
const DEPTH: usize = 8;
/// The longest mask, in bytes.
const LENGTH: usize = 4096;

/// The fields of a file in Drive, version 3, even if these files do not have them.
pub(crate) const FILE_FIELDS: &[&str] = &[
    "appProperties",
    "capabilities",
    "contentHints",
    "contentRestrictions",
    "copyRequiresWriterPermission",
    "createdTime",
    "description",
    "downloadRestrictions",
    "driveId",
    "explicitlyTrashed",
    "exportLinks",
    "fileExtension",
    "folderColorRgb",
    "fullFileExtension",
    "hasAugmentedPermissions",
    "hasThumbnail",
    "headRevisionId",
    "iconLink",
    "id",
    "imageMediaMetadata",
    "inheritedPermissionsDisabled",
    "isAppAuthorized",
    "kind",
    "labelInfo",
    "lastModifyingUser",
    "linkShareMetadata",
    "md5Checksum",
    "mimeType",
    "modifiedByMe",
    "modifiedByMeTime",
    "modifiedTime",
    "name",
    "originalFilename",
    "ownedByMe",
    "owners",
    "parents",
    "permissionIds",
    "permissions",
    "properties",
    "quotaBytesUsed",
    "resourceKey",
    "sha1Checksum",
    "sha256Checksum",
    "shared",
    "sharedWithMeTime",
    "sharingUser",
    "shortcutDetails",
    "size",
    "spaces",
    "starred",
    "teamDriveId",
    "thumbnailLink",
    "thumbnailVersion",
    "trashed",
    "trashedTime",
    "trashingUser",
    "version",
    "videoMediaMetadata",
    "viewedByMe",
    "viewedByMeTime",
    "viewersCanCopyContent",
    "webContentLink",
    "webViewLink",
    "writersCanShare",
];

/// A selection of fields, each with a selection within it. Empty: all.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Mask(Vec<(String, Mask)>);

impl Mask {
    /// Reads a `fields` parameter.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        if text.len() > LENGTH {
            return Err(ApiError::invalid_field("longer than 4096 bytes"));
        }
        let mut rest = text;
        let mask = list(&mut rest, DEPTH).filter(|_| rest.trim().is_empty());
        mask.ok_or_else(|| ApiError::invalid_field(text))
    }

    /// Refuses a field that is not among `known`.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        match self.0.iter().find(|(name, _)| name != "*" && !known.contains(&name.as_str())) {
            Some((unknown, _)) => Err(ApiError::invalid_field(unknown)),
            None => Ok(()),
        }
    }

    /// Each mask for the field `name`.
    pub(crate) fn of(&self, name: &str) -> impl Iterator<Item = &Mask> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, mask)| mask)
    }

    /// The selected parts of `value`; the items of lists are filtered one by one.
    pub(crate) fn apply(&self, value: &Value) -> Value {
        if self.0.is_empty() || self.0.iter().any(|(name, mask)| name == "*" && mask.0.is_empty()) {
            return value.clone();
        }
        match value {
            Value::Array(items) => items.iter().map(|item| self.apply(item)).collect(),
            Value::Object(fields) => Value::Object(self.select(fields)),
            other => other.clone(),
        }
    }

    fn select(&self, fields: &Map<String, Value>) -> Map<String, Value> {
        let mut selected = Map::new();
        for (name, value) in fields {
            for (_, mask) in self.0.iter().filter(|(wanted, _)| wanted == name || wanted == "*") {
                let part = mask.apply(value);
                match selected.get_mut(name) {
                    // `owners/me,owners/emailAddress` requests both.
                    Some(earlier) => merge(earlier, part),
                    None => {
                        selected.insert(name.clone(), part);
                    }
                }
            }
        }
        selected
    }
}

fn merge(earlier: &mut Value, part: Value) {
    match (earlier, part) {
        (Value::Object(earlier), Value::Object(part)) => {
            for (name, value) in part {
                match earlier.get_mut(&name) {
                    Some(known) => merge(known, value),
                    None => {
                        earlier.insert(name, value);
                    }
                }
            }
        }
        (Value::Array(earlier), Value::Array(part)) => {
            earlier.iter_mut().zip(part).for_each(|(earlier, part)| merge(earlier, part));
        }
        _ => {}
    }
}

/// `item, item, ...`
fn list(rest: &mut &str, depth: usize) -> Option<Mask> {
    let mut items = vec![item(rest, depth)?];
    while taken(rest, ',') {
        items.push(item(rest, depth)?);
    }
    Some(Mask(items))
}

/// `name`, `name(list)` or `name/item`
fn item(rest: &mut &str, depth: usize) -> Option<(String, Mask)> {
    let depth = depth.checked_sub(1)?;
    *rest = rest.trim_start();
    let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '*').unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    *rest = after;
    if name.is_empty() {
        return None;
    }
    let mask = if taken(rest, '(') {
        let inner = list(rest, depth)?;
        taken(rest, ')').then_some(inner)?
    } else if taken(rest, '/') {
        Mask(vec![item(rest, depth)?])
    } else {
        Mask::default()
    };
    Some((name.to_owned(), mask))
}

fn taken(rest: &mut &str, letter: char) -> bool {
    let after = rest.trim_start().strip_prefix(letter);
    if let Some(after) = after {
        *rest = after;
    }
    after.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_mask_selects_what_it_names_and_no_more() {
        let answer = json!({ "nextPageToken": "x", "kind": "k", "files": [{ "id": 1, "name": "a", "owners": [{ "me": true, "emailAddress": "e", "x": 1 }] }] });
        let selected = |mask: &str| Mask::parse(mask).expect("a mask").apply(&answer);
        assert_eq!(
            selected("nextPageToken, files(id, name)"),
            json!({ "nextPageToken": "x", "files": [{ "id": 1, "name": "a" }] })
        );
        assert_eq!(selected("files/id"), json!({ "files": [{ "id": 1 }] }));
        assert_eq!(
            selected("files/owners/me,files(owners/emailAddress)"),
            json!({ "files": [{ "owners": [{ "me": true, "emailAddress": "e" }] }] })
        );
        assert_eq!(selected("*"), answer);
        assert_eq!(selected("kind,files"), json!({ "kind": "k", "files": answer["files"] }));
    }

    #[test]
    fn a_mask_that_is_none_is_refused() {
        for bad in ["", ",", "files(", "files(id", "files)", "files//id", "a b", &"a/".repeat(20), &"(".repeat(5000)] {
            assert!(Mask::parse(bad).is_err(), "{bad}");
        }
        assert!(Mask::parse("nonsense").expect("a mask").only(FILE_FIELDS).is_err());
    }
}
