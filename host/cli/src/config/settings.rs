//! The settings of one run, and where each of them comes from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, Args};
use etcetera::BaseStrategy;
use innkeeper::{
    Builder, CompileLimits, Compiler, EgressSettings, Innkeeper, Keyring, KeyringSource, Limits, PrivateNetworks,
    SpaceId,
};
use url::Url;

use super::file::{FileSettings, KeyringText};
use super::limits::{self, OF_CALLS, OF_COMPILING};
use crate::failure::{Failure, Outcome};

/// The name of configuration files.
const FILE_NAME: &str = "innkeeper.toml";
/// The environment variable for limits.
const LIMITS_VARIABLE: &str = "INNKEEPER_LIMITS";
/// Slots for calls: one command makes one call, the demo a few.
const CALLS_AT_ONCE: u32 = 16;

/// Flags of every command.
#[derive(Args, Debug)]
#[command(next_help_heading = "Settings")]
pub(crate) struct Globals {
    /// Print results as JSON, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The folder with the store, the keyring and compiled code
    #[arg(long, global = true, value_name = "DIR", env = "INNKEEPER_FOLDER")]
    folder: Option<PathBuf>,
    /// The configuration file, instead of the user's and the folder's innkeeper.toml
    #[arg(long, global = true, value_name = "FILE", env = "INNKEEPER_CONFIG_FILE")]
    config_file: Option<PathBuf>,
    /// Where the keys are: `file:PATH`, `env:NAME` or `command:WORDS`
    #[arg(long, global = true, value_name = "SOURCE", env = "INNKEEPER_KEYRING", hide_env_values = true)]
    keyring: Option<KeyringText>,
    /// The tenant that connections belong to
    #[arg(long, global = true, value_name = "NAME", env = "INNKEEPER_SPACE")]
    space: Option<String>,
    /// Let connections reach this machine itself, also over plain http: for practice and development
    #[arg(long, global = true, value_name = "BOOL", env = "INNKEEPER_ALLOW_LOOPBACK",
          num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    allow_loopback: Option<bool>,
    /// A host name, address or network that may be reached although it is not public
    #[arg(long, global = true, value_name = "NETWORK", env = "INNKEEPER_PRIVATE_NETWORKS", value_delimiter = ',')]
    private_network: Option<Vec<String>>,
    /// A host name, address or network that may be reached without TLS
    #[arg(long, global = true, value_name = "NETWORK", env = "INNKEEPER_PLAIN_HTTP", value_delimiter = ',')]
    plain_http: Option<Vec<String>>,
    /// A PEM file with root certificates to trust in addition to the system's
    #[arg(long, global = true, value_name = "FILE", env = "INNKEEPER_EXTRA_ROOTS", value_delimiter = ',')]
    extra_root: Option<Vec<PathBuf>>,
    /// The auth redirect service of connections with the auth type `ears`: an https address
    #[arg(long, global = true, value_name = "URL", env = "INNKEEPER_EARS_URL")]
    ears_url: Option<Url>,
    /// A limit of every call, or of compiling, such as wall=30s [env: `INNKEEPER_LIMITS`, separated by commas]
    #[arg(long, global = true, value_name = "NAME=VALUE")]
    limit: Option<Vec<String>>,
    /// What the host logs to standard error: off, error, warn, info, debug, trace
    #[arg(long, global = true, value_name = "FILTER", env = "INNKEEPER_LOG")]
    log: Option<String>,
}

/// The whole configuration of a command.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) folder: PathBuf,
    pub(crate) space: SpaceId,
    pub(crate) log: String,
    /// `None`: the file `keyring` in the folder.
    pub(crate) keyring: Option<KeyringSource>,
    pub(crate) limits: Limits,
    pub(crate) compile_limits: CompileLimits,
    pub(crate) compiler: Compiler,
    pub(crate) egress: EgressSettings,
    pub(crate) ears: Option<Url>,
    /// For people: name, value and source.
    pub(crate) shown: Vec<EffectiveSetting>,
    /// The files that were read.
    pub(crate) files: Vec<PathBuf>,
}

/// A setting as `config show` shows it.
#[derive(Debug)]
pub(crate) struct EffectiveSetting {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) source: String,
}

impl Settings {
    /// Merges the layers.
    pub(crate) fn resolve(globals: &Globals, matches: &ArgMatches, compiler: Compiler) -> Outcome<Self> {
        let mut layers = Layers { globals_from: matches, files: Vec::new(), shown: Vec::new() };
        layers.read_files(globals)?;
        let folder = match globals.folder.clone() {
            Some(folder) => layers.given("folder", "folder", folder),
            None => match layers.in_files(|file| file.folder.clone()) {
                Some((folder, source)) => layers.from("folder", folder, source),
                None => layers.from("folder", default_folder()?, "default".to_owned()),
            },
        };
        layers.note("folder", folder.display().to_string());
        layers.read_folder_file(globals, &folder)?;
        let keyring = layers.pick("keyring", "keyring", globals.keyring.clone(), |file| file.keyring.clone());
        let keyring = keyring.map(|keyring| keyring.0);
        let in_folder = || format!("file {}", folder.join("keyring").display());
        layers.note("keyring", keyring.as_ref().map_or_else(in_folder, ToString::to_string));
        let space = layers.pick("space", "space", globals.space.clone(), |file| file.space.clone());
        let space = match space {
            Some(space) => SpaceId::parse(space).map_err(|error| Failure::usage(error.to_string()))?,
            None => SpaceId::default(),
        };
        layers.note("space", space.to_string());
        let egress = layers.egress(globals)?;
        let ears = layers.pick("ears_url", "ears_url", globals.ears_url.clone(), |file| file.ears_url.clone());
        layers.note("ears_url", ears.as_ref().map(Url::to_string).unwrap_or_default());
        let log = layers.pick("log", "log", globals.log.clone(), |file| file.log.clone());
        let log = log.unwrap_or_else(|| "error".to_owned());
        layers.note("log", log.clone());
        let (limits, compile_limits) = layers.limits(globals)?;
        let files = layers.files.into_iter().map(|(path, _)| path).collect();
        let shown = layers.shown;
        Ok(Self { folder, space, log, keyring, limits, compile_limits, compiler, egress, ears, shown, files })
    }

    /// Opens the host with these settings.
    pub(crate) async fn open(&self) -> Outcome<Innkeeper> {
        Ok(self.builder().open().await?)
    }

    /// The same, with pages that users open at this address.
    pub(crate) async fn open_with_pages(&self, pages: Url) -> Outcome<Innkeeper> {
        Ok(self.builder().pages(pages).open().await?)
    }

    /// Only the keyring: it can be read while another process has the store open.
    pub(crate) fn load_keyring(&self) -> Outcome<Keyring> {
        let source = self.keyring.clone().unwrap_or_else(|| KeyringSource::File(self.folder.join("keyring")));
        Ok(Keyring::load(&source).map_err(innkeeper::Error::from)?)
    }

    fn builder(&self) -> Builder {
        let builder = Innkeeper::builder()
            .folder(&self.folder)
            .limits(self.limits.clone())
            .compile_limits(self.compile_limits.clone())
            .compiler(self.compiler.clone())
            .calls_at_once(CALLS_AT_ONCE)
            .egress(self.egress.clone());
        let builder = match &self.ears {
            Some(base) => builder.ears(base.clone()),
            None => builder,
        };
        match &self.keyring {
            Some(keyring) => builder.keyring(keyring.clone()),
            None => builder,
        }
    }

    /// The keyring's file, if it is in one.
    pub(crate) fn keyring_file(&self) -> Option<PathBuf> {
        match &self.keyring {
            None => Some(self.folder.join("keyring")),
            Some(KeyringSource::File(path)) => Some(path.clone()),
            Some(_) => None,
        }
    }
}

/// Files in ascending precedence, below the environment and the flags.
struct Layers<'a> {
    globals_from: &'a ArgMatches,
    files: Vec<(PathBuf, FileSettings)>,
    shown: Vec<EffectiveSetting>,
}

impl Layers<'_> {
    fn read_files(&mut self, globals: &Globals) -> Outcome {
        if let Some(path) = &globals.config_file {
            self.files.push((path.clone(), FileSettings::read(path)?));
        } else if let Some(path) = user_file().filter(|path| path.exists()) {
            let settings = FileSettings::read(&path)?;
            self.files.push((path, settings));
        }
        Ok(())
    }

    fn read_folder_file(&mut self, globals: &Globals, folder: &Path) -> Outcome {
        let path = folder.join(FILE_NAME);
        if globals.config_file.is_some() || !path.exists() || self.files.iter().any(|(read, _)| *read == path) {
            return Ok(());
        }
        let settings = FileSettings::read(&path)?;
        if settings.folder.is_some() {
            let reason = "cannot set `folder`, because it is in that folder";
            return Err(Failure::usage(format!("the configuration file {} {reason}", path.display())));
        }
        self.files.push((path, settings));
        Ok(())
    }

    /// The value with the highest precedence; its source is recorded for `shown`.
    fn pick<T>(
        &mut self,
        name: &str,
        flag: &str,
        given: Option<T>,
        of: impl Fn(&FileSettings) -> Option<T>,
    ) -> Option<T> {
        if let Some(value) = given {
            return Some(self.given(name, flag, value));
        }
        if let Some((value, source)) = self.in_files(of) {
            return Some(self.from(name, value, source));
        }
        self.from(name, (), "default".to_owned());
        None
    }

    fn given<T>(&mut self, name: &str, flag: &str, value: T) -> T {
        let source = match self.globals_from.value_source(flag) {
            Some(ValueSource::EnvVariable) => "environment",
            _ => "flag",
        };
        self.from(name, value, source.to_owned())
    }

    fn in_files<T>(&self, of: impl Fn(&FileSettings) -> Option<T>) -> Option<(T, String)> {
        self.files.iter().rev().find_map(|(path, file)| Some((of(file)?, path.display().to_string())))
    }

    fn from<T>(&mut self, name: &str, value: T, source: String) -> T {
        self.shown.push(EffectiveSetting { name: name.to_owned(), value: String::new(), source });
        value
    }

    fn note(&mut self, name: &str, value: String) {
        if let Some(shown) = self.shown.iter_mut().rev().find(|shown| shown.name == name) {
            shown.value = value;
        }
    }

    fn egress(&mut self, globals: &Globals) -> Outcome<EgressSettings> {
        let mut egress = EgressSettings::default();
        let loopback = self
            .pick("allow_loopback", "allow_loopback", globals.allow_loopback, |file| file.allow_loopback)
            .unwrap_or(false);
        self.note("allow_loopback", loopback.to_string());
        if loopback {
            egress.private_networks = PrivateNetworks::loopback();
            egress.plain_http = PrivateNetworks::loopback();
        }
        let private = self.pick("private_networks", "private_network", globals.private_network.clone(), |file| {
            file.private_networks.clone()
        });
        let private = private.unwrap_or_default();
        self.note("private_networks", private.join(", "));
        allow(&mut egress.private_networks, &private)?;
        let plain = self.pick("plain_http", "plain_http", globals.plain_http.clone(), |file| file.plain_http.clone());
        let plain = plain.unwrap_or_default();
        self.note("plain_http", plain.join(", "));
        allow(&mut egress.plain_http, &plain)?;
        let roots = self.pick("extra_roots", "extra_root", globals.extra_root.clone(), |file| file.extra_roots.clone());
        let roots = roots.unwrap_or_default();
        let names: Vec<_> = roots.iter().map(|root| root.display().to_string()).collect();
        self.note("extra_roots", names.join(", "));
        for root in &roots {
            let pem = std::fs::read_to_string(root).map_err(|error| {
                Failure::usage(format!("the root certificates {} cannot be read: {error}", root.display()))
            })?;
            egress.extra_roots.push(pem);
        }
        Ok(egress)
    }

    /// Each limit comes separately from the source with the highest precedence that names it.
    fn limits(&mut self, globals: &Globals) -> Outcome<(Limits, CompileLimits)> {
        let mut changes: BTreeMap<String, (String, String)> = BTreeMap::new();
        for (path, file) in &self.files {
            let source = path.display().to_string();
            changes.extend(file.limit_texts().into_iter().map(|(name, text)| (name, (text, source.clone()))));
        }
        let environment = std::env::var(LIMITS_VARIABLE).unwrap_or_default();
        let in_environment =
            environment.split(',').filter(|pair| !pair.trim().is_empty()).map(|pair| (pair, "environment"));
        let in_flags = globals.limit.iter().flatten().map(|pair| (pair.as_str(), "flag"));
        for (pair, source) in in_environment.chain(in_flags) {
            let (name, text) = limits::pair(pair).map_err(Failure::usage)?;
            changes.insert(name, (text, source.to_owned()));
        }
        for (name, (text, source)) in &changes {
            let one = BTreeMap::from([(name.clone(), text.clone())]);
            limits::changed(OF_CALLS, &one)
                .and_then(|_| limits::changed(OF_COMPILING, &one))
                .map_err(|reason| Failure::usage(format!("{reason} (from {source})")))?;
        }
        let texts = changes.iter().map(|(name, (text, _))| (name.clone(), text.clone())).collect();
        let limits = limits::changed(OF_CALLS, &texts).map_err(Failure::usage)?;
        let compile_limits = limits::changed(OF_COMPILING, &texts).map_err(Failure::usage)?;
        let shown = limits::shown(OF_CALLS, &limits).into_iter().chain(limits::shown(OF_COMPILING, &compile_limits));
        for (name, value) in shown {
            let source = changes.get(name).map_or_else(|| "default".to_owned(), |(_, source)| source.clone());
            self.shown.push(EffectiveSetting { name: format!("limits.{name}"), value, source });
        }
        Ok((limits, compile_limits))
    }
}

fn allow(networks: &mut PrivateNetworks, texts: &[String]) -> Outcome {
    for text in texts {
        match text.parse() {
            Ok(exception) => networks.allow(exception),
            Err(error) => return Err(Failure::usage(format!("{error}"))),
        }
    }
    Ok(())
}

fn default_folder() -> Outcome<PathBuf> {
    let strategy = etcetera::choose_base_strategy().map_err(|error| {
        Failure::usage(format!("there is no home folder to store anything in ({error})"))
            .hint("name one with `--folder DIR`")
    })?;
    Ok(strategy.data_dir().join("innkeeper"))
}

fn user_file() -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.config_dir().join("innkeeper").join(FILE_NAME))
}
