//! Keys of several parts, as bytes that sort as the parts do.
//!
//! An id never contains a control character, so a zero byte ends it unambiguously and sorts before every longer id. Only the
//! last part of a key may contain arbitrary bytes.

use std::ops::Range;

use innkeeper_ambient::Timestamp;
use innkeeper_store::{ConnectionId, GrantKey, GrantOwner, SpaceId, StateKey};

/// The prefix of all keys that belong to a space.
pub(crate) fn of_space(space: &SpaceId) -> Vec<u8> {
    let mut key = Vec::with_capacity(160);
    push(&mut key, space.as_str());
    key
}

/// The key of a connection, and the prefix of all keys that belong to it.
pub(crate) fn of_connection(space: &SpaceId, connection: &ConnectionId) -> Vec<u8> {
    let mut key = of_space(space);
    push(&mut key, connection.as_str());
    key
}

pub(crate) fn of_grant(grant: &GrantKey) -> Vec<u8> {
    let mut key = of_connection(&grant.space, &grant.connection);
    match &grant.owner {
        GrantOwner::Shared => key.push(0),
        GrantOwner::Principal(principal) => {
            key.push(1);
            key.extend_from_slice(principal.as_str().as_bytes());
        }
    }
    key
}

pub(crate) fn of_state(state: &StateKey) -> Vec<u8> {
    let mut key = of_connection(&state.space, &state.connection);
    key.extend_from_slice(state.key.as_bytes());
    key
}

/// The parts that [`of_state`] was given; `None` if it did not make these bytes.
pub(crate) fn state_key(key: &[u8]) -> Option<StateKey> {
    let mut parts = key.splitn(3, |byte| *byte == 0);
    let mut part = || parts.next().and_then(|part| String::from_utf8(part.to_vec()).ok());
    let (space, connection, key) = (part()?, part()?, part()?);
    Some(StateKey { space: SpaceId::parse(space).ok()?, connection: ConnectionId::parse(connection).ok()?, key })
}

/// An authorization among those of its connection.
pub(crate) fn of_authorization(space: &SpaceId, connection: &ConnectionId, state_hash: &[u8; 32]) -> Vec<u8> {
    let mut key = of_connection(space, connection);
    key.extend_from_slice(state_hash);
    key
}

/// An authorization among all, ordered by expiry.
pub(crate) fn of_expiry(at: Timestamp, state_hash: &[u8]) -> Vec<u8> {
    let mut key = at.as_millis().to_be_bytes().to_vec();
    key.extend_from_slice(state_hash);
    key
}

/// A grant among all, ordered by when they were written. `grant` is a key from [`of_grant`].
pub(crate) fn of_writing(at: Timestamp, grant: &[u8]) -> Vec<u8> {
    let mut key = at.as_millis().to_be_bytes().to_vec();
    key.extend_from_slice(grant);
    key
}

/// `prefix`, then the time, then the part that distinguishes two with the same time.
pub(crate) fn at_time(mut prefix: Vec<u8>, at: Timestamp, sequence: u64) -> Vec<u8> {
    prefix.extend_from_slice(&at.as_millis().to_be_bytes());
    prefix.extend_from_slice(&sequence.to_be_bytes());
    prefix
}

/// All keys that start with `prefix`, which is from [`of_space`] or [`of_connection`].
pub(crate) fn starting_with(prefix: Vec<u8>) -> Range<Vec<u8>> {
    let mut end = prefix.clone();
    // It ends in the zero byte of its last id.
    if let Some(last) = end.last_mut() {
        *last = 1;
    }
    prefix..end
}

fn push(key: &mut Vec<u8>, id: &str) {
    key.extend_from_slice(id.as_bytes());
    key.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(space: &str, connection: &str) -> (SpaceId, ConnectionId) {
        (SpaceId::parse(space).expect("an id"), ConnectionId::parse(connection).expect("an id"))
    }

    #[test]
    fn a_range_holds_its_connection_and_none_with_a_longer_id() {
        let (space, short) = ids("s", "a");
        let (_, long) = ids("s", "ab");
        let range = starting_with(of_connection(&space, &short));
        let state = |connection: &ConnectionId, key: &str| {
            of_state(&StateKey { space: space.clone(), connection: connection.clone(), key: key.to_owned() })
        };
        assert!(range.contains(&state(&short, "")) && range.contains(&state(&short, "\u{10ffff}")));
        assert!(!range.contains(&state(&long, "")) && !range.contains(&of_connection(&space, &long)));
    }

    #[test]
    fn a_state_key_reads_back_even_with_zero_bytes_in_it() {
        let (space, connection) = ids("s", "a");
        let key = StateKey { space, connection, key: "x\0y\0".to_owned() };
        assert_eq!(state_key(&of_state(&key)), Some(key));
        assert_eq!(state_key(b"no zero"), None);
    }
}
