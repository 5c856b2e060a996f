//! Slack over its Web API: messages, channels, files and users of a workspace.
//!
//! Slack refuses with the status 200, so `ok` is checked first in every response (`answer`, `refusal`).
//! Listings are returned page by page and compact; `raw` returns Slack's own body.

mod answer;
mod channels;
mod files;
mod messages;
mod page;
mod refusal;
mod resolve;
mod search;
#[cfg(test)]
mod tests;
mod users;

use innkeeper_guest::Backoff;
use innkeeper_guest::prelude::*;

/// What a user is asked to grant. All of these are scopes of user tokens: `channels:write` and `groups:write` allow
/// create channels and inviting users, where a bot token has `channels:manage` instead of the first.
const SCOPES: &str = "channels:history channels:read channels:write chat:write files:read groups:history groups:read \
                      groups:write im:history im:read mpim:history mpim:read search:read.files search:read.im \
                      search:read.mpim search:read.private search:read.public users:read users:read.email";

fn connector() -> Connector {
    let actions = [
        search::actions(),
        resolve::actions(),
        messages::actions(),
        channels::actions(),
        files::actions(),
        users::actions(),
    ];
    let connector = Connector::new("slack", env!("CARGO_PKG_VERSION"))
        .title("Slack")
        .description("Searches, reads and writes messages, and lists channels, files and users of a Slack workspace.")
        .documentation("https://docs.slack.dev/apis/web-api/")
        .auth(ears())
        .auth(app())
        .auth(token())
        .host(Host::name("slack.com").path_prefix("/api").methods(["GET", "POST"]).reason("Slack's Web API"))
        .policies(policies())
        .skill(include_str!("../skill.md"))
        .check(users::check);
    actions.into_iter().flatten().fold(connector, Connector::action)
}

/// Slack does not execute a request over the limit, so it is sent again whatever its method. After other
/// failures a POST is not sent again, because it could post a message twice.
fn policies() -> Policies {
    let retry = Retry::new()
        .statuses([429, 502, 503, 504])
        .max_retries(5)
        .backoff(Backoff::Exponential)
        .initial_delay(1_000)
        .max_delay(60_000);
    Policies::new()
        .rate_limit(RateLimit::body("/error", ["ratelimited"]).codes([429]))
        .unauthorized(Unauthorized::body("/error", ["token_expired", "invalid_auth", "token_revoked"]))
        .retry(retry)
}

/// An app that somebody else has registered.
fn ears() -> Auth {
    Auth::new("ears")
        .label("Slack account")
        .recommended()
        .default("provider", "slack")
        .default("scope", SCOPES)
        .hide("provider")
        .hide("scope")
}

/// The user's own app. Slack puts the user's token, and what belongs to it, into `authed_user`.
fn app() -> Auth {
    let settled = ["useBasicAuth", "scopeParamName", "accessTokenPath", "tokenTypePath", "tokenType", "issuer"];
    let oauth = Auth::new("oauth_authorization_code")
        .label("Your own Slack app")
        .default("authorizationUrl", "https://slack.com/oauth/v2/authorize")
        .hide("authorizationUrl")
        .default("tokenUrl", "https://slack.com/api/oauth.v2.access")
        .hide("tokenUrl")
        .default("scope", SCOPES)
        .default("scopeParamName", "user_scope")
        .default("accessTokenPath", "authed_user.access_token")
        .default("tokenType", "Bearer")
        .help("scope", "User token scopes of the app, separated by spaces. Use only those that its settings list.")
        .help("clientId", "The client ID, under Basic Information in the app's settings.")
        .help("clientSecret", "The client secret, under Basic Information in the app's settings.");
    settled.into_iter().fold(oauth, Auth::hide)
}

/// A token from the settings of an app.
fn token() -> Auth {
    Auth::new("bearer")
        .label("User or bot token")
        .legacy()
        .help("token", "A user token (xoxp-) or bot token (xoxb-) of an installed app. A bot token cannot search.")
        .placeholder("token", "xoxp-...")
}

/// Language models fill in optional texts with empty ones.
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

innkeeper_guest::export!(connector);
