//! One test for each wall around egress, against real servers on loopback.

mod answers;
mod bodies;
mod credentials;
mod destinations;
mod http2;
mod placeholders;
mod redirects;
mod repeats;
mod tls;
mod way_out;

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::{HeaderName, Method};
use innkeeper_ambient::{Clock, SeededRandom, SystemClock};
use innkeeper_egress::{
    Attachment, CredentialError, CredentialMode, CredentialSource, Egress, EgressError, Request, RequestBudget,
    RequestHead, Resolver, Response, Route, SecretFields, Settings,
};
use innkeeper_spec::{ApprovedHost, Policies};
use secrecy::SecretString;

/// A token that every encoding changes.
pub(crate) const TOKEN: &str = "tok/en+with=every?kind&of~byte\u{e9}\"end";

/// A resolver that goes through a list of answers for each name and repeats the last one.
#[derive(Debug, Default)]
pub(crate) struct Names {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    asked: AtomicUsize,
}

impl Names {
    pub(crate) fn answer(&self, name: &str, answers: &[&[&str]]) {
        let answers = answers.iter().map(|answer| answer.iter().map(|ip| ip.parse().expect("an address")).collect());
        self.answers.lock().expect("not poisoned").insert(name.to_owned(), answers.collect());
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().expect("not poisoned");
        let answers = answers.get_mut(host).ok_or_else(|| io::Error::other("no such name"))?;
        Ok(if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() })
    }
}

/// A source that returns one token after the other, and records its calls.
pub(crate) struct Tokens {
    series: Vec<&'static str>,
    current: AtomicUsize,
    pub(crate) asked: AtomicUsize,
    pub(crate) in_query: bool,
    /// Each request gets the next one, all under one number, like signatures with one key.
    each: bool,
}

impl Tokens {
    pub(crate) fn new(tokens: &[&'static str]) -> Self {
        Self {
            series: tokens.to_vec(),
            current: AtomicUsize::new(0),
            asked: AtomicUsize::new(0),
            in_query: false,
            each: false,
        }
    }

    pub(crate) fn signatures(series: &[&'static str]) -> Self {
        Self { each: true, ..Self::new(series) }
    }

    pub(crate) fn in_query(token: &'static str) -> Self {
        Self { in_query: true, ..Self::new(&[token]) }
    }
}

#[async_trait]
impl CredentialSource for Tokens {
    async fn attach(
        &self,
        _head: &RequestHead,
        rejected: Option<&Attachment>,
    ) -> Result<Option<Arc<Attachment>>, CredentialError> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        let mut current = if self.each { asked } else { self.current.load(Ordering::SeqCst) };
        if rejected.is_some() {
            current += 1;
            if current >= self.series.len() {
                return Ok(None);
            }
            self.current.store(current, Ordering::SeqCst);
        }
        let Some(token) = self.series.get(current) else { return Ok(None) };
        let generation = if self.each { 0 } else { current as u64 };
        let mut attachment = Attachment { generation, secrets: vec![(*token).into()], ..Attachment::default() };
        if self.in_query {
            attachment.query.push(("key".into(), (*token).into()));
        } else {
            attachment.headers.push((HeaderName::from_static("x-credential"), (*token).into()));
        }
        Ok(Some(attachment.into()))
    }

    async fn secrets(&self) -> Result<Arc<[SecretString]>, CredentialError> {
        let until_now = &self.series[..=self.current.load(Ordering::SeqCst).min(self.series.len() - 1)];
        Ok(until_now.iter().map(|token| SecretString::from(*token)).collect())
    }
}

pub(crate) struct Secrets;

impl SecretFields for Secrets {
    fn secret(&self, field: &str) -> Option<SecretString> {
        match field {
            "key" => Some("filled/\"secret".into()),
            "dots" => Some("..".into()),
            "slip" => Some("../private".into()),
            _ => None,
        }
    }

    fn all(&self) -> Vec<SecretString> {
        ["key", "dots", "slip"].iter().filter_map(|field| self.secret(field)).collect()
    }
}

/// An egress that may reach loopback, also without TLS, with everything that decides about a request.
pub(crate) struct Out {
    pub(crate) egress: Egress,
    pub(crate) names: Arc<Names>,
    pub(crate) allow: Vec<ApprovedHost>,
    pub(crate) policies: Policies,
    pub(crate) tokens: Option<Tokens>,
    pub(crate) default_headers: Vec<(String, String)>,
    pub(crate) deadline: Option<innkeeper_ambient::Timestamp>,
    pub(crate) dropped_at_deadline: bool,
    /// The number of requests sent.
    pub(crate) sent: AtomicU32,
    /// The number of requests that may be sent.
    pub(crate) most: u32,
}

impl Out {
    pub(crate) fn new(allow: &[String]) -> Self {
        Self::with(allow, loopback(), Arc::new(SystemClock))
    }

    pub(crate) fn with(allow: &[String], settings: Settings, clock: Arc<dyn Clock>) -> Self {
        let names = Arc::new(Names::default());
        let resolver: Arc<dyn Resolver> = names.clone();
        let egress = Egress::with_resolver(settings, clock, Arc::new(SeededRandom::new(7)), &resolver).expect("set up");
        Self {
            egress,
            names,
            allow: allow.iter().map(|rule| rule.parse().expect(rule)).collect(),
            policies: Policies::default(),
            tokens: None,
            default_headers: Vec::new(),
            deadline: None,
            dropped_at_deadline: false,
            sent: AtomicU32::new(0),
            most: u32::MAX,
        }
    }

    pub(crate) fn tokens(self, tokens: Tokens) -> Self {
        Self { tokens: Some(tokens), ..self }
    }

    pub(crate) async fn send(&self, request: Request) -> Result<Response, EgressError> {
        let route = Route {
            echoes: None,
            allow: &self.allow,
            credential: self.tokens.as_ref().map(|tokens| tokens as &dyn CredentialSource),
            default_headers: &self.default_headers,
            // A connection without a credential has no secrets.
            placeholders: self.tokens.as_ref().map(|_| &Secrets as &dyn SecretFields),
            policies: &self.policies,
            deadline: self.deadline,
            dropped_at_deadline: self.dropped_at_deadline,
            requests: Some(RequestBudget { sent: &self.sent, most: self.most }),
        };
        self.egress.send(request, &route).await
    }

    pub(crate) async fn get(&self, url: &str) -> Result<Response, EgressError> {
        self.send(bare(url)).await
    }
}

pub(crate) fn loopback() -> Settings {
    Settings::loopback()
}

/// A GET without a credential.
pub(crate) fn bare(url: &str) -> Request {
    Request { credential: CredentialMode::Omit, ..attached(url) }
}

/// A GET with the credential.
pub(crate) fn attached(url: &str) -> Request {
    Request::new(Method::GET, url.parse().expect(url))
}

pub(crate) async fn text(mut response: Response) -> String {
    String::from_utf8(response.body.read_all(10_000_000).await.expect("readable").to_vec()).expect("text")
}

/// The denial's text.
pub(crate) fn denial(result: Result<Response, EgressError>) -> String {
    match result {
        Err(error @ EgressError::Denied { .. }) => error.to_string(),
        other => panic!("expected a denial, got {other:?}"),
    }
}
