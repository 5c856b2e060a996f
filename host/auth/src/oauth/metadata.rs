//! The metadata of an authorization server (RFC 8414, OpenID Connect Discovery).

use std::time::Duration;

use innkeeper_address::SecureUrl;
use innkeeper_ambient::Clock;
use innkeeper_egress::Egress;
use innkeeper_shown::Quoted;
use serde_json::Value;
use url::Url;

use super::transport::Transport;

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
}

/// Addresses that require a client certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Aliases {
    pub(crate) token_url: Option<String>,
    pub(crate) revocation_url: Option<String>,
}

/// An address where metadata may be, and the issuer that it must then have.
pub(super) struct Place {
    pub(super) url: Url,
    pub(super) issuer: String,
}

impl Metadata {
    /// Reads the metadata. `address` is an issuer or the address of the metadata itself. The error text follows the name of the
    /// field that contains the address.
    pub(crate) async fn fetch(egress: &Egress, clock: &dyn Clock, address: &Url) -> Result<Self, String> {
        let transport = Transport { egress, clock };
        let places = places(address);
        let mut reached = Vec::new();
        for place in &places {
            let (status, _, body) = transport
                .get(place.url.clone(), LONGEST, METADATA_TIMEOUT)
                .await
                .map_err(|error| format!("could not be read ({}): {error}", place.url))?;
            if status.is_success() {
                return Self::read(&body, &place.issuer).map_err(|why| format!("is not usable ({}): {why}", place.url));
            }
            reached.push(format!("{} returns {}", place.url, status.as_u16()));
        }
        Err(format!(
            "does not lead to metadata: {}; set an issuer, the address of its metadata, or the endpoints themselves",
            reached.join(" and ")
        ))
    }

    pub(super) fn read(body: &[u8], expected: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_slice(body).map_err(|_| "it is not a JSON document".to_owned())?;
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        // RFC 8414, section 3.3: otherwise any site's metadata could redirect a client's secrets.
        match text(&document["issuer"]) {
            Some(issuer) if issuer.trim_end_matches('/') == expected.trim_end_matches('/') => {}
            Some(issuer) => {
                let issuer = Quoted::new(shortened(&issuer));
                return Err(format!("it belongs to the issuer {issuer}, not to {expected}"));
            }
            None => return Err("it names no issuer".to_owned()),
        }
        let address = |holder: &Value, name: &str| match text(&holder[name]) {
            None => Ok(None),
            Some(text) => match text.parse::<SecureUrl>() {
                // The parsed form: this is what the owner is shown and where requests go.
                Ok(url) => Ok(Some(url.to_string())),
                Err(reason) => Err(format!("its {name} {reason}")),
            },
        };
        let methods = &document["code_challenge_methods_supported"];
        if methods.as_array().is_some_and(|methods| !methods.iter().any(|method| method == "S256")) {
            return Err("it does not list S256 among the PKCE methods that it supports".to_owned());
        }
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
            issuer: text(&document["issuer"]).filter(|_| promised),
        })
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
    if let Some(before) = path.strip_suffix(OPENID) {
        return vec![Place { url: address.clone(), issuer: issuer(before) }];
    }
    for well_known in [OAUTH, OPENID] {
        if let Some(after) = path.strip_prefix(well_known) {
            return vec![Place { url: address.clone(), issuer: issuer(after) }];
        }
    }
    // RFC 8414, section 3.1, puts the issuer's path after the well-known part; OpenID Connect Discovery, section 4, puts it
    // before.
    [format!("{OAUTH}{path}"), format!("{path}{OPENID}")]
        .map(|place| Place { url: at(&place), issuer: issuer(path) })
        .into()
}

fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(document: &Value) -> Result<Metadata, String> {
        Metadata::read(document.to_string().as_bytes(), "https://as.example.com/t1")
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
    fn the_metadata_of_an_issuer_is_in_two_places_and_its_own_address_in_one() {
        let found = |text: &str| -> Vec<(String, String)> {
            let places = places(&Url::parse(text).expect("an address"));
            places.into_iter().map(|place| (place.url.to_string(), place.issuer)).collect()
        };
        let pair = |url: &str, issuer: &str| (url.to_owned(), issuer.to_owned());
        assert_eq!(
            found("https://as.example.com/t1/"),
            [
                pair("https://as.example.com/.well-known/oauth-authorization-server/t1", "https://as.example.com/t1"),
                pair("https://as.example.com/t1/.well-known/openid-configuration", "https://as.example.com/t1"),
            ]
        );
        for address in [
            "https://as.example.com/.well-known/oauth-authorization-server/t1",
            "https://as.example.com/t1/.well-known/openid-configuration",
            "https://as.example.com/.well-known/openid-configuration/t1",
        ] {
            assert_eq!(found(address), [pair(address, "https://as.example.com/t1")]);
        }
        let bare = found("https://as.example.com");
        assert_eq!(bare[1].0, "https://as.example.com/.well-known/openid-configuration");
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
    fn metadata_of_another_issuer_with_plain_addresses_or_without_s256_is_refused() {
        for (name, value, word) in [
            ("issuer", json!("https://evil.example.com/t1"), "issuer"),
            ("issuer", json!(7), "names no issuer"),
            ("token_endpoint", json!("http://as.example.com/token"), "token_endpoint must use https"),
            ("revocation_endpoint", json!("javascript:1"), "revocation_endpoint"),
            ("mtls_endpoint_aliases", json!({ "token_endpoint": "http://as.example.com" }), "https"),
            ("code_challenge_methods_supported", json!(["plain"]), "S256"),
        ] {
            let mut document = whole();
            document[name] = value;
            let why = read(&document).expect_err(word);
            assert!(why.contains(word), "{why}");
        }
        assert!(Metadata::read(b"<html>", "https://as.example.com").expect_err("no JSON").contains("JSON"));
    }
}
