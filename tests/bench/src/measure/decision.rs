//! What egress decides before a request is sent.

use innkeeper_egress::{CredentialMode, Redirects, Request, RequestBody, Route};
use innkeeper_spec::{ApprovedHost, Policies};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use url::Url;

use super::Effort;
use crate::bench_host::BenchHost;
use crate::failure::Failure;
use crate::sample::{Stopwatch, median};

/// Decisions between two looks at the clock.
const BATCH: u32 = 1000;
/// Rules of a connection that reaches many hosts; the request fits the last.
const RULES: usize = 20;

/// Whether a request may leave: its method, its headers, its address and its body, by the rules of a connection.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Decision {
    pub(crate) rules: usize,
    /// For a request with a few headers and an address with escapes, in the middle.
    pub(crate) each_ns: f64,
}

pub(super) fn measure(stage: &BenchHost, effort: Effort) -> Result<Decision, Failure> {
    let rules = (1..RULES).map(|number| format!("https://api-{number}.example.com/v1 (GET, POST)"));
    let rules = rules.chain(["https://*.example.net/drive/v3 (GET, POST)".to_owned()]);
    let allow: Vec<ApprovedHost> = rules.map(|rule| rule.parse().map_err(Failure::Egress)).collect::<Result<_, _>>()?;
    let policies = Policies::default();
    let route = Route {
        allow: &allow,
        credential: None,
        default_headers: &[("x-api-version".to_owned(), "3".to_owned())],
        placeholders: None,
        policies: &policies,
        deadline: None,
        dropped_at_deadline: true,
        requests: None,
        echoes: None,
    };
    let url = Url::parse("https://files.example.net/drive/v3/files/a%20b%2Fc?fields=id%2Cname")
        .map_err(|error| Failure::Egress(error.to_string()))?;
    let mut each = Vec::new();
    let watch = Stopwatch::start();
    while watch.elapsed() < effort.turn {
        let requests: Vec<Request> = (0..BATCH).map(|_| request(&url)).collect();
        let batch = Stopwatch::start();
        for request in requests {
            stage.egress.decide(request, &route)?;
        }
        each.push(batch.elapsed().as_secs_f64() * 1e9 / f64::from(BATCH));
    }
    Ok(Decision { rules: RULES, each_ns: median(each).round() })
}

fn request(url: &Url) -> Request {
    let headers = [("accept", "application/json"), ("x-request-id", "1234"), ("if-none-match", "\"5678\"")];
    let headers = headers.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    Request {
        method: Method::GET,
        url: url.clone(),
        query: vec![("pageSize".to_owned(), "100".to_owned())],
        headers: HeaderMap::from_iter(headers),
        body: RequestBody::Empty,
        credential: CredentialMode::Attach,
        redirects: Redirects::Follow,
        timeout: None,
    }
}
