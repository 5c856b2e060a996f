//! What the RFCs ask of a client and no other test shows, and that `docs/rfc-conformance.md` names what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use innkeeper_auth::{AuthTypes, Callback, Declared, Defaults, FieldValues, FlowFailure, Settings};
use innkeeper_fixtures::hazard::{Fault, FaultKind};
use innkeeper_fixtures::oidc::{CONFIDENTIAL_BASIC, OidcOptions, PUBLIC};
use innkeeper_fixtures::query::with;
use innkeeper_fixtures::scripted::{Reply, ScriptedServer};
use innkeeper_grant_tests::grant_stage::GrantStage;
use innkeeper_spec::{AuthDeclaration, AuthMode, Standing};
use innkeeper_store::GrantOwner;
use serde_json::{Value, json};

const OWNER: GrantOwner = GrantOwner::Shared;

/// RFC 7636, section 4.1; RFC 6749, section 10.10.
#[tokio::test]
async fn states_and_verifiers_are_long_random_and_never_used_again() {
    let stage = GrantStage::start(OidcOptions::default(), PUBLIC, AuthMode::Shared).await;
    let mut seen = BTreeSet::new();
    for _ in 0..5 {
        let (begun, session) = stage.replica.begin(&stage.connection, &OWNER).await;
        let callback = stage.provider.authorize_as(begun.authorization_url.as_str(), "ada").await.expect("consent");
        stage.replica.complete(&callback, &session).await.expect("completed");
        // 256 bits in base64url.
        assert_eq!(begun.state.expose().len(), 43);
        assert!(seen.insert(begun.state.expose().to_owned()), "a state comes twice");
    }
    for passed in stage.hazard.passed() {
        let verifier = passed.sent("code_verifier").expect("a verifier");
        assert!((43..=128).contains(&verifier.len()), "{} characters", verifier.len());
        assert!(verifier.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)));
        assert!(seen.insert(verifier.to_owned()), "a verifier comes twice");
    }
    assert_eq!(seen.len(), 10);
}

/// RFC 6749, section 6.
#[tokio::test]
async fn a_refresh_names_no_scope_and_uses_each_refresh_token_in_its_turn() {
    let stage = GrantStage::authorized(OidcOptions::default(), CONFIDENTIAL_BASIC).await;
    for _ in 0..3 {
        stage.advance(Duration::from_hours(1));
        stage.token().await.expect("renewed");
    }
    let passed = stage.hazard.passed();
    for pair in passed.windows(2) {
        assert_eq!(pair[1].sent("grant_type"), Some("refresh_token"));
        assert_eq!(pair[1].sent("refresh_token"), pair[0].answer["refresh_token"].as_str());
        assert_eq!(pair[1].sent("scope"), None);
    }
    assert_eq!(passed.len(), 4);
}

/// RFC 6749, sections 3.2 and 3.2.1.
#[tokio::test]
async fn a_request_for_a_token_is_a_post_whose_secrets_are_in_no_address() {
    let stage = GrantStage::authorized(OidcOptions::default(), CONFIDENTIAL_BASIC).await;
    stage.advance(Duration::from_hours(1));
    stage.token().await.expect("renewed");
    for passed in stage.hazard.passed() {
        assert_eq!((passed.method.as_str(), passed.target.as_str()), ("POST", "/token"));
        assert!(passed.authorization.is_some(), "it authenticates each time");
        assert_eq!(passed.sent("client_secret"), None, "and in one way only");
    }
}

/// RFC 6749, sections 4.1.2 and 5.1.
#[tokio::test]
async fn what_oauth_does_not_know_is_ignored_in_callbacks_and_answers() {
    for query in ["state=s&code=c&session_state=x", "state=s&code=c&new=1&new=2", "lang=de&code=c&state=s&"] {
        Callback::parse(query).expect(query);
    }
    let stage = GrantStage::authorized(OidcOptions::default(), PUBLIC).await;
    stage.advance(Duration::from_hours(1));
    let odd =
        json!({ "access_token": "odd", "token_type": "bearer", "expires_in": 60, "new": { "a": [1] }, "x": null });
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    stage.hazard.order(Fault::before(FaultKind::Answer(200, headers, odd.to_string())));
    assert_eq!(stage.token().await.expect("a token"), "odd");
}

/// RFC 6749, sections 3.1 and 3.2; RFC 7009, section 2.
#[test]
fn an_endpoint_has_no_fragment_and_needs_tls_outside_of_this_machine() {
    let types = AuthTypes::builtin();
    let auth_type = types.require(&"oauth_authorization_code".parse().expect("an id")).expect("it is built in");
    let declaration = AuthDeclaration {
        auth_type: "oauth_authorization_code".parse().expect("an id"),
        label: None,
        standing: Standing::default(),
        defaults: BTreeMap::new(),
        overrides: BTreeMap::new(),
    };
    let good = "https://login.example.com/x";
    let names = ["authorizationUrl", "tokenUrl", "revocationUrl"];
    let mistakes = |name: &str, address: &str| {
        let mut fields: BTreeMap<String, Value> = names.iter().map(|name| ((*name).to_owned(), json!(good))).collect();
        fields.insert("clientId".to_owned(), json!("client"));
        fields.insert(name.to_owned(), json!(address));
        let (config, defaults) = (json!({}), Defaults::All);
        let of = Declared { declaration: &declaration, auth_type: &**auth_type, config: &config, defaults };
        let settings = Settings::build(&of, &FieldValues::given(fields, BTreeMap::new()));
        settings.err().map_or_else(Vec::new, |errors| errors.0)
    };
    for name in names {
        for bad in ["http://login.example.com/x", "https://login.example.com/x#y", "ftp://login.example.com/x"] {
            let found = mistakes(name, bad);
            assert!(found.len() == 1 && found[0].field == name, "{name} {bad}: {found:?}");
        }
        assert!(mistakes(name, good).is_empty() && mistakes(name, "http://127.0.0.1:9/x").is_empty());
    }
}

/// RFC 9207, section 2.4: who is not the server that was asked cannot even deny.
#[tokio::test]
async fn an_error_in_the_name_of_another_server_is_refused_as_such() {
    let stage = GrantStage::start(OidcOptions::default(), PUBLIC, AuthMode::Shared).await;
    let (begun, session) = stage.replica.begin(&stage.connection, &OWNER).await;
    let callback = stage.provider.refuse_as(begun.authorization_url.as_str(), "ada").await.expect("refused");
    let callback = with(&callback, "iss", Some("https://login.example.com"));
    let refused = stage.replica.complete(&callback, &session).await.expect_err("another server");
    assert!(matches!(refused.failure, FlowFailure::OtherIssuer), "{refused}");
}

/// RFC 9700, section 4.12: what is posted to the token endpoint goes nowhere else.
#[tokio::test]
async fn a_redirect_of_the_token_endpoint_is_not_followed() {
    let elsewhere = ScriptedServer::start(|_, _| Reply::json("{}")).await;
    let stage = GrantStage::authorized(OidcOptions::default(), PUBLIC).await;
    for status in [301, 302, 303, 307, 308] {
        stage.advance(Duration::from_hours(1));
        let headers = vec![("location".to_owned(), elsewhere.url("/token"))];
        stage.hazard.order(Fault::before(FaultKind::Answer(status, headers, String::new())));
        let error = stage.token().await.expect_err("a redirect is no answer");
        assert_eq!(error.reason(), None, "{error}");
    }
    assert_eq!(elsewhere.connections(), 0, "nobody came");
    stage.advance(Duration::from_hours(1));
    stage.token().await.expect("the endpoint is itself again");
}

#[test]
fn every_file_and_test_that_the_table_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join("docs/rfc-conformance.md")).expect("the table is there");
    let tests = tests_below(&root);
    let (mut rows, mut missing) = (0, Vec::new());
    for line in text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| section")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let &[section, _, _, places, shown] = &cells[..] else { panic!("not five cells: {line}") };
        rows += 1;
        if quoted(places).is_empty() || quoted(shown).is_empty() {
            missing.push(format!("{section}: names no file or no test"));
        }
        for place in quoted(places) {
            if !root.join(place).exists() {
                missing.push(format!("{section}: {place}"));
            }
        }
        for name in quoted(shown) {
            if !tests.contains(name) {
                missing.push(format!("{section}: {name}"));
            }
        }
    }
    assert!(rows > 60, "{rows} rows");
    assert!(missing.is_empty(), "the table names what is not there:\n{}", missing.join("\n"));
}

/// What stands between backquotes.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Names of all test functions of the workspace.
fn tests_below(root: &Path) -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    for file in ["host", "tests"].iter().flat_map(|folder| sources(&root.join(folder))) {
        let text = fs::read_to_string(file).expect("a source is text");
        let mut awaited = false;
        for line in text.lines().map(str::trim) {
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                awaited = true;
            } else if awaited && let Some((_, name)) = line.split_once("fn ") {
                tests.extend(name.split_once('(').map(|(name, _)| name.to_owned()));
                awaited = false;
            }
        }
    }
    tests
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder can be listed") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("node_modules") {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}
