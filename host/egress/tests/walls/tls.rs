//! TLS: which servers are believed. The certificates beside this file are for these tests alone.

use std::sync::Arc;

use innkeeper_ambient::SystemClock;
use innkeeper_egress::{EgressError, PrivateNetworks, Settings};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::{Out, denial, loopback, text};

const AUTHORITY: &str = include_str!("tls/authority.pem");

/// Shakes hands as `api.test`, and offers these protocols.
pub(crate) fn acceptor(protocols: &[&[u8]]) -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).expect("a key");
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("they fit");
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

/// On a free port of loopback.
pub(crate) async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let port = listener.local_addr().expect("bound").port();
    (listener, port)
}

/// A server for `api.test` that sends everyone to `location`, or says `secure`.
async fn server(location: Option<&'static str>) -> u16 {
    let acceptor = acceptor(&[]);
    let (listener, port) = listener().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut head = [0; 4096];
            if stream.read(&mut head).await.is_err() {
                continue;
            }
            let answer = match location {
                Some(location) => format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"),
                None => "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecure".to_owned(),
            };
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    port
}

pub(crate) fn out(port: u16, settings: Settings) -> Out {
    let out = Out::with(
        &[format!("https://*.example.test:{port}"), format!("https://api.test:{port}"), "http://api.test".into()],
        settings,
        Arc::new(SystemClock),
    );
    out.names.answer("api.test", &[&["127.0.0.1"]]);
    out.names.answer("other.example.test", &[&["127.0.0.1"]]);
    out
}

pub(crate) fn trusting() -> Settings {
    let mut settings = loopback();
    settings.extra_roots = vec![AUTHORITY.to_owned()];
    settings.plain_http = PrivateNetworks::none();
    settings
}

#[tokio::test]
async fn only_a_server_whose_authority_is_trusted_and_whose_name_fits_is_believed() {
    let port = server(None).await;
    let believed = out(port, trusting()).get(&format!("https://api.test:{port}/")).await.expect("trusted");
    assert_eq!(text(believed).await, "secure");
    let unknown = out(port, loopback()).get(&format!("https://api.test:{port}/")).await;
    assert!(matches!(unknown, Err(EgressError::Unsent(_))), "{unknown:?}");
    let misnamed = out(port, trusting()).get(&format!("https://other.example.test:{port}/")).await;
    assert!(matches!(misnamed, Err(EgressError::Unsent(_))), "{misnamed:?}");
}

#[tokio::test]
async fn a_redirect_to_plain_http_is_refused_even_when_it_is_approved() {
    let port = server(Some("http://api.test/")).await;
    let denial = denial(out(port, trusting()).get(&format!("https://api.test:{port}/")).await);
    assert!(denial.contains("plain http"), "{denial}");
}
