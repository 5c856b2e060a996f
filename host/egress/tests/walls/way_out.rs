//! Only checked requests leave: no request in disguise, no part of an answer, no connection that another user authenticated.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use innkeeper_egress::{Body, CredentialSource, EgressError, Redirects, Request, RequestBody, Route, SecretFields};
use innkeeper_fixtures::scripted::{Reply, ScriptedServer};
use innkeeper_spec::{Place, PlaceholderUse, Placement, Policies, Unauthorized};
use secrecy::SecretString;

use crate::{Out, Tokens, attached, bare, denial, text};

fn invalid<T: std::fmt::Debug>(result: Result<T, EgressError>) -> String {
    match result {
        Err(EgressError::InvalidRequest(text)) => text,
        other => panic!("expected a refused request, got {other:?}"),
    }
}

fn with_header(url: &str, name: &str, value: &str) -> Request {
    let mut request = bare(url);
    let name: HeaderName = name.parse().expect("a header name");
    request.headers.insert(name, HeaderValue::from_str(value).expect("a header value"));
    request
}

const OVERRIDES: [(&str, &str); 9] = [
    ("X-HTTP-Method-Override", "DELETE"),
    ("X-HTTP-Method", "DELETE"),
    ("X-Method-Override", "DELETE"),
    ("X_HTTP_Method_Override", "DELETE"),
    ("X-Original-URL", "/admin"),
    ("X-Rewrite-URL", "/admin"),
    ("X_Original_URL", "/admin"),
    ("X-Original-URI", "/admin"),
    ("Destination", "https://elsewhere.example.com/x"),
];

#[tokio::test]
async fn headers_that_change_method_or_address_are_refused_where_a_rule_restricts_them() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    for rule in [format!("{} (GET)", service.url("")), format!("{}/v1", service.url(""))] {
        let out = Out::new(std::slice::from_ref(&rule));
        for (name, value) in OVERRIDES {
            let denial = denial(out.send(with_header(&service.url("/v1/x"), name, value)).await);
            let named = name.to_ascii_lowercase();
            assert!(denial.contains(&format!("`{named}`")) && denial.contains(&rule[7..]), "{denial}");
            assert!(!denial.contains(value), "{denial}");
        }
    }
    assert!(service.received().is_empty());
    let free = Out::new(&[service.url("")]);
    assert!(free.send(with_header(&service.url("/v1/x"), "X-HTTP-Method-Override", "PATCH")).await.is_ok());
}

#[tokio::test]
async fn headers_that_name_another_host_or_client_are_refused_everywhere() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let out = Out::new(&[service.url("")]);
    for name in [
        "Forwarded",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X_Forwarded_Proto",
        "X-Real-IP",
        "Client-IP",
        "True-Client-IP",
        "CF-Connecting-IP",
        "Via",
        "X-Host",
        "X-Original-Host",
        "Content_Length",
    ] {
        let error = invalid(out.send(with_header(&service.url("/"), name, "10.0.0.1")).await);
        assert!(error.contains(&format!("`{}`", name.to_ascii_lowercase())) && !error.contains("10.0.0.1"), "{error}");
    }
    assert!(service.received().is_empty());
}

#[tokio::test]
async fn a_default_header_of_a_spec_changes_no_method_either() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let mut out = Out::new(&[format!("{} (GET)", service.url(""))]);
    out.default_headers.push(("X-HTTP-Method-Override".into(), "DELETE".into()));
    denial(out.get(&service.url("/")).await);
    out.default_headers = vec![("X-Forwarded-For".into(), "10.0.0.1".into())];
    assert!(matches!(out.get(&service.url("/")).await, Err(EgressError::Misconfigured(_))));
    assert!(service.received().is_empty());
}

#[tokio::test]
async fn parameters_and_fields_that_change_the_method_are_refused_where_a_rule_restricts_it() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let out = Out::new(&[format!("{} (GET, POST)", service.url(""))]);
    for query in ["?_method=DELETE", "?a=b&%5fmethod=DELETE", "?X-HTTP-Method-Override=DELETE", "?method=DELETE"] {
        denial(out.get(&service.url(&format!("/{query}"))).await);
    }
    let mut request = bare(&service.url("/"));
    request.query.push(("_method".into(), "DELETE".into()));
    denial(out.send(request).await);
    for body in [
        RequestBody::Form(vec![("_method".into(), "DELETE".into())]),
        RequestBody::Bytes("_method=DELETE".into()),
        RequestBody::Stream(Body::from_bytes("_method=DELETE", Some("application/x-www-form-urlencoded".into()))),
    ] {
        let mut request = bare(&service.url("/"));
        (request.method, request.body) = (Method::POST, body);
        denial(out.send(request).await);
    }
    assert!(service.received().is_empty());
    assert!(out.get(&service.url("/?method=flickr.photos.search")).await.is_ok());
}

#[tokio::test]
async fn a_redirect_leads_no_disguise_to_a_rule_that_restricts() {
    let service = ScriptedServer::start(|asked, _| match asked.target.as_str() {
        "/" => Reply::to(307, "/v1/x"),
        "/query" => Reply::to(302, "/v1/x?_method=DELETE"),
        _ => Reply::new(200),
    })
    .await;
    let free = ScriptedServer::start({
        let restricted = service.url("/v1/x");
        move |_, _| Reply::to(307, &restricted)
    })
    .await;
    let out = Out::new(&[free.url(""), format!("{} (GET)", service.url(""))]);
    let denial_of_header = denial(out.send(with_header(&free.url("/"), "X-HTTP-Method-Override", "DELETE")).await);
    assert!(denial_of_header.contains("x-http-method-override"), "{denial_of_header}");
    denial(out.get(&service.url("/query")).await);
    assert_eq!(service.received().len(), 1, "the redirect was not followed");
}

#[tokio::test]
async fn methods_that_are_never_sent_are_refused_in_any_case() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let out = Out::new(&[service.url("")]);
    for method in ["CONNECT", "connect", "Connect", "TRACE", "trace", "TRACK", "track", "PRI", "get", "Delete"] {
        let mut request = bare(&service.url("/"));
        request.method = Method::from_bytes(method.as_bytes()).expect("a token");
        invalid(out.send(request).await);
    }
    assert!(service.received().is_empty());
}

#[tokio::test]
async fn a_path_that_a_server_could_read_as_another_is_refused_with_its_reason() {
    let service = ScriptedServer::start(|asked, _| match asked.target.as_str() {
        "/v1/away" => Reply::to(302, "/v1/%u002e%u002e/v2"),
        _ => Reply::new(200),
    })
    .await;
    let out = Out::new(&[format!("{}/v1", service.url(""))]).tokens(Tokens::new(&["token-one"]));
    for path in [
        "/v1/%u002e%u002e/v2",
        "/v1/%c0%ae%c0%ae/v2",
        "/v1/%252e%252e/v2",
        "/v1/..;/v2",
        "/v1/%ef%bc%8e%ef%bc%8e/v2",
        "/v1/..%5cv2",
        "/v1/..%2fv2",
        "/v1/x%00",
        "/v1/..%20/v2",
        "/v1/x%0a",
    ] {
        let denial = denial(out.get(&service.url(path)).await);
        assert!(denial.contains("its path"), "{path}: {denial}");
    }
    assert!(service.received().is_empty());
    denial(out.get(&service.url("/v1/away")).await);
    assert!(out.send(attached(&service.url("/v1/${secret.slip}/x"))).await.is_err(), "a secret climbs no further");
    assert_eq!(service.received().len(), 1, "neither the redirect nor the filled-in path was followed");
    for path in ["/v1/a%20b", "/v1/a%2Fb/c", "/v1/%E6%97%A5", "/v1/What%3F"] {
        assert!(out.get(&service.url(path)).await.is_ok(), "{path}");
    }
}

#[tokio::test]
async fn parts_of_answers_are_neither_asked_for_nor_taken_where_secrets_are_looked_for() {
    let service = ScriptedServer::start(|asked, _| match asked.target.as_str() {
        "/part" => Reply::new(206).header("content-range", "bytes 3-9/20").body("en-one?"),
        _ => Reply::new(200).body("whole"),
    })
    .await;
    let out = Out::new(&[service.url("")]).tokens(Tokens::new(&["token-one"]));
    for name in ["range", "if-range", "x-ms-range"] {
        let mut request = with_header(&service.url("/"), name, "bytes=3-");
        request.credential = innkeeper_egress::CredentialMode::Attach;
        let error = invalid(out.send(request).await);
        assert!(error.contains(name) && error.contains("whole body"), "{error}");
    }
    assert!(service.received().is_empty());
    let part = out.send(attached(&service.url("/part"))).await;
    assert!(matches!(part, Err(EgressError::Connect(text)) if text.contains("a part of a body")));
    let free = Out::new(&[service.url("")]);
    assert!(free.send(with_header(&service.url("/"), "range", "bytes=3-")).await.is_ok());
    assert_eq!(free.get(&service.url("/part")).await.expect("taken").status, StatusCode::PARTIAL_CONTENT);
}

#[tokio::test]
async fn packed_answers_are_refused_where_a_secret_may_lie_in_a_body() {
    let service = ScriptedServer::start(|asked, _| match asked.target.as_str() {
        "/typed" => Reply::new(200).header("content-type", "application/zip").body("?"),
        "/named" => Reply::new(200).header("content-disposition", "attachment; filename=\"a.7z\"").body("?"),
        "/bare" => Reply::new(200).body(b"PK\x03\x04 and so on"),
        _ => Reply::new(200).body("plain"),
    })
    .await;
    let out = Out::new(&[service.url("")]).tokens(Tokens::new(&["token-one"]));
    for path in ["/typed", "/named", "/bare"] {
        let answer = out.send(attached(&service.url(path))).await;
        assert!(matches!(answer, Err(EgressError::Connect(text)) if text.contains("packed data")), "{path}");
        assert!(Out::new(&[service.url("")]).get(&service.url(path)).await.is_ok(), "{path}");
    }
    assert_eq!(text(out.send(attached(&service.url("/"))).await.expect("answered")).await, "plain");
}

/// A service answered JSON in one piece. The host examined it for a sign of a rejected token, and the length calculated
/// afterwards counted only bytes that had not arrived yet: none. Sent on as an upload, the body announced a length of zero and
/// was lost.
#[tokio::test]
async fn a_body_that_was_looked_into_keeps_its_length_as_an_upload() {
    let service = ScriptedServer::start(|asked, _| match asked.target.as_str() {
        "/down" => Reply::new(200).header("content-type", "application/json").body(r#"{"a":1}"#),
        _ => Reply::new(200),
    })
    .await;
    let unauthorized = Unauthorized { body_path: "/error".into(), body_values: vec!["expired".into()] };
    let out = Out::new(&[service.url("")]);
    let out = Out { policies: Policies { unauthorized: Some(unauthorized), ..Policies::default() }, ..out };
    let down = out.get(&service.url("/down")).await.expect("answered");
    assert_eq!(down.body.length(), Some(7));
    let mut up = bare(&service.url("/up"));
    (up.method, up.body) = (Method::POST, RequestBody::Stream(down.body));
    out.send(up).await.expect("sent");
    assert_eq!(service.last().text(), r#"{"a":1}"#);
}

#[tokio::test]
async fn an_address_that_cannot_be_sent_is_refused_as_that() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let out = Out::new(&[service.url("")]);
    let error = invalid(out.get(&service.url(&format!("/?q={}", "x".repeat(70_000)))).await);
    assert!(error.contains("65534") && error.len() < 300, "{error}");
    let mut request = bare(&service.url("/"));
    request.query.push(("q".into(), " ".repeat(30_000)));
    invalid(out.send(request).await);
    assert!(service.received().is_empty());
}

#[tokio::test]
async fn a_credential_that_authenticates_its_connection_shares_it_with_nobody() {
    let service = ScriptedServer::start(|_, _| Reply::new(200).body("ok")).await;
    let ntlm = Out::new(&[service.url("")]).tokens(Tokens::new(&["NTLM TlRMTVNTUAAD"]));
    for _ in 0..3 {
        text(ntlm.send(attached(&service.url("/"))).await.expect("answered")).await;
    }
    assert_eq!(service.connections(), 3, "each request has a connection of its own");
    let bearer = Out::new(&[service.url("")]).tokens(Tokens::new(&["Bearer token-one"]));
    for _ in 0..3 {
        text(bearer.send(attached(&service.url("/"))).await.expect("answered")).await;
    }
    assert_eq!(service.connections(), 4, "those of other credentials are kept");
}

#[tokio::test]
async fn a_service_that_authenticates_connections_gets_none_twice_any_more() {
    let service = ScriptedServer::start(|asked, _| match asked.target.as_str() {
        "/ntlm" => Reply::new(401).header("www-authenticate", "NTLM").body("no"),
        _ => Reply::new(200).body("ok"),
    })
    .await;
    let out = Out::new(&[service.url("")]);
    for path in ["/", "/ntlm"] {
        text(out.get(&service.url(path)).await.expect("answered")).await;
    }
    assert_eq!(service.connections(), 1);
    for _ in 0..3 {
        text(out.get(&service.url("/")).await.expect("answered")).await;
    }
    assert_eq!(service.connections(), 4, "the challenge ended the sharing");
}

/// A field that may go only into headers of one path.
struct BoundKey;

impl SecretFields for BoundKey {
    fn secret(&self, field: &str) -> Option<SecretString> {
        (field == "key").then(|| "bound-secret".into())
    }

    fn all(&self) -> Vec<SecretString> {
        self.secret("key").into_iter().collect()
    }

    fn may_fill(&self, field: &str, at: &Placement<'_>) -> bool {
        let bound: PlaceholderUse = "key below /v1 with GET in header".parse().expect("a use");
        field == bound.field && bound.permits(at)
    }

    fn may_fill_in(&self, place: Place) -> bool {
        place == Place::Header
    }
}

#[tokio::test]
async fn a_placeholder_that_is_bound_to_a_place_goes_nowhere_else_and_no_redirect_takes_it_there() {
    let service = ScriptedServer::start(|asked, _| match asked.target.as_str() {
        "/v1/away" => Reply::to(302, "/v2"),
        "/v1/zip" => Reply::new(200).header("content-type", "application/zip").body("?"),
        _ => Reply::new(200),
    })
    .await;
    let out = Out::new(&[service.url("")]).tokens(Tokens::new(&["token-one"]));
    let send = async |request: Request| {
        let route = Route {
            allow: &out.allow,
            credential: out.tokens.as_ref().map(|tokens| tokens as &dyn CredentialSource),
            default_headers: &[],
            placeholders: Some(&BoundKey),
            policies: &out.policies,
            deadline: None,
            dropped_at_deadline: false,
            requests: None,
            echoes: None,
        };
        out.egress.send(request, &route).await
    };
    let keyed = |path: &str| {
        let mut request = attached(&service.url(path));
        request.headers.insert("x-key", HeaderValue::from_static("${secret.key}"));
        request
    };
    send(keyed("/v1/x")).await.expect("that is its place");
    assert_eq!(service.last().header("x-key"), Some("bound-secret"));
    assert!(invalid(send(keyed("/v2")).await).contains("`placeholders`"));
    assert!(invalid(send(attached(&service.url("/v1/${secret.key}"))).await).contains("in the path"));
    let mut post = attached(&service.url("/v1/x"));
    (post.method, post.body) = (Method::POST, RequestBody::Form(vec![("a".into(), "${secret.key}".into())]));
    assert!(invalid(send(post).await).contains("in the body"));
    assert!(denial(send(keyed("/v1/away")).await).contains("binds it to other addresses"));
    assert!(!service.received().iter().any(|asked| asked.target == "/v2"));
    assert!(send(attached(&service.url("/v1/zip"))).await.is_ok(), "no secret can lie in a body");
}

#[tokio::test]
async fn a_stopped_redirect_is_still_an_answer() {
    let service =
        ScriptedServer::start(|_, _| Reply::to(302, "/v1/%u002e%u002e/v2").body(Bytes::from_static(b"moved"))).await;
    let mut request = bare(&service.url("/v1/x"));
    request.redirects = Redirects::Stop;
    assert_eq!(Out::new(&[format!("{}/v1", service.url(""))]).send(request).await.expect("answered").status, 302);
}
