//! Headers that would change who is asked, what is asked, or where one request ends and the next begins.

use serde_json::{Value, json};

use super::HEADERS;
use crate::attack::{Attack, Class, attack};
use crate::rig::Rig;
use crate::upstream::say;

/// Headers that would change who is asked, what is asked, or where one request ends and the next begins.
pub(super) fn attacks() -> Vec<Attack> {
    let sent = |id, what, rule: Option<&'static str>, headers: Value, error: (&'static str, &'static str)| {
        attack(Class::Egress, (id, what), HEADERS, error, move |rig: Rig| {
            let headers = headers.clone();
            async move {
                let place = rig.upstream().at([say(200, &[], "it was sent")]);
                let base = rig.upstream().base().to_owned();
                let connection = rig.approved(&[&rule.map_or(base.clone(), |rule| format!("{base}{rule}"))]).await;
                let step = json!({ "do": "send", "url": place.url("/"), "headers": headers });
                rig.script(&connection, json!([step])).await
            }
        })
    };
    let owned = ("HttpError::InvalidRequest", "cannot be set by a request");
    let controls = ("HttpError::InvalidRequest", "contains control characters");
    const GET: Option<&str> = Some(" (GET)");
    let invalid = |text| ("HttpError::InvalidRequest", text);
    vec![
        sent("egress-header-host", "A request names another host", None, json!([["Host", "evil.example"]]), owned),
        sent("egress-header-length", "A request lies about its length", None, json!([["content-length", "0"]]), owned),
        sent(
            "egress-header-chunked",
            "A request is framed twice",
            None,
            json!([["Transfer-Encoding", "chunked"]]),
            owned,
        ),
        sent(
            "egress-header-connection",
            "A request drops headers on the way",
            None,
            json!([["connection", "authorization"]]),
            owned,
        ),
        sent("egress-header-upgrade", "A request becomes another protocol", None, json!([["upgrade", "h2c"]]), owned),
        sent("egress-header-te", "A request asks for trailers", None, json!([["te", "trailers"]]), owned),
        sent(
            "egress-header-expect",
            "A request makes the service wait",
            None,
            json!([["expect", "100-continue"]]),
            owned,
        ),
        sent(
            "egress-header-proxy",
            "A request speaks to a proxy",
            None,
            json!([["Proxy-Authorization", "Basic eDp5"]]),
            owned,
        ),
        sent("egress-header-cookie", "A request rides on a session", None, json!([["Cookie", "session=1"]]), owned),
        sent(
            "egress-header-authorization",
            "A request brings a credential of its own",
            None,
            json!([["authorization", "Bearer of-the-attacker"]]),
            owned,
        ),
        sent(
            "egress-header-encoding",
            "A request asks for a coding that nobody looks through",
            None,
            json!([["Accept-Encoding", "br"]]),
            owned,
        ),
        sent(
            "egress-header-lines",
            "A value holds a further header",
            None,
            json!([["x", "a\r\nauthorization: b"]]),
            controls,
        ),
        sent("egress-header-nul", "A value holds a NUL", None, json!([["x", "a\u{0}b"]]), controls),
        sent(
            "egress-header-name",
            "A name holds a further header",
            None,
            json!([["x: y\r\nz", "a"]]),
            invalid("is not a header name"),
        ),
        sent(
            "egress-header-override",
            "A GET turns into another method at the service",
            GET,
            json!([["X-HTTP-Method-Override", "DELETE"]]),
            ("HttpError::Denied", "`x-http-method-override`"),
        ),
        sent(
            "egress-header-method",
            "The same by another name",
            GET,
            json!([["X-Method-Override", "DELETE"]]),
            ("HttpError::Denied", "`x-method-override`"),
        ),
        sent(
            "egress-header-original",
            "A path turns into another at the service",
            Some("/ (GET)"),
            json!([["X-Original-URL", "/admin"]]),
            ("HttpError::Denied", "`x-original-url`"),
        ),
        sent(
            "egress-header-rewrite",
            "The same by another name",
            Some("/ (GET)"),
            json!([["X-Rewrite-URL", "/admin"]]),
            ("HttpError::Denied", "`x-rewrite-url`"),
        ),
        sent(
            "egress-header-forwarded",
            "A request comes from an address that the service trusts",
            GET,
            json!([["Forwarded", "for=127.0.0.1;host=internal"]]),
            invalid("forwarded"),
        ),
        sent(
            "egress-header-forwarded-host",
            "The same by another name",
            GET,
            json!([["X-Forwarded-Host", "internal"]]),
            invalid("x-forwarded-host"),
        ),
    ]
}
