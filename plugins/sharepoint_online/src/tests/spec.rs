use innkeeper_guest::AuthDeclaration;
use innkeeper_guest::serde_json::from_value;
use innkeeper_spec::{AuthTypeId, ConnectorSpec, CredentialUse, Scope, draft};

use super::*;

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

fn checked_spec() -> ConnectorSpec {
    let draft: draft::ConnectorSpec = from_value(json!(connector().spec())).expect("the spec has the contract's shape");
    ConnectorSpec::parse(&draft).expect("the spec has no mistake")
}

#[test]
fn the_spec_keeps_the_rules_of_the_host() {
    let spec = checked_spec();
    assert_eq!(spec.about.id.as_str(), "sharepoint_online");
    assert_eq!(spec.actions.len(), 12);
    assert!(spec.skill.expect("there is a skill text").contains("getDriveItems"));
    for action in &spec.actions {
        let expected = if action.name.as_str() == "callGraphAPI" { Scope::Destroy } else { Scope::Read };
        assert!(action.tool && action.scope == expected, "{}", action.name);
        let properties = action.input.as_value()["properties"].as_object().expect("an input has fields");
        assert!(properties.values().all(|field| field["description"].is_string()), "{}: {properties:#?}", action.name);
    }
}

#[test]
fn the_addresses_follow_from_the_tenant() {
    let spec = checked_spec();
    let config = json!({ "tenantId": TENANT });
    spec.config.validate(&config).expect("a directory id is a tenant");
    let rendered = |auth_type: &str| {
        let id = AuthTypeId::parse(auth_type).expect("an id");
        spec.auth_declaration(&id).expect("it is declared").rendered_defaults(&config).expect("templates are filled")
    };
    let base = format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0");
    for app in APPS.map(rendered) {
        assert_eq!(app["tokenUrl"], format!("{base}/token"));
        assert_eq!(app["scope"], "https://graph.microsoft.com/.default");
    }
    let user = rendered("oauth_authorization_code");
    assert_eq!(user["authorizationUrl"], format!("{base}/authorize"));
    assert_eq!(user["tokenUrl"], format!("{base}/token"));
    assert_eq!(user["scope"], "Sites.Selected Files.Read.All offline_access");
}

fn declared(auth_type: &str) -> AuthDeclaration {
    let found = connector().spec().auth_types.into_iter().find(|declared| declared.auth_type == auth_type);
    found.expect("it is declared")
}

#[test]
fn an_app_proves_itself_by_a_certificate_as_entra_wants_it() {
    let app = declared("oauth_client_credentials_private_key_jwt");
    assert_eq!(app.label.as_deref(), Some("App (certificate)"));
    // https://learn.microsoft.com/entra/identity-platform/certificate-credentials
    let settled = ["tokenUrl", "scope", "algorithm", "certificateBinding"];
    assert_eq!(
        (&app.defaults["algorithm"], &app.defaults["certificateBinding"]),
        (&json!("PS256"), &json!("x5t#S256"))
    );
    assert!(settled.iter().all(|field| app.defaults[field].is_string()), "{:#?}", app.defaults);
    for field in settled.into_iter().chain(["keyId", "audience", "revocationUrl"]) {
        assert_eq!(app.overrides[field]["hidden"], true, "{field}");
    }
    for field in ["clientId", "certificate", "privateKey", "passphrase"] {
        assert!(app.overrides[field].get("hidden").is_none() && app.defaults.get(field).is_none(), "{field}");
    }
}

#[test]
fn a_user_is_asked_for_nothing_that_entra_settles() {
    let user = declared("oauth_authorization_code");
    let settled = ["useBasicAuth", "scopeParamName", "accessTokenPath", "tokenTypePath", "tokenType", "issuer"];
    for field in settled.into_iter().chain(["authorizationUrl", "tokenUrl"]) {
        assert_eq!(user.overrides[field]["hidden"], true, "{field}");
    }
    for field in ["clientId", "clientSecret", "scope"] {
        assert!(user.overrides[field].get("hidden").is_none(), "{field}");
    }
}

#[test]
fn a_user_without_an_app_is_asked_for_the_same_and_fills_in_nothing() {
    let (user, ears) = (declared("oauth_authorization_code"), declared("ears"));
    assert_eq!(ears.defaults["provider"], "microsoft");
    assert_eq!(ears.defaults["scope"], user.defaults["scope"]);
    for field in ["provider", "scope"] {
        assert_eq!(ears.overrides[field]["hidden"], true, "{field}");
    }
}

#[test]
fn a_tenant_is_a_directory_id_or_a_domain() {
    let config = checked_spec().config;
    for good in [TENANT, "contoso.onmicrosoft.com", "contoso.com", "a-b.co.uk"] {
        config.validate(&json!({ "tenantId": good })).expect(good);
    }
    for bad in
        ["", "common", "contoso", "contoso.com/", "../common", "a b.com", "contoso.com?x", "-a.com", "{tenant-id}"]
    {
        assert!(config.validate(&json!({ "tenantId": bad })).is_err(), "{bad}");
    }
    assert!(config.validate(&json!({})).is_err());
    assert!(config.validate(&json!({ "tenantId": TENANT, "more": 1 })).is_err());
}

#[test]
fn the_token_is_declared_for_graph_alone() {
    let spec = checked_spec();
    let hosts: Vec<_> =
        spec.hosts.iter().map(|rule| rule.resolve(&json!({}), &|_| None).expect("a name").expect("a name")).collect();
    let [graph, files] = hosts.as_slice() else { panic!("{hosts:?}") };
    assert_eq!((graph.credential, files.credential), (CredentialUse::Allowed, CredentialUse::Never));
    assert!(graph.permits("https", "graph.microsoft.com", 443, "POST", "/v1.0/search/query"));
    assert!(!graph.permits("https", "graph.microsoft.com", 443, "DELETE", "/v1.0/sites/x"));
    assert!(!graph.permits("https", "graph.microsoft.com", 443, "GET", "/beta/me"));
    assert!(files.permits("https", "contoso.sharepoint.com", 443, "GET", "/_layouts/15/download.aspx"));
    assert!(!files.permits("https", "contoso.sharepoint.com", 443, "POST", "/_layouts/15/download.aspx"));
}
