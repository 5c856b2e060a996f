//! `oauth_authorization_code`: a user's consent (RFC 6749, section 4.1, with PKCE).

use std::sync::Arc;

use innkeeper_spec::{AuthMode, FieldKind, FieldSpec};
use serde_json::Value;

use super::field::{BuiltIn, choice, optional};
use super::mistakes::Mistakes;
use super::oauth_client::{client_id, client_secret, discovery_url, revocation_url, token_type, token_url};
use super::signing_key::{algorithm, certificate, certificate_binding, key_id, passphrase, private_key};
use crate::auth_type::Credential;
use crate::oauth::{AnswerShape, ClientAssertion, ClientAuthentication, Consent, Way};
use crate::settings::Settings;
use crate::settings_errors::SettingsErrors;

const BASIC: &str = "client_secret_basic";
const POST: &str = "client_secret_post";
const PRIVATE_KEY: &str = "private_key_jwt";
/// Fields that only clients with a private key need; they would put most users off if every form showed them.
const ADVANCED: [&str; 7] =
    ["tokenEndpointAuthMethod", "algorithm", "certificateBinding", "certificate", "keyId", "privateKey", "passphrase"];
const METHODS: [&str; 3] = [BASIC, POST, PRIVATE_KEY];

pub(super) fn auth_type() -> BuiltIn {
    let mut basic = optional(
        "useBasicAuth",
        "Client secret in the header",
        FieldKind::Flag,
        "Whether the client secret is sent in the Authorization header; otherwise it is sent in the request's body.",
    );
    basic.default = Some(Value::Bool(true));
    let mut method = choice(
        "tokenEndpointAuthMethod",
        "Client authentication",
        "How the client authenticates, if not with its secret as the flag says: for example, with a private key.",
        &METHODS,
    );
    method.default = None;
    let fields = vec![
        discovery_url(),
        optional(
            "authorizationUrl",
            "Authorization URL",
            FieldKind::Url,
            "Where the user consents. Read from the discovery URL if that is set.",
        ),
        token_url(),
        client_id(),
        client_secret(),
        optional("scope", "Scope", FieldKind::Text, "The scopes that the user is asked to grant, separated by spaces."),
        basic,
        method,
        algorithm(),
        certificate_binding(),
        certificate("PEM: the certificate of the private key, and the certificates of its chain."),
        key_id(),
        FieldSpec { required: false, ..private_key() },
        passphrase(),
        optional(
            "scopeParamName",
            "Scope parameter",
            FieldKind::Text,
            "The parameter's name, if the service does not call it `scope`.",
        ),
        optional(
            "accessTokenPath",
            "Access token path",
            FieldKind::Text,
            "Where the response contains the token, if elsewhere: names joined by dots, such as authed_user.access_token.",
        ),
        optional("tokenTypePath", "Token type path", FieldKind::Text, "The same for the token type."),
        token_type(),
        revocation_url(),
        optional(
            "issuer",
            "Issuer",
            FieldKind::Text,
            "Set it if the server identifies itself in its responses (RFC 9207): responses from others are then refused.",
        ),
    ];
    let modes = vec![AuthMode::Shared, AuthMode::PerUser];
    let description = "A user consents in the browser; the host stores the grant and refreshes it.";
    BuiltIn::new("oauth_authorization_code", "OAuth with consent", description, fields, credential)
        .interactive(modes)
        .annotated("advanced", ADVANCED.to_vec())
}

fn credential(settings: &Settings) -> Result<Credential, SettingsErrors> {
    let mut mistakes = Mistakes::default();
    let text = |name| settings.text(name).map(str::to_owned);
    check_shape(&mut mistakes, settings);
    let authorization_url = mistakes.endpoint(settings, "authorizationUrl");
    let (client, authentication) = (mistakes.client(settings), authentication(&mut mistakes, settings));
    let credential = client.zip(authorization_url).zip(authentication);
    let credential = credential.map(|((mut client, authorization_url), authentication)| {
        client.authentication = authentication;
        client.shape = AnswerShape {
            access_token_path: text("accessTokenPath"),
            token_type_path: text("tokenTypePath"),
            token_type: client.shape.token_type,
        };
        client.way = Way::Browser(Consent {
            authorization_url,
            scope_parameter: text("scopeParamName").unwrap_or_else(|| "scope".to_owned()),
            issuer: text("issuer"),
            name: None,
        });
        Credential::Grant(Arc::new(client))
    });
    mistakes.finish(credential)
}

fn check_shape(mistakes: &mut Mistakes, settings: &Settings) {
    if settings.text("tokenType").is_some() && settings.text("tokenTypePath").is_some() {
        mistakes.note("tokenType", "contradicts tokenTypePath: set only one of them");
    }
    for field in ["accessTokenPath", "tokenTypePath"] {
        if settings.text(field).is_some_and(|path| path.split('.').any(str::is_empty)) {
            mistakes.note(field, "must be non-empty names joined by dots");
        }
    }
    let managed = ["client_id", "response_type", "redirect_uri", "state", "code_challenge", "code_challenge_method"];
    if let Some(name) = settings.text("scopeParamName").filter(|name| managed.contains(name)) {
        mistakes.note("scopeParamName", format!("cannot be {name}, which OAuth itself uses"));
    }
}

/// Without `tokenEndpointAuthMethod`, the flag decides. The flag is set by default, so only a cleared flag can contradict the
/// method.
fn authentication(mistakes: &mut Mistakes, settings: &Settings) -> Option<ClientAuthentication> {
    let flag = settings.flag("useBasicAuth").unwrap_or(true);
    let method = settings.text("tokenEndpointAuthMethod");
    if let Some(method) = method.filter(|method| !flag && *method != POST) {
        mistakes.note("useBasicAuth", format!("contradicts the tokenEndpointAuthMethod {method}: leave it out"));
    }
    if method == Some(PRIVATE_KEY) {
        if settings.secret("clientSecret").is_some() {
            mistakes.note("clientSecret", "contradicts the tokenEndpointAuthMethod private_key_jwt: leave it out");
        }
        let signer = Arc::new(mistakes.signer(settings)?);
        return Some(ClientAuthentication::Assertion(ClientAssertion { signer, audience: None }));
    }
    for field in ["privateKey", "passphrase", "certificate"] {
        if settings.secret(field).is_some() {
            mistakes.note(
                field,
                "is used only with the tokenEndpointAuthMethod private_key_jwt: choose that method, or leave this out",
            );
        }
    }
    if method.is_some() && settings.secret("clientSecret").is_none() {
        mistakes.note("clientSecret", "is required for that tokenEndpointAuthMethod");
    }
    Some(Mistakes::secret(settings, method.map_or(flag, |method| method == BASIC)))
}
