//! Token requests through an auth redirect service, compared with the same requests at the provider behind it.

use std::borrow::Cow;
use std::time::Duration;

use futures::future::try_join_all;
use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderName, LOCATION, SET_COOKIE};
use reqwest::{Client, Response};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::Effort;
use crate::bench_host::address;
use crate::child::RedirectService;
use crate::failure::Failure;
use crate::plain;
use crate::redirect_service::PROVIDER;
use crate::sample::{Sample, Spread, Stopwatch, median};

/// Concurrent callers when requests are counted.
const CALLERS: usize = 64;
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The time that the service takes in addition to the provider.
#[derive(Debug, Serialize)]
pub(crate) struct Ears {
    /// To redeem a code: how much longer a request of one caller takes than the median request at the provider.
    pub(crate) redeem: Spread,
    /// To refresh.
    pub(crate) refresh: Spread,
    pub(crate) many_callers: Throughput,
}

/// Refreshes in a second by many callers at once.
#[derive(Debug, Serialize)]
pub(crate) struct Throughput {
    pub(crate) callers: usize,
    /// At the provider.
    pub(crate) direct_per_second: f64,
    /// Through the service.
    pub(crate) per_second: f64,
}

/// What is sent.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// At the provider.
    Direct,
    Redeem,
    Refresh,
}

pub(super) async fn measure(provider: &Url, effort: Effort) -> Result<Ears, Failure> {
    let service = RedirectService::start(provider).await?;
    let caller = Caller { provider: provider.clone(), service: service.base().clone(), client: plain::client()? };
    let (mut redeem, mut refresh) = (Sample::default(), Sample::default());
    for round in 0..=effort.rounds {
        // A code lives for a minute; this provider takes its own part of it as often as it is sent.
        let code = caller.code().await?;
        let mut direct = caller.times(Way::Direct, &code, effort.turn).await?;
        let direct = Duration::from_secs_f64(direct.percentile(50) / 1e6);
        for (way, sample) in [(Way::Redeem, &mut redeem), (Way::Refresh, &mut refresh)] {
            let through = caller.times(way, &code, effort.turn).await?;
            // The first round only warms up.
            if round > 0 {
                sample.extend_beyond(&through, direct);
            }
        }
    }
    let many_callers = many(&caller, effort).await?;
    Ok(Ears { redeem: redeem.spread(), refresh: refresh.spread(), many_callers })
}

async fn many(caller: &Caller, effort: Effort) -> Result<Throughput, Failure> {
    let (mut direct, mut through) = (Vec::new(), Vec::new());
    for round in 0..=effort.rounds {
        for (way, rates) in [(Way::Direct, &mut direct), (Way::Refresh, &mut through)] {
            let rate = caller.busy(way, effort.turn).await?;
            if round > 0 {
                rates.push(rate);
            }
        }
    }
    Ok(Throughput { callers: CALLERS, direct_per_second: median(direct).round(), per_second: median(through).round() })
}

/// A host that asks for tokens.
#[derive(Clone)]
struct Caller {
    provider: Url,
    service: Url,
    client: Client,
}

impl Caller {
    /// How long each request takes when nothing else runs.
    async fn times(&self, way: Way, code: &str, time: Duration) -> Result<Sample, Failure> {
        let mut sample = Sample::default();
        let watch = Stopwatch::start();
        while watch.elapsed() < time {
            let request = Stopwatch::start();
            self.ask(way, code).await?;
            sample.push(request.elapsed());
        }
        Ok(sample)
    }

    /// Requests in a second by [`CALLERS`] tasks.
    async fn busy(&self, way: Way, time: Duration) -> Result<f64, Failure> {
        // Connections are made before the time begins.
        try_join_all((0..CALLERS).map(|_| self.ask(way, ""))).await?;
        let watch = Stopwatch::start();
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                let caller = self.clone();
                tokio::spawn(async move {
                    let mut count = 0_u32;
                    while watch.elapsed() < time {
                        caller.ask(way, "").await?;
                        count += 1;
                    }
                    Ok::<_, Failure>(count)
                })
            })
            .collect();
        let mut total = 0;
        for caller in callers {
            total += caller.await.map_err(|_| Failure::Child { role: "a caller" })??;
        }
        Ok(f64::from(total) / watch.elapsed().as_secs_f64())
    }

    async fn ask(&self, way: Way, code: &str) -> Result<(), Failure> {
        let (url, kind, body) = match way {
            Way::Direct => {
                let form = "grant_type=refresh_token&refresh_token=a-refresh-token-of-somebody";
                (address(&self.provider, "token"), "application/x-www-form-urlencoded", form.to_owned())
            }
            Way::Redeem => {
                let body = json!({ "code": code, "pkce_verifier": VERIFIER });
                (self.at("token"), "application/json", body.to_string())
            }
            Way::Refresh => {
                let body = json!({ "refresh_token": "a-refresh-token-of-somebody" });
                (self.at("refresh"), "application/json", body.to_string())
            }
        };
        let answer = self.client.post(url).header(CONTENT_TYPE, kind).body(body).send().await?.error_for_status()?;
        let answer: Value = serde_json::from_slice(&answer.bytes().await?)?;
        if answer["access_token"].is_string() { Ok(()) } else { Err(Failure::Redirect("a token")) }
    }

    /// A code as the service gives it to a host whose user has consented.
    async fn code(&self) -> Result<String, Failure> {
        let mut url = self.at("authorize");
        url.query_pairs_mut().extend_pairs([
            ("callback_uri", "http://127.0.0.1/callback"),
            ("state", "a-state"),
            ("pkce_challenge", CHALLENGE),
            ("pkce_method", "S256"),
        ]);
        let begun = self.client.get(url).send().await?;
        let cookie = header(&begun, &SET_COOKIE)?.split(';').next().unwrap_or_default();
        let state = parameter(&begun, "state")?;
        let mut url = self.at("callback");
        url.query_pairs_mut().extend_pairs([("code", "a-code-of-the-provider"), ("state", &state)]);
        parameter(&self.client.get(url).header(COOKIE, cookie).send().await?, "code")
    }

    fn at(&self, endpoint: &str) -> Url {
        address(&self.service, &format!("v1/{PROVIDER}/oauth/{endpoint}"))
    }
}

/// A parameter of the address that the browser is sent on to.
fn parameter(answer: &Response, name: &str) -> Result<String, Failure> {
    let target = Url::parse(header(answer, &LOCATION)?).map_err(|_| Failure::Redirect("an address"))?;
    let found = target.query_pairs().find(|(given, _)| given == name);
    found.map(|(_, value): (_, Cow<'_, str>)| value.into_owned()).ok_or(Failure::Redirect("a code and a state"))
}

fn header<'a>(answer: &'a Response, name: &HeaderName) -> Result<&'a str, Failure> {
    let value = answer.headers().get(name).and_then(|value| value.to_str().ok());
    value.ok_or(Failure::Redirect("a redirect and a cookie"))
}
