//! Specs with a mistake in them.

use serde_json::json;

use super::{SPEC, load};
use crate::attack::Attack;
use crate::component::{Action, Host, Spec};

/// A spec with a mistake in it.
pub(super) fn attacks() -> Vec<Attack> {
    let mistaken = |id: &'static str, what, text, change: fn(Spec) -> Spec| {
        load(id, what, SPEC, ("LoadError::Spec", text), move || change(Spec::named(&id.replace('-', "_"))).component())
    };
    fn action(change: fn(Action) -> Action) -> Vec<Action> {
        vec![change(Action::named("run"))]
    }
    vec![
        mistaken("confusion-id", "An id climbs out of its folder", "/about/id", |spec| Spec {
            id: "../../keyring".to_owned(),
            ..spec
        }),
        mistaken("confusion-version-text", "A version is invalid", "/about/version", |spec| Spec {
            version: "latest".to_owned(),
            ..spec
        }),
        mistaken("confusion-title-empty", "A title says nothing", "/about/title", |spec| Spec {
            title: " ".to_owned(),
            ..spec
        }),
        mistaken("confusion-title-escape", "A title rewrites the terminal", "contains U+001B", |spec| Spec {
            title: "Drive\u{1b}[2J\u{1b}[H".to_owned(),
            ..spec
        }),
        mistaken("confusion-documentation", "The documentation is a script", "/about/documentation", |spec| Spec {
            documentation: Some("javascript:alert(1)".to_owned()),
            ..spec
        }),
        mistaken("confusion-icon", "An icon runs a script", "/about/icon", |spec| Spec {
            icon: Some("data:image/svg+xml;utf8,<svg><script>alert(1)</script></svg>".to_owned()),
            ..spec
        }),
        mistaken("confusion-icon-outside", "An icon loads a picture from outside", "/about/icon", |spec| Spec {
            icon: Some("data:image/svg+xml;utf8,<svg><image href='https://evil.example/p.png'/></svg>".to_owned()),
            ..spec
        }),
        mistaken("confusion-claim", "A spec declares a token as a claim", "is a credential", |spec| Spec {
            claims: vec!["access_token".to_owned()],
            ..spec
        }),
        mistaken("confusion-claim-nested", "The same, nested", "is a credential", |spec| Spec {
            claims: vec!["authed_user.access_token".to_owned()],
            ..spec
        }),
        mistaken("confusion-placeholder", "A placeholder is more than a name", "/placeholders/0", |spec| Spec {
            placeholders: vec!["${secret.token}".to_owned()],
            ..spec
        }),
        mistaken("confusion-header", "A spec sets the credential's header", "is set by the host", |spec| Spec {
            headers: vec![("Authorization".to_owned(), "Bearer x".to_owned())],
            ..spec
        }),
        mistaken("confusion-header-lines", "A spec's header holds a further one", "/headers/0/1", |spec| Spec {
            headers: vec![("x".to_owned(), "a\r\nhost: evil.example".to_owned())],
            ..spec
        }),
        mistaken("confusion-host-any", "A spec asks for every host", "wildcard in the wrong place", |spec| Spec {
            hosts: vec![Host::named("*")],
            ..spec
        }),
        mistaken("confusion-host-half", "A spec asks for half the internet", "half the internet", |spec| Spec {
            hosts: vec![Host::named("*.com")],
            ..spec
        }),
        mistaken("confusion-host-suffix", "A spec asks for all that anybody can register", "many owners", |spec| {
            Spec { hosts: vec![Host::named("*.co.uk")], ..spec }
        }),
        mistaken("confusion-host-pages", "The same where anybody can put pages", "many owners", |spec| Spec {
            hosts: vec![Host::named("*.github.io")],
            ..spec
        }),
        mistaken("confusion-host-user", "A host hides another behind a user name", "leave out port", |spec| Spec {
            hosts: vec![Host::named("api.example.com@evil.example")],
            ..spec
        }),
        mistaken("confusion-host-letters", "A host has letters that look Latin", "xn--", |spec| Spec {
            hosts: vec![Host::named("\u{430}pi.example.com")],
            ..spec
        }),
        mistaken("confusion-host-number", "A host is a number", "ends in a number", |spec| Spec {
            hosts: vec![Host::named("2130706433")],
            ..spec
        }),
        mistaken("confusion-port", "A rule is for port 0", "/hosts/0/port", |spec| Spec {
            hosts: vec![Host { port: Some(0), ..Host::named("api.example.com") }],
            ..spec
        }),
        mistaken("confusion-rule-method", "A rule's method is invalid", "/hosts/0/methods/0", |spec| Spec {
            hosts: vec![Host { methods: vec!["GET, DELETE".to_owned()], ..Host::named("api.example.com") }],
            ..spec
        }),
        mistaken("confusion-rule-path", "A rule's path climbs", "/hosts/0/path_prefix", |spec| Spec {
            hosts: vec![Host { path_prefix: Some("/v1/../".to_owned()), ..Host::named("api.example.com") }],
            ..spec
        }),
        mistaken("confusion-action", "An action's name is invalid", "/actions/0", |spec| Spec {
            actions: action(|action| Action { name: "run; rm".to_owned(), ..action }),
            ..spec
        }),
        mistaken("confusion-action-twice", "Two actions have one name", "is also the name of action 0", |spec| Spec {
            actions: vec![Action::named("run"), Action::named("run")],
            ..spec
        }),
        mistaken("confusion-schema", "A schema is no JSON", "/actions/0/input", |spec| Spec {
            actions: action(|action| Action { input: "{\"type\": ".to_owned(), ..action }),
            ..spec
        }),
        mistaken("confusion-schema-type", "An input is no object", "/actions/0/input", |spec| Spec {
            actions: action(|action| Action { input: r#"{"type":"string"}"#.to_owned(), ..action }),
            ..spec
        }),
        mistaken("confusion-policies", "Policies are no object", "/policies", |spec| Spec {
            policies: "[]".to_owned(),
            ..spec
        }),
        mistaken("confusion-retries", "A spec has every request repeated a million times", "/policies", |spec| Spec {
            policies: json!({ "retry": { "maxAttempts": 1_000_000, "max_attempts": 1_000_000 } }).to_string(),
            ..spec
        }),
        mistaken("confusion-auth-type-name", "An auth type's name is invalid", "/auth_types/0", |spec| Spec {
            auth_types: vec!["Bearer Token".to_owned()],
            ..spec
        }),
        mistaken("confusion-auth-type-twice", "An auth type is declared twice", "declared twice", |spec| Spec {
            auth_types: vec!["bearer".to_owned(), "bearer".to_owned()],
            ..spec
        }),
        mistaken("confusion-defaults", "The defaults of an auth type are no JSON", "/auth_types/0/defaults", |spec| {
            Spec { auth_types: vec!["bearer".to_owned()], defaults: "{".to_owned(), ..spec }
        }),
        mistaken("confusion-annotation", "An annotation's name is invalid", "/annotations", |spec| Spec {
            annotations: vec![("../x".to_owned(), "1".to_owned())],
            ..spec
        }),
        mistaken("confusion-annotation-json", "An annotation is no JSON", "/annotations/a", |spec| Spec {
            annotations: vec![("a".to_owned(), "{".to_owned())],
            ..spec
        }),
        mistaken("confusion-many", "A spec has a thousand actions", "at most 512 are allowed", |spec| Spec {
            actions: (0..1000).map(|n| Action::named(&format!("run{n}"))).collect(),
            ..spec
        }),
        mistaken("confusion-large", "A spec has two megabytes", "at most 1048576 are allowed", |spec| Spec {
            description: "x".repeat(2 << 20),
            ..spec
        }),
    ]
}
