//! The address of a caller.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address that limits count by: that of the connection, or, if that is a trusted proxy, the last one in
/// `X-Forwarded-For` that is not a trusted proxy. What a caller writes there is further left and is not trusted. IPv6
/// is counted by networks of 64 bits, which is what one subscriber has.
pub(crate) fn of(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let connection = extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
    // Mounted by a service that does not set it: then all callers count as one.
    let mut address = connection.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED)).to_canonical();
    let lines: Vec<_> = headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok()).collect();
    let mut hops = lines.iter().flat_map(|line| line.split(',')).map(str::trim).rev();
    while trusted.iter().any(|network| network.contains(&address)) {
        let Some(Ok(hop)) = hops.next().map(str::parse::<IpAddr>) else { break };
        address = hop.to_canonical();
    }
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(connection: &str, forwarded: &[&'static str], trusted: &[&str]) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(connection.parse().expect("an address"), 1)));
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, line.parse().expect("a header"));
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().expect("a network")).collect();
        of(&extensions, &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_says_whom_it_speaks_for() {
        let proxy = &["10.0.0.0/8"];
        assert_eq!(asked("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(asked("203.0.113.9", &["198.51.100.1"], proxy), "203.0.113.9");
        assert_eq!(asked("10.0.0.1", &["198.51.100.1"], proxy), "198.51.100.1");
        assert_eq!(
            asked("10.0.0.1", &["192.0.2.66, 198.51.100.1"], proxy),
            "198.51.100.1",
            "what stands left is a claim"
        );
        assert_eq!(asked("10.0.0.1", &["192.0.2.66", "198.51.100.1, 10.0.0.2"], proxy), "198.51.100.1");
        assert_eq!(asked("10.0.0.1", &["nonsense"], proxy), "10.0.0.1");
        assert_eq!(asked("10.0.0.1", &[], proxy), "10.0.0.1");
        assert_eq!(asked("::ffff:10.0.0.1", &["198.51.100.1"], proxy), "198.51.100.1");
    }

    #[test]
    fn addresses_of_one_subscriber_are_one() {
        assert_eq!(asked("2001:db8:1:2:3:4:5:6", &[], &[]), asked("2001:db8:1:2:ffff::1", &[], &[]));
        assert_ne!(asked("2001:db8:1:2::1", &[], &[]), asked("2001:db8:1:3::1", &[], &[]));
    }
}
