//! What an authorization server says of itself.

use innkeeper_address::SecureUrl;
use innkeeper_auth::fuzzing;
use url::Url;

use crate::shown::{assert_one_plain_line, text};

/// The longest line that a document can make an error into, in bytes.
const LONGEST_ERROR: usize = 4 * 1024;

/// Metadata leads to no address that a credential may not go to, and is of the issuer that was asked.
///
/// The first line is where it was looked for; the document follows.
pub fn metadata(bytes: &[u8]) {
    let mut lines = bytes.splitn(2, |&byte| byte == b'\n');
    let address = text(lines.next().unwrap_or_default());
    let body = lines.next().unwrap_or_default();
    let Ok(address) = address.parse::<SecureUrl>().inspect_err(|problem| assert_one_plain_line(&problem.to_string()))
    else {
        return;
    };
    assert_eq!(Url::parse(address.as_str()).as_ref(), Ok(&*address), "an address is what it prints");
    let places = fuzzing::metadata_places(&address);
    assert!((1..=3).contains(&places.len()));
    for (place, issuer) in places {
        assert_eq!(place.origin(), address.origin(), "metadata is looked for at the address's own origin");
        match fuzzing::metadata(body, &place, issuer.as_deref()) {
            Err(error) => {
                assert_one_plain_line(&error);
                let longest = LONGEST_ERROR + issuer.as_ref().map_or(0, String::len) + place.as_str().len();
                assert!(error.len() <= longest, "{} bytes of error", error.len());
            }
            Ok((addresses, promised)) => {
                for address in addresses {
                    let url = address.parse::<SecureUrl>().expect("an endpoint is checked");
                    assert!(url.scheme() == "https" || is_own(&url), "{url}");
                }
                match (promised, &issuer) {
                    (Some(promised), Some(issuer)) => {
                        assert_eq!(promised.trim_end_matches('/'), issuer.trim_end_matches('/'), "another issuer's");
                    }
                    (Some(promised), None) => {
                        let promised = Url::parse(&promised).expect("an issuer is an address here");
                        assert_eq!(promised.origin(), place.origin(), "another origin's");
                    }
                    (None, _) => {}
                }
            }
        }
    }
}

/// Whether an address stays on this machine, so that plain http crosses no network.
pub(crate) fn is_own(url: &Url) -> bool {
    innkeeper_address::is_loopback(url) || url.host_str().is_some_and(|host| host.ends_with(".localhost"))
}
