//! `oauth_jwt_bearer`: a signed assertion that names the subject (RFC 7523, section 2.1).

use std::sync::Arc;
use std::time::Duration;

use innkeeper_spec::FieldKind;
use serde_json::{Map, Value};

use super::field::{BuiltIn, optional, required};
use super::mistakes::Mistakes;
use super::oauth_client::{audience, discovery_url, revocation_url, scope, token_type, token_url};
use super::signing_key::{algorithm, passphrase, private_key};
use crate::auth_type::Credential;
use crate::oauth::{JwtBearer, KeyReference, OAuthClient, OwnGrant, Way};
use crate::settings::Settings;
use crate::settings_errors::SettingsErrors;

/// How long an assertion is valid, in seconds.
const LIFE: u64 = 300;
/// The maximum lifetime of an assertion, in seconds.
const LONGEST_LIFE: u64 = 3600;
/// Claims that the host sets.
const OWN_CLAIMS: [&str; 7] = ["iss", "sub", "aud", "exp", "iat", "nbf", "jti"];

pub(super) fn auth_type() -> BuiltIn {
    let mut lifetime = optional(
        "lifetime",
        "Lifetime",
        FieldKind::Number,
        "How long each assertion is valid, in seconds; at most 3600.",
    );
    lifetime.default = Some(LIFE.into());
    let fields = vec![
        discovery_url(),
        token_url(),
        required("issuer", "Issuer", FieldKind::Text, "The issuer of the assertion: the client's name at the server."),
        required("subject", "Subject", FieldKind::Text, "Who the token is for: a user, or the issuer itself."),
        audience(),
        scope(),
        algorithm(),
        optional("keyId", "Key ID", FieldKind::Text, "The name that the key is registered under (kid)."),
        private_key(),
        passphrase(),
        lifetime,
        optional(
            "claims",
            "More claims",
            FieldKind::Text,
            "A JSON object of further claims; some servers expect the scope in it: {\"scope\": \"...\"}.",
        ),
        optional(
            "clientId",
            "Client ID",
            FieldKind::Text,
            "Only if the server requires one in addition to the assertion.",
        ),
        optional("clientSecret", "Client secret", FieldKind::Secret, "Sent in the body with the client ID."),
        token_type(),
        revocation_url(),
    ];
    let description = "The connector signs an assertion that says who the token is for; no user is involved.";
    BuiltIn::new("oauth_jwt_bearer", "OAuth JWT bearer", description, fields, credential)
}

fn credential(settings: &Settings) -> Result<Credential, SettingsErrors> {
    let mut mistakes = Mistakes::default();
    let client = client(&mut mistakes, settings);
    let bearer = bearer(&mut mistakes, settings);
    let credential = client.zip(bearer).map(|(mut client, bearer)| {
        client.way = Way::Alone(OwnGrant::JwtBearer(bearer));
        Credential::Grant(Arc::new(client))
    });
    mistakes.finish(credential)
}

fn client(mistakes: &mut Mistakes, settings: &Settings) -> Option<OAuthClient> {
    if settings.secret("clientSecret").is_some() && settings.text("clientId").is_none() {
        mistakes.note("clientId", "is required together with a clientSecret");
    }
    let client_id = settings.text("clientId").unwrap_or_default().to_owned();
    let mut client = mistakes.client_of_id(settings, Some(client_id))?;
    client.authentication = Mistakes::secret(settings, false);
    Some(client)
}

fn bearer(mistakes: &mut Mistakes, settings: &Settings) -> Option<JwtBearer> {
    let (issuer, subject) = (mistakes.text(settings, "issuer"), mistakes.text(settings, "subject"));
    let (life, claims) = (lifetime(mistakes, settings), claims(mistakes, settings));
    let key = mistakes.private_key(settings)?;
    let reference = settings.text("keyId").map_or(KeyReference::None, |id| KeyReference::Id(id.to_owned()));
    let signer = mistakes.signer_with(settings, &key, reference)?;
    Some(JwtBearer {
        signer: Arc::new(signer),
        issuer: issuer?,
        subject: subject?,
        audience: settings.text("audience").map(str::to_owned),
        life: life?,
        claims: claims?,
    })
}

fn lifetime(mistakes: &mut Mistakes, settings: &Settings) -> Option<Duration> {
    let seconds = match settings.plain().get("lifetime") {
        None => Some(LIFE),
        Some(value) => value.as_u64().filter(|seconds| (1..=LONGEST_LIFE).contains(seconds)),
    };
    if seconds.is_none() {
        mistakes.note("lifetime", format!("must be a whole number of seconds from 1 to {LONGEST_LIFE}"));
    }
    seconds.map(Duration::from_secs)
}

fn claims(mistakes: &mut Mistakes, settings: &Settings) -> Option<Map<String, Value>> {
    let Some(text) = settings.text("claims") else { return Some(Map::new()) };
    let Ok(Value::Object(claims)) = serde_json::from_str(text) else {
        mistakes.note("claims", "must be a JSON object, such as {\"scope\": \"read\"}");
        return None;
    };
    let own: Vec<_> = OWN_CLAIMS.into_iter().filter(|name| claims.contains_key(*name)).collect();
    if !own.is_empty() {
        mistakes.note("claims", format!("must not contain {}, which other fields or the host set", own.join(", ")));
        return None;
    }
    Some(claims)
}
