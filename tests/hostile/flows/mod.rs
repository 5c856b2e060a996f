//! Attacks on authorization: by hostile authorization servers, and by whoever brings a browser back.

mod answers;
mod callbacks;
mod grants;
mod servers;

use crate::attack::Attack;

const ANSWER: &str = "the answer of a token endpoint is held to its form";
const METADATA: &str = "metadata is of the issuer that was asked, and its addresses are https";
const DEVICE: &str = "what a person is shown is held to its form";
const STATE: &str = "a state is random, stored hashed, bound to the session, and valid once";
const NARROWER: &str = "what a connection asks for follows its connector, and its tokens follow that";
const EXCHANGE: &str = "a code goes to the endpoint that the owner approved, with its verifier";

pub(crate) fn attacks() -> Vec<Attack> {
    [
        answers::attacks(),
        servers::metadata(),
        servers::devices(),
        callbacks::attacks(),
        grants::narrower(),
        grants::endings(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
