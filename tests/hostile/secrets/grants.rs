//! Grants, and who gives them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use innkeeper_tests::scripted::Received;
use serde_json::{Value, json};

use super::{KEPT, OTHERS, SCRUBBER, kept};
use crate::attack::{Attack, Class, attack, on_each};
use crate::reach::{Target, tokens};
use crate::rig::{ACCESS_TOKEN, CLIENT_SECRET, REFRESH_TOKEN, Rig};
use crate::told::Told;
use crate::upstream::{credential_of, json as json_answer, say, written};
use crate::ways::{OF_OAUTH, OF_SERVICES, Way};

/// Grants, and who gives them.
pub(super) fn attacks() -> Vec<Attack> {
    vec![
        on_each(
            Class::Secrets,
            ("secrets-oauth-echo", "An endpoint of OAuth refuses and repeats what it was sent"),
            OTHERS,
            "the authorization server refused for another reason",
            OF_OAUTH,
            |rig, way| async move {
                let answer = std::sync::Arc::new(|received: &Received| {
                    let said = format!("{} {}", received.head(), credential_of(received));
                    let body = json!({ "error": said, "error_description": said, "error_uri": said });
                    written(400, &["content-type: application/json"], body.to_string().as_bytes())
                });
                rig.reach(way, Target::Answer(answer)).await
            },
        )
        .but_on(&[Way::Discovery], ("Error::Fields", "it returns 400"))
        .but_on(OF_SERVICES, ("EARS 400", "unauthorized_client")),
        attack(
            Class::Secrets,
            ("secrets-claim-token", "A token answer repeats the token in a field that the guest may read"),
            SCRUBBER,
            ("kept", "no claim is a secret"),
            |rig| async move {
                let mut answer = tokens();
                answer["instance_url"] = json!(format!("https://example.com/?t={ACCESS_TOKEN}&s={CLIENT_SECRET}"));
                let told = claim(&rig, answer).await;
                let leaked = told.everything().contains(ACCESS_TOKEN) || told.everything().contains(CLIENT_SECRET);
                if leaked { told } else { Told::error("kept", "no claim is a secret") }
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-claim-refresh", "The same with the refresh token in base64"),
            SCRUBBER,
            ("kept", "no claim is a secret"),
            |rig| async move {
                let encoded = STANDARD.encode(REFRESH_TOKEN);
                let mut answer = tokens();
                answer["instance_url"] = json!(format!("https://{encoded}.example.com"));
                let told = claim(&rig, answer).await;
                if told.everything().contains(&encoded) { told } else { Told::error("kept", "no claim is a secret") }
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-older", "A service answers with a token that was renewed since"),
            SCRUBBER,
            KEPT,
            |rig| async move {
                // The first token is refused by the service, and a second one fetched; the first still lives elsewhere.
                let mut second = tokens();
                second["access_token"] = json!("bE9sN4tR1kWm6YpC");
                let token = rig.upstream().at([json_answer(&tokens()), json_answer(&second)]);
                let connection = rig.client_at(&token.url("/")).await.expect("it is made");
                let place =
                    rig.upstream().at([say(401, &[], ""), say(200, &[], "renewed"), say(200, &[], ACCESS_TOKEN)]);
                let send = json!({ "do": "send", "url": place.url("/") });
                rig.script(&connection, json!([send])).await;
                kept(rig.script(&connection, json!([send])).await, &[ACCESS_TOKEN.into()])
            },
        ),
        attack(
            Class::Secrets,
            (
                "secrets-refresh-echo",
                "A service answers with the refresh token and the client's secret, which it never got",
            ),
            SCRUBBER,
            KEPT,
            |rig| async move {
                let token = rig.upstream().at([json_answer(&tokens())]);
                let connection = rig.client_at(&token.url("/")).await.expect("it is made");
                let place = rig.upstream().at([say(200, &[], format!("{REFRESH_TOKEN} {CLIENT_SECRET}"))]);
                let told = rig.script(&connection, json!([{ "do": "send", "url": place.url("/") }])).await;
                kept(told, &[REFRESH_TOKEN.into(), CLIENT_SECRET.into()])
            },
        ),
    ]
}

/// What a guest reads as the claim that its spec declares, of a grant that came with this answer.
async fn claim(rig: &Rig, answer: Value) -> Told {
    let token = rig.upstream().at([json_answer(&answer)]);
    let connection = rig.client_at(&token.url("/")).await.expect("it is made");
    rig.use_grant(&connection).await;
    rig.script(&connection, json!([{ "do": "claim", "text": "instance_url" }])).await
}
