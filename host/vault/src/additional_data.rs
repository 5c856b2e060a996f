//! The identity that a sealed text is bound to, encoded so that no two identities give the same bytes.

use innkeeper_store::{DataKeyId, GrantOwner, Identity};

/// The additional data for the encryption: the kind and every part of the identity, each preceded by its length.
pub(crate) fn additional_data(identity: &Identity<'_>) -> Vec<u8> {
    let mut parts = Parts::default();
    match identity {
        Identity::Grant { key, version } => {
            parts.text("grant").text(key.space.as_str()).text(key.connection.as_str()).owner(&key.owner);
            parts.number(*version);
        }
        Identity::Connection { space, id, version } => {
            parts.text("connection").text(space.as_str()).text(id.as_str()).number(*version);
        }
        Identity::Authorization { state_hash, space, connection, owner } => {
            parts.text("authorization").bytes(*state_hash).text(space.as_str()).text(connection.as_str()).owner(owner);
        }
        Identity::State { key, version } => {
            parts.text("state").text(key.space.as_str()).text(key.connection.as_str()).text(&key.key);
            parts.number(*version);
        }
    }
    parts.0
}

/// The additional data of a wrapped data key: its own number and the key it is wrapped under.
pub(crate) fn data_key_additional_data(id: DataKeyId, wrapped_under: &str) -> Vec<u8> {
    let mut parts = Parts::default();
    parts.text("data-key").number(id.0).text(wrapped_under);
    parts.0
}

#[derive(Default)]
struct Parts(Vec<u8>);

impl Parts {
    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    fn number(&mut self, number: u64) -> &mut Self {
        self.bytes(&number.to_be_bytes())
    }

    fn owner(&mut self, owner: &GrantOwner) -> &mut Self {
        match owner {
            GrantOwner::Shared => self.text("shared"),
            GrantOwner::Principal(principal) => self.text("principal").text(principal.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use innkeeper_store::{ConnectionId, SpaceId, StateKey};

    use super::*;

    #[test]
    fn parts_of_an_identity_cannot_be_shifted_into_each_other() {
        let state = |connection: &str, key: &str| StateKey {
            space: SpaceId::default(),
            connection: ConnectionId::parse(connection).expect("an id"),
            key: key.to_owned(),
        };
        let data = |key: &StateKey| additional_data(&Identity::State { key, version: 1 });
        assert_ne!(data(&state("ab", "c")), data(&state("a", "bc")));
    }
}
