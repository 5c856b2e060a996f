//! What a browser brings back from an authorization server.

use innkeeper_auth::{Callback, FlowFailure, authorization_error};
use url::form_urlencoded;

use crate::shown::{assert_one_plain_line, text};

/// The state of a callback is the one text under that name, a parameter that counts comes once, and nothing of it is shown.
pub fn callback(bytes: &[u8]) {
    let query = text(bytes);
    let values = |name: &str| -> Vec<String> {
        let pairs = form_urlencoded::parse(query.as_bytes());
        pairs.filter(|(found, _)| found == name).map(|(_, value)| value.into_owned()).collect()
    };
    let repeated = ["state", "code", "error", "iss"].iter().any(|name| values(name).len() > 1);
    match Callback::parse(&query) {
        Ok(callback) => {
            assert!(!repeated, "a parameter that comes twice is taken");
            assert_eq!(values("state"), [callback.state().expose()]);
            assert!(!callback.state().expose().is_empty());
            assert_eq!(format!("{callback:?}"), "Callback([redacted])");
        }
        Err(failure) => {
            assert_one_plain_line(&failure.to_string());
            match failure {
                FlowFailure::Repeated => assert!(repeated, "no parameter comes twice"),
                FlowFailure::NoState => assert!(values("state").iter().all(String::is_empty), "there is a state"),
                other => panic!("{other} is no failure of reading"),
            }
        }
    }
    for error in values("error") {
        assert!(authorization_error(&error).is_none_or(|known| known == error && known.len() < 32));
    }
}
