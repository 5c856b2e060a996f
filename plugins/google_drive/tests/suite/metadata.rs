//! `getFileMetadata`.

use innkeeper_guest::{Error, Value, json};

use super::service::{Drive, ask, failure};

const GET: &str = "drive.files.get";
const FIELDS: &str = "id,name,mimeType,size,createdTime,modifiedTime,owners,lastModifyingUser,sharingUser,shared,starred,\
                      trashed,permissions,description,parents,labelInfo,webViewLink";

fn file(id: &str) -> Value {
    let ada = json!({ "kind": "drive#user", "displayName": "Ada", "emailAddress": "ada@example.com", "me": true });
    json!({
        "id": id, "name": "Report", "mimeType": "application/pdf", "size": "2048",
        "createdTime": "2025-01-02T03:04:05.000Z", "modifiedTime": "2025-02-03T04:05:06.000Z",
        "owners": [ada], "lastModifyingUser": ada, "sharingUser": ada, "shared": true, "starred": false, "trashed": false,
        "permissions": [{ "kind": "drive#permission", "id": "1", "type": "user", "role": "owner", "emailAddress": "ada@example.com" }],
        "description": "Of the year", "parents": ["p1"], "labelInfo": { "labels": [{ "id": "l1", "revisionId": "2" }] },
        "webViewLink": "https://drive.google.com/file/d/1/view"
    })
}

fn drive_with(ids: &[String]) -> Drive {
    ids.iter().fold(Drive::new(), |drive, id| {
        let request = ask(&format!("files/{id}")).query("fields", FIELDS).query("supportsAllDrives", true).only_query();
        drive.answers(GET, request, &file(id))
    })
}

#[test]
fn files_are_described_in_the_order_of_their_ids() {
    for count in [1, 10, 11, 50] {
        let ids: Vec<String> = (0..count).map(|number| format!("f{number}")).collect();
        let outcome = drive_with(&ids).call("getFileMetadata", &json!({ "fileIds": ids }));
        assert_eq!(outcome.sent.len(), count);
        let files: Vec<Value> = ids.iter().map(|id| file(id)).collect();
        assert_eq!(outcome.value(), json!({ "files": files }));
    }
}

#[test]
fn what_drive_does_not_tell_is_absent() {
    let folder = json!({ "id": "f1", "name": "Trips", "mimeType": "application/vnd.google-apps.folder" });
    let outcome =
        Drive::new().answers(GET, ask("files/f1"), &folder).call("getFileMetadata", &json!({ "fileIds": ["f1"] }));
    assert_eq!(outcome.value(), json!({ "files": [folder] }));
}

#[test]
fn one_failure_fails_all_and_ends_the_asking() {
    let mut ids: Vec<String> = (0..9).map(|number| format!("f{number}")).collect();
    let drive = drive_with(&ids).gives(ask("files/gone"), failure(404, "notFound", "File not found: gone."));
    ids.push("gone".to_owned());
    ids.push("never asked for".to_owned());
    let outcome = drive.call("getFileMetadata", &json!({ "fileIds": ids }));
    assert_eq!(outcome.sent.len(), 10);
    assert_eq!(outcome.error(), Error::not_found("Google Drive API error: File not found: gone."));
}

#[test]
fn ids_are_one_to_fifty_and_none_is_empty() {
    for ids in [json!([]), json!(["f1", ""]), json!("f1"), json!(vec!["f"; 51])] {
        let error = Drive::new().call("getFileMetadata", &json!({ "fileIds": ids })).error();
        assert!(matches!(error, Error::InvalidInput(_)), "{ids}");
    }
}
