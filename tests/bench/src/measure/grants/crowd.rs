//! A store with the grants of very many users.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use innkeeper::{
    ConnectionId, EgressSettings, Keyring, KeyringSource, PrincipalId, RedbStore, SpaceId, Store, SystemClock,
    SystemRandom, Timestamp,
};
use innkeeper_auth::{Auth, AuthOptions, AuthTypes, Settings, SourceContext};
use innkeeper_egress::Egress;
use innkeeper_spec::AuthMode;
use innkeeper_store::{
    ConnectionRecord, ConnectionRepository, Expected, GrantKey, GrantOwner, GrantRecord, GrantRepository, Identity,
};
use innkeeper_vault::Vault;
use redb::{Database, TableDefinition};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use crate::bench_host::{address, head};
use crate::failure::Failure;

/// Rows of one transaction: each waits for the disk.
const ROWS: usize = 50_000;
/// As the store names it.
const GRANTS: TableDefinition<'static, &'static [u8], &'static [u8]> = TableDefinition::new("grants");

/// A folder whose store holds a connection and the grants of its users.
pub(super) struct Crowd {
    pub(super) connection: ConnectionRecord,
    pub(super) stored: usize,
    folder: TempDir,
}

impl Crowd {
    /// Writes the first grant as the host does and the others past it, many at once: each write of the host waits for the
    /// disk.
    pub(super) async fn gather(service: &Url, stored: usize) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        Keyring::create_file(&folder.path().join("keyring"), &SystemRandom)?;
        let (store, vault) = open(folder.path()).await?;
        let auth = auth(&store, &vault)?;
        let machine = connection(&auth, "machine", "oauth_client_credentials", AuthMode::Shared, service)?;
        let connection = connection(&auth, "users", "oauth_authorization_code", AuthMode::PerUser, service)?;
        store.put_connection(connection.clone(), None).await?;
        // The first grant of a machine is as good as a user's: its token comes from the service.
        auth.credential_source(&machine, &GrantOwner::Shared)?.attachment(&head(), None).await?;
        let sample = store.grants(&machine.space, &machine.id).await?.pop().ok_or_else(nothing)?;
        let crowd = Self { connection, stored, folder };
        store.put_grant(crowd.grant(&vault, &sample, 0)?, Expected::Absent).await?;
        drop(auth);
        drop(store);
        crowd.fill(&vault, &sample)?;
        Ok(crowd)
    }

    /// What returns the tokens, with nothing in its memory.
    pub(super) async fn auth(&self) -> Result<Auth, Failure> {
        let (store, vault) = open(self.folder.path()).await?;
        auth(&store, &vault)
    }

    fn fill(&self, vault: &Vault, sample: &GrantRecord) -> Result<(), Failure> {
        let database = Database::open(self.folder.path().join(FILE)).map_err(redb::Error::from)?;
        let (prefix, first) = first_row(&database)?;
        for begin in (1..self.stored).step_by(ROWS) {
            let rows = (begin..self.stored.min(begin + ROWS)).map(|number| {
                let key = [prefix.as_slice(), name(number).as_bytes()].concat();
                let GrantRecord { key: of, sealed, version, .. } = self.grant(vault, sample, number)?;
                let mut row = first.clone();
                row["key"] = serde_json::to_value(&of)?;
                row["sealed"] = serde_json::to_value(&sealed)?;
                row["version"] = json!(version);
                Ok((key, serde_json::to_vec(&row)?))
            });
            write(&database, &rows.collect::<Result<Vec<_>, Failure>>()?)?;
        }
        Ok(())
    }

    /// The sample, for another user.
    fn grant(&self, vault: &Vault, sample: &GrantRecord, number: usize) -> Result<GrantRecord, Failure> {
        let plain = vault.open_sealed(&identity(&sample.key, sample.version), &sample.sealed)?;
        let (space, connection) = (self.connection.space.clone(), self.connection.id.clone());
        let key = GrantKey { space, connection, owner: owner(number) };
        let sealed = vault.seal(&identity(&key, 1), plain.expose_secret())?;
        Ok(GrantRecord { sealed, key, version: 1, ..sample.clone() })
    }
}

/// Whose the grants are.
pub(super) fn owner(number: usize) -> GrantOwner {
    GrantOwner::Principal(PrincipalId::parse(name(number)).expect("a name of letters and digits is an id"))
}

const FILE: &str = "innkeeper.redb";

fn identity(key: &GrantKey, version: u64) -> Identity<'_> {
    Identity::Grant { key, version }
}

/// All of the same length.
fn name(number: usize) -> String {
    format!("user-{number:07}")
}

/// The key of a row, as far as it is not the user, and the row.
type Row = (Vec<u8>, Vec<u8>);

/// What stands before the user in the key of a row, and the row of the first user.
fn first_row(database: &Database) -> Result<(Vec<u8>, Value), Failure> {
    use redb::{ReadableDatabase as _, ReadableTable as _};

    let first = name(0);
    let find = || -> Result<Option<Row>, redb::Error> {
        let table = database.begin_read()?.open_table(GRANTS)?;
        for row in table.iter()? {
            let (key, row) = row?;
            if let Some(prefix) = key.value().strip_suffix(first.as_bytes()) {
                return Ok(Some((prefix.to_owned(), row.value().to_owned())));
            }
        }
        Ok(None)
    };
    let (prefix, row) = find()?.ok_or_else(nothing)?;
    Ok((prefix, serde_json::from_slice(&row)?))
}

fn write(database: &Database, rows: &[(Vec<u8>, Vec<u8>)]) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    {
        let mut table = transaction.open_table(GRANTS)?;
        for (key, value) in rows {
            table.insert(key.as_slice(), value.as_slice())?;
        }
    }
    Ok(transaction.commit()?)
}

fn nothing() -> Failure {
    Failure::Egress("the first grant was not stored".to_owned())
}

async fn open(folder: &Path) -> Result<(Arc<RedbStore>, Arc<Vault>), Failure> {
    let store = Arc::new(RedbStore::open(folder.join(FILE), Arc::new(SystemClock))?);
    let keyring = Keyring::load(&KeyringSource::File(folder.join("keyring")))?;
    let vault = Vault::open(keyring, &*store, Arc::new(SystemRandom)).await?;
    Ok((store, Arc::new(vault)))
}

fn auth(store: &Arc<RedbStore>, vault: &Arc<Vault>) -> Result<Auth, Failure> {
    let settings = EgressSettings::loopback();
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let egress = Egress::new(settings, clock.clone(), random.clone())?;
    let store: Arc<dyn Store> = store.clone();
    let context = SourceContext::new(egress, clock, random);
    Ok(Auth::new(vault.clone(), store, context, AuthTypes::builtin(), AuthOptions::default()))
}

fn connection(
    auth: &Auth,
    id: &str,
    auth_type: &str,
    auth_mode: AuthMode,
    service: &Url,
) -> Result<ConnectionRecord, Failure> {
    let fields: BTreeMap<String, Value> = [
        ("authorizationUrl", json!(address(service, "authorize"))),
        ("tokenUrl", json!(address(service, "token"))),
        ("clientId", json!("bench")),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    let secrets = BTreeMap::from([("clientSecret".to_owned(), SecretString::from("bench-secret"))]);
    let auth_type: innkeeper_spec::AuthTypeId = auth_type.parse().expect("a built-in auth type's id is one");
    let settings = Settings::from_stored(auth_type.clone(), fields.clone(), secrets);
    let (space, id) = (SpaceId::default(), ConnectionId::parse(id).expect("a word is an id"));
    let now = Timestamp::from_secs(1_800_000_000);
    Ok(ConnectionRecord {
        secrets: auth.seal_secrets(&space, &id, 1, &settings)?,
        sources: settings.sources().clone(),
        config_sources: BTreeMap::new(),
        secret_names: settings.secret_names(),
        space,
        id,
        title: "Bench".to_owned(),
        connector: "fixture_bench".parse().expect("a word is an id"),
        auth_type,
        auth_mode,
        config: json!({}),
        fields,
        hosts: Vec::new(),
        placeholders: Vec::new(),
        claims: Vec::new(),
        created_at: now,
        updated_at: now,
        version: 1,
    })
}
