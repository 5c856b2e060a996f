//! The same work without a sandbox.

use std::sync::Arc;

use reqwest::Client;
use reqwest::redirect::Policy;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::bench_host::TOKEN;
use crate::failure::Failure;

/// What the connector takes out of the answer, too.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Document {
    id: String,
    name: String,
    size: u64,
    tags: Vec<String>,
}

/// A client that does not follow redirects, like the host's.
pub(crate) fn client() -> Result<Client, Failure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::Egress(error.to_string()))?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(Client::builder().tls_backend_preconfigured(tls).no_proxy().redirect(Policy::none()).build()?)
}

/// Fetches a document with a token and takes out of it what the connector takes.
pub(crate) async fn fetch(client: &Client, url: &Url) -> Result<Value, Failure> {
    let answer = client.get(url.clone()).bearer_auth(TOKEN).send().await?.error_for_status()?;
    let document: Document = serde_json::from_slice(&answer.bytes().await?)?;
    Ok(serde_json::to_value(document)?)
}
