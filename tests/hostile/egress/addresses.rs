//! Where requests go, and whether the owner approved that.

use serde_json::{Value, json};

use super::{ALLOW_LIST, NETWORK, UNASKED};
use crate::attack::{Attack, Class, attack, on_each};
use crate::reach::Target;
use crate::rig::Rig;
use crate::ways::{OF_SERVICES, TO_ADDRESSES};

/// Addresses that lead into networks that the operator did not open, on every way.
pub(super) fn destinations() -> Vec<Attack> {
    let to = |id, what, address: &'static str, text| {
        on_each(Class::Egress, (id, what), NETWORK, text, TO_ADDRESSES, move |rig: Rig, way| async move {
            rig.reach(way, Target::Address(address.to_owned())).await
        })
        .but_on(OF_SERVICES, UNASKED)
    };
    vec![
        on_each(
            Class::Egress,
            ("egress-loopback", "A request goes to another port of the host's own machine"),
            NETWORK,
            "is refused: ",
            TO_ADDRESSES,
            |rig, way| async move {
                let address = rig.forbidden().url("/loopback");
                rig.reach(way, Target::Address(address)).await
            },
        )
        .but_on(OF_SERVICES, UNASKED),
        to(
            "egress-metadata",
            "A request goes to a cloud's metadata service",
            "https://169.254.169.254/latest/meta-data",
            "a cloud metadata address",
        ),
        to(
            "egress-metadata-v6",
            "The same by its IPv6 address",
            "https://[fd00:ec2::254]/latest/meta-data",
            "a cloud metadata address",
        ),
        to("egress-private", "A request goes into a private network", "https://10.1.2.3/", "a private address"),
        to(
            "egress-carrier",
            "A request goes to an address behind a carrier's NAT",
            "https://100.64.0.1/",
            "behind a carrier's NAT",
        ),
        to("egress-unspecified", "A request goes to 0.0.0.0", "https://0.0.0.0/", "an unspecified address"),
        to("egress-loopback-v6", "A request goes to ::1", "https://[::1]/", "a loopback address"),
        to(
            "egress-mapped",
            "An IPv4 address is wrapped in IPv6",
            "https://[::ffff:127.0.0.1]/",
            "an IPv4 address wrapped in IPv6",
        ),
        to(
            "egress-6to4",
            "An IPv4 address is wrapped in a 6to4 address",
            "https://[2002:7f00:1::]/",
            "an IPv4 address wrapped in IPv6",
        ),
        to(
            "egress-decimal",
            "A loopback address is written as one number",
            "https://2130706433/",
            "a loopback address",
        ),
        to("egress-octal", "The same in octal and hexadecimal", "https://0177.0x0.1/", "a loopback address"),
        to("egress-name", "A name resolves to loopback", "https://localhost/", "a loopback address"),
    ]
}

/// Requests that are not what the owner approved.
pub(super) fn addresses() -> Vec<Attack> {
    let refused = |id, what, rules: &'static [&'static str], request: Value, error| {
        attack(Class::Egress, (id, what), ALLOW_LIST, error, move |rig: Rig| {
            let request = request.clone();
            async move {
                let connection = rig.approved(rules).await;
                let mut step = request;
                step["do"] = json!("send");
                rig.script(&connection, json!([step])).await
            }
        })
    };
    const RULE: &[&str] = &["https://api.example.com/v1 (GET, POST)"];
    const HOSTS: &[&str] = &["https://api.example.com", "https://*.files.example.com"];
    let denied = ("HttpError::Denied", "the connection's owner has not approved it");
    let hidden = ("HttpError::Denied", "its path contains hidden dot segments, which some servers would follow");
    let invalid = |text| ("HttpError::InvalidRequest", text);
    let get = |url: &str| json!({ "url": url });
    vec![
        refused("egress-host", "A guest asks for a host of its own", HOSTS, get("https://evil.example/?q=1"), denied),
        refused(
            "egress-suffix",
            "A host ends like an approved one",
            HOSTS,
            get("https://api.example.com.evil.example/"),
            denied,
        ),
        refused("egress-prefix", "A host ends in an approved name", HOSTS, get("https://xapi.example.com/"), denied),
        refused(
            "egress-wildcard",
            "A wildcard is taken for its own parent",
            HOSTS,
            get("https://files.example.com/"),
            denied,
        ),
        refused(
            "egress-port",
            "An approved host is asked on another port",
            HOSTS,
            get("https://api.example.com:22/"),
            denied,
        ),
        refused("egress-plain", "An approved host is asked without TLS", HOSTS, get("http://api.example.com/"), denied),
        refused("egress-dot", "A host is written with a trailing dot", HOSTS, get("https://api.example.com./"), denied),
        refused(
            "egress-lookalike",
            "A host has a Cyrillic letter that looks Latin",
            HOSTS,
            get("https://\u{430}pi.example.com/"),
            denied,
        ),
        refused(
            "egress-path",
            "A path is beside the approved one",
            RULE,
            get("https://api.example.com/v10/users"),
            denied,
        ),
        refused(
            "egress-climb",
            "A path climbs out with dots",
            RULE,
            get("https://api.example.com/v1/../admin"),
            denied,
        ),
        refused(
            "egress-climb-encoded",
            "The dots are percent-encoded",
            RULE,
            get("https://api.example.com/v1/%2e%2e/admin"),
            denied,
        ),
        refused(
            "egress-climb-slash",
            "The slash between them is percent-encoded",
            RULE,
            get("https://api.example.com/v1/..%2fadmin"),
            hidden,
        ),
        refused(
            "egress-climb-twice",
            "They are percent-encoded twice",
            RULE,
            get("https://api.example.com/v1/%252e%252e%252fadmin"),
            hidden,
        ),
        refused(
            "egress-climb-backslash",
            "They are separated by an encoded backslash",
            RULE,
            get("https://api.example.com/v1/..%5cadmin"),
            hidden,
        ),
        refused(
            "egress-climb-parameter",
            "They carry a path parameter that some servers cut off",
            RULE,
            get("https://api.example.com/v1/..;x=1/admin"),
            hidden,
        ),
        refused(
            "egress-climb-unicode",
            "They are written as `%u002e`, as some servers read it",
            RULE,
            get("https://api.example.com/v1/%u002e%u002e/admin"),
            hidden,
        ),
        refused(
            "egress-climb-overlong",
            "They are overlong UTF-8",
            RULE,
            get("https://api.example.com/v1/%c0%ae%c0%ae/admin"),
            ("HttpError::Denied", "its path contains escapes that are not UTF-8"),
        ),
        refused(
            "egress-method",
            "A method is not among the approved",
            RULE,
            json!({ "url": "https://api.example.com/v1/a", "method": "DELETE" }),
            denied,
        ),
        refused(
            "egress-method-case",
            "A method is an approved one in lower case",
            RULE,
            json!({ "url": "https://api.example.com/v1/a", "method": "get" }),
            invalid("is not a method"),
        ),
        refused(
            "egress-connect",
            "A tunnel is asked for",
            HOSTS,
            json!({ "url": "https://api.example.com/", "method": "CONNECT" }),
            invalid("never sent, in any spelling"),
        ),
        refused(
            "egress-connect-case",
            "The same in lower case",
            HOSTS,
            json!({ "url": "https://api.example.com/", "method": "cOnNeCt" }),
            invalid("never sent, in any spelling"),
        ),
        refused(
            "egress-trace",
            "The service is to send the request back, credential and all",
            HOSTS,
            json!({ "url": "https://api.example.com/", "method": "TRACE" }),
            invalid("never sent, in any spelling"),
        ),
        refused(
            "egress-trace-case",
            "The same in lower case",
            HOSTS,
            json!({ "url": "https://api.example.com/", "method": "trace" }),
            invalid("never sent, in any spelling"),
        ),
        refused(
            "egress-method-lines",
            "A method holds a second request",
            HOSTS,
            json!({ "url": "https://api.example.com/", "method": "GET / HTTP/1.1\r\nx: y" }),
            invalid("is not an HTTP method"),
        ),
        refused(
            "egress-user",
            "An address has an approved name where the user stands",
            HOSTS,
            get("https://api.example.com@evil.example/"),
            invalid("contains a user name or password"),
        ),
        refused(
            "egress-fragment",
            "An address hides a host behind a fragment",
            HOSTS,
            get("https://api.example.com/#@evil.example"),
            invalid("contains a fragment"),
        ),
        refused(
            "egress-file",
            "A file is asked for",
            HOSTS,
            get("file:///etc/passwd"),
            invalid("neither https nor http"),
        ),
        refused(
            "egress-ftp",
            "Another protocol is asked for",
            HOSTS,
            get("ftp://api.example.com/"),
            invalid("neither https nor http"),
        ),
        refused(
            "egress-relative",
            "An address is invalid",
            HOSTS,
            get("//evil.example"),
            invalid("is not an absolute address"),
        ),
        refused(
            "egress-no-credential",
            "A host approved without the credential is asked with it",
            &["https://api.example.com, no credential"],
            get("https://api.example.com/"),
            ("HttpError::Denied", "approved without the connection's credential"),
        ),
    ]
}
