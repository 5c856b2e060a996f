//! What an answer would have the host do next.

use serde_json::json;

use super::{REDIRECTS, STRANGE};
use crate::attack::{Attack, Class, attack, on_each};
use crate::reach::Target;
use crate::rig::{Rig, TOKEN};
use crate::told::Told;
use crate::upstream::say;
use crate::ways::{OF_OAUTH, OF_SERVICES, Way};

/// What an answer would have the host do next.
pub(super) fn attacks() -> Vec<Attack> {
    let redirected = |id, what, status: u16, location: &'static str, error: (&'static str, &'static str)| {
        attack(Class::Egress, (id, what), REDIRECTS, error, move |rig: Rig| async move {
            let location = location.replace("{forbidden}", rig.forbidden().base());
            let place = rig.upstream().at([say(status, &[&format!("location: {location}")], "")]);
            let connection = rig.bearer().await;
            rig.script(&connection, json!([{ "do": "send", "url": place.url("/") }])).await
        })
    };
    let denied = |text| ("HttpError::Denied", text);
    vec![
        redirected(
            "egress-redirect",
            "A redirect leads to a host that nobody approved",
            302,
            "https://evil.example/",
            denied("a redirect led there, and the connection's owner has not approved it"),
        ),
        redirected(
            "egress-redirect-loopback",
            "A redirect leads into the host's own machine",
            307,
            "{forbidden}",
            denied("a redirect led there"),
        ),
        redirected(
            "egress-redirect-scheme",
            "A redirect leads to a file",
            301,
            "file:///etc/passwd",
            denied("it is not a plain https address"),
        ),
        redirected(
            "egress-redirect-user",
            "A redirect carries a user name",
            308,
            "https://api.example.com:pass@evil.example/",
            denied("it is not a plain https address"),
        ),
        redirected(
            "egress-redirect-relative",
            "A redirect names a host without a scheme",
            303,
            "//evil.example/",
            denied("has not approved it"),
        ),
        redirected(
            "egress-redirect-none",
            "A redirect leads to no address",
            302,
            "http://[",
            ("HttpError::Connect", "not an address"),
        ),
        on_each(
            Class::Egress,
            ("egress-redirect-loop", "Redirects never end"),
            REDIRECTS,
            "redirected more than 10 times",
            &[Way::Send, Way::SendAll, Way::Download, Way::Upload, Way::Discovery],
            |rig, way| async move {
                let answer = say(303, &["location: ./again"], "");
                let target = if way == Way::Discovery { say(302, &["location: ./again"], "") } else { answer };
                rig.reach(way, Target::Answer(target)).await
            },
        ),
        attack(
            Class::Egress,
            ("egress-redirect-token", "A redirect leads to another origin, and the credential with it"),
            REDIRECTS,
            ("bare", "no credential came along"),
            |rig| async move {
                let connection = rig.approved(&[rig.upstream().base(), rig.echo().base()]).await;
                let path = format!("/redirect-token/{}", rig.next());
                let place = rig.upstream().at([say(302, &[&format!("location: {}", rig.echo().url(&path))], "")]);
                let told = rig.script(&connection, json!([{ "do": "send", "url": place.url("/") }])).await;
                let received = rig.echo().received().into_iter().find(|received| received.path() == path);
                match received {
                    Some(received) if received.authorization().is_none() => {
                        Told::error("bare", "no credential came along")
                    }
                    received => Told::error("credential", format!("{received:?} {told}")),
                }
            },
        ),
        attack(
            Class::Egress,
            ("egress-redirect-secret", "A redirect carries the credential in its address to another origin"),
            REDIRECTS,
            denied("would carry the connection's credential there in its address"),
            |rig| async move {
                let connection = rig.approved(&[rig.upstream().base(), rig.echo().base()]).await;
                let encoded: String = url::form_urlencoded::byte_serialize(TOKEN.as_bytes()).collect();
                let location = format!("location: {}?t={encoded}", rig.echo().base());
                let place = rig.upstream().at([say(302, &[&location], "")]);
                rig.script(&connection, json!([{ "do": "send", "url": place.url("/") }])).await
            },
        ),
        attack(
            Class::Egress,
            ("egress-redirect-body", "A redirect asks for a body with a filled-in secret at another origin"),
            REDIRECTS,
            denied("asks for a body there that contains a secret"),
            |rig| async move {
                let connection = rig.approved(&[rig.upstream().base(), rig.echo().base()]).await;
                let place = rig.upstream().at([say(307, &[&format!("location: {}", rig.echo().base())], "")]);
                let send = json!({
                    "do": "send", "method": "POST", "url": place.url("/"), "body": { "bytes": "${secret.token}" },
                });
                rig.script(&connection, json!([send])).await
            },
        ),
        on_each(
            Class::Egress,
            ("egress-redirect-oauth", "An endpoint of OAuth redirects the request, and what proves the client with it"),
            "requests of OAuth follow no redirect to another origin",
            "answered with status 307 and no OAuth error code",
            OF_OAUTH,
            |rig, way| async move {
                let location = format!("location: {}", rig.forbidden().url("/stolen"));
                rig.reach(way, Target::Answer(say(307, &[&location], ""))).await
            },
        )
        .but_on(&[Way::Discovery], ("Error::Fields", "GET /stolen is refused: a redirect led there"))
        .but_on(OF_SERVICES, STRANGE),
    ]
}
