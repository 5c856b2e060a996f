//! Texts that would look like something else to a person.

use innkeeper::NewConnection;
use serde_json::json;

use super::{TEXTS, load};
use crate::attack::{Attack, Class, attack};
use crate::component::{Action, Host, Spec};
use crate::rig::TOKEN;
use crate::told::Told;

/// Texts that would look like something else to a person.
pub(super) fn attacks() -> Vec<Attack> {
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
