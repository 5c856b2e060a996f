//! SharePoint Online over Microsoft Graph: sites, pages, lists, document libraries, files, search.
//!
//! The connection's token goes only to `graph.microsoft.com`. Files are at pre-signed addresses of `*.sharepoint.com`,
//! which are requested without it.

mod address;
mod browse;
mod download;
mod graph;
mod ids;
mod listing;
mod search;
#[cfg(test)]
mod tests;

use innkeeper_guest::prelude::*;

const TOKEN_URL: &str = "https://login.microsoftonline.com/{tenantId}/oauth2/v2.0/token";
const AUTHORIZATION_URL: &str = "https://login.microsoftonline.com/{tenantId}/oauth2/v2.0/authorize";
const APP_BY_SECRET: &str = "oauth_client_credentials";
const APP_BY_CERTIFICATE: &str = "oauth_client_credentials_private_key_jwt";
/// Everything that an administrator granted to the app.
const APP_SCOPE: &str = "https://graph.microsoft.com/.default";
/// What a user is asked to grant; the last scope keeps the user logged in.
const USER_SCOPE: &str = "Sites.Selected Files.Read.All offline_access";
const GRAPH: &str = "https://graph.microsoft.com/v1.0";
/// The maximum size of a JSON response in bytes.
const ANSWER_LIMIT: u64 = 4 << 20;
/// Graph's code for what this token may not read. Other kinds of 403 have other codes.
const ACCESS_DENIED: &str = "accessDenied";

/// The configuration of a connection.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "the host fills it into the addresses of the auth types")]
struct Config {
    /// The Microsoft Entra tenant: its directory ID, or one of its domains.
    #[schemars(
        length(max = 253),
        regex(pattern = r"^([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63})$"),
        extend("x-form" = {
            "label": "Tenant ID",
            "placeholder": "contoso.onmicrosoft.com",
            "help": "The directory (tenant) ID on the overview page of Microsoft Entra, or a domain of the tenant."
        })
    )]
    tenant_id: String,
}

/// Graph's response at `/v1.0/` itself says nothing about the token, so the check requests the root site. A connection
/// that may read only selected sites is refused the root site with the code `accessDenied`. Then its token was
/// accepted, and the check cannot find out more. Any other refusal concerns the connection itself.
fn check(ctx: &Ctx) -> Result<String, Error> {
    let root = ctx.get(url!(GRAPH; "/sites/root")).query("$select", "displayName").send()?;
    match coded(root) {
        Ok(answer) => {
            let site: Value = answer.json()?;
            let name = site["displayName"].as_str().filter(|name| !name.is_empty()).unwrap_or("without a name");
            Ok(format!("Connected to SharePoint Online: the root site is {name}"))
        }
        // Without any permission, which an administrator has to grant, the token lacks its claims.
        Err((Error::Denied(reason), Some(code))) if code == ACCESS_DENIED && !reason.contains("claim") => Ok(format!(
            "Connected to Microsoft Graph, which does not let this connection read the root site ({reason}). With the \
             permission Sites.Selected only the sites that were granted to the app can be read."
        )),
        Err((error, _)) => Err(error),
    }
}

fn checked(answer: Response) -> Result<Response, Error> {
    coded(answer).map_err(|(error, _)| error)
}

/// Graph puts its error message in `error.message`, and the kind of error in `error.code`, which is returned beside the
/// error.
fn coded(answer: Response) -> Result<Response, (Error, Option<String>)> {
    let mut code = None;
    let checked = answer.error_for_status_with(|_, body| {
        code = body.at("/error/code").map(str::to_owned);
        match (body.at("/error/message"), &code) {
            (Some(message), Some(code)) => Some(format!("{message} ({code})")),
            (Some(message), None) => Some(message.to_owned()),
            (None, code) => code.clone(),
        }
    });
    checked.map_err(|error| (error, code))
}

/// Whether the token is an app's own: Graph then lists all sites, and searches only in a region.
fn is_app_only(ctx: &Ctx) -> bool {
    matches!(ctx.auth_type().as_str(), APP_BY_SECRET | APP_BY_CERTIFICATE)
}

/// Language models fill in optional texts with empty ones.
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

fn connector() -> Connector {
    let actions = [browse::actions(), download::actions(), vec![graph::action(), search::action()]];
    let connector = Connector::new("sharepoint_online", env!("CARGO_PKG_VERSION"))
        .title("SharePoint Online")
        .description("Browses and searches sites, lists and document libraries, and downloads files.")
        .documentation("https://learn.microsoft.com/graph/api/resources/sharepoint")
        .auth(app())
        .auth(app_by_certificate())
        .auth(user())
        .auth(ears())
        .config::<Config>()
        .host(
            Host::name("graph.microsoft.com")
                .path_prefix("/v1.0")
                .methods(["GET", "POST"])
                .reason("Microsoft Graph, the API for SharePoint"),
        )
        .host(
            Host::name("*.sharepoint.com")
                .methods(["GET"])
                .no_credential()
                .reason("Downloads of files from pre-signed addresses; the token is not sent there"),
        )
        .policies(
            Policies::new()
                .rate_limit(RateLimit::statuses([429]))
                .retry(Retry::new().statuses([429, 502, 503, 504]).max_retries(3)),
        )
        .skill(include_str!("../skill.md"))
        .check(check);
    actions.into_iter().flatten().fold(connector, Connector::action)
}

/// The app itself, with what an administrator granted to it.
fn app() -> Auth {
    Auth::new(APP_BY_SECRET)
        .label("App (client credentials)")
        .default("tokenUrl", TOKEN_URL)
        .hide("tokenUrl")
        .default("scope", APP_SCOPE)
        .hide("scope")
        .help("clientId", "The application (client) ID of the app registration.")
        .help("clientSecret", "The value, not the ID, of a client secret in that registration.")
}

/// The same, if the app signs with the key of a certificate instead of sending a secret.
fn app_by_certificate() -> Auth {
    // Entra finds the certificate by its digest, expects the token URL as audience, and has no revocation endpoint.
    let settled = ["keyId", "audience", "revocationUrl"];
    let oauth = Auth::new(APP_BY_CERTIFICATE)
        .label("App (certificate)")
        .default("tokenUrl", TOKEN_URL)
        .hide("tokenUrl")
        .default("scope", APP_SCOPE)
        .hide("scope")
        .default("algorithm", "PS256")
        .hide("algorithm")
        .default("certificateBinding", "x5t#S256")
        .hide("certificateBinding")
        .help("clientId", "The application (client) ID of the app registration.")
        .help("certificate", "PEM: the certificate that you uploaded to that registration.")
        .help("privateKey", "PEM: the RSA key of that certificate, of 2048 to 4096 bits. Never upload it anywhere.");
    settled.into_iter().fold(oauth, Auth::hide)
}

/// On behalf of a user, with what that user may see.
fn user() -> Auth {
    // Entra expects the secret in the header and responds in the standard format.
    let settled = ["useBasicAuth", "scopeParamName", "accessTokenPath", "tokenTypePath", "tokenType", "issuer"];
    let oauth = Auth::new("oauth_authorization_code")
        .label("User (login with consent)")
        .default("authorizationUrl", AUTHORIZATION_URL)
        .hide("authorizationUrl")
        .default("tokenUrl", TOKEN_URL)
        .hide("tokenUrl")
        .default("scope", USER_SCOPE)
        .help("scope", "Microsoft Graph permissions, separated by spaces. offline_access keeps the user logged in.")
        .help("clientId", "The application (client) ID of the app registration.")
        .help(
            "clientSecret",
            "The value, not the ID, of a client secret in that registration. A public client has none.",
        );
    settled.into_iter().fold(oauth, Auth::hide)
}

/// On behalf of a user, with an app that somebody else has registered.
fn ears() -> Auth {
    Auth::new("ears")
        .label("User, without your own app")
        .default("provider", "microsoft")
        .default("scope", USER_SCOPE)
        .hide("provider")
        .hide("scope")
}

innkeeper_guest::export!(connector);
