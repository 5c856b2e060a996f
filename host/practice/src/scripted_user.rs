//! A user for terminals without a browser: opens the authorization address, signs in, and presses a button.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use url::Url;

use crate::plain_http::{self, Answer, PlainHttpError};

/// How many redirects are followed on the way to the page.
const MOST_REDIRECTS: usize = 10;

/// What a scripted user decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Presses *Allow*.
    Allow,
    /// Presses *Deny*.
    Deny,
}

/// A user without a browser.
#[derive(Clone, Debug)]
pub struct ScriptedUser {
    /// The person who signs in: the `id` of one of [`PEOPLE`](crate::PEOPLE).
    pub person: String,
    /// Their decision.
    pub decision: Decision,
    /// The address to stop at, with any parameters: for a return path over more than one service. `None`: the first
    /// address with a code or an error.
    pub ends_at: Option<String>,
}

/// Why a scripted user got no callback address.
#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
    /// The authorization address, or one that it led to, is not a URL.
    #[error("the authorization address is not a URL; use the address that authorizing printed")]
    Address,
    /// No answer, or not over plain HTTP.
    #[error("the page could not be opened: {0}")]
    Connect(String),
    /// Too many redirects on the way to the page.
    #[error("more than {MOST_REDIRECTS} redirects led to no page")]
    Redirects,
    /// The provider showed something other than the page with its two buttons.
    #[error("instead of the consent page the provider answered {status}: {title}")]
    NoForm {
        /// The HTTP status.
        status: u16,
        /// The title of the page it showed.
        title: String,
    },
    /// The provider did not send the user back.
    #[error("after the decision the provider answered {status} instead of a redirect: {title}")]
    NoRedirect {
        /// The HTTP status.
        status: u16,
        /// The title of the page it showed.
        title: String,
    },
}

/// Signs in as `ada` and allows: goes from the authorization address to the callback address, which it returns
/// without calling it. Plain HTTP only.
pub async fn consent(authorization_url: &str) -> Result<String, ConsentError> {
    ScriptedUser::default().visit(authorization_url).await
}

impl Default for ScriptedUser {
    fn default() -> Self {
        Self { person: "ada".to_owned(), decision: Decision::Allow, ends_at: None }
    }
}

impl ScriptedUser {
    /// Acts like a browser: follows redirects to the page, posts its form, and returns where that leads, without
    /// going there. A refusal that comes without a page (`error=...` in the redirect) is returned, too.
    pub async fn visit(&self, authorization_url: &str) -> Result<String, ConsentError> {
        let mut url = Url::parse(authorization_url).map_err(|_| ConsentError::Address)?;
        let mut cookies = Cookies::default();
        for _ in 0..=MOST_REDIRECTS {
            let answer = plain_http::send(Method::GET, &url, cookies.headers(&url), Bytes::new()).await?;
            cookies.keep(&url, &answer);
            let next = match location(&url, &answer)? {
                Some(next) => next,
                None => self.decide(&url, &answer, &cookies).await?,
            };
            if self.is_end(&next) {
                return Ok(next.into());
            }
            url = next;
        }
        Err(ConsentError::Redirects)
    }

    fn is_end(&self, address: &Url) -> bool {
        match &self.ends_at {
            Some(end) => address.as_str().split('?').next() == Some(end.as_str()),
            None => address.query_pairs().any(|(name, _)| name == "code" || name == "error"),
        }
    }

    async fn decide(&self, page: &Url, answer: &Answer, cookies: &Cookies) -> Result<Url, ConsentError> {
        let html = String::from_utf8_lossy(&answer.body);
        let no_form = || ConsentError::NoForm { status: answer.status.as_u16(), title: title(&html) };
        let form = Form::read(&html).filter(|_| answer.status == StatusCode::OK).ok_or_else(no_form)?;
        let target = page.join(&form.action).map_err(|_| ConsentError::Address)?;
        let decision = if self.decision == Decision::Allow { "allow" } else { "deny" };
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form.hidden)
            .extend_pairs([("person", self.person.as_str()), ("decision", decision)])
            .finish();
        let mut headers = cookies.headers(&target);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let answer = plain_http::send(Method::POST, &target, headers, body.into()).await?;
        let title = || title(&String::from_utf8_lossy(&answer.body));
        let no_redirect = || ConsentError::NoRedirect { status: answer.status.as_u16(), title: title() };
        location(&target, &answer)?.ok_or_else(no_redirect)
    }
}

impl From<PlainHttpError> for ConsentError {
    fn from(error: PlainHttpError) -> Self {
        Self::Connect(error.to_string())
    }
}

/// Cookies by host; paths and expiry do not matter for these few steps.
#[derive(Default)]
struct Cookies(Vec<(String, String, String)>);

impl Cookies {
    fn keep(&mut self, url: &Url, answer: &Answer) {
        let host = url.authority();
        for header in answer.headers.get_all(SET_COOKIE) {
            let pair = header.to_str().ok().and_then(|text| text.split(';').next()?.trim().split_once('='));
            if let Some((name, value)) = pair {
                self.0.retain(|(kept_host, kept_name, _)| kept_host != host || kept_name != name);
                self.0.push((host.to_owned(), name.to_owned(), value.to_owned()));
            }
        }
    }

    fn headers(&self, url: &Url) -> HeaderMap {
        let ours = self.0.iter().filter(|(host, ..)| host == url.authority());
        let pairs: Vec<String> = ours.map(|(_, name, value)| format!("{name}={value}")).collect();
        let mut headers = HeaderMap::new();
        if let Some(value) = HeaderValue::try_from(pairs.join("; ")).ok().filter(|_| !pairs.is_empty()) {
            headers.insert(COOKIE, value);
        }
        headers
    }
}

/// The first form of a page: its target and its hidden fields.
struct Form {
    action: String,
    hidden: Vec<(String, String)>,
}

impl Form {
    fn read(html: &str) -> Option<Self> {
        let (head, rest) = html.split_once("<form")?.1.split_once('>')?;
        let inside = rest.split_once("</form>").map_or(rest, |(inside, _)| inside);
        let tags = inside.split("<input").skip(1).filter_map(|tag| Some(tag.split_once('>')?.0));
        let hidden = tags
            .filter(|tag| attribute(tag, "type").as_deref() == Some("hidden"))
            .filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?)))
            .collect();
        Some(Self { action: attribute(head, "action").unwrap_or_default(), hidden })
    }
}

/// The value of a double-quoted attribute.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    Some(unescaped(rest.split_once('"')?.0))
}

fn title(html: &str) -> String {
    let title = html.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
    title.map_or_else(|| "a page without a title".to_owned(), |(title, _)| unescaped(title).chars().take(120).collect())
}

/// The few references that matter in attributes; `&amp;` last, so that nothing is unescaped twice.
fn unescaped(text: &str) -> String {
    [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&lt;", "<"),
        ("&#60;", "<"),
        ("&gt;", ">"),
        ("&#62;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (reference, plain)| text.replace(reference, plain))
}

fn location(from: &Url, answer: &Answer) -> Result<Option<Url>, ConsentError> {
    if !answer.status.is_redirection() {
        return Ok(None);
    }
    let location = answer.headers.get(LOCATION).and_then(|location| location.to_str().ok());
    location.map(|location| from.join(location).map_err(|_| ConsentError::Address)).transpose()
}
