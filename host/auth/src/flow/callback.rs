//! The parameters that the provider sends back with the browser (RFC 6749, section 4.1.2, and RFC 9207).

use std::fmt;

use url::form_urlencoded;

use super::complete::FlowFailure;
use super::{AuthorizationCode, FlowState};

/// The parameters of a callback. All of them are untrusted until the state has been checked.
#[derive(Clone)]
pub struct Callback {
    pub(super) state: FlowState,
    pub(super) code: Option<AuthorizationCode>,
    pub(super) error: Option<String>,
    pub(super) issuer: Option<String>,
}

impl Callback {
    /// Reads a query without the question mark. Parameters that OAuth does not define are ignored; a repeated parameter or a
    /// missing state is an error.
    pub fn parse(query: &str) -> Result<Self, FlowFailure> {
        let [mut state, mut code, mut error, mut issuer] = [const { None }; 4];
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match &*name {
                "state" => &mut state,
                "code" => &mut code,
                "error" => &mut error,
                "iss" => &mut issuer,
                _ => continue,
            };
            if place.is_some() {
                return Err(FlowFailure::Repeated);
            }
            *place = Some(value.into_owned());
        }
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(Self {
            state: given(state).ok_or(FlowFailure::NoState)?.into(),
            code: given(code).map(AuthorizationCode::from),
            error: given(error),
            issuer,
        })
    }
}

impl Callback {
    /// The state, for callers that store one session per state.
    pub fn state(&self) -> &FlowState {
        &self.state
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback([redacted])")
    }
}
