//! The metadata of an authorization server (RFC 8414, OpenID Connect Discovery).

use std::time::Duration;

use innkeeper_address::SecureUrl;
use innkeeper_ambient::Clock;
use innkeeper_egress::Egress;
use innkeeper_shown::Quoted;
use serde_json::Value;
use url::Url;

use super::transport::Transport;
use crate::grant::TokenError;

/// The maximum length of a document, in bytes.
const LONGEST: u64 = 256 * 1024;
const METADATA_TIMEOUT: Duration = Duration::from_secs(30);
const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";

/// The metadata that a client uses. Each address is https, or on loopback.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) authorization_url: Option<String>,
    pub(crate) token_url: Option<String>,
    pub(crate) revocation_url: Option<String>,
    pub(crate) device_authorization_url: Option<String>,
    /// The same for clients that present a certificate (RFC 8705, section 5).
    pub(crate) with_certificate: Aliases,
    /// The issuer that the server sends in its callbacks (RFC 9207, section 3); `None` if it does not promise that.
    pub(crate) issuer: Option<String>,
    /// The server lists PKCE methods, and S256 is not among them.
    pub(crate) lacks_s256: bool,
}

/// Addresses that require a client certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Aliases {
    pub(crate) token_url: Option<String>,
    pub(crate) revocation_url: Option<String>,
}

/// An address where metadata may be, and the issuer that it must then have: `None` for one of the address's own origin.
pub(super) struct Place {
    pub(super) url: Url,
    pub(super) issuer: Option<String>,
}

impl Metadata {
    /// Reads the metadata. `address` is an issuer or the address of the metadata itself. A place that answers with something
    /// else, such as a page for people, is passed over. The error text follows the name of the field that contains the address.
    pub(crate) async fn fetch(egress: &Egress, clock: &dyn Clock, address: &Url) -> Result<Self, String> {
        let transport = Transport { egress, clock };
        let mut answers = Vec::new();
        for place in places(address) {
            let url = &place.url;
            let why = match transport.get(url.clone(), LONGEST, METADATA_TIMEOUT).await {
                Ok((status, _, body)) if status.is_success() => match Self::read(&body, &place) {
                    Ok(metadata) => return Ok(metadata),
                    Err(why) => why,
                },
                Ok((status, ..)) => format!("it returns {}", status.as_u16()),
                // The other places are at the same server.
                Err(error @ (TokenError::NoAnswer(_) | TokenError::NotReached(_))) => {
                    return Err(format!("could not be read ({url}): {error}"));
                }
                Err(error) => error.to_string(),
            };
            answers.push(format!("{url}: {why}"));
        }
        Err(format!(
            "does not lead to metadata ({}); set an issuer, the address of its metadata, or the endpoints themselves",
            answers.join("; ")
        ))
    }

    pub(super) fn read(body: &[u8], place: &Place) -> Result<Self, String> {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let document: Value = serde_json::from_slice(body).map_err(|_| "it is not a JSON document".to_owned())?;
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        // RFC 8414, section 3.3: otherwise any site's metadata could redirect a client's secrets.
        let Some(issuer) = text(&document["issuer"]) else { return Err("it names no issuer".to_owned()) };
        if !place.is_of(&issuer) {
            let wanted = place.issuer.clone().unwrap_or_else(|| place.url.origin().ascii_serialization());
            let issuer = Quoted::new(shortened(&issuer));
            return Err(format!("it belongs to the issuer {issuer}, not to {wanted}"));
        }
        let address = |holder: &Value, name: &str| match text(&holder[name]) {
            None => Ok(None),
            Some(text) => match text.parse::<SecureUrl>() {
                // The parsed form: this is what the owner is shown and where requests go.
                Ok(url) => Ok(Some(url.to_string())),
                Err(reason) => Err(format!("its {name} {reason}")),
            },
        };
        let methods = document["code_challenge_methods_supported"].as_array();
        let lacks_s256 = methods.is_some_and(|methods| !methods.iter().any(|method| method == "S256"));
        let aliases = &document["mtls_endpoint_aliases"];
        let promised = document["authorization_response_iss_parameter_supported"] == true;
        Ok(Self {
            authorization_url: address(&document, "authorization_endpoint")?,
            token_url: address(&document, "token_endpoint")?,
            revocation_url: address(&document, "revocation_endpoint")?,
            device_authorization_url: address(&document, "device_authorization_endpoint")?,
            with_certificate: Aliases {
                token_url: address(aliases, "token_endpoint")?,
                revocation_url: address(aliases, "revocation_endpoint")?,
            },
            issuer: promised.then_some(issuer),
            lacks_s256,
        })
    }
}

impl Place {
    fn is_of(&self, issuer: &str) -> bool {
        match &self.issuer {
            Some(wanted) => issuer.trim_end_matches('/') == wanted.trim_end_matches('/'),
            None => Url::parse(issuer).is_ok_and(|issuer| issuer.origin() == self.url.origin()),
        }
    }
}

/// The addresses where an issuer's metadata may be, or the one address that is given.
pub(super) fn places(address: &Url) -> Vec<Place> {
    let path = address.path().trim_end_matches('/');
    let at = |path: &str| {
        let mut url = address.clone();
        url.set_path(path);
        url
    };
    let issuer = |path: &str| {
        let mut url = at(path);
        url.set_query(None);
        url.to_string()
    };
    let known = [OPENID, OAUTH].into_iter();
    let own = known.clone().find_map(|part| path.strip_suffix(part));
    let is_of_path = |rest: &&str| rest.is_empty() || rest.starts_with('/');
    let own = own.or_else(|| known.clone().find_map(|part| path.strip_prefix(part).filter(is_of_path)));
    if own.is_some() || path.contains("/.well-known/") {
        return vec![Place { url: address.clone(), issuer: own.map(issuer) }];
    }
    // RFC 8414, section 3.1, puts the issuer's path after the well-known part; OpenID Connect Discovery, section 4, puts it
    // before, and so do some servers with the former's name.
    let mut places = vec![format!("{OAUTH}{path}"), format!("{path}{OPENID}")];
    places.extend((!path.is_empty()).then(|| format!("{path}{OAUTH}")));
    places.into_iter().map(|place| Place { url: at(&place), issuer: Some(issuer(path)) }).collect()
}

fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of_issuer(body: &[u8], issuer: &str) -> Result<Metadata, String> {
        let url = "https://as.example.com/.well-known/oauth-authorization-server".parse().expect("an address");
        Metadata::read(body, &Place { url, issuer: Some(issuer.to_owned()) })
    }

    fn read(document: &Value) -> Result<Metadata, String> {
        of_issuer(document.to_string().as_bytes(), "https://as.example.com/t1")
    }

    fn whole() -> Value {
        json!({
            "issuer": "https://as.example.com/t1",
            "authorization_endpoint": "https://as.example.com/t1/authorize",
            "token_endpoint": "https://as.example.com/t1/token",
            "device_authorization_endpoint": "https://as.example.com/t1/device",
            "mtls_endpoint_aliases": { "token_endpoint": "https://mtls.example.com/t1/token" },
            "code_challenge_methods_supported": ["plain", "S256"],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    #[test]
    fn case_8_the_metadata_of_an_issuer_is_in_three_places_and_its_own_address_in_one() {
        let found = |text: &str| -> Vec<(String, Option<String>)> {
            let places = places(&Url::parse(text).expect("an address"));
            places.into_iter().map(|place| (place.url.to_string(), place.issuer)).collect()
        };
        let pair = |url: &str, issuer: &str| (url.to_owned(), Some(issuer.to_owned()));
        assert_eq!(
            found("https://as.example.com/t1/"),
            [
                pair("https://as.example.com/.well-known/oauth-authorization-server/t1", "https://as.example.com/t1"),
                pair("https://as.example.com/t1/.well-known/openid-configuration", "https://as.example.com/t1"),
                pair("https://as.example.com/t1/.well-known/oauth-authorization-server", "https://as.example.com/t1"),
            ]
        );
        for address in [
            "https://as.example.com/.well-known/oauth-authorization-server/t1",
            "https://as.example.com/t1/.well-known/oauth-authorization-server",
            "https://as.example.com/t1/.well-known/openid-configuration",
            "https://as.example.com/.well-known/openid-configuration/t1",
        ] {
            assert_eq!(found(address), [pair(address, "https://as.example.com/t1")]);
        }
        let bare = found("https://as.example.com");
        assert_eq!(bare.len(), 2);
        assert_eq!(bare[1].0, "https://as.example.com/.well-known/openid-configuration");
        for own in [
            "https://as.example.com/.well-known/acme-oauth?app=1",
            "https://as.example.com/.well-known/openid-configuration.json",
        ] {
            assert_eq!(found(own), [(own.to_owned(), None)], "an address with `.well-known` is read as it is");
        }
    }

    #[test]
    fn metadata_at_an_address_of_its_own_must_be_of_that_origin() {
        let url: Url = "https://as.example.com/.well-known/acme-oauth".parse().expect("an address");
        let read = |issuer: &str| {
            let mut document = whole();
            document["issuer"] = json!(issuer);
            Metadata::read(document.to_string().as_bytes(), &Place { url: url.clone(), issuer: None })
        };
        read("https://as.example.com/t7").expect("its own");
        assert!(read("https://evil.example.com").expect_err("another's").contains("not to https://as.example.com"));
    }

    #[test]
    fn case_a7_metadata_may_begin_with_a_byte_order_mark() {
        let body = format!("\u{feff}{}", whole());
        of_issuer(body.as_bytes(), "https://as.example.com/t1").expect("metadata");
    }

    #[test]
    fn metadata_is_read_with_what_it_promises() {
        let metadata = read(&whole()).expect("metadata");
        assert_eq!(metadata.token_url.as_deref(), Some("https://as.example.com/t1/token"));
        assert_eq!(metadata.with_certificate.token_url.as_deref(), Some("https://mtls.example.com/t1/token"));
        assert_eq!(metadata.issuer.as_deref(), Some("https://as.example.com/t1"));
        assert_eq!(metadata.revocation_url, None);
        let mut silent = whole();
        silent["authorization_response_iss_parameter_supported"] = Value::Null;
        assert_eq!(read(&silent).expect("metadata").issuer, None, "nothing is promised");
    }

    #[test]
    fn metadata_of_another_issuer_or_with_plain_addresses_is_refused() {
        for (name, value, word) in [
            ("issuer", json!("https://evil.example.com/t1"), "issuer"),
            ("issuer", json!(7), "names no issuer"),
            ("token_endpoint", json!("http://as.example.com/token"), "token_endpoint must use https"),
            ("revocation_endpoint", json!("javascript:1"), "revocation_endpoint"),
            ("mtls_endpoint_aliases", json!({ "token_endpoint": "http://as.example.com" }), "https"),
        ] {
            let mut document = whole();
            document[name] = value;
            let why = read(&document).expect_err(word);
            assert!(why.contains(word), "{why}");
        }
        assert!(of_issuer(b"<html>", "https://as.example.com").expect_err("no JSON").contains("JSON"));
    }

    #[test]
    fn a_server_that_lists_pkce_methods_without_s256_lacks_it() {
        for (methods, lacks) in
            [(json!(["plain"]), true), (json!([]), true), (json!(["S256"]), false), (Value::Null, false)]
        {
            let mut document = whole();
            document["code_challenge_methods_supported"] = methods.clone();
            assert_eq!(read(&document).expect("metadata").lacks_s256, lacks, "{methods}");
        }
    }
}
