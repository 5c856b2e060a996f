//! `searchFiles`, `listFiles`, `listFilesIngest`, and the check.

use innkeeper_guest::testing::Expected;
use innkeeper_guest::{Error, Value, json};

use super::service::{Drive, ask};

const LIST: &str = "drive.files.list";
const FIELDS: &str = "nextPageToken, files(id, name, mimeType, size, createdTime, modifiedTime, webViewLink)";

fn files() -> Value {
    json!([
        {
            "id": "1", "name": "Report", "mimeType": "application/pdf", "size": "2048",
            "createdTime": "2025-01-02T03:04:05.000Z", "modifiedTime": "2025-02-03T04:05:06.000Z",
            "webViewLink": "https://drive.google.com/file/d/1/view"
        },
        { "id": "2", "name": "Notes", "mimeType": "application/vnd.google-apps.document" }
    ])
}

/// A listing with this query and nothing else than the usual.
fn listing(query: &str) -> Expected {
    ask("files").query("q", query).query("fields", FIELDS).query("pageSize", 250)
}

#[test]
fn a_search_sends_the_query_as_it_is() {
    let query = r"fullText contains 'it\'s' and trashed = false";
    let answer = json!({ "files": files() });
    let outcome = Drive::new()
        .answers(LIST, listing(query).only_query(), &answer)
        .call("searchFiles", &json!({ "query": query }));
    assert_eq!(outcome.value(), answer);
}

#[test]
fn a_search_is_paged_and_sorted() {
    let request = ask("files").query("q", "starred").query("fields", FIELDS).query("pageSize", 2);
    let request = request.query("pageToken", "t1").query("orderBy", "modifiedTime desc").only_query();
    let input = json!({ "query": "starred", "pageSize": 2, "pageToken": "t1", "orderBy": "modifiedTime desc" });
    let answer = json!({ "files": files(), "nextPageToken": "t2" });
    assert_eq!(Drive::new().answers(LIST, request, &answer).call("searchFiles", &input).value(), answer);
}

#[test]
fn a_search_without_a_find_answers_no_files() {
    let outcome =
        Drive::new().answers(LIST, listing("starred"), &json!({})).call("searchFiles", &json!({ "query": "starred" }));
    assert_eq!(outcome.value(), json!({ "files": [] }));
}

#[test]
fn every_order_is_one_that_google_knows() {
    for order in ["createdTime", "createdTime desc", "modifiedTime", "modifiedTime desc", "name", "name desc"] {
        for (action, input) in [
            ("searchFiles", json!({ "query": "'root' in parents and trashed=false", "orderBy": order })),
            ("listFiles", json!({ "orderBy": order })),
        ] {
            let request = listing("'root' in parents and trashed=false").query("orderBy", order).only_query();
            Drive::new().answers(LIST, request, &json!({ "files": [] })).call(action, &input).value();
        }
    }
}

#[test]
fn what_is_filled_in_with_nothing_counts_as_absent() {
    let request = || listing("'root' in parents and trashed=false").only_query();
    let input = json!({ "folderId": "", "orderBy": "", "pageToken": "" });
    Drive::new().answers(LIST, request(), &json!({})).call("listFiles", &input).value();
    let input = json!({ "pageToken": null, "orderBy": null });
    Drive::new().answers(LIST, request(), &json!({})).call("listFiles", &input).value();
}

#[test]
fn a_folder_is_listed_with_its_trash_on_demand() {
    let answer = json!({ "files": files(), "nextPageToken": "more" });
    let outcome = Drive::new()
        .answers(LIST, listing("'f1' in parents").only_query(), &answer)
        .call("listFiles", &json!({ "folderId": "f1", "includeTrashed": true }));
    assert_eq!(outcome.value(), answer);
}

#[test]
fn a_folder_id_cannot_leave_its_quotes() {
    let escaped = r"'a\\\' or name contains \'x' in parents and trashed=false";
    for action in ["listFiles", "listFilesIngest"] {
        let outcome = Drive::new()
            .answers(LIST, listing(escaped), &json!({}))
            .call(action, &json!({ "folderId": r"a\' or name contains 'x" }));
        outcome.value();
    }
}

#[test]
fn limits_of_a_page_are_enforced_before_anything_is_sent() {
    for (action, input) in [
        ("searchFiles", json!({ "query": "starred", "pageSize": 0 })),
        ("searchFiles", json!({ "query": "starred", "pageSize": 1001 })),
        ("searchFiles", json!({ "query": "starred", "pageSize": 2.5 })),
        ("searchFiles", json!({ "query": "starred", "orderBy": "size" })),
        ("searchFiles", json!({ "query": "starred", "limit": 1 })),
        ("searchFiles", json!({ "query": "" })),
        ("searchFiles", json!({ "query": "  " })),
        ("searchFiles", json!({})),
        ("listFiles", json!({ "pageSize": 1001 })),
        ("listFiles", json!({ "orderBy": "name asc" })),
        ("listFilesIngest", json!({ "pageSize": 0 })),
        ("listFilesIngest", json!({ "modifiedAfter": "last week" })),
    ] {
        let outcome = Drive::new().call(action, &input);
        assert_eq!(outcome.sent.len(), 0);
        assert!(matches!(outcome.error(), Error::InvalidInput(_)), "{action} {input}");
    }
    for size in [1, 1000] {
        let request = ask("files").query("pageSize", size);
        Drive::new().answers(LIST, request, &json!({})).call("listFiles", &json!({ "pageSize": size })).value();
    }
}

#[test]
fn an_ingest_looks_into_all_drives_and_says_whether_there_is_more() {
    let all_drives = |request: Expected| {
        request.query("supportsAllDrives", true).query("includeItemsFromAllDrives", true).only_query()
    };
    let query = "'f1' in parents and trashed=false and modifiedTime > '2025-01-01T00:00:00Z'";
    let request = all_drives(listing(query).query("orderBy", "modifiedTime"));
    let outcome = Drive::new()
        .answers(LIST, request, &json!({ "files": files(), "nextPageToken": "t2" }))
        .call("listFilesIngest", &json!({ "folderId": "f1", "modifiedAfter": "2025-01-01T00:00:00Z" }));
    assert_eq!(outcome.value(), json!({ "ok": true, "files": files(), "nextPageToken": "t2", "hasMore": true }));

    let request =
        all_drives(listing("'root' in parents and trashed=false").query("pageToken", "t2").query("orderBy", "name"));
    let outcome = Drive::new()
        .answers(LIST, request, &json!({ "files": [] }))
        .call("listFilesIngest", &json!({ "modifiedAfter": "", "pageToken": "t2", "orderBy": "name" }));
    assert_eq!(outcome.value(), json!({ "ok": true, "files": [], "hasMore": false }));
}

#[test]
fn the_check_names_the_user() {
    for (user, name) in [
        (json!({ "emailAddress": "ada@example.com", "displayName": "Ada" }), "ada@example.com"),
        (json!({ "displayName": "Ada" }), "Ada"),
        (json!({}), "user"),
    ] {
        let request = ask("about").query("fields", "user").only_query();
        let said = Drive::new().answers("drive.about.get", request, &json!({ "user": user })).check();
        assert_eq!(said, Ok(format!("Connected to Google Drive as {name}")));
    }
}
