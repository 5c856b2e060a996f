//! Walks the pages of the authorization server as a person's browser does: cookies, redirects, forms.

use reqwest::{Method, Response, header};
use url::{Url, form_urlencoded};

use super::OidcError;

/// More pages than a sign-in and a consent can take.
const MOST_STEPS: usize = 20;

pub(super) struct Browser {
    http: reqwest::Client,
    issuer: Url,
    cookies: Vec<Cookie>,
}

struct Cookie {
    name: String,
    value: String,
    host: String,
    path: String,
}

enum Answer {
    Consent,
    Refuse,
}

/// What the browser does next.
enum Step {
    Open(Url),
    Submit(Url, String),
    Arrived(Url),
}

impl Browser {
    pub(super) fn new(http: reqwest::Client, issuer: Url) -> Self {
        Self { http, issuer, cookies: Vec::new() }
    }

    pub(super) async fn consent(self, link: &str, login: &str) -> Result<Url, OidcError> {
        self.walk(link, login, &Answer::Consent).await
    }

    pub(super) async fn refuse(self, link: &str, login: &str) -> Result<Url, OidcError> {
        self.walk(link, login, &Answer::Refuse).await
    }

    /// The pages of RFC 8628, section 3.3: the code is in the link, is confirmed, and then login and consent follow.
    pub(super) async fn device(mut self, link: &str, login: &str, consents: bool) -> Result<(), OidcError> {
        let answer = if consents { Answer::Consent } else { Answer::Refuse };
        let mut step = Step::Open(parse(link)?);
        for _ in 0..MOST_STEPS {
            let (page, response) = match step {
                Step::Arrived(url) => return Err(OidcError::Unexpected(format!("a callback: {url}"))),
                Step::Open(url) => (url.clone(), self.request(Method::GET, url, None).await?),
                Step::Submit(url, form) => (url.clone(), self.request(Method::POST, url, Some(form)).await?),
            };
            let is_device = page.path().starts_with("/device");
            if !is_device || response.status().is_redirection() {
                step = self.after(&page, response, true, login, &answer).await?;
                continue;
            }
            self.keep_cookies(&page, &response);
            let html = response.text().await?;
            let Some(xsrf) = between(&html, r#"name="xsrf" value=""#, "\"") else {
                // Only the last page has no form.
                return Ok(());
            };
            // A user who has refused is asked for another code.
            let Some(code) = between(&html, r#"name="user_code" value=""#, "\"").or_else(|| typed_code(&html)) else {
                return Ok(());
            };
            let mut fields = vec![("xsrf", xsrf), ("user_code", code)];
            if html.contains(r#"name="confirm""#) {
                fields.push(("confirm", "yes"));
            }
            step = Step::Submit(form_action(&page, &html)?, form(&fields));
        }
        Err(OidcError::Unexpected(format!("no end after {MOST_STEPS} pages")))
    }

    /// The link may be a page of ours that redirects to the issuer; the first address after the issuer that is not the
    /// issuer's is the callback.
    async fn walk(mut self, link: &str, login: &str, answer: &Answer) -> Result<Url, OidcError> {
        let mut step = Step::Open(parse(link)?);
        let mut at_issuer = false;
        for _ in 0..MOST_STEPS {
            let (page, response) = match step {
                Step::Arrived(callback) => return Ok(callback),
                Step::Open(url) => (url.clone(), self.request(Method::GET, url, None).await?),
                Step::Submit(url, form) => (url.clone(), self.request(Method::POST, url, Some(form)).await?),
            };
            at_issuer |= page.origin() == self.issuer.origin();
            step = self.after(&page, response, at_issuer, login, answer).await?;
        }
        Err(OidcError::Unexpected(format!("no callback after {MOST_STEPS} pages")))
    }

    async fn after(
        &mut self,
        page: &Url,
        response: Response,
        at_issuer: bool,
        login: &str,
        answer: &Answer,
    ) -> Result<Step, OidcError> {
        self.keep_cookies(page, &response);
        let status = response.status();
        if status.is_redirection() {
            let location = header_text(&response, &header::LOCATION)
                .ok_or_else(|| OidcError::Unexpected(format!("{status} without an address at {}", page.path())))?;
            let next = page.join(&location).map_err(|error| OidcError::Unexpected(format!("a redirect: {error}")))?;
            let left = at_issuer && next.origin() != self.issuer.origin();
            return Ok(if left { Step::Arrived(next) } else { Step::Open(next) });
        }
        let html = response.text().await?;
        if !status.is_success() {
            return Err(OidcError::Unexpected(format!("{status} at {}: {}", page.path(), excerpt(&html))));
        }
        match (hidden_prompt(&html), answer) {
            (Some("login"), _) => Ok(Step::Submit(
                form_action(page, &html)?,
                form(&[("prompt", "login"), ("login", login), ("password", "any password will do")]),
            )),
            (Some("consent"), Answer::Consent) => {
                Ok(Step::Submit(form_action(page, &html)?, form(&[("prompt", "consent")])))
            }
            (Some("consent"), Answer::Refuse) => {
                let abort = format!("{}/abort", page.path().trim_end_matches('/'));
                Ok(Step::Open(page.join(&abort).expect("a path joins the page it extends")))
            }
            _ => Err(OidcError::Unexpected(format!(
                "a page without a known form at {}: {}",
                page.path(),
                excerpt(&html)
            ))),
        }
    }

    async fn request(&self, method: Method, url: Url, form: Option<String>) -> Result<Response, OidcError> {
        let mut request = self.http.request(method, url.clone());
        let cookies = self.cookies_for(&url);
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies);
        }
        if let Some(form) = form {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        }
        Ok(request.send().await?)
    }

    /// Keeps what RFC 6265 needs for these pages: name, value, host and path. An empty value is a removal.
    fn keep_cookies(&mut self, page: &Url, response: &Response) {
        for line in response.headers().get_all(header::SET_COOKIE) {
            let Some((pair, attributes)) = line.to_str().ok().map(|line| line.split_once(';').unwrap_or((line, "")))
            else {
                continue;
            };
            let Some((name, value)) = pair.split_once('=') else { continue };
            let path = attributes
                .split(';')
                .filter_map(|attribute| attribute.trim().split_once('='))
                .find(|(name, _)| name.eq_ignore_ascii_case("path"))
                .map_or("/", |(_, path)| path);
            let host = page.host_str().unwrap_or_default();
            self.cookies.retain(|kept| !(kept.name == name && kept.host == host && kept.path == path));
            if !value.is_empty() {
                self.cookies.push(Cookie {
                    name: name.to_owned(),
                    value: value.to_owned(),
                    host: host.to_owned(),
                    path: path.to_owned(),
                });
            }
        }
    }

    fn cookies_for(&self, url: &Url) -> String {
        let wanted = |cookie: &&Cookie| Some(cookie.host.as_str()) == url.host_str() && below(url.path(), &cookie.path);
        let pairs: Vec<_> =
            self.cookies.iter().filter(wanted).map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        pairs.join("; ")
    }
}

/// Path match of RFC 6265, section 5.1.4.
fn below(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}

fn parse(link: &str) -> Result<Url, OidcError> {
    Url::parse(link).map_err(|error| OidcError::Unexpected(format!("the link to open is no address: {error}")))
}

fn header_text(response: &Response, name: &header::HeaderName) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

fn hidden_prompt(html: &str) -> Option<&str> {
    between(html, r#"name="prompt" value=""#, "\"")
}

fn form_action(page: &Url, html: &str) -> Result<Url, OidcError> {
    let form = between(html, "<form", ">").unwrap_or_default();
    let action = between(form, r#"action=""#, "\"").unwrap_or_default().replace("&amp;", "&");
    page.join(&action).map_err(|error| OidcError::Unexpected(format!("where a form goes: {error}")))
}

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(found, _)| found)
}

/// The code that the link has put into the field for it.
fn typed_code(html: &str) -> Option<&str> {
    let input = html.split("<input").find(|input| input.contains(r#"name="user_code""#))?;
    between(input, r#"value=""#, "\"")
}

/// What a person would read of the page, shortened.
fn excerpt(html: &str) -> String {
    let body = html.split_once("<body").map_or(html, |(_, body)| body);
    let texts = body.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text.trim());
    let text = texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ");
    text.chars().take(400).collect()
}

#[cfg(test)]
mod tests {
    use super::{below, excerpt};

    #[test]
    fn an_excerpt_is_the_text_without_markup() {
        let page = "<html><style>h1 {}</style><body class='a'><h1>oops</h1>\n<p>invalid_client</p></body>";
        assert_eq!(excerpt(page), "oops invalid_client");
    }

    #[test]
    fn a_cookie_goes_to_its_path_and_what_lies_below_it() {
        assert!(below("/auth/1", "/auth/1"));
        assert!(below("/auth/1/login", "/auth/1"));
        assert!(below("/auth/1", "/"));
        assert!(!below("/auth/12", "/auth/1"));
        assert!(!below("/", "/auth"));
    }
}
