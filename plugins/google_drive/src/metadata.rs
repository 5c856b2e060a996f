//! What Drive knows of files.

use innkeeper_guest::prelude::*;

use crate::{base, checked};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GetFileMetadata {
    /// The ids of the files.
    #[schemars(length(min = 1, max = 50), inner(length(min = 1)))]
    file_ids: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Described {
    /// The files, in the order of the ids.
    files: Vec<Metadata>,
}

/// A file as Drive describes it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
struct Metadata(#[schemars(with = "MetadataShape")] Value);

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("required" = ["id"]))]
#[expect(dead_code, reason = "says what Drive answers, and is never made")]
struct MetadataShape {
    id: String,
    name: String,
    mime_type: String,
    /// The size in bytes, as a decimal string; absent for items without a size, such as folders and shortcuts.
    size: String,
    created_time: String,
    modified_time: String,
    /// Absent for files in shared drives.
    owners: Vec<Value>,
    last_modifying_user: Value,
    sharing_user: Value,
    shared: bool,
    starred: bool,
    trashed: bool,
    /// Only if the user may share the file; absent for files in shared drives.
    permissions: Vec<Value>,
    description: String,
    /// The ids of the folders that contain it, if the user may see them.
    parents: Vec<String>,
    label_info: Value,
    web_view_link: String,
}

pub(crate) fn get_file_metadata(ctx: &Ctx, GetFileMetadata { file_ids }: GetFileMetadata) -> Result<Described, Error> {
    let base = base(ctx)?;
    let mut files = Vec::with_capacity(file_ids.len());
    for ids in file_ids.chunks(AT_ONCE) {
        let request = |id| {
            let request = ctx.get(url!(base; "/drive/v3/files/{}", id)).query("fields", ALL_METADATA);
            request.query("supportsAllDrives", true)
        };
        for answer in ctx.send_all(ids.iter().map(request).collect()) {
            files.push(checked(answer?)?.json()?);
        }
    }
    Ok(Described { files })
}

/// The fields of each file in `getFileMetadata`.
const ALL_METADATA: &str = "id,name,mimeType,size,createdTime,modifiedTime,owners,lastModifyingUser,sharingUser,shared,\
                            starred,trashed,permissions,description,parents,labelInfo,webViewLink";
/// The number of concurrent requests. After the first failure no more are sent.
const AT_ONCE: usize = 10;
