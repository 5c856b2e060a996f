//! Sealed records, tickets and signed links, which others may have changed.

use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use innkeeper_ambient::SeededRandom;
use innkeeper_ambient::lock::Mutex;
use innkeeper_auth::Signer;
use innkeeper_store::{ConnectionId, DataKeyRepository, Identity, Sealed, SpaceId, StoreError, WrappedDataKey};
use innkeeper_vault::{Keyring, Tickets, Vault};
use secrecy::ExposeSecret;

use crate::shown::{assert_one_plain_line, text};

const PLAIN: &[u8] = b"{\"client_secret\":\"correct horse battery staple\"}";

/// Nothing opens but what this host sealed, for that purpose and place, unchanged.
///
/// The input is taken as bytes of a sealed record, as a ticket, as a link, as a keyring, and as changes to what was sealed: two bytes
/// each, a place and what it is mixed with.
pub fn sealed(bytes: &[u8]) {
    static HOST: LazyLock<Host> = LazyLock::new(Host::new);
    HOST.record(bytes);
    HOST.texts(bytes);
    keyring(bytes);
}

struct Host {
    vault: Vault,
    tickets: Tickets,
    signer: Signer,
    sealed: Sealed,
    ticket: String,
    link: String,
    space: SpaceId,
    connection: ConnectionId,
}

impl Host {
    fn new() -> Self {
        let random = Arc::new(SeededRandom::new(1));
        let keyring = Keyring::generate(&*random);
        let tickets = Tickets::new(&keyring, "state", random.clone()).expect("a keyring makes tickets");
        let signer = Signer::new(keyring.mac_key("start-link"));
        let vault = at_once(Vault::open(keyring, &Keys::default(), random)).expect("a vault opens on an empty store");
        let space = SpaceId::default();
        let connection = ConnectionId::parse("c").expect("an id");
        let identity = Identity::Connection { space: &space, id: &connection, version: 1 };
        let sealed = vault.seal(&identity, PLAIN).expect("it is sealed");
        let ticket = tickets.seal("google", PLAIN).expect("it is sealed");
        let link = signer.sign(&("ada", 7));
        Self { vault, tickets, signer, sealed, ticket, link, space, connection }
    }

    fn record(&self, bytes: &[u8]) {
        let identity = |version| Identity::Connection { space: &self.space, id: &self.connection, version };
        let opens = |sealed: &Sealed, version| match self.vault.open_sealed(&identity(version), sealed) {
            Ok(plain) => {
                assert_eq!(plain.expose_secret(), PLAIN);
                true
            }
            Err(error) => {
                assert_one_plain_line(&error.to_string());
                false
            }
        };
        if let Ok(made) = Sealed::from_bytes(bytes.to_vec()) {
            assert!(made == self.sealed || !opens(&made, 1), "a record was sealed without the key");
        }
        let changed = changed(self.sealed.as_bytes(), bytes);
        if let Ok(changed) = Sealed::from_bytes(changed) {
            assert_eq!(opens(&changed, 1), changed == self.sealed, "only what was sealed opens");
            assert!(!opens(&changed, 2), "a record of another version opens");
        }
        if let Ok(read) = serde_json::from_slice::<Sealed>(bytes) {
            assert!(read == self.sealed || !opens(&read, 1));
        }
    }

    fn texts(&self, bytes: &[u8]) {
        let given = text(bytes);
        assert!(
            given == self.ticket || self.tickets.open("google", &given).is_none(),
            "a ticket was made without the key"
        );
        let spoilt = changed(self.ticket.as_bytes(), bytes);
        let spoilt = text(&spoilt);
        assert_eq!(self.tickets.open("google", &spoilt).is_some(), spoilt == self.ticket, "only what was sealed opens");
        assert!(self.tickets.open("slack", &spoilt).is_none(), "a ticket opens for another provider");

        let opened = |text: &str| self.signer.open::<(String, u32)>(text);
        assert!(given == self.link || opened(&given).is_none(), "a link was made without the key");
        let spoilt = changed(self.link.as_bytes(), bytes);
        let spoilt = text(&spoilt);
        assert_eq!(opened(&spoilt).is_some(), spoilt == self.link, "only what was signed opens");
    }
}

/// An invalid keyring is reported without its keys.
fn keyring(bytes: &[u8]) {
    let given = text(bytes);
    match Keyring::parse(&given) {
        Ok(keyring) => {
            let printed = format!("{keyring:?}");
            assert!(keyring.ids().all(|id| (1..=64).contains(&id.len())));
            let keys = given.split([',', '\n', ':']).map(str::trim).filter(|part| part.len() >= 40);
            let keys: Vec<&str> = keys.filter(|part| keyring.ids().all(|id| !id.contains(part))).collect();
            assert!(keys.iter().all(|key| !printed.contains(key)), "a key is printed");
        }
        Err(error) => assert_one_plain_line(&error.to_string()),
    }
}

fn changed(sealed: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut other = sealed.to_vec();
    for change in changes.chunks_exact(2) {
        let place = usize::from(change[0]) % other.len();
        other[place] ^= change[1];
    }
    other
}

/// What a future gives that never waits.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("the store of one vault is in memory: it never waits"),
    }
}

/// The data keys of one vault.
#[derive(Debug, Default)]
struct Keys(Mutex<Vec<WrappedDataKey>>);

#[async_trait]
impl DataKeyRepository for Keys {
    async fn data_keys(&self) -> Result<Vec<WrappedDataKey>, StoreError> {
        Ok(self.0.lock().clone())
    }

    async fn add_data_key(&self, key: WrappedDataKey) -> Result<WrappedDataKey, StoreError> {
        self.0.lock().push(key.clone());
        Ok(key)
    }

    async fn rewrap_data_key(&self, _: WrappedDataKey) -> Result<(), StoreError> {
        Ok(())
    }
}
