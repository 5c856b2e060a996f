//! Decides which addresses are public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The kind of an address that is not public; `None` for a public one. From the special-purpose registries of IANA (RFC 6890)
/// and the metadata addresses of cloud providers.
pub(crate) fn not_public(address: IpAddr) -> Option<&'static str> {
    let (table, fallback) = match address {
        IpAddr::V4(_) => (V4.as_slice(), None),
        // Only 2000::/3 is allocated to the public internet (RFC 4291).
        IpAddr::V6(address) if address.segments()[0] & 0xe000 == 0x2000 => (V6.as_slice(), None),
        IpAddr::V6(_) => (V6.as_slice(), Some("a reserved address")),
    };
    table.iter().find(|(network, _)| network.contains(&address)).map(|(_, what)| *what).or(fallback)
}

const METADATA: &str = "a cloud metadata address";
const PRIVATE: &str = "a private address";
const LOOPBACK: &str = "a loopback address";
const LINK_LOCAL: &str = "a link-local address";
const MULTICAST: &str = "a multicast address";
const RESERVED: &str = "a reserved address";
const DOCUMENTATION: &str = "a documentation address";
const WRAPPED: &str = "an IPv4 address wrapped in IPv6";

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix))
}

const fn v6(a: u16, b: u16, c: u16, last: u16, prefix: u8) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, last), prefix))
}

/// The first matching network counts: an address precedes the network around it.
static V4: [(IpNet, &str); 20] = [
    (v4(169, 254, 169, 254, 32), METADATA),
    (v4(169, 254, 170, 2, 32), METADATA),
    (v4(100, 100, 100, 200, 32), METADATA),
    (v4(168, 63, 129, 16, 32), METADATA),
    (v4(192, 0, 0, 192, 32), METADATA),
    (v4(0, 0, 0, 0, 8), "an unspecified address"),
    (v4(10, 0, 0, 0, 8), PRIVATE),
    (v4(100, 64, 0, 0, 10), "an address shared behind a carrier's NAT"),
    (v4(127, 0, 0, 0, 8), LOOPBACK),
    (v4(169, 254, 0, 0, 16), LINK_LOCAL),
    (v4(172, 16, 0, 0, 12), PRIVATE),
    (v4(192, 0, 0, 0, 24), RESERVED),
    (v4(192, 0, 2, 0, 24), DOCUMENTATION),
    (v4(192, 88, 99, 0, 24), RESERVED),
    (v4(192, 168, 0, 0, 16), PRIVATE),
    (v4(198, 18, 0, 0, 15), "a benchmark address"),
    (v4(198, 51, 100, 0, 24), DOCUMENTATION),
    (v4(203, 0, 113, 0, 24), DOCUMENTATION),
    (v4(224, 0, 0, 0, 4), MULTICAST),
    (v4(240, 0, 0, 0, 4), RESERVED),
];

static V6: [(IpNet, &str); 19] = [
    (v6(0xfd00, 0xec2, 0, 0x254, 128), METADATA),
    (v6(0xfd20, 0xce, 0, 0x254, 128), METADATA),
    (v6(0, 0, 0, 0, 128), "an unspecified address"),
    (v6(0, 0, 0, 1, 128), LOOPBACK),
    // Mapped (::ffff:0:0/96), compatible (::/96) and translated (::ffff:0:0:0/96) forms.
    (v6(0, 0, 0, 0, 64), WRAPPED),
    (v6(0x64, 0xff9b, 0, 0, 96), WRAPPED),
    (v6(0x64, 0xff9b, 1, 0, 48), WRAPPED),
    (v6(0x2002, 0, 0, 0, 16), WRAPPED),
    // Teredo is within it.
    (v6(0x2001, 0, 0, 0, 32), WRAPPED),
    (v6(0x2001, 2, 0, 0, 48), "a benchmark address"),
    (v6(0x2001, 0xdb8, 0, 0, 32), DOCUMENTATION),
    (v6(0x2001, 0, 0, 0, 23), RESERVED),
    (v6(0x3fff, 0, 0, 0, 20), DOCUMENTATION),
    (v6(0x100, 0, 0, 0, 64), RESERVED),
    (v6(0x5f00, 0, 0, 0, 16), RESERVED),
    (v6(0xfc00, 0, 0, 0, 7), PRIVATE),
    (v6(0xfe80, 0, 0, 0, 10), LINK_LOCAL),
    (v6(0xfec0, 0, 0, 0, 10), PRIVATE),
    (v6(0xff00, 0, 0, 0, 8), MULTICAST),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_not_public_are_told_apart() {
        for (address, what) in [
            ("0.0.0.0", "an unspecified address"),
            ("10.255.0.1", PRIVATE),
            ("100.127.255.255", "an address shared behind a carrier's NAT"),
            ("100.100.100.200", METADATA),
            ("127.1.2.3", LOOPBACK),
            ("169.254.169.254", METADATA),
            ("169.254.1.1", LINK_LOCAL),
            ("168.63.129.16", METADATA),
            ("172.31.255.255", PRIVATE),
            ("192.0.2.1", DOCUMENTATION),
            ("192.168.0.1", PRIVATE),
            ("198.19.0.1", "a benchmark address"),
            ("224.0.0.1", MULTICAST),
            ("255.255.255.255", RESERVED),
            ("::", "an unspecified address"),
            ("::1", LOOPBACK),
            ("::127.0.0.1", WRAPPED),
            ("::ffff:8.8.8.8", WRAPPED),
            ("::ffff:0:8.8.8.8", WRAPPED),
            ("64:ff9b::808:808", WRAPPED),
            ("64:ff9b:1::1", WRAPPED),
            ("2002:7f00:1::", WRAPPED),
            ("2001:0:1::1", WRAPPED),
            ("2001:db8::1", DOCUMENTATION),
            ("2001:2::1", "a benchmark address"),
            ("3fff::1", DOCUMENTATION),
            ("fd00:ec2::254", METADATA),
            ("fd12::1", PRIVATE),
            ("fe80::1", LINK_LOCAL),
            ("fec0::1", PRIVATE),
            ("ff02::1", MULTICAST),
            ("100::1", RESERVED),
            ("4000::1", RESERVED),
        ] {
            assert_eq!(not_public(address.parse().expect("an address")), Some(what), "{address}");
        }
    }

    #[test]
    fn public_addresses_pass() {
        for address in
            ["8.8.8.8", "100.63.255.255", "172.32.0.1", "192.0.1.1", "223.255.255.255", "2606:4700::1111", "2a00::1"]
        {
            assert_eq!(not_public(address.parse().expect("an address")), None, "{address}");
        }
    }
}
