//! Credentials that stay the same, and the settings of all auth types.

use std::collections::BTreeMap;

use innkeeper_auth::{AuthTypes, Declared, Defaults, FieldValues, Settings, SettingsErrors, fields_for};
use innkeeper_egress::SecretFields;
use innkeeper_spec::{AuthDeclaration, AuthMode, AuthTypeId, FieldOverride, Place, Placement};
use innkeeper_store::GrantOwner;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::{House, declaration, head};

fn build(
    declaration: &AuthDeclaration,
    config: &Value,
    fields: &[(&str, Value)],
    secrets: &[(&str, &str)],
) -> Result<Settings, SettingsErrors> {
    let types = AuthTypes::builtin();
    let auth_type = types.require(&declaration.auth_type).expect("a known type");
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let secrets = secrets.iter().map(|(name, text)| ((*name).to_owned(), (*text).into())).collect();
    let of = Declared { declaration, auth_type: &**auth_type, config, defaults: Defaults::All };
    Settings::build(&of, &FieldValues::given(fields, secrets))
}

fn mistakes(result: Result<Settings, SettingsErrors>) -> Vec<String> {
    result.expect_err("mistakes").0.iter().map(ToString::to_string).collect()
}

#[test]
fn the_built_in_types_are_there_and_valid() {
    let types = AuthTypes::builtin();
    let ids: Vec<_> = types.ids().map(AuthTypeId::as_str).collect();
    assert_eq!(
        ids,
        [
            "api_key_header",
            "api_key_query",
            "basic",
            "bearer",
            "ears",
            "none",
            "oauth_authorization_code",
            "oauth_client_credentials",
            "oauth_client_credentials_mtls",
            "oauth_client_credentials_private_key_jwt",
            "oauth_device_code",
            "oauth_jwt_bearer",
            "oauth_password"
        ]
    );
    let error = types.require(&AuthTypeId::parse("magic").expect("an id")).expect_err("unknown");
    assert!(error.to_string().contains("oauth_client_credentials"), "{error}");
}

#[tokio::test]
async fn each_fixed_type_puts_its_secret_where_it_belongs() {
    let house = House::new().await;
    let connection = house
        .connect("basic", &[("username", "Aladdin".into())], &[("password", "open sesame")], AuthMode::Shared)
        .await;
    let source = house.auth.credential_source(&connection, &GrantOwner::Shared).expect("a source");
    let attachment = source.attachment(&head(), None).await.expect("fixed").expect("an attachment");
    // RFC 7617, section 2.
    assert_eq!(attachment.headers[0].1.expose_secret(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    let scrubbed: Vec<_> = attachment.secrets.iter().map(ExposeSecret::expose_secret).collect();
    assert!(scrubbed.contains(&"open sesame") && scrubbed.contains(&"QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    assert!(source.attachment(&head(), Some(&attachment)).await.expect("fixed").is_none(), "nothing newer can be had");

    let house = House::new().await;
    let connection = house.connect("none", &[], &[], AuthMode::Shared).await;
    let source = house.auth.credential_source(&connection, &GrantOwner::Shared).expect("a source");
    assert!(source.attachment(&head(), None).await.expect("bare").expect("an attachment").bare);
    assert!(house.auth.status(&connection, &GrantOwner::Shared).await.expect("a status").authorized);

    let house = House::new().await;
    let names = [("paramNames", "key, token".into())];
    let connection = house.connect("api_key_query", &names, &[("apiKey", "k-123")], AuthMode::Shared).await;
    let source = house.auth.credential_source(&connection, &GrantOwner::Shared).expect("a source");
    let attachment = source.attachment(&head(), None).await.expect("fixed").expect("an attachment");
    let query: Vec<_> = attachment.query.iter().map(|(name, key)| (name.as_str(), key.expose_secret())).collect();
    assert_eq!(query, [("key", "k-123"), ("token", "k-123")]);
}

#[test]
fn a_header_that_the_connector_names_becomes_the_field() {
    let declared = declaration("api_key_header", &[("headerField", json!("X-Api-Key"))]);
    let types = AuthTypes::builtin();
    let auth_type = types.require(&declared.auth_type).expect("known");
    let fields = fields_for(&declared, &**auth_type);
    assert_eq!(fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>(), ["X-Api-Key"]);
    assert!(fields[0].kind.is_secret() && fields[0].required);
    let settings = build(&declared, &Value::Null, &[], &[("X-Api-Key", "k-1")]).expect("valid");
    assert_eq!(settings.secret_names(), ["X-Api-Key"]);
    assert_eq!(mistakes(build(&declared, &Value::Null, &[], &[])), ["X-Api-Key is required"]);

    let plain = build(&declaration("api_key_header", &[]), &Value::Null, &[], &[("apiKey", "k-1")]).expect("valid");
    assert_eq!(plain.text("headerField"), Some("Api-Key"));
    let odd = [("headerField", json!("Content-Length"))];
    assert_eq!(mistakes(build(&declaration("api_key_header", &[]), &Value::Null, &odd, &[("apiKey", "k")])).len(), 1);
}

#[test]
fn parameters_that_the_connector_names_become_fields() {
    let declared = declaration("api_key_query", &[("paramNames", json!(["key", "", 5, "token"]))]);
    let settings = build(&declared, &Value::Null, &[], &[("key", "k-1"), ("token", "t-1")]).expect("valid");
    assert_eq!(settings.secret_names(), ["key", "token"]);
    let nothing = declaration("api_key_query", &[("paramNames", json!([]))]);
    let settings = build(&nothing, &Value::Null, &[], &[("apiKey", "k-1")]).expect("valid");
    assert_eq!(settings.text("paramNames"), Some("apiKey"));
}

#[test]
fn defaults_are_templates_over_the_config_and_a_given_value_comes_first() {
    let declared = declaration(
        "oauth_client_credentials",
        &[("tokenUrl", json!("https://login.example.com/{tenant}/token")), ("scope", json!("a b"))],
    );
    let config = json!({"tenant": "t-1"});
    let (id, secret) = ([("clientId", json!("c"))], [("clientSecret", "s")]);
    let settings = build(&declared, &config, &id, &secret).expect("valid");
    assert_eq!(settings.text("tokenUrl"), Some("https://login.example.com/t-1/token"));
    assert_eq!(settings.text("scope"), Some("a b"));
    let given =
        [("clientId", json!("c")), ("tokenUrl", json!("https://other.example.com/token")), ("scope", json!("c"))];
    let settings = build(&declared, &config, &given, &secret).expect("valid");
    assert_eq!(
        (settings.text("tokenUrl"), settings.text("scope")),
        (Some("https://other.example.com/token"), Some("c"))
    );
    let missing = mistakes(build(&declared, &json!({}), &id, &secret));
    assert!(missing[0].starts_with("tokenUrl cannot be filled in"), "{missing:?}");
    let hostile = mistakes(build(&declared, &json!({"tenant": "x@evil.example.com/"}), &id, &secret));
    assert!(hostile[0].starts_with("tokenUrl cannot be filled in"), "{hostile:?}");
}

#[test]
fn all_mistakes_are_reported_at_once_with_the_nearest_name_and_no_secret() {
    let found = mistakes(build(
        &declaration("oauth_authorization_code", &[]),
        &Value::Null,
        &[
            ("authorizationUrl", json!("http://login.example.com/authorize")),
            ("tokenUrl", json!("https://user:pw@login.example.com/token#x")),
            ("clientID", json!("c")),
            ("clientSecret", json!("oops-secret")),
            ("useBasicAuth", json!("perhaps")),
        ],
        &[("issuer", "https://as.example.com")],
    ));
    let text = found.join("\n");
    for part in [
        "clientID is not a field of this auth type; the nearest is clientId",
        "clientSecret is a secret: set it among the secrets",
        "issuer is not a secret: set it among the plain fields",
        "authorizationUrl must use https",
        "tokenUrl contains a user name",
        "clientId is required",
        "useBasicAuth ",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(!text.contains("oops-secret"));
}

#[test]
fn contradictions_and_values_that_fit_no_header_are_found() {
    let oauth = declaration("oauth_authorization_code", &[]);
    let fields = [
        ("authorizationUrl", json!("https://a.example.com/authorize")),
        ("tokenUrl", json!("https://a.example.com/token")),
        ("clientId", json!("c")),
        ("tokenType", json!("Bearer")),
        ("tokenTypePath", json!("a..b")),
        ("scopeParamName", json!("state")),
    ];
    let found = mistakes(build(&oauth, &Value::Null, &fields, &[])).join("\n");
    assert!(
        found.contains("contradicts tokenTypePath")
            && found.contains("joined by dots")
            && found.contains("cannot be state")
    );
    let bearer = declaration("bearer", &[]);
    let found = mistakes(build(&bearer, &Value::Null, &[], &[("token", "pasted-token\n")])).join("\n");
    assert!(found.contains("line break") && !found.contains("pasted-token"), "{found}");
    let basic = declaration("basic", &[]);
    let found = mistakes(build(&basic, &Value::Null, &[("username", json!("a:b"))], &[("password", "p\r\nq")]));
    assert_eq!(found.len(), 2, "{found:?}");
    build(&oauth, &Value::Null, &fields[..3], &[]).expect("a public client");
}

#[test]
fn texts_of_forms_become_flags_and_http_is_for_loopback() {
    let fields = [
        ("authorizationUrl", json!("http://localhost:8080/authorize")),
        ("tokenUrl", json!("http://127.0.0.1:8080/token")),
        ("clientId", json!("c")),
        ("useBasicAuth", json!("false")),
    ];
    let settings = build(&declaration("oauth_authorization_code", &[]), &Value::Null, &fields, &[]).expect("valid");
    assert_eq!(settings.flag("useBasicAuth"), Some(false));
}

#[test]
fn a_form_asks_for_what_is_neither_hidden_nor_settled() {
    let mut declared = declaration(
        "oauth_authorization_code",
        &[
            ("authorizationUrl", json!("https://a.example.com/authorize")),
            ("tokenUrl", json!("https://a.example.com/token")),
        ],
    );
    let hidden = FieldOverride { hidden: true, ..FieldOverride::default() };
    let labelled = FieldOverride { label: Some("App id".to_owned()), ..FieldOverride::default() };
    declared.overrides = BTreeMap::from([
        ("authorizationUrl".to_owned(), hidden.clone()),
        ("tokenUrl".to_owned(), FieldOverride { disabled: true, ..FieldOverride::default() }),
        ("useBasicAuth".to_owned(), hidden.clone()),
        ("clientSecret".to_owned(), hidden),
        ("clientId".to_owned(), labelled),
    ]);
    let types = AuthTypes::builtin();
    let fields = fields_for(&declared, &**types.require(&declared.auth_type).expect("known"));
    let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
    for settled in ["authorizationUrl", "tokenUrl", "useBasicAuth", "clientSecret"] {
        assert!(!names.contains(&settled), "{settled}");
    }
    assert_eq!(fields[0].label, "App id");
}

#[tokio::test]
async fn placeholders_are_filled_with_declared_secrets_alone() {
    let house = House::new().await;
    let connection =
        house.connect("basic", &[("username", "ada".into())], &[("password", "hunter2")], AuthMode::Shared).await;
    let none = house.auth.placeholder_secrets(&connection, &[]).expect("opened");
    assert!(none.secret("password").is_none());
    let declared = house.auth.placeholder_secrets(&connection, &["password".to_owned()]).expect("opened");
    assert_eq!(declared.secret("password").expect("declared").expose_secret(), "hunter2");
    let in_header = house.auth.placeholder_secrets(&connection, &["password in header".to_owned()]).expect("opened");
    let at = |place| Placement { place, host: "a.example.com", method: "POST", path: "/" };
    assert!(declared.may_fill("password", &at(Place::Body)) && declared.may_fill_in(Place::Body));
    assert!(in_header.may_fill("password", &at(Place::Header)) && !in_header.may_fill("password", &at(Place::Body)));
    assert!(in_header.secret("password").is_some() && !in_header.may_fill_in(Place::Body));
}
