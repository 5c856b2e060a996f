//! Grants that end, that lead elsewhere, or that go on where they should not.

use innkeeper::ConnectionChange;
use innkeeper_tests::components;
use serde_json::json;

use super::{EXCHANGE, NARROWER};
use crate::attack::{Attack, Class, attack, on_each};
use crate::reach::{Target, client, tokens};
use crate::rig::{ACCESS_TOKEN, REFRESH_TOKEN, Rig};
use crate::told::Told;
use crate::upstream::{At, json as json_answer, say};
use crate::ways::Way;

/// The scripted connector under another id of that length, and a newer version of it.
fn versions(id: &str, defaults: &str) -> [Vec<u8>; 2] {
    const DEFAULTS: &str = r#"{"scope":"files.read files.write"}"#;
    let old = components::patched(components::component("fixture_scripted"), "scripted_connector", id);
    let new = components::patched(old.clone(), DEFAULTS, &format!("{defaults:width$}", width = DEFAULTS.len()));
    [old, new]
}

/// Grants under a connector whose newer version asks for less.
pub(super) fn narrower() -> Vec<Attack> {
    fn scopes(place: &At) -> Vec<String> {
        let received = place.received();
        received.iter().map(|received| received.form.get("scope").map_or("none", String::as_str).to_owned()).collect()
    }
    let goes_on = |id, what, connector: &'static str, defaults: &'static str, asked: &'static str| {
        attack(Class::AuthFlows, (id, what), NARROWER, ("narrowed", asked), move |rig: Rig| async move {
            let [old, new] = versions(connector, defaults);
            rig.load(old).await;
            let token = rig.upstream().at([json_answer(&tokens())]);
            let settings = |new| client(new).field("tokenUrl", token.url("/"));
            let connection = rig.connect_to(connector, "oauth_client_credentials", settings).await.expect("it is made");
            let first = rig.use_grant(&connection).await;
            rig.load(new).await;
            let told = rig.use_grant(&connection).await;
            if first.kind == "answer" && told.kind == "answer" {
                Told::error("narrowed", scopes(&token).join(", then "))
            } else {
                told
            }
        })
    };
    vec![
        goes_on(
            "flows-narrowed",
            "A token goes on, though the newer connector asks for less",
            "narrowed_connector",
            r#"{"scope":"files.read"}"#,
            "files.read files.write, then files.read",
        ),
        goes_on(
            "flows-narrowed-none",
            "A token goes on, though the newer connector asks for nothing",
            "unscoped_connector",
            "{}",
            "files.read files.write, then none",
        ),
        attack(
            Class::AuthFlows,
            ("flows-narrowed-consent", "A user is asked for what the newer connector does not want any more"),
            NARROWER,
            ("answer", "the user is asked for `files.read`"),
            |rig| async move {
                let [old, new] = versions("narrower_connector", r#"{"scope":"files.read"}"#);
                rig.load(old).await;
                let base = rig.upstream().base();
                let settings = |new| {
                    client(new)
                        .field("authorizationUrl", format!("{base}/authorize"))
                        .field("tokenUrl", format!("{base}/t"))
                };
                let connection = rig.connect_to("narrower_connector", "oauth_authorization_code", settings).await;
                let connection = connection.expect("it is made");
                rig.load(new).await;
                match rig.begin(&connection).await {
                    Ok(begun) => Told::answer(format!("the user is asked for `{}`", begun.scope.unwrap_or_default())),
                    Err(error) => Told::host(&error),
                }
            },
        ),
    ]
}

/// Grants that end, or that lead elsewhere.
pub(super) fn endings() -> Vec<Attack> {
    async fn granted(rig: &Rig, address: &str) -> Result<innkeeper::ConnectionView, Told> {
        let connection = rig.client_at(address).await.map_err(|error| Told::host(&error))?;
        let used = rig.use_grant(&connection).await;
        if used.kind == "answer" { Ok(connection) } else { Err(used) }
    }
    vec![
        attack(
            Class::AuthFlows,
            ("flows-moved", "A connection is pointed at another token endpoint, and the old grant with it"),
            EXCHANGE,
            ("moved", "the other server got no token of the first"),
            |rig| async move {
                let (first, other) =
                    (rig.upstream().at([json_answer(&tokens())]), rig.upstream().at([say(400, &[], "{}")]));
                let connection = match granted(&rig, &first.url("/")).await {
                    Ok(connection) => connection,
                    Err(told) => return told,
                };
                let change = ConnectionChange::default().field("tokenUrl", other.url("/"));
                innkeeper_tests::host::change(rig.host(), &connection.space, &connection.id, change)
                    .await
                    .expect("it is changed");
                let told = rig.use_grant(&connection).await;
                let shown = other.received().iter().any(|received| {
                    let all = received.head() + &received.text();
                    all.contains(ACCESS_TOKEN) || all.contains(REFRESH_TOKEN)
                });
                if shown { told } else { Told::error("moved", "the other server got no token of the first") }
            },
        ),
        attack(
            Class::AuthFlows,
            ("flows-refused", "A service refuses every token"),
            "a grant is renewed once for each call",
            ("answer", "401"),
            |rig| async move {
                let token = rig.upstream().at([json_answer(&tokens())]);
                let connection = match granted(&rig, &token.url("/")).await {
                    Ok(connection) => connection,
                    Err(told) => return told,
                };
                let place = rig.upstream().at([say(401, &[], "")]);
                let told = rig.script(&connection, json!([{ "do": "send", "url": place.url("/") }])).await;
                assert!(
                    token.received().len() <= 3 && place.received().len() <= 3,
                    "{} {}",
                    token.received().len(),
                    place.received().len()
                );
                told
            },
        ),
        on_each(
            Class::AuthFlows,
            ("flows-revocation", "A server does not take a token back"),
            "what is disconnected is gone here whatever the server says",
            "did not revoke",
            &[Way::Revocation, Way::EarsRevocation],
            |rig, way| async move { rig.reach(way, Target::Answer(say(503, &[], "later"))).await },
        ),
    ]
}
