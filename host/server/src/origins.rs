//! Where a browser may be sent, and where requests may come from.

use axum::http::{HeaderMap, header};
use url::{Origin, Url};

use crate::problem::Problem;

/// Result parameters: those that an address already has are removed first.
const OURS: [&str; 4] = ["oauth_authorization", "connection_id", "status_code", "error"];

pub(crate) struct Origins {
    own: Origin,
    allowed: Vec<Origin>,
}

impl Origins {
    pub(crate) fn new(pages: &Url, others: &[Url]) -> Self {
        let own = pages.origin();
        let others = others.iter().map(Url::origin).filter(Origin::is_tuple);
        Self { allowed: std::iter::once(own.clone()).chain(others).collect(), own }
    }

    /// An absolute http or https address of an allowed origin, without user name and password.
    pub(crate) fn return_url(&self, text: &str) -> Result<Url, Problem> {
        let url = Url::parse(text).map_err(|_| Problem::ReturnUrl)?;
        self.check(&url)?;
        Ok(url)
    }

    pub(crate) fn check(&self, url: &Url) -> Result<(), Problem> {
        let bare = url.username().is_empty() && url.password().is_none();
        let web = matches!(url.scheme(), "http" | "https");
        if bare && web && self.allowed.contains(&url.origin()) { Ok(()) } else { Err(Problem::ReturnUrl) }
    }

    /// Whether a page of another site made the browser send this. A client that is not a browser sends no origin.
    pub(crate) fn check_sender(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
        if let Some(origin) = text(header::ORIGIN.as_str()).filter(|origin| *origin != "null") {
            let known = Url::parse(origin).is_ok_and(|url| self.allowed.contains(&url.origin()));
            return if known { Ok(()) } else { Err(Problem::CrossSite) };
        }
        match text("sec-fetch-site") {
            None if text(header::ORIGIN.as_str()).is_none() => Ok(()),
            Some("same-origin" | "none") => Ok(()),
            _ => Err(Problem::CrossSite),
        }
    }

    /// Whether a form of our own page sent this; a browser that does not say so is rejected. Our pages send no
    /// referrer, and therefore only `null` as `Origin`.
    pub(crate) fn check_own_form(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let own = match (text("sec-fetch-site"), text(header::ORIGIN.as_str())) {
            (Some(site), _) => site == "same-origin",
            (None, Some(origin)) => Url::parse(origin).is_ok_and(|url| url.origin() == self.own),
            (None, None) => false,
        };
        if own { Ok(()) } else { Err(Problem::CrossSite) }
    }
}

/// The address with the result of an authorization.
pub(crate) fn with_result(mut url: Url, parameters: &[(&str, &str)]) -> Url {
    let kept: Vec<(String, String)> =
        url.query_pairs().filter(|(name, _)| !OURS.contains(&&**name)).map(|(k, v)| (k.into(), v.into())).collect();
    url.query_pairs_mut().clear().extend_pairs(kept).extend_pairs(parameters);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins() -> Origins {
        let address = |text| Url::parse(text).expect("an address");
        Origins::new(
            &address("https://my.service/connect/"),
            &[address("https://app.example:8443/x"), address("data:x")],
        )
    }

    #[test]
    fn only_addresses_of_allowed_origins_are_returned_to() {
        let origins = origins();
        for good in ["https://my.service/", "https://MY.service:443/a?b#c", "https://app.example:8443/settings"] {
            assert!(origins.return_url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://my.service/",
            "https://my.service:8443/",
            "https://my.service.evil.example/",
            "https://my.service@evil.example/",
            "https://evil.example/https://my.service/",
            "https://ada@my.service/",
            "https:\\\\evil.example\\my.service",
            "https://app.example/",
            "//my.service/",
            "/settings",
            "javascript:alert(1)//https://my.service/",
            "data:text/html,x",
            "blob:https://my.service/x",
            "https://my.service%2eevil.example/",
            "",
        ] {
            assert!(origins.return_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_result_takes_the_place_of_what_an_address_says_already() {
        let url = Url::parse("https://my.service/a?tab=1&oauth_authorization=success&error=x#end").expect("an address");
        let result = with_result(url, &[("oauth_authorization", "error"), ("connection_id", "a&b=c")]);
        assert_eq!(result.as_str(), "https://my.service/a?tab=1&oauth_authorization=error&connection_id=a%26b%3Dc#end");
    }

    #[test]
    fn what_another_site_sends_is_told_from_what_a_program_sends() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().expect("a header"));
            }
            headers
        };
        let (origins, own) = (origins(), "https://my.service");
        for (sent, from_anywhere_allowed, from_own_form) in [
            (&[][..], true, false),
            (&[("origin", own)], true, true),
            (&[("origin", "https://app.example:8443")], true, false),
            (&[("origin", "https://evil.example")], false, false),
            (&[("origin", "null")], false, false),
            (&[("origin", "null"), ("sec-fetch-site", "same-origin")], true, true),
            (&[("origin", "null"), ("sec-fetch-site", "cross-site")], false, false),
            (&[("sec-fetch-site", "cross-site")], false, false),
            (&[("sec-fetch-site", "same-site")], false, false),
            (&[("origin", own), ("sec-fetch-site", "cross-site")], true, false),
        ] {
            assert_eq!(origins.check_sender(&headers(sent)).is_ok(), from_anywhere_allowed, "{sent:?}");
            assert_eq!(origins.check_own_form(&headers(sent)).is_ok(), from_own_form, "{sent:?}");
        }
    }
}
