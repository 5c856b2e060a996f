//! The authorization endpoint (RFC 6749, section 3.1): one page to sign in and to consent.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, COOKIE, LOCATION, REFERRER_POLICY, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::clients::{Client, GrantType};
use crate::journal::{Entry, EventKind};
use crate::ledger::{Mark, OpenRequest, Secret};
use crate::pages::{ConsentPage, NoticePage, page};
use crate::parameters::{Parameters, Repeated};
use crate::people::{PEOPLE, person};
use crate::pkce::Challenge;
use crate::provider::Provider;
use crate::scopes::Scopes;

/// Ties a page's form to the browser that received the page.
const COOKIE_NAME: &str = "practice_browser";
/// The longest `state` that is echoed, in bytes.
const LONGEST_STATE: usize = 4096;

/// `GET /authorize`: the page, or why there is none.
pub(crate) async fn ask(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes());
    let checked = match return_address(&provider, &parameters) {
        Ok(address) => read(&provider, &parameters, &address).map_err(|error| (address, error)),
        Err(mistake) => {
            provider.record(&Entry::of(EventKind::AuthorizationRefused).detail(mistake.title));
            return mistake.into_response();
        }
    };
    match checked {
        Ok(request) => show(&provider, &headers, &parameters, request),
        Err((address, (error, description))) => {
            let entry = Entry::of(EventKind::AuthorizationRefused).client(address.client.id).detail(&description);
            provider.record(&entry);
            let answer = [("error", error), ("error_description", description.as_str())];
            send_back(&provider, StatusCode::FOUND, address.uri, address.state, &answer)
        }
    }
}

/// `POST /authorize`: the user has pressed a button.
pub(crate) async fn decide(State(provider): State<Arc<Provider>>, headers: HeaderMap, body: Bytes) -> Response {
    match decision(&provider, &headers, &Parameters::parse(&body)) {
        Ok(response) => response,
        Err(notice) => page(notice.0, &NoticePage { title: notice.1, text: notice.2, details: Vec::new() }),
    }
}

/// Where answers go, once they are known to be allowed there.
struct ReturnAddress<'a> {
    client: &'a Client,
    uri: &'a str,
    state: Option<&'a str>,
}

/// A mistake that must be shown to the user, and never sent to the address in doubt (RFC 6749, section 4.1.2.1).
struct Unanswerable<'a> {
    title: &'static str,
    text: &'static str,
    details: Vec<(&'a str, &'a str)>,
}

impl IntoResponse for Unanswerable<'_> {
    fn into_response(self) -> Response {
        let notice = NoticePage { title: self.title, text: self.text, details: self.details };
        page(StatusCode::BAD_REQUEST, &notice)
    }
}

fn return_address<'a>(
    provider: &'a Provider,
    parameters: &'a Parameters,
) -> Result<ReturnAddress<'a>, Unanswerable<'a>> {
    let twice = |Repeated(name)| Unanswerable {
        title: "A parameter is repeated",
        text: "Each parameter of an authorization request may be given only once.",
        details: vec![("Parameter", name)],
    };
    let id = parameters.one("client_id").map_err(twice)?.unwrap_or_default();
    let client = provider.client(id).ok_or_else(|| Unanswerable {
        title: "Unknown client",
        text: "No client with this client_id is registered here.",
        details: vec![("client_id", id)],
    })?;
    let uri = parameters.one("redirect_uri").map_err(twice)?.unwrap_or_default();
    if !client.may_be_answered_at(uri) {
        return Err(Unanswerable {
            title: "Redirect address not registered",
            text: "The answer would be sent to an address that is not registered for this client. Only the port of a loopback address may differ from the registered one.",
            details: vec![("client_id", client.id), ("redirect_uri", uri)],
        });
    }
    let state = parameters.one("state").map_err(twice)?;
    if state.is_some_and(|state| state.len() > LONGEST_STATE) {
        let text = "A state of more than 4096 bytes is not echoed.";
        return Err(Unanswerable { title: "The state is too long", text, details: Vec::new() });
    }
    Ok(ReturnAddress { client, uri, state })
}

/// The data of the page, or the `error` and `error_description` for the client.
fn read(
    provider: &Provider,
    parameters: &Parameters,
    address: &ReturnAddress<'_>,
) -> Result<OpenRequest, (&'static str, String)> {
    let one = |name| parameters.one(name).map_err(|Repeated(name)| ("invalid_request", format!("{name} is repeated")));
    let invalid = |text: &str| ("invalid_request", text.to_owned());
    match one("response_type")? {
        Some("code") => {}
        Some(_) => return Err(("unsupported_response_type", "the response type must be code".to_owned())),
        None => return Err(invalid("response_type is missing")),
    }
    if !address.client.may_use(GrantType::AuthorizationCode) {
        return Err(("unauthorized_client", "this client may not authorize users".to_owned()));
    }
    let challenge = one("code_challenge")?.ok_or_else(|| invalid("PKCE is required: code_challenge is missing"))?;
    if one("code_challenge_method")? != Some("S256") {
        return Err(invalid("code_challenge_method must be S256"));
    }
    let challenge =
        Challenge::parse(challenge).ok_or_else(|| invalid("code_challenge is not a SHA-256 digest in base64url"))?;
    let scopes = Scopes::parse(one("scope")?, &provider.settings.scopes)
        .ok_or_else(|| ("invalid_scope", "a scope is unknown".to_owned()))?;
    if one("prompt")? == Some("none") {
        return Err(("login_required", "nobody is signed in here".to_owned()));
    }
    let nothing = Mark::of("");
    Ok(OpenRequest {
        client: address.client.id,
        redirect_uri: address.uri.to_owned(),
        state: address.state.map(str::to_owned),
        challenge,
        scopes,
        browser: nothing,
        form: nothing,
    })
}

fn show(provider: &Provider, headers: &HeaderMap, parameters: &Parameters, mut request: OpenRequest) -> Response {
    let fresh = Secret::fresh(provider.random());
    // A browser keeps its cookie, so that two open pages both work.
    let browser = browser(headers).unwrap_or_else(|| fresh.reveal().to_owned());
    let id = Secret::fresh(provider.random());
    let form = Secret::fresh(provider.random());
    request.browser = Mark::of(&browser);
    request.form = form.mark();

    let client = provider.client(request.client);
    let hint = parameters.first("login_hint").unwrap_or_default();
    let hinted = PEOPLE.iter().find(|person| person.id == hint || person.email == hint);
    let consent = ConsentPage {
        client_name: client.map_or(request.client, |client| client.name),
        client_id: request.client,
        answered_at: &request.redirect_uri,
        people: PEOPLE,
        chosen: hinted.or(PEOPLE.first()).map_or("", |person| person.id),
        scopes: request.scopes.explained(),
        request: id.reveal(),
        form_token: form.reveal(),
    };
    let mut response = page(StatusCode::OK, &consent);
    let cookie = format!("{COOKIE_NAME}={browser}; Path=/authorize; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    provider.record(&Entry::of(EventKind::ConsentShown).client(request.client).detail(&request.scopes.join()));
    let now = provider.now();
    provider.ledger().open(&id, request, now);
    response
}

/// Status, title and text of a page that says why the button had no effect.
type Notice = (StatusCode, &'static str, &'static str);

fn decision(provider: &Provider, headers: &HeaderMap, form: &Parameters) -> Result<Response, Notice> {
    let gone: Notice = (
        StatusCode::BAD_REQUEST,
        "This page has expired",
        "It was already answered, or it is older than ten minutes. Go back to where you came from and start again.",
    );
    let id = form.first("request").unwrap_or_default();
    let request = provider.ledger().opened(id, provider.now()).cloned().ok_or(gone)?;
    let same_browser = browser(headers).is_some_and(|browser| Mark::of(&browser) == request.browser);
    let same_form = form.first("form_token").is_some_and(|token| Mark::of(token) == request.form);
    if !same_browser || !same_form {
        let text = "The answer did not come from the page that was sent to this browser. Cookies must be allowed.";
        return Err((StatusCode::FORBIDDEN, "Not from this page", text));
    }
    let unclear: Notice = (StatusCode::BAD_REQUEST, "Nothing was decided", "Choose a user, then allow or deny.");
    match form.first("decision") {
        Some("allow") => {
            let person = person(form.first("person").unwrap_or_default()).ok_or(unclear)?;
            // The first of two simultaneous clicks takes the request out; the other finds it gone.
            let request = provider.ledger().close(id).ok_or(gone)?;
            let (client, uri, state) = (request.client, request.redirect_uri.clone(), request.state.clone());
            let now = provider.now();
            let code = provider.ledger().issue_code(request, person.id, now, provider.random());
            let entry = Entry::of(EventKind::ConsentGiven).client(client).person(Some(person.id));
            provider.record(&entry.token(code.reveal()));
            Ok(send_back(provider, StatusCode::SEE_OTHER, &uri, state.as_deref(), &[("code", code.reveal())]))
        }
        Some("deny") => {
            let request = provider.ledger().close(id).ok_or(gone)?;
            provider.record(&Entry::of(EventKind::ConsentDenied).client(request.client));
            let answer = [("error", "access_denied"), ("error_description", "the user refused access")];
            let state = request.state.as_deref();
            Ok(send_back(provider, StatusCode::SEE_OTHER, &request.redirect_uri, state, &answer))
        }
        _ => Err(unclear),
    }
}

/// Sends the browser back to the client, with `state` and `iss` (RFC 9207).
fn send_back(
    provider: &Provider,
    status: StatusCode,
    redirect_uri: &str,
    state: Option<&str>,
    answer: &[(&str, &str)],
) -> Response {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(answer);
    query.extend_pairs(state.map(|state| ("state", state)));
    query.append_pair("iss", &provider.base_url);
    let separator = if redirect_uri.contains('?') { '&' } else { '?' };
    let location = format!("{redirect_uri}{separator}{}", query.finish());
    let Ok(location) = HeaderValue::try_from(location) else {
        let text = "The redirect address contains characters that are not allowed in headers.";
        return page(
            StatusCode::BAD_REQUEST,
            &NoticePage { title: "No valid redirect address", text, details: Vec::new() },
        );
    };
    let headers = [
        (LOCATION, location),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (status, headers).into_response()
}

/// The cookie of this browser, if it looks like one of ours.
fn browser(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
    let mut pairs = cookies.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == COOKIE_NAME)?;
    let ours = value.len() == 43 && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    ours.then(|| value.to_owned())
}
