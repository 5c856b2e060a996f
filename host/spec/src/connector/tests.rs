use serde_json::json;

use super::*;
use crate::parse::MAX_SIZE;
use crate::{Scope, Standing};

/// A valid spec that sets a little of everything.
fn good() -> draft::ConnectorSpec {
    draft::ConnectorSpec {
        about: draft::About {
            id: "acme".to_owned(),
            version: "1.2.0".to_owned(),
            title: "Acme".to_owned(),
            description: "Files of Acme.".to_owned(),
            documentation: Some("https://example.com/docs".to_owned()),
            icon: Some("data:image/svg+xml,<svg/>".to_owned()),
        },
        auth_types: vec![
            draft::AuthDeclaration {
                auth_type: "oauth_authorization_code".to_owned(),
                standing: Standing::Recommended,
                defaults: json!({"token_url": "https://{tenant}.example.com/token", "scope": "read", "pkce": true})
                    .to_string(),
                overrides: json!({"token_url": {"hidden": true, "label": "Token address"}}).to_string(),
                ..draft::AuthDeclaration::default()
            },
            draft::AuthDeclaration { auth_type: "none".to_owned(), ..draft::AuthDeclaration::default() },
        ],
        config: json!({
            "type": "object",
            "properties": {
                "tenant": {"type": "string", "x-form": {"label": "Tenant"}},
                "site": {"type": "string", "format": "uri", "default": "https://example.com"},
                "size": {"type": "integer"},
            },
            "required": ["tenant"],
            "additionalProperties": false,
        })
        .to_string(),
        hosts: vec![
            host(draft::HostPattern::Name("*.example.com".to_owned())),
            host(draft::HostPattern::Config("/site".to_owned())),
            host(draft::HostPattern::Claim(draft::ClaimHost {
                claim: "instance_url".to_owned(),
                pattern: "*.example.net".to_owned(),
            })),
        ],
        headers: vec![("accept".to_owned(), "application/json".to_owned())],
        placeholders: vec!["bot_token".to_owned()],
        claims: vec!["instance_url".to_owned(), "team.id".to_owned()],
        actions: vec![action("listFiles"), action("deleteFile")],
        policies: json!({"retry": {"max_retries": 2}}).to_string(),
        annotations: vec![
            annotation("skill", &json!("Ask before deleting.").to_string()),
            annotation("x-vendor", "{\"a\":1}"),
        ],
    }
}

fn host(host: draft::HostPattern) -> draft::HostRule {
    draft::HostRule {
        host,
        port: None,
        methods: vec!["GET".to_owned()],
        path_prefix: Some("/v1".to_owned()),
        credential: draft::CredentialUse::Allowed,
        reason: Some("To list files".to_owned()),
    }
}

fn action(name: &str) -> draft::ActionSpec {
    draft::ActionSpec {
        name: name.to_owned(),
        title: "An action".to_owned(),
        description: "Does it.".to_owned(),
        input: json!({"type": "object", "properties": {"q": {"type": "string"}}}).to_string(),
        output: Some(json!({"type": "array"}).to_string()),
        scope: Scope::Read,
        ..draft::ActionSpec::default()
    }
}

fn annotation(name: &str, value: &str) -> draft::Annotation {
    draft::Annotation { name: name.to_owned(), value: value.to_owned() }
}

/// The mistakes of the good spec after a change.
fn mistakes(change: impl FnOnce(&mut draft::ConnectorSpec)) -> Vec<String> {
    let mut draft = good();
    change(&mut draft);
    let mistakes = ConnectorSpec::parse(&draft).expect_err("the spec has a mistake");
    mistakes.0.iter().map(ToString::to_string).collect()
}

/// Checks that a change makes one mistake, which starts with its place and contains the word.
fn one_mistake(place: &str, word: &str, change: impl FnOnce(&mut draft::ConnectorSpec)) {
    let found = mistakes(change);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with(&format!("{place}: ")), "{}", found[0]);
    assert!(found[0].contains(word), "{}", found[0]);
}

#[test]
fn a_good_spec_parses_and_keeps_what_it_says() {
    let spec = ConnectorSpec::parse(&good()).expect("no mistakes");
    assert_eq!(spec.about.id.as_str(), "acme");
    assert_eq!(spec.skill.as_deref(), Some("Ask before deleting."));
    assert_eq!(spec.annotations.keys().collect::<Vec<_>>(), ["x-vendor"]);
    assert_eq!(spec.policies.retry.as_ref().map(|retry| (retry.max_retries, retry.initial_delay_ms)), Some((2, 500)));
    let auth_type = AuthTypeId::parse("oauth_authorization_code").expect("valid");
    let declaration = spec.auth_declaration(&auth_type).expect("declared");
    assert!(declaration.overrides["token_url"].hidden);
    let defaults = declaration.rendered_defaults(&json!({"tenant": "t1"})).expect("tenant is set");
    assert_eq!(defaults["token_url"], "https://t1.example.com/token");
    assert_eq!(defaults["pkce"], true);
    let mistake = declaration.rendered_defaults(&json!({})).expect_err("tenant is absent");
    assert_eq!(mistake.to_string(), "/defaults/token_url: the config field `tenant` is not set: fill it in");
}

#[test]
fn the_printed_spec_has_its_schemas_inline() {
    let json = ConnectorSpec::parse(&good()).expect("no mistakes").to_json();
    assert_eq!(json["config"]["properties"]["tenant"]["type"], "string");
    assert_eq!(json["actions"][0]["input"]["type"], "object");
    assert_eq!(json["hosts"][0]["host"]["name"], "*.example.com");
    assert_eq!(json["hosts"][1]["host"]["config"]["pointer"], "/site");
    assert_eq!(json["about"]["documentation"], "https://example.com/docs");
    assert_eq!(json["headers"][0], json!(["accept", "application/json"]));
}

#[test]
fn a_spec_that_says_only_who_it_is_is_enough() {
    let draft = draft::ConnectorSpec { about: good().about, ..draft::ConnectorSpec::default() };
    let spec = ConnectorSpec::parse(&draft).expect("no mistakes");
    assert_eq!(spec.auth_types[0].auth_type.as_str(), "none");
    assert!(spec.config.validate(&json!({})).is_ok());
    assert!(spec.config.validate(&json!({"a": 1})).is_err());
    assert_eq!(spec.policies, Policies::default());
}

#[test]
fn every_mistake_is_reported_at_once_with_its_place() {
    let found = mistakes(|spec| {
        spec.about.id = "Acme".to_owned();
        spec.about.version = "1".to_owned();
        spec.config = "{".to_owned();
        spec.hosts[0].port = Some(0);
        spec.actions[1].input = "[]".to_owned();
        spec.policies = json!({"retry": {"max_retries": 11}, "retries": 1}).to_string();
    });
    let places: Vec<_> = found.iter().filter_map(|mistake| mistake.split_once(": ")).map(|(place, _)| place).collect();
    let expected = [
        "/about/id",
        "/about/version",
        "/config",
        "/hosts/0/port",
        "/actions/1/input",
        "/policies/retry/max_retries",
        "/policies",
    ];
    assert_eq!(places, expected, "{found:#?}");
}

#[test]
fn who_it_is_must_be_well_formed() {
    one_mistake("/about/id", "lower-case", |spec| spec.about.id = "no-good".to_owned());
    one_mistake("/about/version", "not a semantic version", |spec| spec.about.version = "1.2".to_owned());
    one_mistake("/about/title", "is empty", |spec| spec.about.title = String::new());
    one_mistake("/about/title", "at most 128", |spec| spec.about.title = "x".repeat(129));
    one_mistake("/about/description", "control characters", |spec| spec.about.description = "\u{1b}[2J".to_owned());
    one_mistake("/about/documentation", "not an https address", |spec| {
        spec.about.documentation = Some("http://example.com".to_owned());
    });
    one_mistake("/about/documentation", "user name", |spec| {
        spec.about.documentation = Some("https://a:b@example.com".to_owned());
    });
    one_mistake("/about/icon", "not a `data:` address", |spec| {
        spec.about.icon = Some("https://example.com/i.png".to_owned());
    });
    one_mistake("/about/icon", "<script>", |spec| {
        spec.about.icon = Some("data:image/svg+xml,<svg><script/></svg>".to_owned());
    });
    one_mistake("/about/icon", "at most 32768", |spec| spec.about.icon = Some("x".repeat(40_000)));
}

#[test]
fn auth_declarations_must_fit_their_config() {
    one_mistake("/auth_types/1/auth_type", "declared twice", |spec| {
        spec.auth_types[1].auth_type = "oauth_authorization_code".to_owned();
    });
    one_mistake("/auth_types/1/auth_type", "is not a valid auth type", |spec| {
        spec.auth_types[1].auth_type = "OAuth".to_owned();
    });
    one_mistake("/auth_types/0/defaults", "not a JSON object", |spec| spec.auth_types[0].defaults = "[]".to_owned());
    one_mistake("/auth_types/0/defaults", "is not JSON (", |spec| spec.auth_types[0].defaults = "{".to_owned());
    one_mistake("/auth_types/0/defaults/token_url", "names `tennant`, which is not a field", |spec| {
        spec.auth_types[0].defaults = json!({"token_url": "https://{tennant}.example.com"}).to_string();
    });
    one_mistake("/auth_types/0/defaults/token_url", "nothing closes", |spec| {
        spec.auth_types[0].defaults = json!({"token_url": "https://{tenant.example.com"}).to_string();
    });
    one_mistake("/auth_types/0/defaults/a~1b", "not a field name", |spec| {
        spec.auth_types[0].defaults = json!({"a/b": 1}).to_string();
    });
    one_mistake("/auth_types/0/overrides/scope", "unknown field `colour`", |spec| {
        spec.auth_types[0].overrides = json!({"scope": {"colour": "red"}}).to_string();
    });
    one_mistake("/auth_types/0/overrides/scope/hidden", "must be boolean", |spec| {
        spec.auth_types[0].overrides = json!({"scope": {"hidden": "yes"}}).to_string();
    });
}

#[test]
fn a_broken_config_schema_makes_no_mistakes_elsewhere() {
    one_mistake("/config", "is not JSON (", |spec| spec.config = "nope".to_owned());
    one_mistake("/config", "add `\"type\": \"object\"`", |spec| spec.config = "{}".to_owned());
    one_mistake("/config/type", "write `\"object\"`", |spec| spec.config = json!({"type": "array"}).to_string());
    one_mistake("/config", "another document", |spec| {
        spec.config = json!({"type": "object", "$ref": "https://example.com/schema"}).to_string();
    });
}

#[test]
fn form_hints_are_checked() {
    one_mistake("/config/properties/site/x-form/widget", "is not one of", |spec| {
        spec.config = json!({"type": "object", "properties": {
            "tenant": {}, "site": {"x-form": {"widget": "dial"}},
        }})
        .to_string();
    });
}

#[test]
fn host_rules_are_checked() {
    one_mistake("/hosts/0/host", "half the internet", |spec| {
        spec.hosts[0].host = draft::HostPattern::Name("*.com".to_owned());
    });
    one_mistake("/hosts/0/host", "lower case", |spec| {
        spec.hosts[0].host = draft::HostPattern::Name("API.example.com".to_owned());
    });
    one_mistake("/hosts/0/port", "port 0", |spec| spec.hosts[0].port = Some(0));
    one_mistake("/hosts/0/methods/1", "upper case", |spec| spec.hosts[0].methods.push("post".to_owned()));
    one_mistake("/hosts/0/methods/1", "listed twice", |spec| spec.hosts[0].methods.push("GET".to_owned()));
    one_mistake("/hosts/0/path_prefix", "start with `/`", |spec| spec.hosts[0].path_prefix = Some("v1".to_owned()));
    one_mistake("/hosts/0/path_prefix", "plain path", |spec| spec.hosts[0].path_prefix = Some("/v1?x".to_owned()));
    one_mistake("/hosts/0/path_prefix", "dot segments", |spec| spec.hosts[0].path_prefix = Some("/v1/..".to_owned()));
    one_mistake("/hosts/1/host", "no field at `/sight`", |spec| {
        spec.hosts[1].host = draft::HostPattern::Config("/sight".to_owned());
    });
    one_mistake("/hosts/1/host", "not a JSON pointer", |spec| {
        spec.hosts[1].host = draft::HostPattern::Config("site".to_owned());
    });
    one_mistake("/hosts/1/host", "an address is a string", |spec| {
        spec.hosts[1].host = draft::HostPattern::Config("/size".to_owned());
    });
    one_mistake("/hosts/2/host", "not declared", |spec| spec.claims = vec!["team.id".to_owned()]);
    one_mistake("/hosts/2/host", "not a host name", |spec| {
        let claim = "instance_url".to_owned();
        spec.hosts[2].host = draft::HostPattern::Claim(draft::ClaimHost { claim, pattern: "a b".to_owned() });
    });
}

#[test]
fn default_headers_of_the_host_are_refused() {
    one_mistake("/headers/1/0", "is set by the host", |spec| {
        spec.headers.push(("Authorization".to_owned(), "Bearer x".to_owned()));
    });
    one_mistake("/headers/1/1", "without line breaks", |spec| spec.headers.push(("x".to_owned(), "a\nb".to_owned())));
}

#[test]
fn a_claim_is_never_a_credential() {
    for name in ["access_token", "refresh_token", "id_token", "authed_user.access_token", "client_secret", "code"] {
        one_mistake("/claims/2", "is a credential", |spec| spec.claims.push(name.to_owned()));
    }
    one_mistake("/claims/2", "not a field of a token response", |spec| spec.claims.push("a b".to_owned()));
    one_mistake("/claims/2", "declared twice", |spec| spec.claims.push("team.id".to_owned()));
}

#[test]
fn placeholders_are_names_of_fields() {
    one_mistake("/placeholders/1", "without `${secret.}`", |spec| spec.placeholders.push("${secret.key}".to_owned()));
    one_mistake("/placeholders/1", "declared twice", |spec| spec.placeholders.push("bot_token".to_owned()));
}

#[test]
fn actions_are_checked() {
    one_mistake("/actions/1/name", "also the name of action 0", |spec| spec.actions[1].name = "listFiles".to_owned());
    one_mistake("/actions/0/name", "not a valid action name", |spec| spec.actions[0].name = "list-files".to_owned());
    one_mistake("/actions/0/title", "is empty", |spec| spec.actions[0].title = " ".to_owned());
    one_mistake("/actions/0/description", "is empty", |spec| spec.actions[0].description = String::new());
    one_mistake("/actions/0/input", "is not JSON (", |spec| spec.actions[0].input = "{,}".to_owned());
    one_mistake("/actions/0/input", "at /properties/q/type", |spec| {
        spec.actions[0].input = json!({"type": "object", "properties": {"q": {"type": "text"}}}).to_string();
    });
    one_mistake("/actions/0/input/type", "write `\"object\"`", |spec| {
        spec.actions[0].input = json!({"type": ["object", "null"]}).to_string();
    });
    one_mistake("/actions/0/output", "2020-12", |spec| {
        spec.actions[0].output = Some(json!({"$schema": "http://json-schema.org/draft-07/schema#"}).to_string());
    });
    one_mistake("/actions/0/annotations/form", "is not JSON (", |spec| {
        spec.actions[0].annotations.push(annotation("form", "no"));
    });
    one_mistake("/actions", "has 513 entries", |spec| {
        spec.actions = (0..513).map(|number| action(&format!("action{number}"))).collect();
    });
}

#[test]
fn annotations_are_json_under_a_name_each() {
    one_mistake("/annotations/x", "is not JSON (", |spec| spec.annotations.push(annotation("x", "")));
    one_mistake("/annotations/x-vendor", "is repeated", |spec| spec.annotations.push(annotation("x-vendor", "1")));
    one_mistake("/annotations/a b", "not an annotation name", |spec| spec.annotations.push(annotation("a b", "1")));
    one_mistake("/skill", "is not text", |spec| spec.annotations[0].value = "{}".to_owned());
}

#[test]
fn a_spec_beyond_one_mebibyte_is_not_looked_at() {
    one_mistake("/", "at most 1048576", |spec| {
        spec.about.id = "Bad".to_owned();
        spec.annotations[1].value = format!("\"{}\"", "x".repeat(MAX_SIZE));
    });
}

#[test]
fn an_unknown_action_has_a_nearest_name() {
    let spec = ConnectorSpec::parse(&good()).expect("no mistakes");
    for written in ["listfiles", "list_files", "lstFiles", "listFile"] {
        assert_eq!(spec.nearest_action(written).map(ActionName::as_str), Some("listFiles"), "{written}");
    }
    assert_eq!(spec.nearest_action("zzz"), None);
    assert_eq!(spec.nearest_action(&"x".repeat(1 << 20)), None);
    assert!(spec.action("listFiles").is_some() && spec.action("listfiles").is_none());
}

#[test]
fn a_draft_goes_through_json_unchanged() {
    let text = serde_json::to_string(&good()).expect("serializes");
    assert_eq!(serde_json::from_str::<draft::ConnectorSpec>(&text).expect("reads"), good());
}
