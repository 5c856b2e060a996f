//! Whose hosts a wildcard covers, according to the Public Suffix List (<https://publicsuffix.org>).

use psl::Type;

/// Whose hosts are below a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Breadth {
    /// Those of one owner, as far as the list shows.
    OneOwner,
    /// Those of everyone who registered a name there: `co.uk`.
    Registry,
    /// Those of every customer of a service: `github.io`.
    Tenants,
}

/// Whose hosts are below this name, which is in lower case.
pub(super) fn below(parent: &str) -> Breadth {
    // A line such as `*.compute.amazonaws.com` makes every name one step below the parent a suffix.
    match suffix_type(parent).or_else(|| suffix_type(&format!("any.{parent}"))) {
        Some(Type::Icann) => Breadth::Registry,
        Some(Type::Private) => Breadth::Tenants,
        None if ABOVE_TENANTS.contains(&parent) => Breadth::Tenants,
        None => Breadth::OneOwner,
    }
}

/// The registered name that `host` is below, or the host itself if there is none: an address, a suffix.
pub fn registrable_domain(host: &str) -> &str {
    if super::address(host).is_some() {
        return host;
    }
    psl::domain_str(host).unwrap_or(host)
}

/// The kind of suffix that the whole name is.
fn suffix_type(name: &str) -> Option<Type> {
    let suffix = psl::suffix(name.as_bytes())?;
    if suffix.as_bytes() == name.as_bytes() { suffix.typ() } else { None }
}

/// Names that are not suffixes but have some below them, and names below which anyone can have any address.
const ABOVE_TENANTS: [&str; 16] = [
    "aliyuncs.com",
    "amazonaws.com",
    "amazonaws.com.cn",
    "azure.com",
    "azure.net",
    "core.windows.net",
    "googleusercontent.com",
    "myqcloud.com",
    "nip.io",
    "oraclecloud.com",
    "oraclecloudapps.com",
    "r2.cloudflarestorage.com",
    "sslip.io",
    "windows.net",
    "xip.io",
    "yandexcloud.net",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_one_owner_is_told_from_a_suffix() {
        for (parent, breadth) in [
            ("example.com", Breadth::OneOwner),
            ("example.co.uk", Breadth::OneOwner),
            ("corp.internal", Breadth::OneOwner),
            ("api.test", Breadth::OneOwner),
            ("me.github.io", Breadth::OneOwner),
            ("com", Breadth::Registry),
            ("co.uk", Breadth::Registry),
            ("ck", Breadth::Registry),
            ("kawasaki.jp", Breadth::Registry),
            ("xn--55qx5d.cn", Breadth::Registry),
            ("github.io", Breadth::Tenants),
            ("s3.amazonaws.com", Breadth::Tenants),
            ("compute.amazonaws.com", Breadth::Tenants),
            ("amazonaws.com", Breadth::Tenants),
            ("azurewebsites.net", Breadth::Tenants),
            ("blob.core.windows.net", Breadth::Tenants),
            ("vercel.app", Breadth::Tenants),
            ("herokuapp.com", Breadth::Tenants),
            ("nip.io", Breadth::Tenants),
        ] {
            assert_eq!(below(parent), breadth, "{parent}");
        }
    }

    #[test]
    fn services_that_give_each_customer_a_name_of_their_own_domain_stay_within_reach() {
        for parent in ["sharepoint.com", "my.salesforce.com", "zendesk.com", "atlassian.net", "service-now.com"] {
            assert_ne!(below(parent), Breadth::Registry, "{parent}");
        }
        assert_eq!(below("sharepoint.com"), Breadth::OneOwner, "the connector `sharepoint_online` asks for it");
    }
}
