//! Sends a user to the page where consent is given.

use innkeeper_address::SecureUrl;
use url::Url;

use super::client::{Dialect, OAuthClient};
use super::ears;
use crate::flow::ConsentRequest;

/// The part of a client that sends a user to the authorization server.
#[derive(Clone, Debug)]
pub(crate) struct Consent {
    pub(crate) authorization_url: SecureUrl,
    /// The server's name for `scope`.
    pub(crate) scope_parameter: String,
    /// The issuer that the server must send in the callback (RFC 9207).
    pub(crate) issuer: Option<String>,
    /// The issuer, if the server sends one in the callback.
    pub(crate) name: Option<String>,
}

impl OAuthClient {
    /// RFC 6749, section 4.1.1, with RFC 7636, section 4.3. Parameters of the configured address stay, except those that are
    /// set here.
    pub(crate) fn authorization_url(&self, consent: &Consent, asked: &ConsentRequest<'_>) -> Url {
        let scope = asked.scope.filter(|scope| scope.words().next().is_some());
        let mut parameters = match self.dialect {
            Dialect::RedirectService { .. } => ears::parameters(asked),
            Dialect::Rfc => vec![
                ("client_id", self.client_id.as_str()),
                ("response_type", "code"),
                ("redirect_uri", asked.redirect_uri.as_str()),
                ("state", asked.state.expose()),
                ("code_challenge", asked.challenge.as_str()),
                ("code_challenge_method", "S256"),
            ],
        };
        parameters.extend(scope.map(|scope| (consent.scope_parameter.as_str(), scope.as_str())));
        let configured = &consent.authorization_url;
        let kept: Vec<(String, String)> = configured
            .query_pairs()
            .filter(|(name, _)| parameters.iter().all(|(set, _)| set != name))
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let mut url = Url::clone(configured);
        url.query_pairs_mut().clear().extend_pairs(kept).extend_pairs(parameters);
        url
    }
}
