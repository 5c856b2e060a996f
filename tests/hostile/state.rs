//! Attacks on what others keep with the host.

use innkeeper::{ConnectionView, Error, NewConnection, SpaceId};
use serde_json::{Value, json};

use crate::attack::{Attack, Class, attack, scripted};
use crate::rig::{RUN, Rig, TOKEN, request};
use crate::told::Told;

const QUOTA: &str = "the quota of a connection's state";
const KEY: &str = "space and connection are in every key";
const VERSIONS: &str = "a write names the version that it replaces";
const POLICY: &str = "what is asked for is looked up in the caller's space";

const FULL: (&str, &str) = ("StateError::QuotaExceeded", "QuotaExceeded");

pub(crate) fn attacks() -> Vec<Attack> {
    [quotas(), neighbours(), versions(), spaces()].into_iter().flatten().collect()
}

fn run(
    id: &'static str,
    what: &'static str,
    wall: &'static str,
    error: (&'static str, &'static str),
    steps: Value,
) -> Attack {
    scripted(Class::State, (id, what), wall, error, steps)
}

fn set(key: Value, value: Value) -> Value {
    json!({ "do": "state_set", "key": key, "value": value })
}

fn quotas() -> Vec<Attack> {
    let large = |bytes: usize| json!({ "repeat": "x", "times": bytes });
    vec![
        run(
            "state-value",
            "A value is larger than all that a connection may keep",
            QUOTA,
            FULL,
            json!([set(json!("k"), large(2 << 20)),]),
        ),
        run(
            "state-sum",
            "Values fill a connection's room together",
            QUOTA,
            FULL,
            json!([set(json!("a"), large(600 << 10)), set(json!("b"), large(600 << 10)),]),
        ),
        run(
            "state-keys",
            "Keys fill it, with values of nothing",
            QUOTA,
            FULL,
            json!([
                { "do": "repeat", "times": 3, "steps": [set(large(1000), json!(""))] },
                set(json!("rest"), large((1 << 20) - 900)),
            ]),
        ),
        run("state-key", "A key is longer than a key may be", QUOTA, FULL, json!([set(large(1025), json!("v"))])),
        run("state-key-large", "A key has a megabyte", QUOTA, FULL, json!([set(large(1 << 20), json!("v"))])),
        run(
            "state-replace",
            "A value grows beyond the room by being replaced",
            QUOTA,
            FULL,
            json!([set(json!("k"), large(1000 << 10)), set(json!("k"), large(1025 << 10)),]),
        ),
        run(
            "state-many",
            "A guest keeps ten thousand values of nothing",
            QUOTA,
            FULL,
            json!([
                { "do": "repeat", "times": 1, "steps": { "each": {
                    "do": "state_set", "key": { "join": [{ "repeat": "k", "times": 1000 }, "{n}"] }, "value": "", "quiet": true,
                }, "times": 60 } },
                set(json!("rest"), large(1000 << 10)),
            ]),
        ),
    ]
}

fn neighbours() -> Vec<Attack> {
    let looked = |id, what, keys: fn(&ConnectionView) -> Vec<String>| {
        attack(Class::State, (id, what), KEY, ("answer", "{\"seen\":[null"), move |rig: Rig| async move {
            let neighbour = rig.bearer().await;
            rig.script(&neighbour, json!([set(json!("cursor"), json!("of the neighbour"))])).await;
            let steps: Vec<Value> =
                keys(&neighbour).into_iter().map(|key| json!({ "do": "state_get", "key": key })).collect();
            let told = rig.run(json!(steps)).await;
            if told.text.contains("of the neighbour") { Told::error("read", told.text) } else { told }
        })
    };
    vec![
        looked("state-neighbour", "A guest asks for the key of another connection", |_| vec!["cursor".to_owned()]),
        looked("state-path", "A guest writes the other connection's name into the key", |neighbour| {
            let (space, id) = (&neighbour.space, &neighbour.id);
            vec![
                format!("../{id}/cursor"),
                format!("{space}/{id}/cursor"),
                format!("{id}\u{0}cursor"),
                format!("{space}\u{0}{id}\u{0}cursor"),
                format!("{id}:cursor"),
            ]
        }),
        attack(
            Class::State,
            ("state-space", "The same connection in another space asks for the key"),
            KEY,
            ("answer", "[null]"),
            |rig| async move {
                let first = rig.bearer().await;
                rig.script(&first, json!([set(json!("cursor"), json!("of the first space"))])).await;
                let other = SpaceId::parse("elsewhere").expect("an id");
                let id = first.id.clone();
                let settings = |mut new: NewConnection| {
                    new.space = other;
                    new.id(id).secret("token", TOKEN)
                };
                let second = rig.connect("bearer", settings).await.expect("it is made");
                rig.script(&second, json!([{ "do": "state_get", "key": "cursor" }])).await
            },
        ),
        attack(
            Class::State,
            ("state-again", "A connection is deleted and made again: the new one asks for what was kept"),
            "state ends with its connection",
            ("answer", "[null]"),
            |rig| async move {
                let first = rig.bearer().await;
                rig.script(&first, json!([set(json!("cursor"), json!("of the first"))])).await;
                rig.host().delete_connection(&first.space, &first.id).await.expect("it is deleted");
                let id = first.id.clone();
                let again = rig.connect("bearer", |new| new.id(id).secret("token", TOKEN)).await.expect("it is made");
                rig.script(&again, json!([{ "do": "state_get", "key": "cursor" }])).await
            },
        ),
        attack(
            Class::State,
            ("state-disk", "Somebody reads the host's files for what guests keep"),
            "state is sealed",
            ("sealed", "no file holds it"),
            |rig| async move {
                let kept = "what a guest keeps: qT7wPz3KxV9m";
                let connection = rig.bearer().await;
                rig.script(&connection, json!([set(json!("cursor"), json!(kept))])).await;
                let store = std::fs::read(rig.folder().join("innkeeper.redb")).expect("the store can be read");
                let found = store.windows(kept.len()).any(|window| window == kept.as_bytes());
                if found { Told::error("plain", kept) } else { Told::error("sealed", "no file holds it") }
            },
        ),
    ]
}

fn versions() -> Vec<Attack> {
    let put =
        |if_version: Option<u64>| json!({ "do": "state_set", "key": "k", "value": "v", "if_version": if_version });
    let conflict = |text| ("StateError::Conflict", text);
    vec![
        run(
            "state-version-guess",
            "A write names a version that never was",
            VERSIONS,
            conflict("Conflict(1)"),
            json!([put(None), put(Some(41)),]),
        ),
        run(
            "state-version-old",
            "A write names the version before",
            VERSIONS,
            conflict("Conflict(2)"),
            json!([put(None), put(Some(1)), put(Some(1)),]),
        ),
        run(
            "state-version-absent",
            "A write wants to be the first, and is not",
            VERSIONS,
            conflict("Conflict(1)"),
            json!([put(None), put(Some(0)),]),
        ),
        run(
            "state-version-deleted",
            "A write names the version of what was deleted",
            VERSIONS,
            conflict("Conflict(0)"),
            json!([
                put(None), { "do": "state_delete", "key": "k" }, put(Some(1)),
            ]),
        ),
        run(
            "state-version-last",
            "A write names the last version that there can be",
            VERSIONS,
            conflict("Conflict(0)"),
            json!([put(Some(u64::MAX)),]),
        ),
        attack(
            Class::State,
            ("state-race", "Twenty calls write the same version at once"),
            VERSIONS,
            ("one", "19 were told of a conflict"),
            |rig| async move {
                let connection = rig.bearer().await;
                let steps = json!([{ "do": "state_set", "key": "k", "value": "v", "if_version": 0 }]);
                let calls = (0..20).map(|_| rig.script(&connection, steps.clone()));
                let told = futures::future::join_all(calls).await;
                let conflicts = told.iter().filter(|told| told.kind == "StateError::Conflict").count();
                Told::error("one", format!("{conflicts} were told of a conflict"))
            },
        ),
    ]
}

/// What somebody asks for who is in another space.
fn spaces() -> Vec<Attack> {
    let elsewhere = || SpaceId::parse("elsewhere").expect("an id");
    let unknown = ("Error::UnknownConnection", "there is no connection");
    let asked =
        |id, what, ask: fn(Rig, ConnectionView) -> futures::future::BoxFuture<'static, Result<String, Error>>| {
            attack(Class::State, (id, what), POLICY, unknown, move |rig: Rig| async move {
                let mut connection = rig.bearer().await;
                connection.space = elsewhere();
                match ask(rig, connection).await {
                    Ok(text) => Told::answer(text),
                    Err(error) => Told::host(&error),
                }
            })
        };
    vec![
        asked("state-call", "A caller in another space calls a connection", |rig, connection| {
            Box::pin(async move { Ok(format!("{:?}", rig.host().call(request(&connection, RUN, json!({}))).await?)) })
        }),
        asked("state-look", "A caller in another space looks at a connection", |rig, connection| {
            Box::pin(
                async move { Ok(format!("{:?}", rig.host().connection(&connection.space, &connection.id).await?)) },
            )
        }),
        asked("state-status", "A caller in another space asks how a connection stands", |rig, connection| {
            Box::pin(
                async move { Ok(format!("{:?}", rig.host().status(&connection.space, &connection.id, None).await?)) },
            )
        }),
        asked("state-delete", "A caller in another space deletes a connection", |rig, connection| {
            Box::pin(async move {
                rig.host().delete_connection(&connection.space, &connection.id).await?;
                Ok("it was deleted".to_owned())
            })
        }),
        asked("state-disconnect", "A caller in another space disconnects a connection", |rig, connection| {
            Box::pin(async move {
                Ok(format!("{:?}", rig.host().disconnect(&connection.space, &connection.id, None).await?))
            })
        }),
        attack(
            Class::State,
            ("state-id", "A connection takes the name of another"),
            "ids are unique in a space",
            ("Error::ConnectionExists", "already"),
            |rig| async move {
                let first = rig.bearer().await;
                let id = first.id.clone();
                Told::of(rig.connect("bearer", |new| new.id(id).secret("token", TOKEN)).await)
            },
        ),
        attack(
            Class::State,
            ("state-remove", "A connector is removed under its connections"),
            "what is used is not removed",
            ("Error::ConnectorInUse", "was not removed"),
            |rig| async move {
                let connection = rig.bearer().await;
                Told::of(rig.host().remove_connector(&connection.connector).await)
            },
        ),
    ]
}
