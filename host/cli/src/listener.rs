//! Listeners of the command's services.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;
use url::Url;

use crate::failure::{Failure, Outcome};

/// Listens on `address`; port 0 takes a free one. Returns the bound address, too.
pub(crate) async fn bind(address: SocketAddr) -> Outcome<(TcpListener, SocketAddr)> {
    let failed = |error: std::io::Error| {
        Failure::failed(format!("cannot listen on {address}: {error}"))
            .hint("choose another address or port, or port 0 for a free one")
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// The same on 127.0.0.1, with the URL of what is served there, with a trailing slash.
pub(crate) async fn bind_loopback(port: u16) -> Outcome<(TcpListener, Url)> {
    let (listener, address) = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    Ok((listener, http(address)?))
}

/// The URL of what is served there.
pub(crate) fn http(address: SocketAddr) -> Outcome<Url> {
    Url::parse(&format!("http://{address}/"))
        .map_err(|error| Failure::failed(format!("{address} does not form an address: {error}")))
}
