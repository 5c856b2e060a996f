//! Headers and parameters by which a request asks to be taken for another one.
//!
//! Proxies and frameworks read the method, the address, the host or the client of a request from such headers, and
//! trust them more than the request itself. The service would then not do what was checked.

use std::borrow::Cow;

/// What a header makes the service believe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disguise {
    /// That the request has another method: `X-HTTP-Method-Override`.
    Method,
    /// That it has another path or redirects to another address: `X-Original-URL`, `Destination`.
    Address,
    /// That it is for another host or arrived over another scheme: `X-Forwarded-Host`.
    Host,
    /// That it has another sender: `X-Forwarded-For`, `X-Real-IP`, `Via`.
    Client,
}

impl Disguise {
    /// Whether no rule can allow it: each rule names a host, and a guest sends only from this host. Method and
    /// address are free if no rule restricts them.
    pub fn is_never_allowed(self) -> bool {
        matches!(self, Self::Host | Self::Client)
    }

    /// What it changes, to follow "the service could take the request for one".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Method => "with another method",
            Self::Address => "to another address",
            Self::Host => "to another host",
            Self::Client => "from another client",
        }
    }
}

/// The name of a header or a parameter as the least careful server compares it: in lower case, with `-` for
/// everything that is not a letter or digit (CGI makes one variable of `X-A` and `X_A`).
pub fn fold(name: &str) -> Cow<'_, str> {
    if name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return Cow::Borrowed(name);
    }
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
}

/// What a header of this name changes, in any case and spelling.
pub fn of_header(name: &str) -> Option<Disguise> {
    let name = fold(name);
    let name = name.trim_matches('-');
    let stem = name.strip_prefix("x-").unwrap_or(name);
    match stem {
        "accept" | "content-type" | "user-agent" => None,
        "http-method" | "http-verb" | "httpmethod" | "httpmethodoverride" | "method" | "original-method"
        | "real-method" | "request-method" | "rewrite-method" | "tunnel-method" | "tunneled-method" | "verb"
        | "verb-override" | "override-method" | "http-override" => Some(Disguise::Method),
        "accel-mapping"
        | "accel-redirect"
        | "base-url"
        | "destination"
        | "http-destinationurl"
        | "original-path"
        | "original-request-uri"
        | "original-uri"
        | "original-url"
        | "override-path"
        | "override-uri"
        | "override-url"
        | "path"
        | "path-info"
        | "path-override"
        | "pathinfo"
        | "proxy-url"
        | "request-path"
        | "request-uri"
        | "request-url"
        | "rewrite-path"
        | "rewrite-uri"
        | "rewrite-url"
        | "script-name"
        | "sendfile"
        | "sendfile-type"
        | "uri"
        | "uri-override"
        | "url"
        | "url-override"
        | "url-rewrite"
        | "waf-path"
        | "waf-url" => Some(Disguise::Address),
        "authority" | "backend-host" | "host-name" | "host-override" | "http-host" | "http-host-override"
        | "original-authority" | "original-host" | "original-port" | "original-proto" | "original-scheme"
        | "override-host" | "proxy-host" | "real-host" | "requested-host" | "rewrite-host" | "scheme"
        | "server-name" | "url-scheme" => Some(Disguise::Host),
        "host" if stem.len() < name.len() => Some(Disguise::Host),
        "arr-clientcert" | "cf-ipcountry" | "cf-pseudo-ipv4" | "client-verify" | "coming-from" | "max-forwards"
        | "proxyuser-ip" | "remote-user" | "via" => Some(Disguise::Client),
        _ => of_kind(stem),
    }
}

/// Families of names, to which more are added.
fn of_kind(stem: &str) -> Option<Disguise> {
    let within = |parts: &[&str]| parts.iter().any(|part| stem.contains(part));
    let begins = |parts: &[&str]| parts.iter().any(|part| stem.starts_with(part));
    let ends = |parts: &[&str]| parts.iter().any(|part| stem.ends_with(part));
    if within(&["method-override", "methodoverride", "http-method"]) {
        Some(Disguise::Method)
    } else if begins(&["forwarded-host", "forwarded-server", "forwarded-proto", "forwarded-port", "forwarded-prefix"])
        || stem == "envoy-original-host"
    {
        Some(Disguise::Host)
    } else if stem == "envoy-original-path" {
        Some(Disguise::Address)
    } else if begins(&[
        "forwarded",
        "client-cert",
        "envoy-",
        "goog-authenticated-user",
        "ms-client-principal",
        "amzn-oidc-",
        "ssl-client-",
    ]) || within(&["client-ip", "clientip"])
        || ends(&[
            "connecting-ip",
            "connecting-ipv6",
            "originating-ip",
            "peer-ip",
            "real-ip",
            "realip",
            "remote-addr",
            "remote-address",
            "remote-ip",
            "source-ip",
            "user-ip",
        ])
    {
        Some(Disguise::Client)
    } else {
        None
    }
}

/// Whether a parameter of a query or a form requests another method, as frameworks read it (`_method=DELETE`). `name`
/// and `value` are decoded. A plain `method` counts only with the name of an HTTP method: services have parameters
/// with that name.
pub fn is_method_parameter(name: &str, value: &str) -> bool {
    // Some servers end a name at a null byte.
    let name = name.split('\0').next().unwrap_or_default();
    let folded = fold(name);
    let squashed = || folded.bytes().filter(|&byte| byte != b'-');
    let is = |wanted: &str| squashed().eq(wanted.bytes());
    if is("method") {
        let value = value.trim();
        return !name.eq_ignore_ascii_case("method") || METHODS.iter().any(|method| method.eq_ignore_ascii_case(value));
    }
    [
        "httpmethod",
        "httpmethodoverride",
        "httpverb",
        "methodoverride",
        "overridemethod",
        "requestmethod",
        "xhttpmethod",
        "xhttpmethodoverride",
        "xmethodoverride",
        "xmethod",
    ]
    .into_iter()
    .any(is)
}

const METHODS: [&str; 15] = [
    "CONNECT", "COPY", "DELETE", "GET", "HEAD", "LINK", "LOCK", "MKCOL", "MOVE", "OPTIONS", "PATCH", "POST", "PUT",
    "TRACE", "UNLINK",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_change_a_request_are_known_in_any_spelling() {
        for (name, disguise) in [
            ("X-HTTP-Method-Override", Disguise::Method),
            ("x_http_method_override", Disguise::Method),
            ("X.HTTP.Method.Override", Disguise::Method),
            ("X-HTTP-Method", Disguise::Method),
            ("X-Method-Override", Disguise::Method),
            ("_method", Disguise::Method),
            ("X-Original-URL", Disguise::Address),
            ("X_Original_URL", Disguise::Address),
            ("X-Rewrite-URL", Disguise::Address),
            ("Destination", Disguise::Address),
            ("X-Accel-Redirect", Disguise::Address),
            ("X-Envoy-Original-Path", Disguise::Address),
            ("X-Original-Host", Disguise::Host),
            ("X-Host", Disguise::Host),
            ("X-Forwarded-Host", Disguise::Host),
            ("X-Forwarded-Proto", Disguise::Host),
            ("Forwarded", Disguise::Client),
            ("X-Forwarded-For", Disguise::Client),
            ("X-Forwarded", Disguise::Client),
            ("X-Real-IP", Disguise::Client),
            ("Client-IP", Disguise::Client),
            ("True-Client-IP", Disguise::Client),
            ("CF-Connecting-IP", Disguise::Client),
            ("X-Cluster-Client-IP", Disguise::Client),
            ("X-Azure-ClientIP", Disguise::Client),
            ("X-SSL-Client-Verify", Disguise::Client),
            ("Client-Cert", Disguise::Client),
            ("Remote-User", Disguise::Client),
            ("Via", Disguise::Client),
            ("Max-Forwards", Disguise::Client),
        ] {
            assert_eq!(of_header(name), Some(disguise), "{name}");
        }
    }

    #[test]
    fn ordinary_headers_are_left_alone() {
        for name in [
            "accept",
            "content-type",
            "content-range",
            "content-disposition",
            "depth",
            "dropbox-api-arg",
            "if-match",
            "if-none-match",
            "client-request-id",
            "host",
            "idempotency-key",
            "notion-version",
            "origin",
            "overwrite",
            "prefer",
            "referer",
            "sforce-call-options",
            "x-api-key",
            "x-github-api-version",
            "x-goog-upload-protocol",
            "x-ms-client-request-id",
            "x-payment-method",
            "x-requested-with",
            "x-upload-content-length",
        ] {
            assert_eq!(of_header(name), None, "{name}");
        }
    }

    #[test]
    fn parameters_that_change_the_method_are_told_from_a_services_own() {
        for (name, value) in [
            ("_method", "DELETE"),
            ("_METHOD", "x"),
            (".method", "put"),
            ("$method", "put"),
            ("_method\0x", "put"),
            ("X-HTTP-Method-Override", "x"),
            ("x_http_method", "x"),
            ("$httpMethod", "PATCH"),
            ("_HttpMethod", "PATCH"),
            ("method", "delete"),
            ("Method", " DELETE"),
        ] {
            assert!(is_method_parameter(name, value), "{name}={value}");
        }
        for (name, value) in
            [("method", "flickr.photos.search"), ("payment_method", "card"), ("methods", "GET"), ("q", "_method")]
        {
            assert!(!is_method_parameter(name, value), "{name}={value}");
        }
    }
}
