//! Connections are made by flags or from a file, shown, changed, checked and deleted.

use serde_json::json;

use crate::cli::{Cli, keys};

/// A connection of the hostile connector without a credential.
const PLAIN: [&str; 6] = ["connection", "create", "hostile_connector", "--id=h", "--auth-type=none", "--yes"];

#[test]
fn a_connection_is_made_by_flags_and_shown_and_listed() {
    let inn = Cli::with_practice();
    let made = inn.connect_drive(&["--title", "Ada's Drive"]).succeeded();
    assert!(made.out.starts_with("created the connection drive\n"), "{made:#?}");
    assert!(made.err.contains("next: innkeeper authorize drive"), "{made:#?}");
    let shown = inn.run(&["connection", "show", "drive"]).succeeded();
    assert!(shown.out.starts_with("drive: Ada's Drive\n"), "{shown:#?}");
    assert!(shown.out.contains(&format!("{}/drive/v3", inn.base())), "{shown:#?}");
    let listed = inn.run(&["connection", "list"]).succeeded();
    assert!(listed.out.contains("Ada's Drive") && listed.out.contains("shared"), "{listed:#?}");
    let shown = inn.run(&["connection", "show", "drive", "--json"]).succeeded().json();
    assert_eq!(
        keys(&shown),
        [
            "auth_mode",
            "auth_type",
            "claims",
            "config",
            "config_sources",
            "connector",
            "created_at",
            "fields",
            "hosts",
            "id",
            "interactive",
            "placeholders",
            "secret_names",
            "sources",
            "space",
            "title",
            "updated_at"
        ]
    );
    assert_eq!(inn.run(&["connection", "list", "--json"]).succeeded().json(), json!([shown]));
}

#[test]
fn a_connection_is_described_by_a_file_and_flags_are_stronger() {
    let inn = Cli::with_connectors();
    let toml = inn.write(
        "one.toml",
        "connector = 'hostile_connector'\nid = 'one'\ntitle = 'From a file'\nauth_type = 'bearer'\nhosts = ['https://a.example']\n\
         [secrets]\ntoken = { file = 'token' }\n",
    );
    inn.write("token", "a-token-in-a-file\n");
    let create = ["connection", "create", "--from", &toml, "--title", "By flag", "--json"];
    // The file names the hosts, and the connector asks to put the token into requests.
    inn.run(&create).failed(2, &[]);
    let made = inn.run(&[&create[..], &["--yes"]].concat()).succeeded().json();
    assert_eq!((&made["id"], &made["title"]), (&json!("one"), &json!("By flag")));
    assert_eq!((&made["hosts"], &made["secret_names"]), (&json!(["https://a.example:443"]), &json!(["token"])));
    let file = r#"{ "connector": "hostile_connector", "id": "two", "auth_type": "none", "hosts": [] }"#;
    let file = inn.write("two.json", file);
    let made = inn.run(&["connection", "create", "--from", &file, "--json"]).succeeded().json();
    assert_eq!((&made["id"], &made["hosts"]), (&json!("two"), &json!([])));
}

#[test]
fn a_file_with_a_mistake_is_refused_with_its_place() {
    let inn = Cli::with_connectors();
    let create = |path: &str| inn.run(&["connection", "create", "--from", path]);
    create(&inn.write("a.toml", "conector = 'notion'")).failed(6, &["there is no key `conector`", "`connector`?"]);
    create(&inn.write("b.toml", "connector = 'notion'\nid = ")).failed(6, &["it is not TOML", "line 2"]);
    create(&inn.write("c.json", "[1]")).failed(6, &["c.json does not describe a connection", "not an object"]);
    create("missing.toml").failed(3, &["missing.toml cannot be read"]);
}

#[test]
fn hosts_need_an_approval_and_can_be_named_instead() {
    let inn = Cli::with_practice();
    let base = inn.base();
    let config = format!("baseUrl={base}");
    let create = ["connection", "create", "practice_echo", "--id=e", "--auth-type=none", "--config", &config];
    let refused = inn.run(&create).failed(2, &[&format!("requests access to {base}/echo"), "--yes", "--host"]);
    assert!(refused.err.contains("approval is required"), "{refused:#?}");
    let made = inn.run(&[&create[..], &["--host", "https://only.example/v1", "--json"]].concat()).succeeded().json();
    assert_eq!(made["hosts"], json!(["https://only.example:443/v1"]));
    inn.run(&["call", "e", "echo"]).failed(5, &[base]);
    inn.run(&["connection", "edit", "e", "--approve-asked"]).succeeded();
    inn.run(&["call", "e", "echo"]).succeeded();
    inn.run(&["connection", "edit", "e", "--host", "not a host"]).failed(6, &["not a host"]);
}

#[test]
fn where_credentials_are_sent_to_needs_an_approval_even_when_a_default_is_hidden_and_hosts_are_named() {
    let inn = Cli::with_connectors();
    let create = ["connection", "create", "google_drive", "--id=g", "--auth-type=oauth_authorization_code"];
    let create = [&create[..], &["--field=clientId=c", "--field=revocationUrl=https://given.example/revoke"]].concat();
    let sent = [
        "approval is required",
        "credentials of google_drive are sent to",
        "https://oauth2.googleapis.com/token (tokenUrl, set by the connector)",
        "https://given.example/revoke (revocationUrl, as given)",
        "--yes",
    ];
    let asked = inn.run(&create).failed(2, &sent);
    assert!(asked.err.contains("requests access to https://www.googleapis.com"), "{asked:#?}");
    let named = [&create[..], &["--host=https://www.googleapis.com"]].concat();
    let asked = inn.run(&named).failed(2, &sent);
    assert!(!asked.err.contains("requests access to"), "{asked:#?}");
    assert_eq!(inn.run(&["connection", "list", "--json"]).succeeded().json(), json!([]));
    let made = inn.run(&[&named[..], &["--yes", "--json"]].concat()).succeeded().json();
    assert_eq!(made["hosts"], json!(["https://www.googleapis.com:443"]));
}

#[test]
fn addresses_for_credentials_that_the_owner_names_need_no_further_yes() {
    let inn = Cli::with_connectors();
    let create = ["connection", "create", "google_drive", "--id=g", "--auth-type=oauth_authorization_code"];
    let fields =
        ["--field=clientId=c", "--field=tokenUrl=https://a.example/t", "--field=revocationUrl=https://a.example/r"];
    let rest = ["--field=authorizationUrl=https://a.example/a", "--host=https://www.googleapis.com"];
    inn.run(&[&create[..], &fields, &rest].concat()).succeeded();
}

#[test]
fn a_change_that_sends_credentials_elsewhere_needs_an_approval() {
    let inn = Cli::with_connectors();
    let create = ["connection", "create", "google_drive", "--id=g", "--auth-type=oauth_authorization_code", "--yes"];
    inn.run(&[&create[..], &["--field=clientId=c", "--field=tokenUrl=https://a.example/t"]].concat()).succeeded();
    inn.run(&["connection", "edit", "g", "--title=New"]).succeeded();
    inn.run(&["connection", "edit", "g", "--field=tokenUrl=https://b.example/t"]).succeeded();
    let back = ["connection", "edit", "g", "--field=tokenUrl="];
    let asked =
        ["https://oauth2.googleapis.com/token (tokenUrl, set by the connector)", "approval is required", "--yes"];
    inn.run(&back).failed(2, &asked);
    let shown = inn.run(&["connection", "show", "g", "--json"]).succeeded().json();
    assert_eq!(shown["fields"]["tokenUrl"], json!("https://b.example/t"));
    let changed = inn.run(&[&back[..], &["--yes", "--json"]].concat()).succeeded().json();
    assert_eq!(changed["fields"]["tokenUrl"], json!("https://oauth2.googleapis.com/token"));
}

#[test]
fn what_breaks_the_rules_is_told_whole_and_nothing_is_made() {
    let inn = Cli::with_connectors();
    let create = |arguments: &[&str]| inn.run(&[&["connection", "create"], arguments].concat());
    create(&["google_drve"]).failed(3, &["there is no connector \"google_drve\"", "google_drive"]);
    create(&[]).failed(2, &["name a connector", "google_drive"]);
    create(&["google_drive"]).failed(2, &["--auth-type", "oauth_authorization_code"]);
    create(&["google_drive", "--auth-type=basic"]).failed(6, &["does not accept the auth type \"basic\""]);
    create(&["hostile_connector", "--auth-type=bearer", "--yes", "--field=prefix=x"]).failed(6, &["prefix", "token"]);
    create(&["practice_echo", "--auth-type=none", "--yes", "--config=bseUrl=x"]).failed(6, &["bseUrl", "baseUrl"]);
    create(&["hostile_connector", "--auth-type=none", "--yes", "--config=base"]).failed(6, &["write `name=value`"]);
    create(&["hostile_connector", "--auth-type=none", "--id="]).failed(6, &["id"]);
    create(&["hostile_connector", "--auth-type=none", "--auth-mode=private"]).failed(2, &["`shared` or `per-user`"]);
    assert_eq!(inn.run(&["connection", "list", "--json"]).succeeded().json(), json!([]));
}

#[test]
fn an_id_is_taken_once_and_made_where_none_is_given() {
    let inn = Cli::with_connectors();
    inn.run(&PLAIN).succeeded();
    inn.run(&PLAIN).failed(1, &["there is already a connection \"h\"", "already"]);
    let create = ["connection", "create", "hostile_connector", "--auth-type=none", "--json"];
    let first = inn.run(&create).succeeded().json()["id"].clone();
    let second = inn.run(&create).succeeded().json()["id"].clone();
    assert!(first != second, "{first} {second}");
}

#[test]
fn editing_changes_what_is_named_and_nothing_else() {
    let inn = Cli::with_connectors();
    inn.run(&[&PLAIN[..], &["--config=base=https://a.example", "--title=Old"]].concat()).succeeded();
    let shown = inn.run(&["connection", "show", "h"]).succeeded();
    assert!(
        shown.out.contains("may fill    token\n") && shown.out.contains("may read    instance_url\n"),
        "{shown:#?}"
    );
    let before = inn.run(&["connection", "show", "h", "--json"]).succeeded().json();
    let after = inn.run(&["connection", "edit", "h", "--title", "New", "--json"]).succeeded().json();
    assert_eq!((&after["title"], &after["config"]), (&json!("New"), &before["config"]));
    assert_eq!(after["hosts"], before["hosts"]);
    let after = inn.run(&["connection", "edit", "h", "--config", "base=", "--json"]).succeeded().json();
    assert_eq!(after["config"], json!({}));
    inn.run(&["connection", "edit", "h"]).failed(2, &["there is nothing to change"]);
    inn.run(&["connection", "edit", "i", "--title=x"]).failed(3, &["there is no connection \"i\"", "h"]);
}

#[test]
fn deleting_is_final_and_only_for_what_is_there() {
    let inn = Cli::with_connectors();
    inn.run(&PLAIN).succeeded();
    assert_eq!(inn.run(&["connection", "delete", "h", "--yes"]).succeeded().out, "deleted h\n");
    inn.run(&["connection", "delete", "h", "--yes"]).failed(3, &["there is no connection \"h\""]);
    inn.run(&PLAIN).succeeded();
    assert_eq!(
        inn.run(&["connection", "delete", "h", "--yes", "--json"]).succeeded().json(),
        json!({ "deleted": "h" })
    );
}

#[test]
fn without_a_terminal_deleting_wants_a_yes() {
    let inn = Cli::with_connectors();
    inn.run(&PLAIN).succeeded();
    inn.run(&["connection", "delete", "h"]).failed(2, &["--yes"]);
    inn.run(&["connection", "show", "h"]).succeeded();
}

#[test]
fn a_check_says_who_the_service_sees() {
    let inn = Cli::authorized();
    let checked = inn.run(&["connection", "check", "drive"]).succeeded();
    assert!(checked.out.starts_with("ok: ") && checked.out.contains("ada@practice.example"), "{checked:#?}");
    let checked = inn.run(&["connection", "check", "drive", "--json"]).succeeded().json();
    assert_eq!(keys(&checked), ["duration_ms", "message", "ok"]);
    inn.run(&["connection", "check", "drve"]).failed(3, &["there is no connection \"drve\"", "drive"]);
}

#[test]
fn connections_of_another_space_are_not_there() {
    let inn = Cli::with_connectors();
    inn.run(&PLAIN).succeeded();
    inn.run(&["connection", "show", "h", "--space", "other"]).failed(3, &["in space \"other\""]);
    let other = inn.run(&["connection", "list", "--space", "other"]).succeeded();
    assert_eq!(other.out, "there are no connections in space other; create one with `innkeeper connection create`\n");
}
