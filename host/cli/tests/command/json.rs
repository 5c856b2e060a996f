//! The output of `--json` matches the published schemas.

use serde_json::{Value, json};

use crate::cli::{Cli, component};

fn fits(schema: &str, printed: &Value) {
    let path = format!("{}/../../wit/schemas/{schema}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the schema is published");
    let mut schema: Value = serde_json::from_str(&text).expect("it is JSON");
    // A field that is not in the schema would be a drift, too.
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("unevaluatedProperties".to_owned(), json!(false));
    }
    let schema = jsonschema::validator_for(&schema).expect("it is a schema");
    let mistakes: Vec<String> =
        schema.iter_errors(printed).map(|mistake| format!("{}: {mistake}", mistake.instance_path())).collect();
    assert!(mistakes.is_empty(), "{path}: {mistakes:#?}\n{printed:#}");
}

#[test]
fn every_document_fits_its_published_schema() {
    let inn = Cli::authorized();
    let json = |arguments: &[&str]| inn.run(&[arguments, &["--json"]].concat()).succeeded().json();
    fits("connector", &json(&["connector", "list"])[0]);
    fits("connector-plan", &json(&["connector", "add", &component("notion")])[0]);
    fits("connector-plan", &json(&["connector", "add", "--dry-run", &component("slack")])[0]);
    fits("connection", &json(&["connection", "show", "drive"]));
    fits("connection", &json(&["connection", "list"])[0]);
    let create = ["connection", "create", "google_drive", "--auth-type=oauth_authorization_code", "--dry-run"];
    let plan = json(&[&create[..], &["--field=clientId=c"]].concat());
    assert_eq!((&plan["kind"], &plan["connector"]), (&json!("connect"), &json!("google_drive")));
    fits("plan", &plan);
    let plan = json(&["connection", "edit", "drive", "--title=Another", "--dry-run"]);
    assert_eq!(plan["changes"][0]["place"], json!("title"));
    fits("plan", &plan);
    fits("status", &json(&["status", "drive"]));
    fits("check-result", &json(&["connection", "check", "drive"]));
    fits("call-result", &json(&["call", "drive", "listFiles", "--logs"]));
    fits("audit-record", &json(&["audit"])[0]);
    assert_eq!(json(&["connection", "show", "drive"])["title"], json!("Google Drive"), "a dry run changes nothing");
    fits("error", &inn.run(&["call", "nobody", "listFiles", "--json"]).error());
    fits("error", &inn.run(&["call", "drive", "listFiles", "--input={", "--json"]).error());
}

#[test]
fn the_audit_trail_is_read_by_time_principal_kind_and_outcome() {
    let inn = Cli::authorized();
    inn.run(&["call", "drive", "listFiles"]).succeeded();
    let records = |arguments: &[&str]| {
        let found = inn.run(&[&["audit", "--json"], arguments].concat()).succeeded().json();
        found.as_array().expect("a list").len()
    };
    let all = records(&[]);
    let calls = records(&["--event=call"]);
    assert!(calls > 0 && calls < all, "{calls} of {all}");
    assert_eq!(records(&["--outcome=ok"]), all);
    assert_eq!(records(&["--outcome=denied"]), 0);
    assert_eq!(records(&["--principal=nobody"]), 0);
    assert_eq!(records(&["--until=2001-01-01T00:00:00Z"]), 0);
    assert_eq!(records(&["--since=2001-01-01T00:00:00Z"]), all);
    inn.run(&["audit", "--since=yesterday"]).failed(2, &["--since", "RFC 3339"]);
}
