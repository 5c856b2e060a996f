//! Settings that would lead elsewhere than they look.

use innkeeper::NewConnection;
use serde_json::json;

use crate::attack::{Attack, Class, attack};
use crate::component::{Host, Spec};
use crate::rig::{Rig, TOKEN, only};
use crate::told::Told;

/// Settings that would lead elsewhere than they look.
pub(super) fn attacks() -> Vec<Attack> {
    let made = |id, what, error, settings: fn(NewConnection) -> NewConnection| {
        attack(
            Class::Confusion,
            (id, what),
            "settings are held to the schema of the config, and read as addresses",
            error,
            move |rig: Rig| async move {
                Told::of(rig.connect("bearer", move |new| settings(new.secret("token", TOKEN))).await)
            },
        )
    };
    let hosts = |text| ("Error::Hosts", text);
    let config = |text| ("Error::Config", text);
    vec![
        made(
            "confusion-config-user",
            "A config's address hides its host behind a user name",
            hosts("an address with a user name or password is not accepted"),
            |new| new.config(json!({ "base": "https://api.example.com@evil.example/" })),
        ),
        made(
            "confusion-config-scheme",
            "A config's address is of another protocol",
            hosts("is neither https nor http"),
            |new| new.config(json!({ "base": "file://api.example.com/" })),
        ),
        made(
            "confusion-config-type",
            "A config's address is no text",
            config("must be string, this is an array"),
            |new| new.config(json!({ "base": ["https://a"] })),
        ),
        made(
            "confusion-config-lines",
            "A config's address holds a line break",
            config("is not a valid `uri`"),
            |new| new.config(json!({ "base": "https://api.example.com\r\nhost: evil.example" })),
        ),
        attack(
            Class::Confusion,
            ("confusion-auth-type-asked", "A connection asks for an auth type that the connector does not take"),
            "auth types are the connector's and the host's",
            ("Error::AuthTypeNotTaken", "does not accept the auth type"),
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
