//! The behaviour of a practice provider.

use std::time::Duration;

/// The behaviour of a practice provider. The default is a strict modern provider: short-lived codes, rotated refresh
/// tokens.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// How long an access token lives (3600 s).
    pub access_token_life: Duration,
    /// How long a refresh token lives (30 days).
    pub refresh_token_life: Duration,
    /// How long an authorization code may be exchanged (60 s).
    pub code_life: Duration,
    /// Whether each refresh issues a new refresh token and invalidates the old one (yes). Otherwise a refresh answers
    /// without `refresh_token` and the old one stays valid.
    pub rotate_refresh_tokens: bool,
    /// Whether token answers contain `expires_in` (yes); some providers omit it.
    pub announce_expiry: bool,
    /// Redirect URIs registered for both interactive clients, in addition to `/callback` and `/oauth/callback` on any
    /// port of `127.0.0.1`, `[::1]` and `localhost`.
    pub redirect_uris: Vec<String>,
    /// Scopes that may be requested in addition to those of Google Drive.
    pub scopes: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            port: 0,
            access_token_life: Duration::from_hours(1),
            refresh_token_life: Duration::from_hours(30 * 24),
            code_life: Duration::from_mins(1),
            rotate_refresh_tokens: true,
            announce_expiry: true,
            redirect_uris: Vec::new(),
            scopes: Vec::new(),
        }
    }
}
