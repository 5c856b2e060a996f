use super::*;

fn compact(id: &str) -> Value {
    json!({
        "id": id, "name": "log.txt", "title": "The log", "mimetype": "text/plain", "filetype": "text", "size": 18,
        "user": BEN, "created": 1_700_000_003, "permalink": "https://acme.slack.com/files/U0BEN/F0SNIP",
        "is_public": true, "is_external": false, "channels": ["C0GENERAL"],
    })
}

#[test]
fn a_files_details_come_with_the_text_of_a_snippet() {
    let value = answered("getFileInfo", &json!({ "file": SNIPPET }), &asked("files.info", &[("file", SNIPPET)]));
    let comments =
        json!([{ "id": "Fc1", "user": BEN, "comment": "nice" }, { "id": "Fc2", "user": ME, "comment": "thanks" }]);
    let whole = json!({
        "ok": true, "source": "files.info", "file": compact(SNIPPET), "content": "panicked at line 7", "isTruncated": false,
        "comments": comments, "hasMore": false,
    });
    assert_eq!(value, whole);
}

#[test]
fn comments_of_a_file_come_page_by_page() {
    let first = answered(
        "getFileInfo",
        &json!({ "file": SNIPPET, "limit": 1 }),
        &asked("files.info", &[("file", SNIPPET), ("limit", "1")]),
    );
    assert_eq!((&first["nextCursor"], &first["hasMore"]), (&json!("from:1="), &json!(true)));
    let query = [("file", SNIPPET), ("limit", "1"), ("cursor", "from:1=")];
    let input = json!({ "file": SNIPPET, "limit": 1, "cursor": "from:1=", "raw": true });
    let last = answered("getFileInfo", &input, &asked("files.info", &query));
    assert_eq!((&last["comments"][0]["id"], &last["file"]["mode"]), (&json!("Fc2"), &json!("snippet")));
}

#[test]
fn a_file_that_is_not_there_or_gone_is_not_found() {
    for (file, code) in [("F0NONE", "file_not_found"), ("F0GONE", "file_deleted")] {
        let error = call("getFileInfo", &json!({ "file": file }), &asked("files.info", &[("file", file)]));
        assert_eq!(error, Err(Error::not_found(format!("Slack getFileInfo error: {code}"))));
    }
    assert!(refused("getFileInfo", &json!({})).contains("file"));
    assert!(refused("getFileInfo", &json!({ "file": "" })).contains("/file"));
    assert!(refused("getFileInfo", &json!({ "file": SNIPPET, "limit": 1001 })).contains("/limit"));
}

#[test]
fn files_are_listed_by_pages_that_the_cursor_counts() {
    let mut input = json!({ "limit": 2 });
    let first = answered("listFiles", &input, &asked("files.list", &[("count", "2")]));
    let whole = json!({
        "ok": true, "source": "files.list", "files": [compact(SNIPPET), compact("F0CAT")], "total": 3, "nextCursor": "2",
        "hasMore": true,
    });
    assert_eq!(first, whole);
    input["cursor"] = first["nextCursor"].clone();
    let last = answered("listFiles", &input, &asked("files.list", &[("count", "2"), ("page", "2")]));
    assert_eq!((&last["files"][0]["id"], last.get("nextCursor")), (&json!("F0DOG"), None));
}

#[test]
fn files_are_narrowed_by_all_that_slack_knows() {
    let input = json!({
        "channel": "C0GENERAL", "user": BEN, "tsFrom": 1, "tsTo": 1_800_000_000, "types": ["images", "pdfs"], "cursor": "",
        "showFilesHiddenByLimit": true, "teamId": "T0ACME", "raw": true,
    });
    let query = [
        ("channel", "C0GENERAL"),
        ("user", BEN),
        ("ts_from", "1"),
        ("ts_to", "1800000000"),
        ("types", "images,pdfs"),
        ("count", "100"),
        ("show_files_hidden_by_limit", "true"),
        ("team_id", "T0ACME"),
    ];
    let value = answered("listFiles", &input, &asked("files.list", &query));
    assert_eq!(value["paging"]["pages"], 1, "Slack's own body");
}

#[test]
fn a_listing_of_files_is_checked_before_it_is_sent() {
    for (field, value) in [
        ("limit", json!(0)),
        ("limit", json!(1001)),
        ("cursor", json!("0")),
        ("cursor", json!("from:1=")),
        ("tsFrom", json!(-1)),
        ("types", json!(["a,b"])),
        ("page", json!(2)),
    ] {
        assert!(refused("listFiles", &json!({ field: value })).contains(field), "{field} {value}");
    }
}

#[test]
fn a_type_that_slack_does_not_know_is_an_input_error() {
    let expected = asked("files.list", &[("types", "films"), ("count", "100")]);
    let error = call("listFiles", &json!({ "types": ["films"] }), &expected);
    assert_eq!(error, Err(Error::invalid_input("Slack listFiles error: unknown_type")));
}
