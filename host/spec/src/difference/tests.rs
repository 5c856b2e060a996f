use serde_json::{Value, json};

use super::*;
use crate::{Scope, draft};

fn draft() -> draft::ConnectorSpec {
    draft::ConnectorSpec {
        about: draft::About {
            id: "acme".to_owned(),
            version: "1.0.0".to_owned(),
            title: "Acme".to_owned(),
            description: "Files of Acme.".to_owned(),
            ..draft::About::default()
        },
        auth_types: vec![declaration(
            "oauth_authorization_code",
            &json!({"scope": "read", "token_url": "https://a.example.com/t"}),
        )],
        config: json!({"type": "object", "properties": {"site": {"type": "string"}}}).to_string(),
        hosts: vec![host("*.example.com")],
        actions: vec![draft::ActionSpec {
            name: "list".to_owned(),
            title: "List".to_owned(),
            description: "Lists.".to_owned(),
            input: input(&json!({"q": {"type": "string"}}), &[]),
            output: Some(
                json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}).to_string(),
            ),
            ..draft::ActionSpec::default()
        }],
        claims: vec!["team".to_owned()],
        ..draft::ConnectorSpec::default()
    }
}

fn declaration(auth_type: &str, defaults: &Value) -> draft::AuthDeclaration {
    draft::AuthDeclaration {
        auth_type: auth_type.to_owned(),
        defaults: defaults.to_string(),
        ..draft::AuthDeclaration::default()
    }
}

fn host(name: &str) -> draft::HostRule {
    draft::HostRule {
        host: draft::HostPattern::Name(name.to_owned()),
        port: None,
        methods: vec!["GET".to_owned()],
        path_prefix: Some("/v1".to_owned()),
        credential: draft::CredentialUse::Allowed,
        reason: None,
    }
}

fn input(properties: &Value, required: &[&str]) -> String {
    json!({"type": "object", "properties": properties, "required": required}).to_string()
}

/// The differences that a change of the draft prints.
fn after(change: impl FnOnce(&mut draft::ConnectorSpec)) -> Vec<String> {
    let older = ConnectorSpec::parse(&draft()).expect("valid");
    let mut changed = draft();
    change(&mut changed);
    let newer = ConnectorSpec::parse(&changed).expect("valid");
    older.differences(&newer).iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_differs_where_nothing_changed_but_the_version() {
    assert_eq!(after(|spec| spec.about.version = "1.1.0".to_owned()), [""; 0]);
}

#[test]
fn a_further_host_needs_approval_and_one_less_does_not() {
    assert_eq!(
        after(|spec| spec.hosts.push(host("cdn.example.net"))),
        ["[needs approval] /hosts/1: requests access to cdn.example.net, below /v1 (GET), with the credential"]
    );
    assert_eq!(after(|spec| spec.hosts.push(host("a.example.com"))), [""; 0]);
    assert_eq!(
        after(|spec| spec.hosts.clear()),
        ["[informative] /hosts/0: no longer requests access to *.example.com, below /v1 (GET), with the credential"]
    );
}

#[test]
fn widening_a_host_rule_needs_approval() {
    let widened: [fn(&mut draft::HostRule); 3] =
        [|rule| rule.methods.push("POST".to_owned()), |rule| rule.path_prefix = None, |rule| rule.port = Some(8443)];
    for widen in widened {
        let found = after(|spec| widen(&mut spec.hosts[0]));
        assert!(found[0].starts_with("[needs approval] /hosts/0"), "{found:?}");
    }
    let found = after(|spec| spec.hosts[0].credential = draft::CredentialUse::Never);
    assert!(found.iter().all(|difference| difference.starts_with("[informative]")), "{found:?}");
}

#[test]
fn a_placeholder_that_may_go_to_more_places_needs_approval() {
    let parsed = |uses: Value| {
        let mut draft = draft();
        draft.placeholders.push("bot_token".to_owned());
        draft.policies = json!({ "placeholders": uses }).to_string();
        ConnectorSpec::parse(&draft).expect("valid")
    };
    let bound = || parsed(json!([{"field": "bot_token", "places": ["header"]}]));
    let found = bound().differences(&parsed(json!([])));
    let asks =
        "[needs approval] /policies/placeholders: requests permission to fill in a secret at a new place: bot_token";
    assert_eq!(found[0].to_string(), asks);
    let narrower = parsed(json!([])).differences(&bound());
    assert!(narrower.iter().all(|difference| difference.impact == Impact::Informative), "{narrower:?}");
}

#[test]
fn new_claims_and_placeholders_need_approval() {
    assert_eq!(
        after(|spec| {
            spec.claims.push("instance_url".to_owned());
            spec.placeholders.push("bot_token".to_owned());
        }),
        [
            "[needs approval] /claims/1: requests permission to read the claim `instance_url`",
            "[needs approval] /placeholders/0: requests permission to put the secret field into requests: `bot_token`",
        ]
    );
    assert_eq!(
        after(|spec| spec.claims.clear()),
        ["[informative] /claims/0: no longer requests permission to read the claim `team`"]
    );
}

#[test]
fn a_wider_scope_of_the_grant_needs_approval() {
    let scope = |scope: Value| {
        after(|spec| {
            let defaults = json!({"scope": scope, "token_url": "https://a.example.com/t"});
            spec.auth_types[0] = declaration("oauth_authorization_code", &defaults);
        })
    };
    assert_eq!(
        scope(json!("write read")),
        [
            "[needs approval] /auth_types/0/defaults/scope: asks users for the wider scope write; existing grants keep working"
        ]
    );
    assert_eq!(scope(json!(["read"])), [""; 0]);
    assert_eq!(scope(json!("")), ["[informative] /auth_types/0/defaults/scope: no longer requests the scope read"]);
}

#[test]
fn another_token_address_needs_approval() {
    let found = after(|spec| {
        let defaults = json!({"scope": "read", "token_url": "https://b.example.com/t", "pkce": true});
        spec.auth_types[0] = declaration("oauth_authorization_code", &defaults);
    });
    assert_eq!(
        found,
        [
            "[needs approval] /auth_types/0/defaults/token_url: changes where `oauth_authorization_code` goes: `token_url` is `https://b.example.com/t`, was `https://a.example.com/t`",
            "[informative] /auth_types/0/defaults/pkce: changes the default `pkce` of `oauth_authorization_code` to `true` from absent",
        ]
    );
}

#[test]
fn auth_types_come_go_and_grow_old() {
    assert_eq!(
        after(|spec| spec.auth_types = vec![declaration("basic", &json!({}))]),
        [
            "[breaking] /auth_types/0: no longer accepts `oauth_authorization_code`: connections that use it stop working",
            "[informative] /auth_types/0: also accepts `basic`",
        ]
    );
    let found = after(|spec| spec.auth_types[0].standing = crate::Standing::Legacy);
    assert_eq!(
        found,
        ["[informative] /auth_types/0/standing: no longer offers `oauth_authorization_code` for new connections"]
    );
}

#[test]
fn actions_come_and_go() {
    let further = |scope| {
        after(|spec| {
            let action = draft::ActionSpec { name: "more".to_owned(), scope, ..spec.actions[0].clone() };
            spec.actions.push(action);
        })
    };
    assert_eq!(further(Scope::Read), ["[informative] /actions/1: adds the action `more`, which reads"]);
    assert_eq!(further(Scope::Destroy), ["[needs approval] /actions/1: adds the action `more` of scope destroy"]);
    assert_eq!(after(|spec| spec.actions.clear()), ["[breaking] /actions/0: removes the action `list`"]);
}

#[test]
fn a_raised_scope_needs_approval() {
    assert_eq!(
        after(|spec| spec.actions[0].scope = Scope::Write),
        ["[needs approval] /actions/0/scope: raises the scope of `list` to write from read"]
    );
}

#[test]
fn a_new_demand_on_the_input_breaks_and_a_new_choice_does_not() {
    assert_eq!(
        after(|spec| spec.actions[0].input = input(&json!({"q": {"type": "string"}}), &["q"])),
        ["[breaking] /actions/0/input: the input of `list` must have the field `q`"]
    );
    assert_eq!(
        after(|spec| spec.actions[0].input = input(&json!({}), &[])),
        ["[breaking] /actions/0/input: the input of `list` no longer has a field `q`"]
    );
    assert_eq!(
        after(|spec| spec.actions[0].input = input(&json!({"q": {"type": "number"}}), &[])),
        ["[breaking] /actions/0/input: the field `q` of the input of `list` has a different type"]
    );
    assert_eq!(
        after(|spec| spec.actions[0].input = input(&json!({"q": {"type": "string"}, "p": {"type": "string"}}), &[])),
        ["[informative] /actions/0/input: the input of `list` has a different schema"]
    );
    assert_eq!(
        after(|spec| spec.actions[0].input = input(&json!({"q": {"type": "string", "description": "new"}}), &[])),
        [""; 0]
    );
}

#[test]
fn an_output_that_promises_less_breaks() {
    let output = |output: Option<Value>| after(|spec| spec.actions[0].output = output.map(|output| output.to_string()));
    assert_eq!(output(None), ["[breaking] /actions/0/output: the output of `list` no longer has a schema"]);
    assert_eq!(
        output(Some(json!({"type": "object", "properties": {"n": {"type": "integer"}}}))),
        ["[breaking] /actions/0/output: the output of `list` may lack the field `n`"]
    );
    assert_eq!(
        output(Some(json!({"type": "object"}))),
        ["[breaking] /actions/0/output: the output of `list` no longer has a field `n`"]
    );
}

#[test]
fn a_new_config_field_that_must_be_filled_in_breaks_unless_it_has_a_default() {
    let config = |extra: Value| {
        after(|spec| {
            spec.config = input(&json!({"site": {"type": "string"}, "region": extra}), &["region"]);
        })
    };
    assert_eq!(config(json!({"type": "string"})), ["[breaking] /config: the config must have the field `region`"]);
    assert_eq!(
        config(json!({"type": "string", "default": "eu"})),
        ["[informative] /config: the config has a different schema"]
    );
}

#[test]
fn the_most_serious_difference_comes_first() {
    let found = after(|spec| {
        spec.headers.push(("accept".to_owned(), "*/*".to_owned()));
        spec.actions.clear();
        spec.claims.push("other".to_owned());
        spec.about.version = "0.9.0".to_owned();
    });
    let impacts: Vec<_> = found.iter().filter_map(|difference| difference.split(']').next()).collect();
    assert_eq!(impacts, ["[needs approval", "[breaking", "[informative", "[informative"]);
}
