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

/// Those of an auth redirect service. Its callers are strangers: of its provider's answers they are told the kind alone.
pub(crate) const OF_SERVICES: &[Way] = &[Way::ServiceToken, Way::ServiceRevocation];

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

/// Where requests leave the code.
pub(crate) struct Door {
    /// From the root.
    pub(crate) file: &'static str,
    /// The words that send.
    pub(crate) words: &'static str,
    /// How often requests are sent in that file by this door.
    pub(crate) times: usize,
    /// The ways that lead through it.
    pub(crate) ways: &'static [Way],
}

const fn door(file: &'static str, words: &'static str, ways: &'static [Way]) -> Door {
    Door { file, words, times: 1, ways }
}

/// Every place of the source that sends a request.
pub(crate) const DOORS: &[Door] = &[
    door("host/runtime/src/capabilities/http.rs", "let route = Route {", OF_GUESTS),
    door("host/runtime/src/capabilities/http.rs", "access.egress.send(", OF_GUESTS),
    door("host/auth/src/oauth/transport.rs", "let route = Route {", OF_OAUTH),
    door("host/auth/src/oauth/transport.rs", "self.egress.send(", OF_OAUTH),
    // A source that is not OAuth: what it sends and gets passes as OAuth's does.
    door("host/auth/src/oauth/transport.rs", "transport.post(", OF_OAUTH),
    door("host/auth/src/oauth/endpoint.rs", "self.post(", &[Way::Token, Way::Code, Way::Refresh, Way::ServiceToken]),
    door("host/auth/src/oauth/endpoint.rs", "self.transport().post(", &[Way::Token, Way::Revocation, Way::Ears]),
    door("host/auth/src/oauth/device.rs", "self.post(", &[Way::Device]),
    door("host/auth/src/oauth/revocation.rs", "self.post(", &[Way::Revocation]),
    door("host/auth/src/oauth/ears.rs", "self.post(", &[Way::Ears, Way::EarsRevocation]),
    door("host/auth/src/oauth/provider.rs", "transport.post(", &[Way::ServiceRevocation]),
    door("host/auth/src/oauth/metadata.rs", "let transport = Transport", &[Way::Discovery]),
];

/// Files that open a connection without egress: the practice provider's scripted user, who reaches loopback alone.
pub(crate) const OTHER_NETWORKS: &[&str] = &["host/practice/src/plain_http.rs"];

/// Where a source sends requests.
pub(crate) fn sending(source: &str) -> Vec<String> {
    // A call may be broken over lines.
    let joined: String = source.split_whitespace().collect::<Vec<_>>().join(" ").replace(" .", ".");
    // Nothing is sent without a route.
    let marks = [
        "= Route {",
        "egress.send(",
        "Egress::send(",
        "self.post(",
        "transport.post(",
        "transport().post(",
        "transport.get(",
        "transport().get(",
    ];
    let mut found = Vec::new();
    for mark in marks {
        found.extend(joined.match_indices(mark).map(|(at, _)| {
            let end = (at + 80).min(joined.len());
            joined[joined.floor_char_boundary(at)..joined.ceil_char_boundary(end)].to_owned()
        }));
    }
    found
}

/// Where a source opens connections, or asks for names, by itself.
pub(crate) fn opening(source: &str) -> Vec<&'static str> {
    let marks = [
        "TcpStream::connect",
        "TcpSocket",
        "UdpSocket",
        "UnixStream::connect",
        "lookup_host",
        "to_socket_addrs",
        "reqwest::",
        "hyper::client",
        "hyper_util::client",
    ];
    marks.into_iter().filter(|mark| source.contains(mark)).collect()
}
