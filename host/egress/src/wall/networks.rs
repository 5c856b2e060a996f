//! The operator's named exceptions.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use thiserror::Error;

/// The operator's named exceptions: host names, addresses and networks, each with an optional port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrivateNetworks(Vec<Exception>);

impl PrivateNetworks {
    /// No exceptions.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// The loopback addresses and `localhost`, on every port: for development and tests.
    pub fn loopback() -> Self {
        let loopback = ["localhost", "127.0.0.0/8", "::1"];
        loopback.iter().map(|text| text.parse().expect("a well-formed exception")).collect()
    }

    /// Adds one exception.
    pub fn allow(&mut self, exception: Exception) {
        self.0.push(exception);
    }

    /// Whether there are no exceptions.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this name is listed, on this port.
    pub(crate) fn names(&self, host: &str, port: u16) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        self.0.iter().any(|exception| {
            exception.covers_port(port)
                && matches!(&exception.place, Place::Name(name) if name.eq_ignore_ascii_case(host))
        })
    }

    /// Whether this address is in a listed network, on this port.
    pub(crate) fn contains(&self, address: IpAddr, port: u16) -> bool {
        self.0.iter().any(|exception| {
            exception.covers_port(port)
                && matches!(&exception.place, Place::Network(network) if network.contains(&address))
        })
    }

    /// Whether a network, and not only names, is listed for this port.
    pub(crate) fn has_networks(&self, port: u16) -> bool {
        self.0.iter().any(|exception| exception.covers_port(port) && matches!(exception.place, Place::Network(_)))
    }

    /// Every port that an exception is limited to.
    pub(crate) fn ports(&self) -> impl Iterator<Item = u16> {
        self.0.iter().filter_map(|exception| exception.port)
    }
}

impl FromIterator<Exception> for PrivateNetworks {
    fn from_iter<T: IntoIterator<Item = Exception>>(exceptions: T) -> Self {
        Self(exceptions.into_iter().collect())
    }
}

/// One exception: `name`, `10.1.2.3`, `::1` or `10.0.0.0/8`, each followed by `:port` if it is for only one port (an IPv6
/// address or network is then in brackets: `[fd00::/8]:8443`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    place: Place,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Name(String),
    Network(IpNet),
}

impl Exception {
    fn covers_port(&self, port: u16) -> bool {
        self.port.is_none_or(|only| only == port)
    }
}

/// Why a text is not a valid exception.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{0}` is not a host name, address or network: write `db.internal`, `10.1.2.3`, `10.0.0.0/8` or `[fd00::/8]`, \
     followed by `:port` for a single port"
)]
pub struct ExceptionError(String);

impl FromStr for Exception {
    type Err = ExceptionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let wrong = || ExceptionError(text.to_owned());
        // A bare IPv6 address is full of colons, so it must be tried before a port is split off.
        if let Some(network) = network(text) {
            return Ok(Self { place: Place::Network(network), port: None });
        }
        let (place, port) = match text.rsplit_once(':') {
            Some((place, port)) if !place.contains(':') || place.ends_with(']') => {
                (place, Some(port.parse::<u16>().ok().filter(|port| *port != 0).ok_or_else(wrong)?))
            }
            _ => (text, None),
        };
        let inner = place.strip_prefix('[').and_then(|place| place.strip_suffix(']'));
        if let Some(network) = network(inner.unwrap_or(place)) {
            return Ok(Self { place: Place::Network(network), port });
        }
        let name = place.strip_suffix('.').unwrap_or(place);
        let is_name = inner.is_none()
            && !name.is_empty()
            && name.split('.').all(|label| {
                !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            })
            // `300.1.1.1` is a mistyped address, not a name.
            && !name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
        if is_name { Ok(Self { place: Place::Name(name.to_ascii_lowercase()), port }) } else { Err(wrong()) }
    }
}

fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match &self.place {
            Place::Name(name) => name.clone(),
            Place::Network(network) if network.prefix_len() == network.max_prefix_len() => network.addr().to_string(),
            Place::Network(network) => network.to_string(),
        };
        match self.port {
            None => f.write_str(&place),
            Some(port) if place.contains(':') => write!(f, "[{place}]:{port}"),
            Some(port) => write!(f, "{place}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_reads_as_it_is_written() {
        for text in [
            "db.internal",
            "db.internal:5432",
            "10.1.2.3",
            "10.0.0.0/8:80",
            "::1",
            "fd00::/8",
            "[fd00::/8]:8443",
            "[::1]:80",
        ] {
            assert_eq!(text.parse::<Exception>().expect(text).to_string(), text);
        }
    }

    #[test]
    fn a_mistyped_exception_is_refused() {
        for text in ["", ":80", "a:0", "a:70000", "300.1.1.1", "10.0.0.0/40", "[a]:80", "a b", "https://a", "*.a"] {
            assert!(text.parse::<Exception>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_exception_with_a_port_covers_that_port_alone() {
        let networks: PrivateNetworks =
            ["10.0.0.0/8:80", "db.internal:5432"].iter().map(|text| text.parse().expect("valid")).collect();
        let address = "10.1.1.1".parse().expect("an address");
        assert!(networks.contains(address, 80) && !networks.contains(address, 81));
        assert!(networks.names("DB.internal.", 5432) && !networks.names("db.internal", 5433));
    }
}
