//! Several processes of one service: they have a keyring in common, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use innkeeper_fixtures::oidc::plain_client;
use tokio::net::TcpListener;
use url::Url;

use crate::hosts::Host;
use crate::service::Place;
use crate::upstreams::{Upstreams, visit, wait};

#[test]
fn replicas_behind_one_address_share_a_keyring_and_nothing_else() {
    let upstreams = Upstreams::start();
    let balancer = Balancer::start();
    let first = Place::with(&upstreams.service_file());
    let keyring = first.path().join("ears-keyring");
    let second = Place::with(&format!("keyring = \"file:{}\"\n{}", keyring.display(), upstreams.service_file()));
    let (places, public_url) = ([first, second], balancer.base.to_string());
    let arguments = ["--listen", "127.0.0.1:0", "--public-url", &public_url];
    let replicas = places.each_ref().map(|place| place.start_with(&arguments, "trace"));
    balancer.lead_to(
        replicas.each_ref().map(|replica| format!("http://{}", replica.listening()).parse().expect("an address")),
    );
    let host = Host::connected(&balancer.base, &upstreams);

    // Two requests of the browser and one of the host: each goes to a different replica.
    for user in ["ada", "grace"] {
        upstreams.authorize(&host, &replicas[0], user);
        assert_eq!(host.owner(user), user);
    }
    wait(upstreams.oidc.expire_access_tokens()).expect("they are forgotten");
    for user in ["ada", "grace"] {
        assert_eq!(host.owner(user), user);
        host.run(&["disconnect", "drive", "--principal", user]).succeeded();
    }
    for place in &places {
        let log = place.log();
        for endpoint in ["authorize", "callback", "token", "refresh", "revoke"] {
            let served = log.lines().any(|line| line.contains("answered") && line.contains(&format!("\"{endpoint}\"")));
            assert!(served, "this replica served no {endpoint}:\n{log}");
        }
    }
    assert!(!places[1].path().join("ears-keyring").exists(), "it used the one that it was given");
}

#[test]
fn a_flow_that_began_before_a_restart_ends_after_it() {
    let upstreams = Upstreams::start();
    let place = Place::with(&upstreams.service_file());
    let service = place.start();
    let listening = service.listening().to_owned();
    let host = Host::connected(service.base(), &upstreams);
    let waiting = host.begin_authorization("ada");

    // The browser goes to the provider, and meanwhile the service is another process.
    let http = plain_client().expect("a client for loopback");
    let begun = wait(async { http.get(waiting.address()).send().await }).expect("it answers");
    let at = |name| begun.headers().get(name).expect("it is sent").to_str().expect("text").to_owned();
    let (provider, cookie) = (at(header::LOCATION), at(header::SET_COOKIE));
    let back = wait(upstreams.oidc.authorize_as(&provider, "ada")).expect("she consents");
    assert!(service.stop().success());
    let service = place.start_with(&["--listen", &listening], "trace");

    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    assert!(back.as_str().starts_with(service.base().as_str()), "{back}");
    let handed_on = wait(async { http.get(back).header(header::COOKIE, cookie).send().await }).expect("it answers");
    assert_eq!(handed_on.status(), StatusCode::FOUND);
    visit(handed_on.headers()[header::LOCATION].to_str().expect("text"));
    host.end_authorization(waiting).succeeded();
    assert_eq!(host.owner("ada"), "ada");
}

/// Passes requests to one replica after the other, like a load balancer. It stops with the tests.
struct Balancer {
    base: Url,
    way: Arc<Way>,
}

#[derive(Default)]
struct Way {
    replicas: std::sync::OnceLock<[Url; 2]>,
    passed: AtomicUsize,
}

impl Balancer {
    /// Starts it on a free port.
    fn start() -> Self {
        wait(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
            let base = format!("http://{}", listener.local_addr().expect("an address")).parse().expect("an address");
            let way = Arc::<Way>::default();
            let router = Router::new().fallback(hand_on).with_state(way.clone());
            tokio::spawn(async move { axum::serve(listener, router).await });
            Self { base, way }
        })
    }

    fn lead_to(&self, replicas: [Url; 2]) {
        self.way.replicas.set(replicas).expect("it is told once");
    }
}

async fn hand_on(State(way): State<Arc<Way>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let replicas = way.replicas.get().expect("it was told");
    let replica = &replicas[way.passed.fetch_add(1, Ordering::Relaxed) % replicas.len()];
    let target = replica.join(uri.path_and_query().expect("a path").as_str()).expect("a path joins");
    let http = plain_client().expect("a client for loopback");
    // The host name stays the one that the caller requested.
    let request = http.request(method, target).headers(headers).body(body);
    let Ok(answer) = request.send().await else { return StatusCode::BAD_GATEWAY.into_response() };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let Ok(body) = answer.bytes().await else { return StatusCode::BAD_GATEWAY.into_response() };
    (status, headers, body).into_response()
}
