//! The configuration file of an auth redirect service.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use innkeeper::KeyringSource;
use innkeeper_ears::{EarsLimits, EarsProvider, EarsSettings, Quota};
use innkeeper_server::ListenSettings;
use ipnet::IpNet;
use serde::Deserialize;
use url::Url;

use crate::config::KeyringText;
use crate::failure::{Failure, Outcome};
use crate::secrets::SecretSource;
use crate::toml_text::mistake;

/// The window of limits: one minute.
const WINDOW: Duration = Duration::from_mins(1);

/// `ears.toml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceFile {
    /// The folder of the file: relative paths in it start there.
    #[serde(skip)]
    pub(super) folder: PathBuf,
    pub(super) public_url: Option<Url>,
    pub(super) listen: Option<SocketAddr>,
    pub(super) metrics_listen: Option<SocketAddr>,
    keyring: Option<KeyringText>,
    #[serde(default)]
    callbacks: Vec<String>,
    #[serde(default)]
    loopback_callbacks: bool,
    #[serde(default)]
    trusted_proxies: Vec<String>,
    #[serde(default)]
    limits: LimitSettings,
    #[serde(default)]
    providers: BTreeMap<String, EarsProvider<SecretSource>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitSettings {
    consents: Option<NonZeroU32>,
    tokens: Option<NonZeroU32>,
    callers: Option<usize>,
    connections: Option<NonZeroUsize>,
    connections_per_address: Option<NonZeroUsize>,
}

impl ServiceFile {
    pub(super) fn read(path: &Path) -> Outcome<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::usage(format!("the service file {} cannot be read: {error}", path.display()))
                .hint("name one with `--service-file FILE`; docs/ears.md shows what it contains")
        })?;
        let mut file: Self = toml::from_str(&text).map_err(|error| {
            Failure::usage(format!("the service file {} is not valid: {}", path.display(), mistake(&text, &error)))
        })?;
        path.parent().unwrap_or(Path::new("")).clone_into(&mut file.folder);
        if let Some(KeyringText(KeyringSource::File(keyring))) = &mut file.keyring {
            *keyring = file.folder.join(&*keyring);
        }
        Ok(file)
    }

    /// The keyring's source: next to the file by default.
    pub(super) fn keyring(&self) -> KeyringSource {
        match &self.keyring {
            Some(own) => own.0.clone(),
            None => KeyringSource::File(self.folder.join("ears-keyring")),
        }
    }

    /// The limits of the listener; a trusted proxy stands for many clients.
    pub(super) fn listening(&self) -> Outcome<ListenSettings> {
        let mut settings = ListenSettings::default();
        let given = |count: Option<NonZeroUsize>, default| count.map_or(default, NonZeroUsize::get);
        settings.connections = given(self.limits.connections, settings.connections);
        settings.connections_per_peer = given(self.limits.connections_per_address, settings.connections_per_peer);
        settings.uncounted_peers = self.proxies()?;
        Ok(settings)
    }

    fn proxies(&self) -> Outcome<Vec<IpNet>> {
        let mut proxies = Vec::with_capacity(self.trusted_proxies.len());
        for text in &self.trusted_proxies {
            let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            let wrong = |_| Failure::usage(format!("the trusted proxy `{text}` is neither an address nor a network"));
            proxies.push(network.map_err(wrong)?);
        }
        Ok(proxies)
    }

    /// The settings, including the secrets, which are read now.
    pub(super) fn settings(self, public_url: Url) -> Outcome<EarsSettings> {
        let usage = |error: &dyn std::fmt::Display| Failure::usage(error.to_string());
        let callbacks = self.callbacks.iter().map(|text| text.parse());
        let callbacks = callbacks.collect::<Result<_, _>>().map_err(|error| usage(&error))?;
        let trusted_proxies = self.proxies()?;
        let mut providers = BTreeMap::new();
        for (name, provider) in self.providers {
            let provider = provider
                .try_with_secret(|source| source.within(&self.folder).read_line(&format!("client_secret of {name}")));
            providers.insert(name, provider?);
        }
        let defaults = EarsLimits::default();
        let quota = |count: Option<NonZeroU32>, default: Quota| match count {
            Some(count) => Quota { count, window: WINDOW },
            None => default,
        };
        let limits = EarsLimits {
            consents: quota(self.limits.consents, defaults.consents),
            tokens: quota(self.limits.tokens, defaults.tokens),
            most_callers: self.limits.callers.unwrap_or(defaults.most_callers),
        };
        let loopback_callbacks = self.loopback_callbacks;
        Ok(EarsSettings { public_url, providers, callbacks, loopback_callbacks, trusted_proxies, limits })
    }
}
