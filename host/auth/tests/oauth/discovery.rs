//! Endpoints from the authorization server's metadata.

use std::collections::BTreeMap;

use innkeeper_auth::{Declared, Defaults, FieldValues, Settings};
use innkeeper_fixtures::scripted::Reply;
use serde_json::{Value, json};

use crate::support::{House, declaration};

fn fields(pairs: &[(&str, Value)]) -> BTreeMap<String, Value> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn metadata(base: &str, more: &Value) -> Reply {
    let mut document = json!({
        "issuer": format!("{base}/t1"),
        "authorization_endpoint": format!("{base}/t1/authorize"),
        "token_endpoint": format!("{base}/t1/token"),
        "revocation_endpoint": format!("{base}/t1/revoke"),
        "device_authorization_endpoint": format!("{base}/t1/device"),
        "mtls_endpoint_aliases": { "token_endpoint": "https://127.0.0.1:1/mtls/token" },
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        document[name] = value.clone();
    }
    Reply::json(document.to_string())
}

async fn discover(
    house: &House,
    auth_type: &str,
    defaults: &[(&str, Value)],
    given: &[(&str, Value)],
) -> Result<BTreeMap<String, Value>, String> {
    let declaration = declaration(auth_type, defaults);
    let auth_type = house.auth.types().require(&declaration.auth_type).expect("known");
    let config = json!({ "tenant": "t1" });
    let of = Declared { declaration: &declaration, auth_type: &**auth_type, config: &config, defaults: Defaults::All };
    let found = house.auth.discover(&of, self::given(given)).await;
    found.map(values).map_err(|errors| errors.to_string())
}

fn given(values: &[(&str, Value)]) -> FieldValues {
    FieldValues::given(fields(values), BTreeMap::new())
}

fn values(fields: FieldValues) -> BTreeMap<String, Value> {
    fields.plain.into_iter().map(|(name, field)| (name, field.value)).collect()
}

#[tokio::test]
async fn an_issuer_is_asked_for_its_endpoints_and_what_is_given_comes_first() {
    let house = House::new().await;
    let base = house.provider.base().to_owned();
    house.provider.answers([metadata(&base, &Value::Null)]);
    let given = [
        ("discoveryUrl", json!(format!("{base}/t1"))),
        ("revocationUrl", json!("https://own.example.com/revoke")),
        ("clientId", json!("c")),
        ("tokenUrl", json!("")),
    ];
    let found = discover(&house, "oauth_authorization_code", &[], &given).await.expect("found");
    assert_eq!(found["tokenUrl"], format!("{base}/t1/token"));
    assert_eq!(found["authorizationUrl"], format!("{base}/t1/authorize"));
    assert_eq!(found["revocationUrl"], "https://own.example.com/revoke");
    assert_eq!(found["issuer"], format!("{base}/t1"));
    assert!(!found.contains_key("deviceAuthorizationUrl"), "this auth type has no such field");
    assert_eq!(house.provider.received()[0].path(), "/.well-known/oauth-authorization-server/t1");
    // The discovered values are stored, and they fit.
    let declaration = declaration("oauth_authorization_code", &[]);
    let auth_type = house.auth.types().require(&declaration.auth_type).expect("known");
    let (auth_type, config, defaults) = (&**auth_type, &Value::Null, Defaults::All);
    let of = Declared { declaration: &declaration, auth_type, config, defaults };
    let settings = Settings::build(&of, &FieldValues::given(found, BTreeMap::new())).expect("valid");
    assert_eq!(settings.text("tokenUrl"), Some(&*format!("{base}/t1/token")));
}

#[tokio::test]
async fn each_auth_type_gets_what_it_has_a_place_for() {
    for (auth_type, expected) in [
        ("oauth_client_credentials", vec!["revocationUrl", "tokenUrl"]),
        ("oauth_device_code", vec!["deviceAuthorizationUrl", "revocationUrl", "tokenUrl"]),
        ("oauth_jwt_bearer", vec!["revocationUrl", "tokenUrl"]),
        ("oauth_client_credentials_private_key_jwt", vec!["revocationUrl", "tokenUrl"]),
        ("oauth_client_credentials_mtls", vec!["revocationUrl", "tokenUrl"]),
    ] {
        let house = House::new().await;
        let base = house.provider.base().to_owned();
        house.provider.answers([metadata(&base, &Value::Null)]);
        let address = format!("{base}/t1/.well-known/openid-configuration");
        let mut found = discover(&house, auth_type, &[], &[("discoveryUrl", json!(address))]).await.expect("found");
        found.remove("discoveryUrl");
        assert_eq!(found.keys().collect::<Vec<_>>(), expected, "{auth_type}");
        if auth_type == "oauth_client_credentials_mtls" {
            assert_eq!(found["tokenUrl"], "https://127.0.0.1:1/mtls/token");
        }
    }
}

#[tokio::test]
async fn metadata_is_looked_for_in_both_places_and_never_at_another_origin() {
    let house = House::new().await;
    let base = house.provider.base().to_owned();
    let given = [("discoveryUrl", json!(format!("{base}/t1")))];
    house.provider.answers([Reply::status(404), metadata(&base, &Value::Null)]);
    discover(&house, "oauth_client_credentials", &[], &given).await.expect("found at the second place");
    assert_eq!(house.provider.received()[1].path(), "/t1/.well-known/openid-configuration");

    house.provider.answers([Reply::status(404), Reply::status(403)]);
    let error = discover(&house, "oauth_client_credentials", &[], &given).await.expect_err("nowhere");
    assert!(error.contains("does not lead to metadata") && error.contains("404") && error.contains("403"), "{error}");

    house.provider.answers([Reply::status(302).header("location", "/elsewhere"), metadata(&base, &Value::Null)]);
    discover(&house, "oauth_client_credentials", &[], &given).await.expect("within the origin");

    let stranger = House::new().await;
    house.provider.answers([Reply::status(302).header("location", format!("{}/x", stranger.provider.base()))]);
    let error = discover(&house, "oauth_client_credentials", &[], &given).await.expect_err("another origin");
    assert!(error.starts_with("discoveryUrl does not lead to metadata"), "{error}");
    assert!(stranger.provider.received().is_empty(), "the other origin was asked");
}

#[tokio::test]
async fn case_7_a_page_for_people_or_a_way_to_a_login_page_is_passed_over() {
    let (house, stranger) = (House::new().await, House::new().await);
    let base = house.provider.base().to_owned();
    let given = [("discoveryUrl", json!(format!("{base}/t1")))];
    let page = || Reply::new(200).header("content-type", "text/html").body("<html>Log in</html>");
    let login = || Reply::status(302).header("location", format!("{}/login", stranger.provider.base()));
    for odd in
        [page(), login(), Reply::status(500), Reply::json("[]"), metadata(&base, &json!({ "issuer": "https://x" }))]
    {
        house.provider.answers([odd, metadata(&base, &Value::Null)]);
        discover(&house, "oauth_client_credentials", &[], &given).await.expect("found at the second place");
    }
    house.provider.answers([page(), login(), Reply::status(404)]);
    let error = discover(&house, "oauth_client_credentials", &[], &given).await.expect_err("nowhere");
    for words in ["/t1: it is not a JSON document", "/t1/.well-known/openid-configuration: ", "it returns 404"] {
        assert!(error.contains(words), "{words}: {error}");
    }
}

#[tokio::test]
async fn case_a8_pkce_methods_matter_to_the_code_flow_alone() {
    let house = House::new().await;
    let base = house.provider.base().to_owned();
    let given = [("discoveryUrl", json!(format!("{base}/t1")))];
    for auth_type in ["oauth_client_credentials", "oauth_jwt_bearer", "oauth_device_code"] {
        house.provider.answers([metadata(&base, &json!({ "code_challenge_methods_supported": [] }))]);
        discover(&house, auth_type, &[], &given).await.expect("it uses no code");
    }
}

#[tokio::test]
async fn metadata_that_lies_is_broken_or_too_long_is_refused() {
    let house = House::new().await;
    let base = house.provider.base().to_owned();
    let given = [("discoveryUrl", json!(format!("{base}/t1")))];
    let long = format!("{{\"issuer\":\"{}\"}}", "x".repeat(256 * 1024));
    for (reply, words) in [
        (metadata(&base, &json!({ "issuer": "https://evil.example.com" })), "it belongs to the issuer"),
        (metadata(&base, &json!({ "issuer": format!("{base}/t2") })), "it belongs to the issuer"),
        (metadata(&base, &json!({ "token_endpoint": "http://as.example.com/token" })), "token_endpoint must use https"),
        (metadata(&base, &json!({ "code_challenge_methods_supported": ["plain"] })), "does not list S256"),
        (Reply::new(200).header("content-type", "text/html").body("<html>"), "not a JSON document"),
        (Reply::json(&long), "longer than any legitimate response"),
    ] {
        house.provider.answers([reply]);
        let error = discover(&house, "oauth_authorization_code", &[], &given).await.expect_err(words);
        assert!(error.starts_with("discoveryUrl ") && error.contains(words), "{words}: {error}");
    }
    for (address, words) in [
        ("http://as.example.com", "must use https"),
        ("https://127.0.0.1:1/t1", "could not be read"),
        ("nowhere", "is not a valid URL"),
    ] {
        let error = discover(&house, "oauth_authorization_code", &[], &[("discoveryUrl", json!(address))]).await;
        let error = error.expect_err(words);
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_connectors_own_endpoints_come_before_metadata_that_it_leads_to_but_not_before_a_persons() {
    let house = House::new().await;
    let base = house.provider.base().to_owned();
    let defaults =
        [("discoveryUrl", json!(format!("{base}/{{tenant}}"))), ("tokenUrl", json!("https://own.example.com/token"))];
    house.provider.answers([metadata(&base, &Value::Null), metadata(&base, &Value::Null)]);
    let found = discover(&house, "oauth_client_credentials", &defaults, &[]).await.expect("found");
    assert!(!found.contains_key("tokenUrl"), "its default is left to stand");
    assert_eq!(found["revocationUrl"], format!("{base}/t1/revoke"));
    let by_hand = [("discoveryUrl", json!(format!("{base}/t1")))];
    let found = discover(&house, "oauth_client_credentials", &defaults, &by_hand).await.expect("found");
    assert_eq!(found["tokenUrl"], format!("{base}/t1/token"));
    // Without the field, no request is sent.
    let asked = house.provider.received().len();
    assert_eq!(discover(&house, "bearer", &[], &[]).await, Ok(BTreeMap::new()));
    assert_eq!(house.provider.received().len(), asked);
}

#[tokio::test]
async fn a_changed_address_takes_all_endpoints_along_and_another_change_none() {
    let house = House::new().await;
    let base = house.provider.base().to_owned();
    let declaration = declaration("oauth_client_credentials", &[]);
    let auth_type = house.auth.types().require(&declaration.auth_type).expect("known");
    let (auth_type, config, defaults) = (&**auth_type, &Value::Null, Defaults::AsBefore);
    let of = Declared { declaration: &declaration, auth_type, config, defaults };
    let before = given(&[
        ("discoveryUrl", json!("https://old.example.com")),
        ("tokenUrl", json!("https://old.example.com/token")),
        ("revocationUrl", json!("https://old.example.com/revoke")),
        ("clientId", json!("c")),
    ]);
    let scope = given(&[("scope", json!("a"))]);
    let after = values(house.auth.fields_after(&of, before.clone(), scope).await.expect("kept"));
    assert_eq!(after["tokenUrl"], "https://old.example.com/token");
    assert!(house.provider.received().is_empty(), "nothing is asked");

    house.provider.answers([metadata(&base, &json!({ "revocation_endpoint": null }))]);
    let moved = given(&[("discoveryUrl", json!(format!("{base}/t1")))]);
    let after = values(house.auth.fields_after(&of, before, moved).await.expect("found"));
    assert_eq!(after["tokenUrl"], format!("{base}/t1/token"));
    assert!(!after.contains_key("revocationUrl"), "tokens of the new server do not go to the old one");
    assert_eq!(after["clientId"], "c");
}

#[tokio::test]
async fn a_new_default_of_the_connector_moves_nothing_unless_the_connection_follows_it() {
    let house = House::new().await;
    let base = house.provider.base().to_owned();
    let newer = [("discoveryUrl", json!(format!("{base}/t1"))), ("scope", json!("admin"))];
    let declaration = declaration("oauth_client_credentials", &newer);
    let auth_type = house.auth.types().require(&declaration.auth_type).expect("known");
    let of = |defaults| Declared { declaration: &declaration, auth_type: &**auth_type, config: &Value::Null, defaults };
    let mut before = given(&[("tokenUrl", json!("https://own.example.com/token")), ("clientId", json!("c"))]);
    let secret = [("clientSecret".to_owned(), "a-client-secret".into())].into();
    before.secret = FieldValues::given(BTreeMap::new(), secret).secret;
    before.plain.extend(given(&[("ofAnOlderVersion", json!("x"))]).plain);
    for defaults in [Defaults::AsBefore, Defaults::FromConfig] {
        let known = house.auth.fields_after(&of(defaults), before.clone(), FieldValues::default()).await.expect("kept");
        let settings = Settings::build(&of(defaults), &known).expect("valid, without the field that is no more");
        assert_eq!((settings.text("scope"), settings.text("discoveryUrl")), (None, None), "{defaults:?}");
        assert_eq!(settings.text("tokenUrl"), Some("https://own.example.com/token"));
    }
    assert!(house.provider.received().is_empty(), "nothing is asked");
    house.provider.answers([metadata(&base, &Value::Null)]);
    let known = house.auth.fields_after(&of(Defaults::All), before, FieldValues::default()).await.expect("found");
    let settings = Settings::build(&of(Defaults::All), &known).expect("valid");
    assert_eq!(settings.text("scope"), Some("admin"));
    assert_eq!(settings.text("tokenUrl"), Some("https://own.example.com/token"), "what the owner gave stays");
    assert_eq!(settings.text("revocationUrl"), Some(&*format!("{base}/t1/revoke")));
}
