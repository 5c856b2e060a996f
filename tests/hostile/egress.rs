//! Attacks on where requests go, what they are, and on who reads what comes back.

use serde_json::{Value, json};

use crate::attack::{Attack, Class, attack, on_each};
use crate::reach::Target;
use crate::rig::{Rig, TOKEN};
use crate::told::Told;
use crate::upstream::{Answer, endless, raw, say, silence};
use crate::ways::{OF_GUESTS, OF_OAUTH, TO_ADDRESSES, WAYS_OUT, Way};

const ALLOW_LIST: &str = "the allow list of the connection's owner";
const NETWORK: &str = "the network wall: the host resolves names and checks addresses";
const HEADERS: &str = "headers that the transport and the credential own";
const REDIRECTS: &str = "redirects are checked like requests";
const ANSWERS: &str = "answers are bounded and held to HTTP";

pub(crate) fn attacks() -> Vec<Attack> {
    [destinations(), addresses(), headers(), redirects(), answers(), answers_to_guests()]
        .into_iter()
        .flatten()
        .collect()
}

/// Addresses that lead into networks that the operator did not open, on every way.
fn destinations() -> Vec<Attack> {
    let to = |id, what, address: &'static str, text| {
        on_each(Class::Egress, (id, what), NETWORK, text, TO_ADDRESSES, move |rig: Rig, way| async move {
            rig.reach(way, Target::Address(address.to_owned())).await
        })
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
        ),
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
fn addresses() -> Vec<Attack> {
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
            denied,
        ),
        refused(
            "egress-climb-twice",
            "They are percent-encoded twice",
            RULE,
            get("https://api.example.com/v1/%252e%252e%252fadmin"),
            denied,
        ),
        refused(
            "egress-climb-backslash",
            "They are separated by an encoded backslash",
            RULE,
            get("https://api.example.com/v1/..%5cadmin"),
            denied,
        ),
        refused(
            "egress-climb-parameter",
            "They carry a path parameter that some servers cut off",
            RULE,
            get("https://api.example.com/v1/..;x=1/admin"),
            denied,
        ),
        refused(
            "egress-climb-unicode",
            "They are written as `%u002e`, as some servers read it",
            RULE,
            get("https://api.example.com/v1/%u002e%u002e/admin"),
            denied,
        ),
        refused(
            "egress-climb-overlong",
            "They are overlong UTF-8",
            RULE,
            get("https://api.example.com/v1/%c0%ae%c0%ae/admin"),
            denied,
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
            invalid("is no method"),
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
            invalid("holds a user name or password"),
        ),
        refused(
            "egress-fragment",
            "An address hides a host behind a fragment",
            HOSTS,
            get("https://api.example.com/#@evil.example"),
            invalid("holds a fragment"),
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
            "An address is none",
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

/// Headers that would change who is asked, what is asked, or where one request ends and the next begins.
fn headers() -> Vec<Attack> {
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
    let controls = ("HttpError::InvalidRequest", "has control characters");
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

/// What an answer would have the host do next.
fn redirects() -> Vec<Attack> {
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
            denied("it is no plain https address"),
        ),
        redirected(
            "egress-redirect-user",
            "A redirect carries a user name",
            308,
            "https://api.example.com:pass@evil.example/",
            denied("it is no plain https address"),
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
            ("HttpError::Connect", "no address"),
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
                let received = rig.echo().received().into_iter().find(|received| received.uri.path() == path);
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
            denied("asks for a body there that holds a secret"),
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
            "",
            OF_OAUTH,
            |rig, way| async move {
                let location = format!("location: {}", rig.forbidden().url("/stolen"));
                rig.reach(way, Target::Answer(say(307, &[&location], ""))).await
            },
        ),
    ]
}

/// Answers that are none, on every way.
fn answers() -> Vec<Attack> {
    let answered = |id, what, answer: fn() -> Answer| {
        on_each(Class::Egress, (id, what), ANSWERS, "", WAYS_OUT, move |rig: Rig, way| async move {
            // Told::answer is an escape: nothing of this is an answer.
            rig.reach(way, Target::Answer(answer())).await
        })
    };
    vec![
        answered("egress-closed", "A service hangs up without a word", || raw("")),
        answered("egress-garbage", "A service answers what is no HTTP", || raw("SSH-2.0-OpenSSH_9.6\r\n\r\n")),
        answered("egress-http09", "A service answers without a head", || raw("<html>it works</html>")),
        answered("egress-status", "A service answers a status that is none", || raw("HTTP/1.1 99999 No\r\n\r\n")),
        answered("egress-lengths", "A service gives two lengths", || {
            raw("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}}")
        }),
        answered("egress-length", "A service promises a length that is none", || {
            raw("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{}")
        }),
        answered("egress-cut", "A service breaks its answer off", || {
            raw("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"access_token\":\"half")
        }),
        answered("egress-chunk", "A chunk has a size that is none", || {
            raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff1\r\n{}\r\n0\r\n\r\n")
        }),
        answered("egress-chunk-cut", "Chunks do not end", || {
            raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n")
        }),
        answered("egress-header-bytes", "A service's headers hold a NUL", || {
            raw("HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 2\r\n\r\n{}")
        }),
        answered("egress-headers-large", "A service sends 100 KB of one header", || {
            say(200, &[&format!("x-large: {}", "x".repeat(100_000))], "{}")
        }),
        answered("egress-headers-many", "A service sends 5,000 headers", || {
            let headers: Vec<String> = (0..5000).map(|n| format!("x-{n}: {n}")).collect();
            say(200, &headers.iter().map(String::as_str).collect::<Vec<_>>(), "{}")
        }),
        answered("egress-headers-endless", "A service's headers never end", || {
            endless("HTTP/1.1 200 OK\r\n", "x-header: that goes on and on\r\n")
        }),
        answered("egress-switch", "A service switches to another protocol", || {
            raw("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: evil\r\n\r\nevil")
        }),
    ]
}

/// Answers that only a guest waits for, or reads.
fn answers_to_guests() -> Vec<Attack> {
    let told = |id, what, error, answer: fn() -> Answer, more: Value| {
        attack(Class::Egress, (id, what), ANSWERS, error, move |rig: Rig| {
            let more = more.clone();
            async move {
                let place = rig.upstream().at([answer()]);
                let mut step = json!({ "do": "send", "url": place.url("/") });
                for (name, value) in more.as_object().cloned().unwrap_or_default() {
                    step[name] = value;
                }
                rig.run(json!([step])).await
            }
        })
    };
    let bomb = || {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut packed, &vec![b'x'; 64 << 20]).expect("memory takes all");
        say(200, &["content-encoding: gzip"], packed.finish().expect("it ends"))
    };
    vec![
        told(
            "egress-silence",
            "A service never answers",
            ("HttpError::Timeout", "HttpError::Timeout"),
            || silence(""),
            json!({ "timeout": 300 }),
        ),
        told(
            "egress-half",
            "A service begins its head and falls silent",
            ("HttpError::Timeout", "HttpError::Timeout"),
            || silence("HTTP/1.1 200 OK\r\nx: "),
            json!({ "timeout": 300 }),
        ),
        told(
            "egress-endless",
            "An answer never ends",
            ("HttpError::TooLarge", "1048576"),
            || endless("HTTP/1.1 200 OK\r\n\r\n", "and so on and on and on and on and on and on and on\n"),
            json!({}),
        ),
        told("egress-bomb", "64 MiB are packed into 64 KiB", ("HttpError::TooLarge", "1048576"), bomb, json!({})),
        told(
            "egress-promise",
            "An answer promises more bytes than there are in the world",
            ("HttpError::TooLarge", "1048576"),
            || raw("HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551614\r\n\r\nx"),
            json!({}),
        ),
        told(
            "egress-stall",
            "An answer begins and falls silent",
            ("CallError::TimedOut", "did not finish run within 45 s"),
            || silence("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfirst"),
            json!({}),
        ),
        on_each(
            Class::Egress,
            ("egress-oauth-endless", "An answer to OAuth never ends"),
            ANSWERS,
            "longer than any honest one",
            OF_OAUTH_READ,
            |rig, way| async move {
                rig.reach(way, Target::Answer(endless("HTTP/1.1 200 OK\r\n\r\n", "{\"a\":[[[[[[[[[[[[[[[["))).await
            },
        ),
        on_each(
            Class::Egress,
            ("egress-continue", "A service says `100 Continue` for ever"),
            ANSWERS,
            "",
            OF_GUESTS,
            |rig, way| async move { rig.reach(way, Target::Answer(endless("", "HTTP/1.1 100 Continue\r\n\r\n"))).await },
        ),
    ]
}

/// An auth redirect service says nothing of its provider's answers but a code.
const OF_OAUTH_READ: &[Way] = &[
    Way::Token,
    Way::Code,
    Way::Refresh,
    Way::Discovery,
    Way::Device,
    Way::Revocation,
    Way::Ears,
    Way::EarsRevocation,
];
