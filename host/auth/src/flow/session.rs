//! Binds a flow to the browser or the process that began it.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use innkeeper_ambient::Random;
use innkeeper_store::{PrincipalId, SpaceId};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// A secret that is known only to the browser (in a cookie) or the process that began a flow, and the user of that browser if
/// the service knows the user.
#[derive(Clone)]
pub struct SessionSecret {
    secret: SecretString,
    user: Option<(SpaceId, PrincipalId)>,
}

impl SessionSecret {
    /// Creates a session of 256 random bits.
    pub fn random(random: &dyn Random) -> Self {
        Self::from(SecretString::from(BASE64_URL_SAFE_NO_PAD.encode(random.bytes::<32>())))
    }

    /// Also binds the session to the browser's user: only the same user in the same space can then complete the flow.
    pub fn of_user(self, space: SpaceId, principal: PrincipalId) -> Self {
        Self { user: Some((space, principal)), ..self }
    }

    /// The text for the cookie.
    pub fn expose(&self) -> &str {
        self.secret.expose_secret()
    }

    pub(super) fn user(&self) -> Option<(&SpaceId, &PrincipalId)> {
        self.user.as_ref().map(|(space, principal)| (space, principal))
    }

    /// The hash that is stored. Each part is hashed with its length, so that no two sessions give the same input.
    pub(super) fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let user = self.user().map_or(["", ""], |(space, principal)| [space.as_str(), principal.as_str()]);
        for part in [self.expose(), user[0], user[1]] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().into()
    }
}

/// The session that a browser sent back.
impl From<SecretString> for SessionSecret {
    fn from(secret: SecretString) -> Self {
        Self { secret, user: None }
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret([redacted])")
    }
}
