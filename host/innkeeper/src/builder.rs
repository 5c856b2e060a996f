//! Building a host.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use innkeeper_address::SecureUrl;
use innkeeper_ambient::{Clock, Random, SystemClock, SystemRandom};
use innkeeper_auth::{Auth, AuthOptions, AuthTypes, SourceContext};
use innkeeper_egress::{Egress, Settings as EgressSettings};
use innkeeper_redb::RedbStore;
use innkeeper_runtime::{CompileLimits, Compiler, GuestMemory, Limits, Runtime, RuntimeSettings, Sharing};
use innkeeper_store::{AuditTrail, Store};
use innkeeper_vault::{Keyring, KeyringSource, Vault};
use url::Url;

use crate::error::Error;
use crate::host::{Innkeeper, Parts};
use crate::loaded::Loaded;
use crate::policy::AccessPolicy;

/// A store that the embedding service chooses.
#[derive(Debug)]
pub struct Storage {
    /// Stores the records.
    pub store: Arc<dyn Store>,
    /// Has the keys that the records are sealed under.
    pub keyring: Keyring,
}

/// Builds a host: [`Innkeeper::builder`].
#[derive(Debug)]
pub struct Builder {
    folder: Option<PathBuf>,
    keyring: Option<KeyringSource>,
    storage: Option<Storage>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    limits: Limits,
    calls_at_once: u32,
    sharing: Sharing,
    compiler: Compiler,
    compile_limits: CompileLimits,
    egress: EgressSettings,
    auth: AuthOptions,
    auth_types: AuthTypes,
    policy: Option<Arc<dyn AccessPolicy>>,
    strict_audit: bool,
    pages: Option<Url>,
    ears: Option<Url>,
    #[cfg(feature = "test-support")]
    transport: Option<Arc<dyn innkeeper_egress::Transport>>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            folder: None,
            keyring: None,
            storage: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            limits: Limits::default(),
            calls_at_once: RuntimeSettings::default().calls_at_once,
            sharing: Sharing::default(),
            compiler: RuntimeSettings::default().compiler,
            compile_limits: CompileLimits::default(),
            egress: EgressSettings::default(),
            auth: AuthOptions::default(),
            auth_types: AuthTypes::builtin(),
            policy: None,
            strict_audit: false,
            pages: None,
            ears: None,
            #[cfg(feature = "test-support")]
            transport: None,
        }
    }
}

impl Builder {
    /// Where everything is stored: the store `innkeeper.redb`, the keyring `keyring` (created at the first start,
    /// readable only by its owner) and the compiled code `code/`. Only one process at a time may have it open.
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().to_owned());
        self
    }

    /// Where the keys come from, instead of the folder's file.
    pub fn keyring(mut self, source: KeyringSource) -> Self {
        self.keyring = Some(source);
        self
    }

    /// A separate store and keyring. With a [`Builder::folder`] too, that holds only the compiled code.
    pub fn storage(mut self, storage: Storage) -> Self {
        self.storage = Some(storage);
        self
    }

    /// Where time comes from.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Where randomness comes from: keys, nonces and states are made from it.
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// The limits of every call.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Calls that run at once; others wait for a place. 1,000 by default.
    pub fn calls_at_once(mut self, calls: u32) -> Self {
        self.calls_at_once = calls;
        self
    }

    /// How these places are shared among spaces and connections, and how many calls may wait for one.
    pub fn sharing(mut self, sharing: Sharing) -> Self {
        self.sharing = sharing;
        self
    }

    /// Where connectors are compiled. By default on a thread of this process, whose memory and time are not limited:
    /// set [`Compiler::this_program`] if connectors come from third parties.
    pub fn compiler(mut self, compiler: Compiler) -> Self {
        self.compiler = compiler;
        self
    }

    /// How large a connector may be, and what compiling it may take.
    pub fn compile_limits(mut self, limits: CompileLimits) -> Self {
        self.compile_limits = limits;
        self
    }

    /// The operator's rules for outgoing requests: named private networks, time limits, additional roots of trust.
    pub fn egress(mut self, settings: EgressSettings) -> Self {
        self.egress = settings;
        self
    }

    /// Margins and limits of grants and flows.
    pub fn auth(mut self, options: AuthOptions) -> Self {
        self.auth = options;
        self
    }

    /// The auth types, instead of the built-in ones.
    pub fn auth_types(mut self, types: AuthTypes) -> Self {
        self.auth_types = types;
        self
    }

    /// Who may do what. Without a policy, every caller may do everything: the embedding service has decided already.
    pub fn policy(mut self, policy: impl AccessPolicy + 'static) -> Self {
        self.policy = Some(Arc::new(policy));
        self
    }

    /// Whether a call waits until its audit record is durable. Otherwise the record is durable at most 50 ms later.
    pub fn strict_audit(mut self, strict: bool) -> Self {
        self.strict_audit = strict;
        self
    }

    /// The public address of the pages of `innkeeper-server`: `https://my.service/connect/`. With it, the host can
    /// make links that a user opens to authorize: [`Innkeeper::start_link`].
    pub fn pages(mut self, address: Url) -> Self {
        self.pages = Some(address);
        self
    }

    /// The base address of an auth redirect service, for connections of the auth type `ears`: https, or http on
    /// loopback. It sees the tokens of those connections' users, as the provider does.
    pub fn ears(mut self, base: Url) -> Self {
        self.ears = Some(base);
        self
    }

    /// Carries the host's requests instead of the network, for a test of a component: a
    /// [`Scripted`](crate::test_support::Scripted), or your own. Everything that applies to requests and answers of
    /// the network applies here, too.
    #[cfg(feature = "test-support")]
    pub fn transport(mut self, transport: impl innkeeper_egress::Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Opens the store, the keyring and the engine.
    ///
    /// Fails, changing nothing, if the store is already open elsewhere, damaged, or sealed under a key that is not in
    /// the keyring. A keyring file is created only together with a new store.
    pub async fn open(self) -> Result<Innkeeper, Error> {
        let pages = self.pages.as_ref().map(check_pages).transpose()?;
        let auth_types = match self.ears {
            Some(base) => self.auth_types.at_redirect_service(&base)?,
            None => self.auth_types,
        };
        let Storage { store, keyring } = if let Some(storage) = self.storage {
            storage
        } else {
            let folder = self.folder.as_deref().ok_or(Error::NoStorage)?;
            folder_storage(folder, self.keyring, self.clock.clone(), &*self.random)?
        };
        let cache = self.folder.map(|folder| (folder.join("code"), keyring.mac_key("compiled-code")));
        let vault = Arc::new(Vault::open(keyring, &*store, self.random.clone()).await?);
        let settings = RuntimeSettings {
            limits: self.limits,
            calls_at_once: self.calls_at_once,
            sharing: self.sharing,
            cache,
            compiler: self.compiler,
            compile_limits: self.compile_limits,
        };
        let runtime = Runtime::new(settings, self.clock.clone(), self.random.clone())?;
        let (clock, random) = (self.clock.clone(), self.random.clone());
        #[cfg(feature = "test-support")]
        let egress = match self.transport {
            Some(transport) => Egress::with_transport(self.egress, clock, random, transport),
            None => Egress::new(self.egress, clock, random),
        }?;
        #[cfg(not(feature = "test-support"))]
        let egress = Egress::new(self.egress, clock, random)?;
        let context = SourceContext::new(egress.clone(), self.clock.clone(), self.random.clone());
        let auth = Auth::new(vault.clone(), store.clone(), context, auth_types, self.auth);
        Ok(Innkeeper::new(Parts {
            memory: Arc::new(GuestMemory { store: store.clone(), vault: vault.clone() }),
            audit: AuditTrail::new(store.clone())?,
            store,
            vault,
            runtime,
            egress,
            auth,
            clock: self.clock,
            random: self.random,
            pages,
            loaded: Loaded::default(),
            policy: self.policy,
            strict_audit: self.strict_audit,
        }))
    }
}

/// An address to which paths can be appended.
fn check_pages(address: &Url) -> Result<Url, Error> {
    let wrong = |why| Error::Pages { address: address.to_string(), why };
    let base = SecureUrl::base(address.clone()).map_err(wrong)?;
    let path = base.path();
    Ok(if path.ends_with('/') { base } else { base.at_path(&format!("{path}/")) }.into_url())
}

fn folder_storage(
    folder: &Path,
    source: Option<KeyringSource>,
    clock: Arc<dyn Clock>,
    random: &dyn Random,
) -> Result<Storage, Error> {
    make_folder(folder)
        .map_err(|error| Error::Folder { path: folder.display().to_string(), reason: error.to_string() })?;
    let store_path = folder.join("innkeeper.redb");
    let path = folder.join("keyring");
    // A new key next to an old store would only hide that the old key is lost.
    let keyring = if source.is_some() || path.exists() || store_path.exists() {
        Keyring::load(&source.unwrap_or(KeyringSource::File(path)))?
    } else {
        Keyring::create_file(&path, random)?
    };
    let store = Arc::new(RedbStore::open(&store_path, clock)?);
    Ok(Storage { store, keyring })
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)
}
