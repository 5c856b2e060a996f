//! The registered clients and their redirect URIs.

use serde::Serialize;

/// The client id of the public client: no secret, only PKCE.
pub const PUBLIC_CLIENT: &str = "practice-public";
/// The client id of the confidential client.
pub const CONFIDENTIAL_CLIENT: &str = "practice-confidential";
/// The secret of the confidential client. It need not be secret: it protects made-up files on loopback.
pub const CONFIDENTIAL_SECRET: &str = "practice-secret";
/// The client id of the service that acts for itself (client credentials).
pub const SERVICE_CLIENT: &str = "practice-service";
/// The secret of the service.
pub const SERVICE_SECRET: &str = "practice-secret";

/// A way to get a token (RFC 6749, section 1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// The code issued for the user's consent.
    AuthorizationCode,
    /// A refresh token.
    RefreshToken,
    /// The client's own credentials.
    ClientCredentials,
}

/// A registered client.
#[derive(Clone, Debug, Serialize)]
pub struct Client {
    /// `client_id`.
    pub id: &'static str,
    /// The name people see on the consent page.
    pub name: &'static str,
    /// `client_secret`; `None` for a public client.
    pub secret: Option<&'static str>,
    /// Where answers may be sent. On loopback the port does not matter (RFC 8252, section 7.3).
    pub redirect_uris: Vec<String>,
    /// The grant types that it may use.
    pub grant_types: Vec<GrantType>,
}

impl Client {
    /// Whether answers may be sent to `uri`: it must equal a registered address exactly, except for the port of a
    /// loopback address.
    pub(crate) fn may_be_answered_at(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|registered| registered == uri || same_but_for_the_port(registered, uri))
    }

    /// Whether it may use this grant type.
    pub(crate) fn may_use(&self, grant_type: GrantType) -> bool {
        self.grant_types.contains(&grant_type)
    }
}

/// The three practice clients; `further` redirect URIs are registered for the interactive ones.
pub(crate) fn registered(further: &[String]) -> Vec<Client> {
    let mut redirect_uris: Vec<String> = LOOPBACK_HOSTS
        .iter()
        .flat_map(|origin| ["/callback", "/oauth/callback"].map(|path| format!("{origin}{path}")))
        .collect();
    redirect_uris.extend_from_slice(further);
    let interactive = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
    vec![
        Client {
            id: PUBLIC_CLIENT,
            name: "Practice app",
            secret: None,
            redirect_uris: redirect_uris.clone(),
            grant_types: interactive.clone(),
        },
        Client {
            id: CONFIDENTIAL_CLIENT,
            name: "Practice web service",
            secret: Some(CONFIDENTIAL_SECRET),
            redirect_uris,
            grant_types: interactive,
        },
        Client {
            id: SERVICE_CLIENT,
            name: "Practice nightly job",
            secret: Some(SERVICE_SECRET),
            redirect_uris: Vec::new(),
            grant_types: vec![GrantType::ClientCredentials],
        },
    ]
}

const LOOPBACK_HOSTS: &[&str] = &["http://127.0.0.1", "http://[::1]", "http://localhost"];

/// No URL is parsed here on purpose: addresses that a parser would make equal must not be equal.
fn same_but_for_the_port(registered: &str, asked: &str) -> bool {
    LOOPBACK_HOSTS.iter().any(|origin| {
        let rest = |uri: &str| uri.strip_prefix(origin).and_then(without_port).map(str::to_owned);
        rest(registered).is_some_and(|registered| rest(asked) == Some(registered))
    })
}

/// The text after the port; `None` if the text after the host is neither a port nor a path.
fn without_port(rest: &str) -> Option<&str> {
    let path = match rest.strip_prefix(':') {
        None => rest,
        Some(rest) => {
            let (port, path) = rest.split_at(rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len()));
            port.parse::<u16>().ok()?;
            path
        }
    };
    (path.is_empty() || path.starts_with('/')).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_port_of_a_loopback_address_may_differ() {
        let client = &registered(&["https://app.example/back".to_owned()])[0];
        for good in [
            "http://127.0.0.1/callback",
            "http://127.0.0.1:49152/callback",
            "http://[::1]:1/callback",
            "http://localhost:8080/oauth/callback",
            "https://app.example/back",
        ] {
            assert!(client.may_be_answered_at(good), "{good}");
        }
        for bad in [
            "http://127.0.0.1:49152/callback/",
            "http://127.0.0.1:49152/Callback",
            "http://127.0.0.1:49152/callback?x=1",
            "http://127.0.0.1:49152/callback#x",
            "http://127.0.0.1:99999/callback",
            "http://127.0.0.1:/callback",
            "http://127.0.0.1:80@evil.example/callback",
            "http://127.0.0.1.evil.example/callback",
            "https://127.0.0.1:49152/callback",
            "https://app.example:444/back",
            "https://app.example/back/../x",
            "http://localhost:1@evil.example/callback",
            "",
        ] {
            assert!(!client.may_be_answered_at(bad), "{bad}");
        }
    }
}
