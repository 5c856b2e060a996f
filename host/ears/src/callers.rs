//! The addresses that codes may be sent to.

use std::fmt;
use std::str::FromStr;

use innkeeper_address::{AddressProblem, RedirectUri, SecureUrl, is_loopback_number};
use url::Url;

/// What the service adds to a callback.
const ANSWERS: [&str; 4] = ["code", "state", "error", "iss"];

/// An address that codes may be sent to: with a path, exactly that address; without one, every address of its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackAddress(SecureUrl);

/// Why codes cannot be sent there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not an address for callbacks: it {why}")]
pub struct InvalidCallback {
    /// The given address.
    pub given: String,
    /// The rule that it breaks.
    pub why: AddressProblem,
}

impl FromStr for CallbackAddress {
    type Err = InvalidCallback;

    fn from_str(text: &str) -> Result<Self, InvalidCallback> {
        let base = Url::parse(text).map_err(AddressProblem::Unreadable).and_then(SecureUrl::base);
        base.map(Self).map_err(|why| InvalidCallback { given: text.to_owned(), why })
    }
}

impl fmt::Display for CallbackAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// All addresses that codes may be sent to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Callbacks {
    pub(crate) registered: Vec<CallbackAddress>,
    /// Whether apps on the user's own machine may receive codes, at any port (RFC 8252, section 7.3).
    pub(crate) loopback: bool,
}

impl Callbacks {
    /// The address, if codes may be sent there.
    pub(crate) fn admit(&self, text: &str) -> Option<RedirectUri> {
        // RFC 9700, section 2.6.
        let url = text.parse::<RedirectUri>().ok()?;
        // Next to ours they would appear twice, and a caller might read the wrong one.
        if url.query_pairs().any(|(name, _)| ANSWERS.contains(&&*name)) {
            return None;
        }
        let registered = self.registered.iter().any(|CallbackAddress(known)| {
            known.origin() == url.origin() && (known.path() == "/" || known.path() == url.path())
        });
        (registered || self.loopback && is_loopback_number(&url)).then_some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn callbacks(registered: &[&str], loopback: bool) -> Callbacks {
        let registered = registered.iter().map(|text| text.parse().expect("an address")).collect();
        Callbacks { registered, loopback }
    }

    #[test]
    fn codes_go_to_registered_origins_and_addresses_and_nowhere_else() {
        let callbacks = callbacks(&["https://my.service", "https://other.service/connect/callback"], false);
        for good in [
            "https://my.service/anything?x=1",
            "https://MY.service:443/",
            "https://other.service/connect/callback?tab=2",
        ] {
            assert!(callbacks.admit(good).is_some(), "{good}");
        }
        for bad in [
            "https://my.service.evil.example/",
            "https://my.service@evil.example/",
            "https://ada@my.service/",
            "http://my.service/",
            "https://my.service:8443/",
            "https://other.service/connect/callback/../../evil",
            "https://other.service/",
            "https://other.service/connect/callback2",
            "https://my.service/#x",
            "https://my.service/?code=1",
            "https://my.service/?a=b&st%61te=1",
            "https:\\\\evil.example\\my.service",
            "//my.service/",
            "/callback",
            "javascript:alert(1)",
            "data:text/html,x",
            "http://127.0.0.1:4000/callback",
            "",
        ] {
            assert!(callbacks.admit(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn apps_on_the_users_machine_have_any_port_where_the_operator_allows_them() {
        let callbacks = callbacks(&[], true);
        for good in ["http://127.0.0.1:4000/callback", "http://[::1]:9/cb", "http://127.0.0.1/cb"] {
            assert!(callbacks.admit(good).is_some(), "{good}");
        }
        for bad in ["http://localhost:4000/callback", "http://10.0.0.1/cb", "http://127.0.0.1.evil.example/"] {
            assert!(callbacks.admit(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn an_address_that_no_code_may_go_to_cannot_be_registered() {
        for bad in [
            "my.service",
            "http://my.service",
            "https://my.service/#a",
            "https://a:b@my.service/",
            "https://my.service/?x",
        ] {
            assert!(bad.parse::<CallbackAddress>().is_err(), "{bad}");
        }
    }
}
