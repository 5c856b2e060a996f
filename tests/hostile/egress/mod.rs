//! Attacks on where requests go, what they are, and on who reads what comes back.

mod addresses;
mod answers;
mod headers;
mod redirects;

use crate::attack::Attack;

const ALLOW_LIST: &str = "the allow list of the connection's owner";
const NETWORK: &str = "the network wall: the host resolves names and checks addresses";
const HEADERS: &str = "headers that the transport and the credential own";
const REDIRECTS: &str = "redirects are checked like requests";
const ANSWERS: &str = "answers are bounded and held to HTTP";
/// What an auth redirect service says where it may not ask its provider.
const UNASKED: (&str, &str) = ("EARS 400", "unauthorized_client");
/// The same where the provider broke its answer off.
const UNANSWERED: (&str, &str) = ("EARS 503", "temporarily_unavailable");
/// The same where it cannot read it.
const UNREAD: (&str, &str) = ("EARS 502", "the provider's answer is not valid");
/// The same where it is no answer of OAuth.
const STRANGE: (&str, &str) = ("EARS 502", "the provider's answer does not follow OAuth");

pub(crate) fn attacks() -> Vec<Attack> {
    [
        addresses::destinations(),
        addresses::addresses(),
        headers::attacks(),
        redirects::attacks(),
        answers::answers(),
        answers::answers_to_guests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
