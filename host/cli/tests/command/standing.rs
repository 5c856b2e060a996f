//! `status`, `disconnect` and `audit`: the status of connections, and what was done with them.

use serde_json::json;

use crate::cli::{Cli, keys};

#[test]
fn the_status_says_how_a_connection_stands_and_what_to_do() {
    let inn = Cli::with_practice();
    inn.connect_drive(&[]).succeeded();
    let before = inn.run(&["status", "drive"]).succeeded();
    assert!(before.out.starts_with("drive: needs authorization: nobody has authorized it yet"), "{before:#?}");
    assert!(before.err.contains("next: innkeeper authorize drive"), "{before:#?}");
    let inn = Cli::authorized();
    let after = inn.run(&["status", "drive"]).succeeded();
    assert!(after.out.starts_with("drive: ready\n") && after.out.contains("token expires    in 59 min"), "{after:#?}");
    let json = inn.run(&["status", "drive", "--json"]).succeeded().json();
    assert_eq!(
        keys(&json),
        [
            "asked_scope",
            "auth_mode",
            "auth_type",
            "authorized",
            "connection",
            "expires_at",
            "failed_at",
            "in_doubt",
            "interactive",
            "last_failure",
            "last_refresh",
            "message",
            "missing_scope",
            "next_try",
            "principal",
            "reason",
            "refresh_token_expires_at",
            "refreshable",
            "scope",
            "space",
            "state",
            "surplus_scope",
            "title"
        ]
    );
    inn.run(&["status", "nobody"]).failed(3, &["there is no connection \"nobody\""]);
}

#[test]
fn disconnecting_ends_the_grant_here_and_at_the_provider() {
    let inn = Cli::authorized();
    let told = inn.run(&["disconnect", "drive"]).succeeded();
    assert_eq!((told.out.as_str(), told.err.as_str()), ("disconnected drive\n", ""));
    assert!(inn.provider().counters().revocations > 0, "the provider was told");
    inn.run(&["call", "drive", "listFiles"]).failed(4, &["hint: innkeeper authorize drive"]);
    let again = inn.run(&["disconnect", "drive", "--json"]).succeeded().json();
    assert_eq!(again, json!({ "disconnected": "drive", "principal": null, "existed": false, "unrevoked": null }));
    let again = inn.run(&["disconnect", "drive"]).succeeded();
    assert_eq!(again.out, "there was nothing to disconnect: drive has no grant\n");
}

#[test]
fn the_audit_tells_what_was_done_the_newest_first() {
    let inn = Cli::authorized();
    inn.run(&["call", "drive", "listFiles"]).succeeded();
    inn.run(&["call", "drive", "downloadFile", "--input", r#"{"fileId":"nothing"}"#]).failed(3, &[]);
    let told = inn.run(&["audit"]).succeeded();
    assert!(told.out.contains("listFiles") && told.out.contains("not-found"), "{told:#?}");
    let records = inn.run(&["audit", "drive", "--json", "--last", "2"]).succeeded().json();
    let records = records.as_array().expect("records").clone();
    assert_eq!(records.len(), 2);
    assert_eq!((&records[0]["action"], &records[0]["outcome"]), (&json!("downloadFile"), &json!("not-found")));
    assert_eq!((&records[1]["action"], &records[1]["outcome"]), (&json!("listFiles"), &json!("ok")));
    assert_eq!(
        keys(&records[0]),
        [
            "action",
            "at",
            "connection",
            "connector",
            "duration_ms",
            "event",
            "outcome",
            "principal",
            "requests",
            "space"
        ]
    );
    inn.run(&["audit", "--last", "0"]).failed(2, &["--last"]);
    assert_eq!(inn.run(&["audit", "--space", "other"]).succeeded().out, "there are no records yet\n");
}
