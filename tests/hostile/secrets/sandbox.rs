//! What a guest can reach in its sandbox.

use innkeeper::NewConnection;
use serde_json::{Value, json};

use super::{OUT_OF_REACH, PLACEHOLDERS};
use crate::attack::{Attack, Class, attack};
use crate::component::Spec;
use crate::rig::{Rig, TOKEN, only};
use crate::told::Told;
use crate::upstream::{credential_of, echo, say};

/// What a guest can reach in its sandbox.
pub(super) fn attacks() -> Vec<Attack> {
    let free = |id, what, wall, steps: Value, error: (&'static str, &'static str)| {
        attack(Class::Secrets, (id, what), wall, error, move |rig: Rig| {
            let steps = steps.clone();
            async move { rig.run(steps).await }
        })
    };
    vec![
        free(
            "secrets-learn",
            "A guest asks for all that it may know",
            OUT_OF_REACH,
            json!([{ "do": "learn" }]),
            ("answer", "\"environment\":[]"),
        ),
        free(
            "secrets-claim",
            "A guest asks for the token as a claim",
            OUT_OF_REACH,
            json!([{ "do": "claim", "text": "access_token" }]),
            ("answer", "[null]"),
        ),
        free(
            "secrets-own-state",
            "A guest looks for secrets in its state",
            OUT_OF_REACH,
            json!([
                { "do": "state_get", "key": "token" }, { "do": "state_get", "key": "secrets/token" },
            ]),
            ("answer", "[null,null]"),
        ),
        attack(
            Class::Secrets,
            ("secrets-fresh", "A guest looks for what the call before it left in memory"),
            "a fresh instance for each call",
            ("answer", "\"seen\":[\"there is no such body\"]"),
            |rig| async move {
                let connection = rig.bearer().await;
                let place = rig.upstream().at([echo(&[], |heard| credential_of(heard).into_bytes())]);
                rig.script(&connection, json!([{ "do": "send", "url": place.url("/"), "keep": true }])).await;
                rig.script(&connection, json!([{ "do": "read_all", "body": 0 }])).await
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-view", "Somebody looks at a connection"),
            "a view holds no secret",
            ("answer", "secret_names: [\"token\"]"),
            |rig| async move {
                let connection = rig.bearer().await;
                Told::of(rig.host().connection(&connection.space, &connection.id).await)
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-header", "A secret holds a line break and would add a header"),
            "a credential is held to what a header may hold",
            ("Error::Fields", "apiKey contains a line break or another control character"),
            |rig| async move {
                let secret = "broken\r\nx-evil: 1";
                let settings = |new: NewConnection| new.field("headerField", "X-Key").secret("apiKey", secret);
                match rig.connect("api_key_header", settings).await {
                    Ok(connection) => {
                        let place = rig.upstream().at([say(200, &[], "it was sent")]);
                        rig.script(&connection, json!([{ "do": "send", "url": place.url("/") }])).await
                    }
                    Err(error) => Told::host(&error),
                }
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-widened", "A newer connector takes more placeholders than the owner agreed to"),
            PLACEHOLDERS,
            ("answer", "[\"token\"]"),
            |rig| async move {
                let spec = |names: &[&str]| Spec {
                    auth_types: vec!["bearer".to_owned()],
                    placeholders: names.iter().map(|name| (*name).to_owned()).collect(),
                    ..Spec::named("widened_connector")
                };
                rig.load(spec(&["token"]).component()).await;
                let settings = |new: NewConnection| new.config(json!({})).secret("token", TOKEN).hosts(only(&[]));
                let connection = rig.connect_to("widened_connector", "bearer", settings).await.expect("it is made");
                rig.load(spec(&["token", "password"]).component()).await;
                let view = rig.host().connection(&connection.space, &connection.id).await;
                Told::of(view.map(|view| view.placeholders))
            },
        ),
    ]
}
