use innkeeper_guest::serde_json::from_value;
use innkeeper_spec::{AuthTypeId, ConnectorSpec, RateLimitStrategy, Scope, draft};

use super::*;

fn checked_spec() -> ConnectorSpec {
    let draft: draft::ConnectorSpec = from_value(json!(connector().spec())).expect("the spec has the contract's shape");
    ConnectorSpec::parse(&draft).expect("the spec has no mistake")
}

#[test]
fn the_spec_keeps_the_rules_of_the_host() {
    let spec = checked_spec();
    assert_eq!(spec.about.id.as_str(), "slack");
    let names: Vec<_> = spec.actions.iter().map(|action| action.name.as_str()).collect();
    let expected = [
        "searchMessages",
        "resolveChannelId",
        "sendMessage",
        "getConversationHistory",
        "listChannels",
        "listUserConversations",
        "createConversation",
        "invite",
        "getFileInfo",
        "listFiles",
        "listUsers",
        "whoAmI",
    ];
    assert_eq!(names, expected);
    let skill = spec.skill.expect("there is a skill text");
    assert!(skill.contains("resolveChannelId") && skill.contains("nextCursor"));
    for action in &spec.actions {
        let writes = ["sendMessage", "createConversation", "invite"].contains(&action.name.as_str());
        let scope = if writes { Scope::Write } else { Scope::Read };
        assert!(action.tool && action.scope == scope, "{}", action.name);
        let properties = action.input.as_value()["properties"].as_object().cloned().unwrap_or_default();
        assert!(properties.values().all(|field| field["description"].is_string()), "{}: {properties:#?}", action.name);
    }
}

#[test]
fn defaults_and_ranges_stand_in_the_schemas() {
    let spec = connector().spec();
    let field = |action: &str, field: &str| spec.action(action).expect("the action").input["properties"][field].clone();
    for (action, name, default) in [
        ("searchMessages", "count", json!(20)),
        ("searchMessages", "includeContextMessages", json!(true)),
        ("searchMessages", "includeBots", json!(false)),
        ("searchMessages", "includeMessageBlocks", json!(true)),
        ("resolveChannelId", "types", json!(["public_channel"])),
        ("resolveChannelId", "match", json!("exact")),
        ("resolveChannelId", "limit", json!(1000)),
        ("resolveChannelId", "maxPages", json!(10)),
        ("listChannels", "limit", json!(1000)),
        ("listChannels", "excludeArchived", json!(true)),
        ("createConversation", "isPrivate", json!(false)),
        ("getConversationHistory", "limit", json!(100)),
        ("listUserConversations", "limit", json!(200)),
        ("listUsers", "limit", json!(200)),
        ("listFiles", "raw", json!(false)),
    ] {
        assert_eq!(field(action, name)["default"], default, "{action} {name}");
    }
    let limit = field("getConversationHistory", "limit");
    assert_eq!((&limit["minimum"], &limit["maximum"]), (&json!(1), &json!(999)));
}

#[test]
fn a_slack_account_by_a_broker_is_recommended_and_asks_for_nothing() {
    let spec = connector().spec();
    let ids: Vec<_> = spec.auth_types.iter().map(|auth| auth.auth_type.as_str()).collect();
    assert_eq!(ids, ["ears", "oauth_authorization_code", "bearer"]);
    let ears = &spec.auth_types[0];
    assert_eq!(json!(ears.standing), "recommended");
    assert_eq!(ears.defaults, json!({ "provider": "slack", "scope": SCOPES }));
    assert!(["provider", "scope"].iter().all(|field| ears.overrides[field]["hidden"] == true));
    assert_eq!(json!(spec.auth_types[2].standing), "legacy");
}

#[test]
fn the_users_token_is_what_the_app_asks_for() {
    let spec = checked_spec();
    let id = AuthTypeId::parse("oauth_authorization_code").expect("an id");
    let declaration = spec.auth_declaration(&id).expect("it is declared");
    let defaults = declaration.rendered_defaults(&json!({})).expect("there are no templates");
    for (field, expected) in [
        ("authorizationUrl", "https://slack.com/oauth/v2/authorize"),
        ("tokenUrl", "https://slack.com/api/oauth.v2.access"),
        ("scope", SCOPES),
        ("scopeParamName", "user_scope"),
        ("accessTokenPath", "authed_user.access_token"),
        ("tokenType", "Bearer"),
    ] {
        assert_eq!(defaults[field], expected, "{field}");
    }
    let overrides = &connector().spec().auth_types[1].overrides;
    for field in ["authorizationUrl", "tokenUrl", "scopeParamName", "accessTokenPath", "tokenType"] {
        assert_eq!(overrides[field]["hidden"], true, "{field}");
    }
    for field in ["clientId", "clientSecret", "scope"] {
        assert!(overrides[field].get("hidden").is_none(), "{field}");
    }
}

#[test]
fn each_scope_is_asked_for_once() {
    let mut scopes: Vec<_> = SCOPES.split(' ').collect();
    assert!(scopes.iter().all(|scope| !scope.is_empty()) && scopes.is_sorted());
    scopes.dedup();
    assert_eq!(scopes.len(), 19);
    assert!(!scopes.contains(&"channels:manage"), "no user token has it");
}

#[test]
fn a_request_over_the_limit_is_sent_again_whatever_its_method() {
    let policies = checked_spec().policies;
    let limit = policies.rate_limit.expect("a rate limit");
    assert_eq!(limit.strategy, RateLimitStrategy::ResponseBody);
    assert_eq!((limit.body_path.as_deref(), limit.body_values), (Some("/error"), vec!["ratelimited".to_owned()]));
    assert_eq!(limit.codes, [429]);
    let unauthorized = policies.unauthorized.expect("signs of a refused token");
    assert_eq!(unauthorized.body_path, "/error");
    assert!(unauthorized.body_values.contains(&"token_expired".to_owned()), "{:?}", unauthorized.body_values);
    let retry = policies.retry.expect("a retry");
    assert_eq!((retry.max_retries, retry.initial_delay_ms, retry.max_delay_ms), (5, 1_000, 60_000));
    assert!(retry.methods.is_empty(), "a POST that may have been carried out is not repeated");
}

#[test]
fn the_token_goes_to_slacks_api_alone() {
    let spec = checked_spec();
    assert_eq!(spec.hosts.len(), 1);
    let host = spec.hosts[0].resolve(&json!({}), &|_| None).expect("a fixed host").expect("a fixed host");
    assert!(host.permits("https", "slack.com", 443, "GET", "/api/conversations.list"));
    assert!(host.permits("https", "slack.com", 443, "POST", "/api/chat.postMessage"));
    assert!(!host.permits("https", "slack.com", 443, "DELETE", "/api/chat.postMessage"));
    assert!(!host.permits("https", "slack.com", 443, "GET", "/apidocs"));
    assert!(!host.permits("https", "files.slack.com", 443, "GET", "/api/files.info"));
    assert!(!host.permits("http", "slack.com", 80, "GET", "/api/auth.test"));
}
