//! Attacks on what people, programs and the host's own code are made to believe.

use innkeeper::NewConnection;
use serde_json::{Value, json};

use crate::attack::{Attack, Class, attack};
use crate::component::{Action, Core, Host, Spec, lookalike, text};
use crate::rig::{RUN, Rig, TOKEN, only, request};
use crate::told::Told;
use crate::upstream::say;

const SPEC: &str = "the rules of a spec";
const WORLD: &str = "the world of a connector, by name and type";
const ABI: &str = "the canonical ABI: what a guest hands over is checked as it is read";
const HANDLES: &str = "handles are the host's: a guest holds numbers";
const RESULT: &str = "the rules of a result";
const TEXTS: &str = "no text of a connector, a service or a person looks like the host's own";

pub(crate) fn attacks() -> Vec<Attack> {
    [worlds(), specs(), texts(), lies(), handles(), results(), connections()].into_iter().flatten().collect()
}

fn load(
    id: &'static str,
    what: &'static str,
    wall: &'static str,
    error: (&'static str, &'static str),
    component: impl Fn() -> Vec<u8> + Send + Sync + 'static,
) -> Attack {
    attack(Class::Confusion, (id, what), wall, error, move |rig: Rig| {
        let component = component();
        async move { rig.load(component).await }
    })
}

/// A component that is no connector, or more than one.
fn worlds() -> Vec<Attack> {
    let importing =
        |import: &'static str| move || lookalike(&format!("(import \"{import}\" (instance (export \"f\" (func))))"));
    let unknown = |text| ("LoadError::UnknownImports", text);
    vec![
        load(
            "confusion-no-wasm",
            "A script is loaded as a connector",
            WORLD,
            ("LoadError::NotWasm", "this is not WebAssembly"),
            || b"#!/bin/sh\necho hello\n".to_vec(),
        ),
        load("confusion-empty", "Nothing is loaded", WORLD, ("LoadError::NotWasm", "it is empty"), Vec::new),
        load(
            "confusion-module",
            "A core module is loaded",
            WORLD,
            ("LoadError::CoreModule", "not a component"),
            || text("(module)"),
        ),
        load(
            "confusion-no-world",
            "A component has none of the exports",
            WORLD,
            ("LoadError::OtherWorld", "missing here: spec, call, check"),
            || text("(component)"),
        ),
        load(
            "confusion-auth-type",
            "A component of the other world would see secrets",
            WORLD,
            ("LoadError::AuthType", "auth type"),
            || {
                text(
                    r#"(component (core module $m (func (export "f"))) (core instance $i (instantiate $m))
                (func $f (canon lift (core func $i "f"))) (export "describe" (func $f)) (export "authenticate" (func $f)))"#,
                )
            },
        ),
        load(
            "confusion-types",
            "The exports have the names of the world and other types",
            WORLD,
            ("LoadError::Invalid", "does not fit the contract"),
            || lookalike(""),
        ),
        load(
            "confusion-sockets",
            "A component imports sockets",
            WORLD,
            unknown("wasi:sockets/tcp@0.2.6"),
            importing("wasi:sockets/tcp@0.2.6"),
        ),
        load(
            "confusion-files",
            "A component imports a file system",
            WORLD,
            unknown("wasi:filesystem/types@0.2.6"),
            importing("wasi:filesystem/types@0.2.6"),
        ),
        load(
            "confusion-http",
            "A component imports another way out",
            WORLD,
            unknown("wasi:http/outgoing-handler@0.2.6"),
            importing("wasi:http/outgoing-handler@0.2.6"),
        ),
        load(
            "confusion-secrets",
            "A component imports what auth types alone have",
            WORLD,
            unknown("innkeeper:auth/"),
            importing("innkeeper:auth/secrets@0.1.0"),
        ),
        load(
            "confusion-contract",
            "A component imports what the contract does not have",
            WORLD,
            unknown("innkeeper:connector/vault@0.1.0"),
            importing("innkeeper:connector/vault@0.1.0"),
        ),
        load(
            "confusion-version",
            "A component is of another version of the contract",
            WORLD,
            ("LoadError::OtherVersion", "version 9.9.9"),
            importing("innkeeper:connector/http@9.9.9"),
        ),
        load("confusion-bare", "A component imports a bare function", WORLD, unknown("env"), || {
            lookalike("(import \"env\" (func))")
        }),
        load("confusion-module-import", "A component has the host hand it a module", WORLD, unknown("code"), || {
            lookalike("(import \"code\" (core module))")
        }),
        load(
            "confusion-preview1",
            "A component imports the system calls of before",
            WORLD,
            unknown("wasi:snapshot"),
            importing("wasi:snapshot-preview1/all@0.1.0"),
        ),
    ]
}

/// A spec with a mistake in it.
fn specs() -> Vec<Attack> {
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
        mistaken("confusion-version-text", "A version is none", "/about/version", |spec| Spec {
            version: "latest".to_owned(),
            ..spec
        }),
        mistaken("confusion-title-empty", "A title says nothing", "/about/title", |spec| Spec {
            title: " ".to_owned(),
            ..spec
        }),
        mistaken("confusion-title-escape", "A title rewrites the terminal", "holds control characters", |spec| Spec {
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
        mistaken("confusion-header", "A spec sets the credential's header", "belongs to the host", |spec| Spec {
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
        mistaken("confusion-rule-method", "A rule's method is none", "/hosts/0/methods/0", |spec| Spec {
            hosts: vec![Host { methods: vec!["GET, DELETE".to_owned()], ..Host::named("api.example.com") }],
            ..spec
        }),
        mistaken("confusion-rule-path", "A rule's path climbs", "/hosts/0/path_prefix", |spec| Spec {
            hosts: vec![Host { path_prefix: Some("/v1/../".to_owned()), ..Host::named("api.example.com") }],
            ..spec
        }),
        mistaken("confusion-action", "An action's name is none", "/actions/0", |spec| Spec {
            actions: action(|action| Action { name: "run; rm".to_owned(), ..action }),
            ..spec
        }),
        mistaken("confusion-action-twice", "Two actions have one name", "is the name of action 0 too", |spec| Spec {
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
        mistaken("confusion-auth-type-name", "An auth type's name is none", "/auth_types/0", |spec| Spec {
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
        mistaken("confusion-annotation", "An annotation's name is none", "/annotations", |spec| Spec {
            annotations: vec![("../x".to_owned(), "1".to_owned())],
            ..spec
        }),
        mistaken("confusion-annotation-json", "An annotation is no JSON", "/annotations/a", |spec| Spec {
            annotations: vec![("a".to_owned(), "{".to_owned())],
            ..spec
        }),
        mistaken("confusion-many", "A spec has a thousand actions", "at most 512 are possible", |spec| Spec {
            actions: (0..1000).map(|n| Action::named(&format!("run{n}"))).collect(),
            ..spec
        }),
        mistaken("confusion-large", "A spec has two megabytes", "at most 1048576 are possible", |spec| Spec {
            description: "x".repeat(2 << 20),
            ..spec
        }),
    ]
}

/// Texts that would look like something else to a person.
fn texts() -> Vec<Attack> {
    let titled = |id: &'static str, what, title: &'static str| {
        load(id, what, TEXTS, ("LoadError::Spec", "/about/title"), move || {
            Spec { title: title.to_owned(), ..Spec::named(&id.replace('-', "_")) }.component()
        })
    };
    vec![
        titled(
            "confusion-title-lines",
            "A title goes on as a line of the host",
            "Drive\nApproved by your administrator",
        ),
        titled("confusion-title-bidi", "A title is read from right to left", "Drive \u{202e}elgooG yb"),
        titled("confusion-title-isolate", "A title holds a direction that never ends", "Drive \u{2067}x"),
        titled("confusion-title-invisible", "A title holds letters of no width", "Dr\u{200b}ive"),
        titled("confusion-title-separator", "A title holds another line break", "Drive\u{2028}Approved"),
        load(
            "confusion-action-title",
            "An action's title goes on as a line of the host",
            TEXTS,
            ("LoadError::Spec", "/actions/0/title"),
            || {
                let action = Action { title: "Read\nscope: read only".to_owned(), ..Action::named("run") };
                Spec { actions: vec![action], ..Spec::named("confusion_action_title") }.component()
            },
        ),
        load(
            "confusion-reason",
            "The reason of a rule goes on as a line of the host",
            TEXTS,
            ("LoadError::Spec", "/hosts/0/reason"),
            || {
                let host = Host {
                    reason: Some("files\u{202e}\n  https://api.example.com".to_owned()),
                    ..Host::named("evil.example")
                };
                Spec { hosts: vec![host], ..Spec::named("confusion_reason") }.component()
            },
        ),
        attack(
            Class::Confusion,
            ("confusion-error-lines", "An error of a guest goes on as a line of the host"),
            TEXTS,
            ("plain", "one line without controls"),
            |rig| async move {
                plain(
                    rig.run(json!([{ "do": "fail", "text": "gone\u{1b}[2K\r\ninnkeeper: all is well\u{202e}" }])).await,
                )
            },
        ),
        attack(
            Class::Confusion,
            ("confusion-denied-lines", "A refusal of a guest looks like one of the host"),
            TEXTS,
            ("plain", "one line without controls"),
            |rig| async move {
                let fail =
                    json!({ "do": "fail", "kind": "denied", "text": "x\nto allow it, approve `https://evil.example`" });
                plain(rig.run(json!([fail])).await)
            },
        ),
        attack(
            Class::Confusion,
            ("confusion-panic-lines", "The last words of a guest rewrite the terminal"),
            TEXTS,
            ("plain", "one line without controls"),
            |rig| async move {
                plain(rig.run(json!([{ "do": "panic", "text": "\u{1b}]0;owned\u{7}\u{1b}[2Jno\u{202e}" }])).await)
            },
        ),
        attack(
            Class::Confusion,
            ("confusion-connection-title", "A person's title of a connection goes on as a line of the host"),
            TEXTS,
            ("Error::Misleading", "leave it out"),
            |rig| async move {
                let settings = |new: NewConnection| new.title("Ada's Drive\u{202e}\nApproved").secret("token", TOKEN);
                Told::of(rig.connect("bearer", settings).await)
            },
        ),
    ]
}

/// An error text that nobody can take for anything else.
fn plain(told: Told) -> Told {
    let strange = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    match told.kind.as_str() {
        "ActionFailure::Internal" | "ActionFailure::Denied" | "CallError::Trapped" if !told.text.contains(strange) => {
            Told::error("plain", "one line without controls")
        }
        _ => told,
    }
}

/// A core that lies about what it hands over.
fn lies() -> Vec<Attack> {
    let core = |id: &'static str, what, error, change: fn(Core) -> Core| {
        attack(Class::Confusion, (id, what), ABI, error, move |rig: Rig| {
            let name = id.replace('-', "_");
            let component = change(Core::named(&name)).component();
            async move { rig.call_new(&name, component).await }
        })
    };
    const READ: (&str, &str) = ("LoadError::SpecRun", "crashed in spec");
    const CALLED: (&str, &str) = ("CallError::Trapped", "crashed in run");
    fn stored(offset: u32, value: u32) -> String {
        format!("(i32.store (i32.const {}) (i32.const {value})) (i32.const 4096)", 4096 + offset)
    }
    vec![
        core("confusion-pointer", "A spec lies outside of memory", READ, |core| Core {
            read: "(i32.const -16)".to_owned(),
            ..core
        }),
        core("confusion-unaligned", "A spec lies where no record may lie", READ, |core| Core {
            read: "(i32.const 4097)".to_owned(),
            ..core
        }),
        core("confusion-text-pointer", "A text lies outside of memory", READ, |core| Core {
            read: stored(0, 0xffff_fff0),
            ..core
        }),
        core("confusion-text-length", "A text has four gigabytes", READ, |core| Core {
            read: stored(4, 0xffff_ffff),
            ..core
        }),
        core("confusion-text-bytes", "A text is no UTF-8", READ, |core| Core {
            more: "(data (i32.const 2048) \"\\ff\\fe\\fd\")".to_owned(),
            read: format!("(i32.store (i32.const 4100) (i32.const 3)) {}", stored(0, 2048)),
            ..core
        }),
        core("confusion-text-surrogate", "A text holds half of a pair", READ, |core| Core {
            more: "(data (i32.const 2048) \"\\ed\\a0\\80\")".to_owned(),
            read: format!("(i32.store (i32.const 4100) (i32.const 3)) {}", stored(0, 2048)),
            ..core
        }),
        core("confusion-option", "A field is neither there nor not there", READ, |core| Core {
            read: stored(32, 7),
            ..core
        }),
        core("confusion-list-length", "A list has more entries than there are bytes in the world", READ, |core| Core {
            read: stored(60, 0xffff_ffff),
            ..core
        }),
        core("confusion-result", "A result is neither an answer nor an error", CALLED, |core| Core {
            call: "(i32.store8 (i32.const 1024) (i32.const 9)) (i32.const 1024)".to_owned(),
            ..core
        }),
        core("confusion-result-pointer", "A result lies outside of memory", CALLED, |core| Core {
            call: "(i32.const 2147483640)".to_owned(),
            ..core
        }),
        core("confusion-error-kind", "An error is of no kind", CALLED, |core| {
            Core {
            call: "(i32.store8 (i32.const 1024) (i32.const 1)) (i32.store8 (i32.const 1032) (i32.const 200)) (i32.const 1024)"
                .to_owned(),
            ..core
        }
        }),
        core("confusion-output-text", "An output is no UTF-8", CALLED, |core| Core {
            call: "(i32.store8 (i32.const 1100) (i32.const 255)) (i32.const 1024)".to_owned(),
            ..core
        }),
        core("confusion-realloc", "The host is told to write its arguments outside of memory", CALLED, |core| Core {
            realloc: "(i32.const -8)",
            ..core
        }),
        core("confusion-realloc-unaligned", "The host is told to write a list where none may lie", CALLED, |core| {
            Core { realloc: "(i32.const -7)", ..core }
        }),
        core("confusion-reentry", "A guest calls the host while the host writes its arguments", CALLED, |core| Core {
            imports: LOG,
            realloc: "(call $log (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 0)",
            ..core
        }),
        core("confusion-log-pointer", "A line of the log lies outside of memory", CALLED, |core| Core {
            imports: LOG,
            call: "(call $log (i32.const 0) (i32.const -8) (i32.const 100)) (i32.const 1024)".to_owned(),
            ..core
        }),
        core("confusion-log-level", "A line of the log is of no level", CALLED, |core| Core {
            imports: LOG,
            call: "(call $log (i32.const 77) (i32.const 0) (i32.const 0)) (i32.const 1024)".to_owned(),
            ..core
        }),
        core("confusion-log-bytes", "A line of the log is no UTF-8", CALLED, |core| Core {
            imports: LOG,
            more: "(data (i32.const 2048) \"\\c0\\80\")".to_owned(),
            call: "(call $log (i32.const 0) (i32.const 2048) (i32.const 2)) (i32.const 1024)".to_owned(),
            ..core
        }),
        core("confusion-send-list", "A list of requests is longer than memory", CALLED, |core| Core {
            imports: "(import \"innkeeper:connector/http@0.1.0\" \"send-all\" (func $send (param i32 i32 i32)))",
            call: "(call $send (i32.const 0) (i32.const 0x0fffffff) (i32.const 2048)) (i32.const 1024)".to_owned(),
            ..core
        }),
        core("confusion-spec-log", "A spec uses an import", ("LoadError::SpecRun", "used log.write"), |core| Core {
            imports: LOG,
            read: "(call $log (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 4096)".to_owned(),
            ..core
        }),
        core("confusion-spec-body", "A spec makes a body", ("LoadError::SpecRun", "used http.body"), |core| Core {
            imports: BODY,
            read: format!("(drop {MADE}) (i32.const 4096)"),
            ..core
        }),
    ]
}

const LOG: &str = "(import \"innkeeper:connector/log@0.1.0\" \"write\" (func $log (param i32 i32 i32)))";
/// The functions of bodies.
const BODY: &str = r#"
    (import "innkeeper:connector/http@0.1.0" "[static]body.from-bytes" (func $make (param i32 i32 i32 i32 i32) (result i32)))
    (import "innkeeper:connector/http@0.1.0" "[method]body.length" (func $length (param i32 i32)))
    (import "innkeeper:connector/http@0.1.0" "[resource-drop]body" (func $drop (param i32)))"#;
/// A body of two bytes.
const MADE: &str = "(call $make (i32.const 1100) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0))";

/// Handles that are not a guest's, or not any more.
fn handles() -> Vec<Attack> {
    let core = |id: &'static str, what, call: &'static str| {
        attack(Class::Confusion, (id, what), HANDLES, ("CallError::Trapped", "crashed in run"), move |rig: Rig| {
            let name = id.replace('-', "_");
            let more = "(global $body (mut i32) (i32.const 0))".to_owned();
            let call = format!("{} (i32.const 1024)", call.replace("{made}", MADE));
            let component = Core { imports: BODY, more, call, ..Core::named(&name) }.component();
            async move { rig.call_new(&name, component).await }
        })
    };
    vec![
        core(
            "confusion-handle-guess",
            "A guest uses a handle that it never got",
            "(call $length (i32.const 12345) (i32.const 2048))",
        ),
        core("confusion-handle-zero", "A guest uses the handle 0", "(call $length (i32.const 0) (i32.const 2048))"),
        core(
            "confusion-handle-negative",
            "A guest uses the handle -1",
            "(call $length (i32.const -1) (i32.const 2048))",
        ),
        core(
            "confusion-handle-twice",
            "A guest drops a body twice",
            "(global.set $body {made}) (call $drop (global.get $body)) (call $drop (global.get $body))",
        ),
        core(
            "confusion-handle-after",
            "A guest uses a body that it dropped",
            "(global.set $body {made}) (call $drop (global.get $body)) (call $length (global.get $body) (i32.const 2048))",
        ),
        core("confusion-handle-drop", "A guest drops a body that it never got", "(call $drop (i32.const 999))"),
        core(
            "confusion-handle-file",
            "A result hands out a file that the guest never had",
            "(i32.store (i32.const 1040) (i32.const 2048)) (i32.store (i32.const 1036) (i32.const 2048))
             (i32.store (i32.const 2048) (i32.const 1100)) (i32.store (i32.const 2052) (i32.const 2))
             (i32.store (i32.const 2068) (i32.const 424242)) (i32.store (i32.const 1040) (i32.const 1))",
        ),
        core(
            "confusion-handle-file-twice",
            "A result hands one file out twice",
            "(global.set $body {made})
             (i32.store (i32.const 1036) (i32.const 2048)) (i32.store (i32.const 1040) (i32.const 2))
             (i32.store (i32.const 2048) (i32.const 1100)) (i32.store (i32.const 2052) (i32.const 2))
             (i32.store (i32.const 2068) (global.get $body))
             (i32.store (i32.const 2072) (i32.const 1100)) (i32.store (i32.const 2076) (i32.const 2))
             (i32.store (i32.const 2092) (global.get $body))",
        ),
    ]
}

/// Answers of a guest that break a rule.
fn results() -> Vec<Attack> {
    let run = |id, what, error, steps: Value| {
        attack(Class::Confusion, (id, what), RESULT, error, move |rig: Rig| {
            let steps = steps.clone();
            async move { rig.run(steps).await }
        })
    };
    let posted = |id, what, part: Value, error| {
        attack(Class::Confusion, (id, what), "the encoding of forms", error, move |rig: Rig| {
            let part = part.clone();
            async move {
                let place = rig.upstream().at([say(200, &[], "")]);
                let connection = rig.bearer().await;
                let send =
                    json!({ "do": "send", "method": "POST", "url": place.url("/"), "body": { "multipart": [part] } });
                let told = rig.script(&connection, json!([send])).await;
                match place.heard().first() {
                    Some(heard) => {
                        let body = String::from_utf8_lossy(&heard.body).into_owned();
                        let heads = body.split("\r\n\r\n").next().unwrap_or_default().lines().count();
                        // A boundary, the disposition and at most a media type: nothing was added.
                        if heads <= 3 { Told::error("escaped", body) } else { Told::error("added", body) }
                    }
                    None => told,
                }
            }
        })
    };
    vec![
        run(
            "confusion-output",
            "An output is no JSON",
            ("CallError::OutputNotJson", "text that is not JSON"),
            json!([
                { "do": "answer", "text": "{\"files\": [" },
            ]),
        ),
        attack(
            Class::Confusion,
            ("confusion-output-schema", "An output breaks the schema that the connector declared"),
            RESULT,
            ("CallError::InvalidOutput", "what its own schema forbids"),
            |rig| async move {
                let connection = rig.bearer().await;
                let input = json!({ "steps": [{ "do": "answer", "text": "{\"file\":1}" }] });
                Told::guest(rig.host().call(request(&connection, "strict", input)).await)
            },
        ),
        run(
            "confusion-event",
            "A streamed result is no JSON",
            ("CallError::EventNotJson", "emitted text that is not JSON"),
            json!([
                { "do": "emit", "text": "{not json" },
            ]),
        ),
        run(
            "confusion-unknown",
            "A guest does not know its own action",
            ("ActionFailure::UnknownAction", "does not know its own action"),
            json!([{ "do": "fail", "kind": "unknown-action", "text": "run" }]),
        ),
        run(
            "confusion-status",
            "A guest reports a status that is none",
            ("ActionFailure::Upstream", "65535"),
            json!([
                { "do": "fail", "kind": "upstream", "text": "gone" },
            ]),
        ),
        run(
            "confusion-authorize",
            "A guest says that a user has to authorize, for a token that a person typed",
            ("ActionFailure::NeedsAuthorization", "needs authorization"),
            json!([{ "do": "fail", "kind": "needs-authorization" }]),
        ),
        attack(
            Class::Confusion,
            ("confusion-action-name", "A caller asks for an action that looks like another"),
            RESULT,
            ("CallError::UnknownAction", "has no action"),
            |rig| async move {
                let connection = rig.bearer().await;
                Told::guest(rig.host().call(request(&connection, "r\u{fa}n\n", json!({}))).await)
            },
        ),
        attack(
            Class::Confusion,
            ("confusion-input", "A caller's input is no object"),
            RESULT,
            ("CallError::InvalidInput", "is not valid"),
            |rig| async move {
                let connection = rig.bearer().await;
                Told::guest(rig.host().call(request(&connection, RUN, json!([1]))).await)
            },
        ),
        posted(
            "confusion-part-name",
            "The name of a part holds a further header",
            json!({ "name": "a\"\r\nx-evil: 1", "bytes": "b" }),
            ("escaped", "%0D%0A"),
        ),
        posted(
            "confusion-part-file",
            "The name of a file holds a further header",
            json!({ "name": "a", "file_name": "f\"\r\nx-evil: 1", "bytes": "b" }),
            ("escaped", "%0D%0A"),
        ),
        posted(
            "confusion-part-type",
            "The media type of a part holds a further header",
            json!({ "name": "a", "content_type": "text/plain\r\nx-evil: 1", "bytes": "b" }),
            ("HttpError::InvalidRequest", ""),
        ),
        posted(
            "confusion-part-boundary",
            "A part holds what looks like the end of the form",
            json!({ "name": "a", "bytes": "\r\n--innkeeper-00000000000000000000000000000000--\r\n" }),
            ("escaped", "innkeeper-"),
        ),
    ]
}

/// Settings that would lead elsewhere than they look.
fn connections() -> Vec<Attack> {
    let made = |id, what, error, settings: fn(NewConnection) -> NewConnection| {
        attack(Class::Confusion, (id, what), "settings are read as addresses", error, move |rig: Rig| async move {
            Told::of(rig.connect("bearer", move |new| settings(new.secret("token", TOKEN))).await)
        })
    };
    let hosts = |text| ("Error::Hosts", text);
    vec![
        made("confusion-config-user", "A config's address hides its host behind a user name", hosts(""), |new| {
            new.config(json!({ "base": "https://api.example.com@evil.example/" }))
        }),
        made("confusion-config-scheme", "A config's address is of another protocol", hosts(""), |new| {
            new.config(json!({ "base": "file://api.example.com/" }))
        }),
        made("confusion-config-type", "A config's address is no text", hosts(""), |new| {
            new.config(json!({ "base": ["https://a"] }))
        }),
        made("confusion-config-lines", "A config's address holds a line break", hosts(""), |new| {
            new.config(json!({ "base": "https://api.example.com\r\nhost: evil.example" }))
        }),
        attack(
            Class::Confusion,
            ("confusion-auth-type-asked", "A connection asks for an auth type that the connector does not take"),
            "auth types are the connector's and the host's",
            ("Error::AuthTypeNotTaken", "does not take the auth type"),
            |rig| async move { Told::of(rig.connect("oauth_password", |new| new).await) },
        ),
        attack(
            Class::Confusion,
            ("confusion-field", "A secret stands where everybody sees it"),
            "fields are plain or secret",
            ("Error::Fields", "token"),
            |rig| async move { Told::of(rig.connect("bearer", |new| new.field("token", "plain")).await) },
        ),
        attack(
            Class::Confusion,
            ("confusion-endpoint", "An endpoint of OAuth goes without TLS to another machine"),
            "fields are addresses that are https",
            ("Error::Fields", "must use https"),
            |rig| async move {
                let settings = |new: NewConnection| {
                    new.field("clientId", "c")
                        .secret("clientSecret", "s")
                        .field("tokenUrl", "http://as.example.com/token")
                };
                Told::of(rig.connect("oauth_client_credentials", settings).await)
            },
        ),
        attack(
            Class::Confusion,
            ("confusion-replaced", "A newer connector asks for more hosts than the owner approved"),
            "what the owner approved stays until the owner approves more",
            ("answer", "[]"),
            |rig| async move {
                let spec = |hosts: Vec<Host>| Spec { hosts, ..Spec::named("replaced_connector") };
                rig.load(spec(Vec::new()).component()).await;
                let settings = |new: NewConnection| new.config(json!({})).hosts(only(&[]));
                let connection = rig.connect_to("replaced_connector", "none", settings).await.expect("it is made");
                rig.load(spec(vec![Host::named("evil.example")]).component()).await;
                let view = rig.host().connection(&connection.space, &connection.id).await;
                Told::of(view.map(|view| view.hosts))
            },
        ),
    ]
}
