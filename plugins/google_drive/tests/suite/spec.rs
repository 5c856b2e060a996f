//! What the connector says of itself.

use innkeeper_guest::testing::{Script, get};
use innkeeper_guest::{Scope, Standing, json, serde_json};
use innkeeper_spec::ConnectorSpec;

use crate::connector;

fn parsed() -> ConnectorSpec {
    let serialized = serde_json::to_value(connector().spec()).expect("a spec is plain data");
    let draft = serde_json::from_value(serialized).expect("the contract's record");
    ConnectorSpec::parse(&draft).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn hosts(config: &serde_json::Value) -> Vec<String> {
    let spec = parsed();
    let config = spec.config.with_defaults(config);
    spec.config.validate(&config).unwrap_or_else(|violations| panic!("{violations}"));
    let resolve = |rule: &innkeeper_spec::HostRule| rule.resolve(&config, &|_| None).expect("a good address");
    spec.hosts.iter().filter_map(resolve).map(|host| host.to_string()).collect()
}

#[test]
fn requests_go_to_google_unless_the_config_names_a_stand_in() {
    assert_eq!(hosts(&json!({})), ["https://www.googleapis.com:443/drive/v3 (GET)"]);
    assert_eq!(hosts(&json!({ "baseUrl": "http://127.0.0.1:8080/" })), ["http://127.0.0.1:8080/drive/v3 (GET)"]);
    let said = Script::new()
        .config(json!({ "baseUrl": "http://127.0.0.1:8080/" }))
        .on(get("http://127.0.0.1:8080/drive/v3/about"))
        .reply(200, json!({ "user": { "emailAddress": "ada@practice.example" } }))
        .check(connector);
    assert_eq!(said.as_deref(), Ok("Connected to Google Drive as ada@practice.example"));
}

#[test]
fn an_address_with_a_path_or_a_user_is_no_base() {
    let config = parsed().config;
    for bad in
        ["", "www.googleapis.com", "https://x.test/drive/v3", "https://u@x.test", "https://x.test?a=b", "ftp://x.test"]
    {
        assert!(config.validate(&json!({ "baseUrl": bad })).is_err(), "{bad}");
    }
}

#[test]
fn every_action_only_reads_and_all_but_the_ingest_are_tools() {
    let spec = connector().spec();
    let actions: Vec<_> = spec.actions.iter().map(|action| (action.name.as_str(), action.tool)).collect();
    let expected = [
        ("searchFiles", true),
        ("listFiles", true),
        ("downloadFile", true),
        ("getFileMetadata", true),
        ("listFilesIngest", false),
    ];
    assert_eq!(actions, expected);
    assert!(spec.actions.iter().all(|action| action.scope == Scope::Read));
    let input = &spec.action("listFiles").expect("it is there").input["properties"];
    assert_eq!((&input["pageSize"]["default"], &input["folderId"]["default"]), (&json!(250), &json!("root")));
}

#[test]
fn googles_addresses_are_set_and_hidden() {
    let spec = connector().spec();
    let oauth = &spec.auth_types[0];
    assert_eq!(oauth.auth_type, "oauth_authorization_code");
    let consent = oauth.defaults["authorizationUrl"].as_str().expect("it is set");
    assert!(consent.ends_with("/o/oauth2/v2/auth?access_type=offline&prompt=consent"));
    for field in ["authorizationUrl", "tokenUrl", "revocationUrl", "scope"] {
        assert!(oauth.defaults[field].is_string() && oauth.overrides[field]["hidden"] == true, "{field}");
    }
    assert_eq!(spec.auth_types[2].auth_type, "bearer");
    assert_eq!(spec.headers, [("accept".to_owned(), "application/json".to_owned())]);
}

#[test]
fn a_user_without_an_app_is_asked_for_the_same_and_fills_in_nothing() {
    let spec = connector().spec();
    let (oauth, ears) = (&spec.auth_types[0], &spec.auth_types[1]);
    assert_eq!((ears.auth_type.as_str(), &ears.defaults["provider"]), ("ears", &json!("google")));
    assert_eq!(ears.defaults["scope"], oauth.defaults["scope"]);
    for field in ["provider", "scope"] {
        assert_eq!(ears.overrides[field]["hidden"], true, "{field}");
    }
    assert_eq!((oauth.standing, ears.standing), (Standing::Recommended, Standing::Standard));
}
