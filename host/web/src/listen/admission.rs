//! The number of connections, in total and of each peer.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use innkeeper_ambient::lock::Mutex;
use ipnet::IpNet;

use super::ListenSettings;

/// Counts connections.
#[derive(Debug)]
pub(super) struct Admission {
    most: usize,
    most_of_peer: usize,
    uncounted: Vec<IpNet>,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    /// Has only peers with a connection, so at most `all` entries.
    of_peers: HashMap<IpAddr, usize>,
}

/// A connection that is counted until this is dropped.
#[derive(Debug)]
pub(super) struct Admitted {
    admission: Arc<Admission>,
    peer: Option<IpAddr>,
}

impl Admission {
    pub(super) fn new(settings: &ListenSettings) -> Self {
        Self {
            most: settings.connections,
            most_of_peer: settings.connections_per_peer,
            uncounted: settings.uncounted_peers.clone(),
            counts: Mutex::default(),
        }
    }

    /// `None` if there is no room for another connection of this peer.
    pub(super) fn admit(admission: &Arc<Self>, address: IpAddr) -> Option<Admitted> {
        let address = address.to_canonical();
        let counted = !admission.uncounted.iter().any(|network| network.contains(&address));
        let peer = counted.then(|| subscriber(address));
        let mut counts = admission.counts.lock();
        if counts.all >= admission.most {
            return None;
        }
        if let Some(peer) = peer {
            let count = counts.of_peers.get(&peer).copied().unwrap_or(0);
            if count >= admission.most_of_peer {
                return None;
            }
            counts.of_peers.insert(peer, count + 1);
        }
        counts.all += 1;
        Some(Admitted { admission: admission.clone(), peer })
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut counts = self.admission.counts.lock();
        counts.all -= 1;
        let Some(peer) = self.peer else { return };
        if let Some(count) = counts.of_peers.get_mut(&peer) {
            *count -= 1;
            if *count == 0 {
                counts.of_peers.remove(&peer);
            }
        }
    }
}

/// An address, or the network of 64 bits that an IPv6 subscriber has.
fn subscriber(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(most: usize, most_of_peer: usize) -> Arc<Admission> {
        let uncounted_peers = vec!["10.0.0.0/8".parse().expect("a network")];
        let settings = ListenSettings {
            connections: most,
            connections_per_peer: most_of_peer,
            uncounted_peers,
            ..Default::default()
        };
        Arc::new(Admission::new(&settings))
    }

    fn admit(admission: &Arc<Admission>, address: &str) -> Option<Admitted> {
        Admission::admit(admission, address.parse().expect("an address"))
    }

    #[test]
    fn each_peer_has_its_share_and_a_proxy_all_there_is() {
        let admission = admission(6, 2);
        let own = [admit(&admission, "192.0.2.1"), admit(&admission, "::ffff:192.0.2.1")];
        assert!(own.iter().all(Option::is_some) && admit(&admission, "192.0.2.1").is_none());
        let other = admit(&admission, "192.0.2.2");
        let proxy: Vec<_> = (0..4).map_while(|_| admit(&admission, "10.1.2.3")).collect();
        assert!(other.is_some() && proxy.len() == 3, "six in all");
        drop(own);
        assert!(admit(&admission, "192.0.2.1").is_some(), "who left leaves room");
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_peer_at_all_its_addresses() {
        let admission = admission(100, 2);
        let held = [admit(&admission, "2001:db8::1"), admit(&admission, "2001:db8::2")];
        assert!(held.iter().all(Option::is_some));
        assert!(admit(&admission, "2001:db8::3").is_none() && admit(&admission, "2001:db8:0:1::3").is_some());
    }

    #[test]
    fn nothing_is_kept_of_who_left() {
        let admission = admission(3, 2);
        for last in 0..=255 {
            drop(admit(&admission, &format!("192.0.2.{last}")));
        }
        let counts = admission.counts.lock();
        assert_eq!((counts.all, counts.of_peers.len()), (0, 0));
    }
}
