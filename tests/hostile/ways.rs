//! Every way out of the host, and where in the source it begins.

/// A way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Way {
    /// A guest's `http.send`.
    Send,
    /// A guest's `http.send-all`.
    SendAll,
    /// What the host follows for a guest.
    Redirect,
    /// The body of an answer, handed out as a file.
    Download,
    /// A body that is streamed to the service.
    Upload,
    /// A token for the connection itself.
    Token,
    /// The exchange of a code.
    Code,
    /// A refresh.
    Refresh,
    /// The metadata of an authorization server.
    Discovery,
    /// The beginning of an authorization on another device.
    Device,
    /// A token that is given back.
    Revocation,
    /// The exchange of a code at an auth redirect service.
    Ears,
    /// A token that is given back to an auth redirect service.
    EarsRevocation,
    /// A refresh of an auth redirect service at its provider.
    ServiceToken,
    /// A token that an auth redirect service gives back to its provider.
    ServiceRevocation,
}

/// The ways of a guest's own requests.
pub(crate) const OF_GUESTS: &[Way] = &[Way::Send, Way::SendAll, Way::Redirect, Way::Download, Way::Upload];

/// Every way to an address that somebody names.
pub(crate) const TO_ADDRESSES: &[Way] = &[
    Way::Send,
    Way::SendAll,
    Way::Redirect,
    Way::Upload,
    Way::Token,
    Way::Code,
    Way::Discovery,
    Way::Device,
    Way::Revocation,
    Way::Ears,
    Way::ServiceToken,
    Way::ServiceRevocation,
];

/// Every way of OAuth.
pub(crate) const OF_OAUTH: &[Way] = &[
    Way::Token,
    Way::Code,
    Way::Refresh,
    Way::Discovery,
    Way::Device,
    Way::Revocation,
    Way::Ears,
    Way::EarsRevocation,
    Way::ServiceToken,
    Way::ServiceRevocation,
];

/// Every way out that there is.
pub(crate) const WAYS_OUT: &[Way] = &[
    Way::Send,
    Way::SendAll,
    Way::Redirect,
    Way::Download,
    Way::Upload,
    Way::Token,
    Way::Code,
    Way::Refresh,
    Way::Discovery,
    Way::Device,
    Way::Revocation,
    Way::Ears,
    Way::EarsRevocation,
    Way::ServiceToken,
    Way::ServiceRevocation,
];

/// Where requests begin: a file, the words that send, how often they stand there, and the ways that lead through them.
pub(crate) const DOORS: &[(&str, &str, usize, &[Way])] = &[
    ("host/runtime/src/capabilities/http.rs", "self.egress.send(", 1, OF_GUESTS),
    ("host/auth/src/oauth/transport.rs", "self.egress.send(", 1, OF_OAUTH),
    (
        "host/auth/src/oauth/endpoint.rs",
        "self.post(",
        1,
        &[Way::Token, Way::Code, Way::Refresh, Way::ServiceToken],
    ),
    ("host/auth/src/oauth/endpoint.rs", "self.transport().post(", 1, &[Way::Token, Way::Revocation, Way::Ears]),
    ("host/auth/src/oauth/device.rs", "self.post(", 1, &[Way::Device]),
    ("host/auth/src/oauth/revocation.rs", "self.post(", 1, &[Way::Revocation]),
    ("host/auth/src/oauth/ears.rs", "self.post(", 1, &[Way::Ears, Way::EarsRevocation]),
    ("host/auth/src/oauth/provider.rs", "transport.post(", 1, &[Way::ServiceRevocation]),
    ("host/auth/src/oauth/metadata.rs", "transport.get(", 1, &[Way::Discovery]),
];

/// What opens a connection or asks for a name, outside of `host/egress`, and the files that may: the practice provider's
/// scripted user, who reaches loopback alone.
pub(crate) const OTHER_NETWORKS: &[&str] = &["host/practice/src/plain_http.rs"];
