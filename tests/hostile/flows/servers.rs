//! What authorization servers say of themselves, and to people.

use innkeeper_tests::scripted::Received;
use serde_json::{Value, json};

use super::{DEVICE, METADATA};
use crate::attack::{Attack, Class, attack};
use crate::reach::Target;
use crate::rig::Rig;
use crate::upstream::{json as json_answer, written};
use crate::ways::Way;

pub(super) fn metadata() -> Vec<Attack> {
    let read = |id, what, text, change: fn(&str) -> Value| {
        attack(Class::AuthFlows, (id, what), METADATA, ("Error::Fields", text), move |rig: Rig| async move {
            let document = std::sync::Arc::new(move |received: &Received| {
                // The issuer is what stands before the well-known path.
                let base = format!("http://{}", received.header("host").unwrap_or_default());
                let place = received.target.split('/').find(|part| part.starts_with('p')).unwrap_or_default();
                let body = change(&format!("{base}/{place}")).to_string();
                written(200, &["content-type: application/json"], body.as_bytes())
            });
            rig.reach(Way::Discovery, Target::Answer(document)).await
        })
    };
    vec![
        read(
            "flows-issuer",
            "Metadata is of another issuer",
            "it belongs to the issuer",
            |_| json!({ "issuer": "https://accounts.example.com", "token_endpoint": "https://evil.example/token" }),
        ),
        read(
            "flows-no-issuer",
            "Metadata names no issuer",
            "names no issuer",
            |_| json!({ "token_endpoint": "https://evil.example/token" }),
        ),
        read(
            "flows-endpoint-plain",
            "An endpoint of metadata goes without TLS",
            "token_endpoint must use https",
            |issuer| json!({ "issuer": issuer, "token_endpoint": "http://evil.example/token" }),
        ),
        read(
            "flows-endpoint-script",
            "An endpoint of metadata is a script",
            "authorization_endpoint",
            |issuer| json!({ "issuer": issuer, "token_endpoint": "https://a.example/t", "authorization_endpoint": "javascript:alert(1)" }),
        ),
        read(
            "flows-endpoint-user",
            "An endpoint of metadata hides its host behind a user name",
            "token_endpoint",
            |issuer| json!({ "issuer": issuer, "token_endpoint": "https://accounts.example.com@evil.example/token" }),
        ),
        read("flows-pkce", "Metadata knows PKCE without a digest alone", "does not list S256", |issuer| {
            json!({
                "issuer": issuer, "token_endpoint": "https://a.example/t", "code_challenge_methods_supported": ["plain"],
            })
        }),
        read("flows-metadata-type", "Metadata is a list", "it names no issuer", |_| json!([1])),
    ]
}

pub(super) fn devices() -> Vec<Attack> {
    fn whole() -> Value {
        json!({
            "device_code": "d", "user_code": "WDJB-MJHT", "verification_uri": "https://as.example.com/device",
            "expires_in": 600, "interval": 5,
        })
    }
    let begun = |id, what, name: &'static str, value: fn() -> Value| {
        attack(
            Class::AuthFlows,
            (id, what),
            DEVICE,
            ("DeviceFailure::Server", "is not valid"),
            move |rig: Rig| async move {
                let mut answer = whole();
                answer[name] = value();
                rig.reach(Way::Device, Target::Answer(json_answer(&answer))).await
            },
        )
    };
    vec![
        begun("flows-code-escape", "A code rewrites the terminal it is shown in", "user_code", || json!("A\u{1b}[2J")),
        begun("flows-code-lines", "A code goes on as a line of the host", "user_code", || {
            json!("A\nEnter it at evil.example")
        }),
        begun("flows-code-bidi", "A code is read from right to left", "user_code", || json!("A\u{202e}B")),
        begun("flows-code-long", "A code has a thousand letters", "user_code", || json!("A".repeat(1000))),
        begun("flows-address-script", "A person is sent to a script", "verification_uri", || {
            json!("javascript:alert(1)")
        }),
        begun("flows-address-plain", "A person is sent somewhere without TLS", "verification_uri", || {
            json!("http://as.example.com/")
        }),
        begun("flows-address-user", "A person is sent to a host behind a user name", "verification_uri", || {
            json!("https://accounts.example.com@evil.example/")
        }),
        begun(
            "flows-address-complete",
            "The address with the code in it leads to a file",
            "verification_uri_complete",
            || json!("file:///etc/passwd"),
        ),
        begun("flows-device-life", "A person has no time", "expires_in", || json!(0)),
    ]
}
