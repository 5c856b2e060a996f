//! One request on its way: attaches the credential, sends, and follows up on the answer until it is final.

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use innkeeper_ambient::Timestamp;
use innkeeper_spec::{CredentialUse, Place};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::answer::body_status::{self, says};
use crate::answer::incoming::{Answer, Timer};
use crate::answer::readable;
use crate::carrier::CarryError;
use crate::egress::Parts;
use crate::failure::{self, Failure, FailureKind, Reach};
use crate::request::payload::Payload;
use crate::request::placeholders::Filled;
use crate::request::{headers, prepare};
use crate::retry::Retries;
use crate::scrub::{Scrubber, unsearchable};
use crate::transport::{Clients, Reuse};
use crate::wall::disguise;
use crate::{
    Attachment, ClientIdentity, CredentialError, EgressError, Redirects, Request, RequestHead, Response, Route, bound,
    redirect, wall,
};

/// How often a request that the service did not process is sent again at once.
const MOST_LEFT_UNDONE: u32 = 2;

/// The maximum length of an address that the client can send, in bytes.
const LONGEST_ADDRESS: usize = 65_534;

/// Sends the request, and any further requests that its answers require.
///
/// The future borrows nothing from the request and holds the exchange behind a pointer, because it is part of futures that are
/// moved.
pub(crate) fn run<'a>(
    parts: &'a Parts,
    request: Request,
    route: &Route<'a>,
) -> impl Future<Output = Result<Response, EgressError>> + Send + use<'a> {
    let redirects = request.redirects;
    let begun = Exchange::begin(parts, request, *route);
    async move { begun?.run(redirects).await }
}

struct Exchange<'a> {
    parts: &'a Parts,
    route: Route<'a>,
    /// The next request, without the credential.
    head: RequestHead,
    /// Its address in a form that may be shown.
    shown: Url,
    payload: Payload,
    /// Headers that contain filled-in secrets.
    secret_headers: Vec<HeaderName>,
    /// The secrets filled into the next request.
    filled: Vec<Filled>,
    /// Secrets besides the current credential: those of placeholders, of an earlier credential, or of one that is not attached.
    secrets: Vec<SecretString>,
    /// Whether the credential is attached.
    carries: bool,
    retries: Retries<'a>,
    /// How often the service reported that it did not process the request.
    left_undone: u32,
    sent: u32,
    /// The deadline for the head of the final answer.
    end: Option<Timestamp>,
}

impl<'a> Exchange<'a> {
    fn begin(parts: &'a Parts, request: Request, route: Route<'a>) -> Result<Box<Self>, EgressError> {
        let now = parts.clock.now();
        let asked = request.timeout.map(|timeout| now.plus(timeout));
        let prepared = prepare::prepare(parts, request, &route)?;
        Ok(Box::new(Self {
            parts,
            route,
            head: prepared.head,
            shown: prepared.shown,
            payload: prepared.payload,
            secret_headers: prepared.secret_headers,
            filled: prepared.filled,
            secrets: prepared.secrets,
            carries: prepared.carries,
            retries: Retries::new(route.policies),
            left_undone: 0,
            sent: 0,
            end: [route.deadline, asked].into_iter().flatten().min(),
        }))
    }

    async fn run(mut self: Box<Self>, redirects: Redirects) -> Result<Response, EgressError> {
        let mut followed = 0;
        let mut refreshed = false;
        let mut attachment = self.attach().await?;
        if !self.carries
            && let Some(source) = self.route.credential
        {
            let known = source.secrets().await.map_err(credential_error)?;
            self.secrets.extend(known.iter().cloned());
        }
        loop {
            let sent = self.send(attachment.as_deref()).await;
            let (response, timer) = match sent {
                Ok(sent) => sent,
                Err(failure) => {
                    let error = self.after_failure(failure).await;
                    if let Some(error) = error {
                        return Err(error);
                    }
                    self.renew(&mut attachment).await?;
                    continue;
                }
            };
            let status = response.status();
            let mut answer = Answer::new(
                &self.head.method,
                response,
                timer,
                self.route.deadline.and_then(|end| self.route.watched(end)),
            );
            let said = body_status::look(self.route.policies, &mut answer).await?;
            if !refreshed && self.is_unauthorized(status, said.as_ref()) {
                refreshed = true;
                if self.refresh(&mut attachment).await? {
                    continue;
                }
            }
            if redirects == Redirects::Follow
                && let Some(hop) = redirect::next(&self.head.method, &self.head.url, status, answer.headers())?
            {
                followed += 1;
                if followed > self.parts.settings.max_redirects {
                    return Err(EgressError::Connect(format!(
                        "the service redirected more than {} times: it may be a loop",
                        self.parts.settings.max_redirects
                    )));
                }
                drop(answer);
                self.follow(hop, attachment.as_deref())?;
                self.renew(&mut attachment).await?;
                continue;
            }
            let wait = self.repetition(&answer, said.as_ref());
            if self.wait(wait).await {
                drop(answer);
                self.renew(&mut attachment).await?;
                continue;
            }
            tracing::debug!(request = %wall::describe(&self.head.method, &self.shown), %status, sent = self.sent, "answered");
            self.look_for_packed(&mut answer).await?;
            let scrubber = self.scrubber(attachment.as_deref());
            let shown = readable::SentRequest { url: self.shown, sent: self.sent };
            return readable::response(answer, scrubber, self.route.echoes, shown);
        }
    }

    /// Whether the answer says that the token was rejected.
    fn is_unauthorized(&self, status: StatusCode, body: Option<&Value>) -> bool {
        let policy = body.zip(self.route.policies.unauthorized.as_ref());
        status == StatusCode::UNAUTHORIZED
            || policy.is_some_and(|(body, policy)| says(body, &policy.body_path, &policy.body_values))
    }

    /// The credential, if one is attached.
    async fn attach(&self) -> Result<Option<Arc<Attachment>>, EgressError> {
        if !self.carries {
            return Ok(None);
        }
        let source = self.route.credential.ok_or_else(|| {
            EgressError::Misconfigured(
                "the request asks for a credential, but the connection has no source for one: omit it, or set an auth type for the connection".to_owned(),
            )
        })?;
        let attachment = source.attach(&self.head, None).await.map_err(credential_error)?;
        let attachment = attachment.ok_or(EgressError::NeedsAuthorization)?;
        self.check(attachment).map(Some)
    }

    /// A credential for the next request: tokens may have changed since the last one, signatures must.
    async fn renew(&mut self, attachment: &mut Option<Arc<Attachment>>) -> Result<(), EgressError> {
        let next = self.attach().await?;
        self.replace(attachment, next);
        Ok(())
    }

    /// After a 401: whether there is a newer credential and the request can be sent again with it.
    async fn refresh(&mut self, attachment: &mut Option<Arc<Attachment>>) -> Result<bool, EgressError> {
        let (Some(source), Some(rejected)) = (self.route.credential, attachment.as_deref().filter(|old| !old.bare))
        else {
            return Ok(false);
        };
        // Also if this request cannot be repeated: the next one benefits.
        let Some(next) = source.attach(&self.head, Some(rejected)).await.map_err(credential_error)? else {
            return Ok(false);
        };
        if !self.payload.is_whole() {
            return Ok(false);
        }
        let next = self.check(next)?;
        self.replace(attachment, Some(next));
        Ok(true)
    }

    /// Answers are still searched for the secrets of the older credential.
    fn replace(&mut self, attachment: &mut Option<Arc<Attachment>>, next: Option<Arc<Attachment>>) {
        let old = std::mem::replace(attachment, next);
        let is_same = |old: &Arc<Attachment>| attachment.as_ref().is_some_and(|new| Arc::ptr_eq(old, new));
        if let Some(old) = old.filter(|old| !is_same(old)) {
            self.secrets.extend(old.secrets.iter().chain(old.query.iter().map(|(_, value)| value)).cloned());
        }
    }

    fn check(&self, attachment: Arc<Attachment>) -> Result<Arc<Attachment>, EgressError> {
        let is_empty = attachment.headers.is_empty() && attachment.query.is_empty() && attachment.identity.is_none();
        if is_empty && !attachment.bare {
            return Err(EgressError::Misconfigured(
                "the auth type returned an empty credential: nothing is sent without one".to_owned(),
            ));
        }
        match attachment.headers.iter().find(|(name, _)| self.is_own_header(name)) {
            Some((name, _)) => Err(EgressError::InvalidRequest(format!(
                "the header `{name}` cannot be set by a request: the connection's credential sets it; leave it out"
            ))),
            None => Ok(attachment),
        }
    }

    fn is_own_header(&self, name: &HeaderName) -> bool {
        self.head.headers.contains_key(name)
            && !self.route.default_headers.iter().any(|(default, _)| default.eq_ignore_ascii_case(name.as_str()))
    }

    async fn send(&mut self, attachment: Option<&Attachment>) -> Result<(reqwest::Response, Timer), Failure> {
        let pending = self.leave(attachment)?;
        let now = self.parts.clock.now();
        let end = now.plus(self.parts.settings.head_timeout).min(self.end.unwrap_or(Timestamp::from_millis(u64::MAX)));
        let mut timer = Timer::new(Arc::clone(&self.parts.clock), self.route.watched(end));
        let limit = self.parts.settings.max_response_headers;
        let response = match timer.bound(pending).await.map_err(Failure::other)? {
            Ok(response) => response,
            Err(error) => {
                let failure = match error {
                    CarryError::Client(error) => failure::failure(&error, &self.head.url, limit),
                    CarryError::Given(failure) => failure,
                };
                if failure.reach == Reach::Unsent {
                    self.uncount();
                }
                return Err(failure);
            }
        };
        self.parts.pool.bound.learn(&self.head.url, response.headers());
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let host = self.head.url.host_str().unwrap_or_default();
            return Err(Failure::other(EgressError::Connect(format!(
                "{host} switched to another protocol, which was not requested"
            ))));
        }
        if headers::size(response.headers()) > limit {
            return Err(Failure::other(EgressError::TooLarge { limit: limit as u64 }));
        }
        Ok((response, timer))
    }

    /// Attaches the credential to a copy of the request and sends it.
    fn leave(
        &mut self,
        attachment: Option<&Attachment>,
    ) -> Result<impl Future<Output = Result<reqwest::Response, CarryError>> + Send + use<>, Failure> {
        if self.is_searched(attachment) {
            unsearchable::check_request(&self.head.headers).map_err(Failure::other)?;
        }
        let own = self.own_clients(attachment).map_err(Failure::other)?;
        let carrier = own
            .as_ref()
            .unwrap_or(self.parts.pool.anonymous())
            .admit(&self.head.url)
            .map_err(|refused| Failure { error: FailureKind::Refused(refused), reach: Reach::Unknown })?;
        let mut url = self.head.url.clone();
        let mut fields = self.head.headers.clone();
        if let Some(attachment) = attachment {
            put_on(attachment, &mut url, &mut fields).map_err(Failure::other)?;
        }
        check_length(&url).map_err(Failure::other)?;
        if let Some(length) = self.payload.stream_length {
            fields.insert(CONTENT_LENGTH, length.into());
        }
        // A range counts bytes of the coded body, which compression would change.
        if fields.contains_key(RANGE) {
            fields.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        } else {
            fields.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
        let mut request = reqwest::Request::new(self.head.method.clone(), url);
        *request.headers_mut() = fields;
        *request.body_mut() = self.payload.to_send().map_err(Failure::other)?;
        self.count().map_err(Failure::other)?;
        Ok(carrier.execute(request))
    }

    /// Counts a request that is about to be sent, if the limit allows it.
    fn count(&mut self) -> Result<(), EgressError> {
        if !self.route.requests.is_none_or(|budget| budget.take()) {
            return Err(EgressError::out_of_requests());
        }
        self.sent += 1;
        Ok(())
    }

    /// Reverts the count of a request that could not be sent.
    fn uncount(&mut self) {
        self.sent -= 1;
        if let Some(budget) = self.route.requests {
            budget.give_back();
        }
    }

    /// The connections to use: separate ones if the credential or the service requires that.
    fn own_clients(&self, attachment: Option<&Attachment>) -> Result<Option<Arc<Clients>>, EgressError> {
        let pool = &self.parts.pool;
        let once = attachment.is_some_and(bound::is_bound) || pool.bound.has(&self.head.url);
        let reuse = if once { Reuse::Once } else { Reuse::Shared };
        match attachment.and_then(|attachment| attachment.identity.as_ref()) {
            Some(identity) => self.showing(identity, reuse).map(Some),
            None if once => {
                let clients = pool.anonymous_once(&self.parts.settings);
                clients.map(Some).map_err(|error| EgressError::Misconfigured(error.to_string()))
            }
            None => Ok(None),
        }
    }

    /// Connections that present this identity.
    fn showing(&self, identity: &ClientIdentity, reuse: Reuse) -> Result<Arc<Clients>, EgressError> {
        if self.head.url.scheme() != "https" {
            return Err(EgressError::Misconfigured(
                "a client certificate can only be presented over TLS: use an https address".to_owned(),
            ));
        }
        self.parts
            .pool
            .showing(identity, reuse, &self.parts.settings)
            .map_err(|error| EgressError::Misconfigured(error.to_string()))
    }

    /// Whether the answer is searched for secrets: it must then be complete.
    fn is_searched(&self, attachment: Option<&Attachment>) -> bool {
        attachment.is_some_and(|attachment| !attachment.bare) || !self.secrets.is_empty()
    }

    /// Rejects packed answers if a secret may have been stored at the service in a body.
    async fn look_for_packed(&self, answer: &mut Answer) -> Result<(), EgressError> {
        if !self.route.placeholders.is_some_and(|fields| fields.may_fill_in(Place::Body)) {
            return Ok(());
        }
        let first = answer.start(unsearchable::ENOUGH).await?;
        unsearchable::check_packed(answer.headers(), &first)
    }

    /// Returns the error, or waits and returns `None` if the request is to be sent again.
    async fn after_failure(&mut self, failure: Failure) -> Option<EgressError> {
        let error = match failure.error {
            FailureKind::Refused(refused) => return Some(wall::closed(&refused, &self.head.method, &self.shown)),
            FailureKind::Other(error) => error,
        };
        if !self.payload.is_whole() {
            return Some(error);
        }
        // The protocol decides this, not the policies.
        if failure.reach == Reach::LeftUndone && self.left_undone < MOST_LEFT_UNDONE {
            self.left_undone += 1;
            return None;
        }
        // A timeout of the connection leaves time for another attempt; one of the answer does not.
        let unsent = failure.reach == Reach::Unsent;
        let passing = matches!(error, EgressError::Connect(_) | EgressError::Unsent(_));
        if !passing {
            return Some(error);
        }
        let undone = unsent || failure.reach == Reach::LeftUndone;
        let wait = self.retries.after_failure(&self.head.method, undone, &*self.parts.random);
        if self.wait(wait).await { None } else { Some(error) }
    }

    /// How long to wait before the request is sent again, if the policies require that.
    fn repetition(&mut self, answer: &Answer, body: Option<&Value>) -> Option<Duration> {
        if !self.payload.is_whole() {
            return None;
        }
        let (status, headers) = (answer.status(), answer.headers());
        let now = self.parts.clock.now();
        self.retries.after_answer(&self.head.method, status, headers, body, now, &*self.parts.random)
    }

    /// Waits, unless the time of the request would be over by then.
    async fn wait(&self, wait: Option<Duration>) -> bool {
        let Some(wait) = wait else { return false };
        if self.end.is_some_and(|end| self.parts.clock.now().plus(wait) >= end) {
            return false;
        }
        tracing::debug!(request = %wall::describe(&self.head.method, &self.shown), ?wait, "sending again");
        self.parts.clock.sleep(wait).await;
        true
    }

    /// Moves to the next address, if it passes the same checks as the first one.
    fn follow(&mut self, hop: redirect::Hop, attachment: Option<&Attachment>) -> Result<(), EgressError> {
        let scrubber = self.scrubber(attachment);
        let shown = readable::shown(&hop.url, scrubber.as_deref());
        let denied = |reason: &str, remedy: &str| {
            Err(EgressError::Denied {
                address: wall::describe(&hop.method, &shown),
                reason: reason.to_owned(),
                remedy: remedy.to_owned(),
            })
        };
        if let Err(EgressError::InvalidRequest(_)) = wall::check_shape(&hop.method, &hop.url) {
            return denied(
                "a redirect led there, and it is not a plain https address",
                "ask the service for an address on its own host, or stop at the redirect",
            );
        }
        let Some(credential) = wall::admit(self.route.allow, &hop.method, &hop.url) else {
            return Err(wall::not_approved(&hop.method, &shown, true));
        };
        let leaves = hop.url.origin() != self.head.url.origin();
        let carries_secret = |scrubber: &Arc<Scrubber>| {
            scrubber.is_in(hop.url.as_str()) || hop.url.host_str().is_some_and(|host| scrubber.is_in_name(host))
        };
        if leaves && scrubber.as_ref().is_some_and(carries_secret) {
            return denied(
                "a redirect would carry the connection's credential there in its address",
                "stop at the redirect; a service that does this exposes its callers' credentials",
            );
        }
        if leaves || credential == CredentialUse::Never {
            if hop.keeps_body && self.payload.filled {
                return denied(
                    "a redirect asks for a body there that contains a secret of the connection",
                    "stop at the redirect, or send the request to that address in the first place",
                );
            }
            headers::strip_for_other_origin(&mut self.head.headers, &self.secret_headers);
            self.filled.retain(|filled| filled.place != Place::Header);
            self.carries = false;
        }
        if !hop.keeps_body {
            self.filled.retain(|filled| filled.place != Place::Body);
        }
        let is_carried = |filled: &&Filled| matches!(filled.place, Place::Header | Place::Body);
        let (method, url) = (&hop.method, &hop.url);
        let fields = self.route.placeholders;
        if self.filled.iter().filter(is_carried).any(|filled| !filled.may_go_to(fields, method, url)) {
            return denied(
                "a redirect asks for a secret of the connection there, and the spec's policy `placeholders` binds it to other addresses",
                "stop at the redirect",
            );
        }
        if !hop.keeps_body {
            self.payload = Payload::empty();
            headers::strip_for_no_body(&mut self.head.headers);
        } else if !self.payload.is_whole() {
            return Err(EgressError::InvalidRequest(
                "the service redirected a streamed body that was already sent: stop at the redirect and send the stream to the new address".to_owned(),
            ));
        }
        self.head.url = hop.url;
        self.head.method = hop.method;
        self.shown = shown;
        disguise::check(self.route.allow, &self.head, &self.shown, self.payload.method_field.as_deref())
    }

    fn scrubber(&self, attachment: Option<&Attachment>) -> Option<Arc<Scrubber>> {
        let generation = attachment.map_or(0, |attachment| attachment.generation);
        let of_attachment = attachment.iter().flat_map(|attachment| {
            // If the source names no secrets, the attached values count as secrets.
            let headers = attachment.headers.iter().filter(|_| attachment.secrets.is_empty());
            let query = attachment.query.iter().map(|(_, value)| value);
            attachment.secrets.iter().chain(headers.map(|(_, value)| value)).chain(query)
        });
        let secrets: Vec<&SecretString> = of_attachment.chain(&self.secrets).collect();
        self.parts.scrubbers.scrubber(generation, &secrets)
    }
}

fn credential_error(error: CredentialError) -> EgressError {
    match error {
        CredentialError::NeedsAuthorization => EgressError::NeedsAuthorization,
        CredentialError::Unavailable(why) => EgressError::CredentialUnavailable(why),
        CredentialError::Misconfigured(why) => EgressError::Misconfigured(why),
    }
}

/// Rejects an address that the client would not send.
fn check_length(url: &Url) -> Result<(), EgressError> {
    let length = url.as_str().len();
    if length <= LONGEST_ADDRESS {
        return Ok(());
    }
    Err(EgressError::InvalidRequest(format!(
        "the address has {length} bytes, but at most {LONGEST_ADDRESS} can be sent: put long values into the body"
    )))
}

/// Attaches the credential, as the last step before the request is sent.
fn put_on(attachment: &Attachment, url: &mut Url, headers: &mut HeaderMap) -> Result<(), EgressError> {
    for (name, secret) in &attachment.headers {
        let mut value = HeaderValue::from_str(secret.expose_secret()).map_err(|_| {
            EgressError::Misconfigured(format!(
                "the credential for the header `{name}` contains characters that are not allowed in headers: enter it again"
            ))
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    if !attachment.query.is_empty() {
        let names = attachment.query.iter().map(|(name, _)| name.as_str());
        prepare::drop_query(url, &names.collect::<Vec<_>>());
        prepare::add_query(url, attachment.query.iter().map(|(name, value)| (name.as_str(), value.expose_secret())));
    }
    Ok(())
}
