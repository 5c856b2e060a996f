//! The carrier of requests that passed every check: the network, or a host's replacement for it.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::Either;
use futures::{StreamExt as _, TryFutureExt as _, TryStreamExt as _};
use http::header::CONTENT_TYPE;
use reqwest::Client;
use url::Host;

use crate::failure::{Failure, FailureKind, Reach, broken_body};
use crate::wall::resolver::{GatedResolver, Refused, Resolver};
use crate::{Body, EgressError};

/// Carries requests instead of the network. It also resolves the names in their addresses, and the resulting addresses are
/// checked like those of the network.
#[async_trait]
pub trait Transport: Resolver + fmt::Debug {
    /// Answers a request that passed every check. The request contains its credential and is what the HTTP client would get:
    /// `host` and, unless the body is streamed, `content-length` are not set yet. The answer is scrubbed and bounded, and
    /// redirects and retries are handled as with the network.
    ///
    /// [`EgressError::Unsent`] means that the request cannot have been seen, [`EgressError::Connect`] that its connection
    /// broke.
    async fn send(&self, request: http::Request<Body>) -> Result<http::Response<Body>, EgressError>;
}

/// The carrier of the requests that pass a gate.
pub(crate) enum Carrier {
    Network(Client),
    Given { transport: Arc<dyn Transport>, names: GatedResolver },
}

/// Why there is no answer.
pub(crate) enum CarryError {
    /// An error of the network.
    Client(reqwest::Error),
    /// An error of the replacement for the network.
    Given(Failure),
}

impl Carrier {
    pub(crate) fn execute(
        &self,
        request: reqwest::Request,
    ) -> impl Future<Output = Result<reqwest::Response, CarryError>> + Send + use<> {
        match self {
            Self::Network(client) => Either::Left(client.execute(request).map_err(CarryError::Client)),
            Self::Given { transport, names } => {
                let given = give(Arc::clone(transport), names.clone(), request);
                Either::Right(Box::pin(given.map_err(CarryError::Given)))
            }
        }
    }
}

async fn give(
    transport: Arc<dyn Transport>,
    names: GatedResolver,
    request: reqwest::Request,
) -> Result<reqwest::Response, Failure> {
    if let Some(Host::Domain(name)) = request.url().host() {
        names.addresses(name).await.map_err(|error| unresolved(name, error))?;
    }
    let request = http::Request::try_from(request)
        .map_err(|_| EgressError::InvalidRequest("the address cannot be sent".to_owned()))?;
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let answer = transport.send(request.map(|body| from_client(body, content_type))).await?;
    Ok(answer.map(to_client).into())
}

/// The client's body cannot be read as a stream directly, but that of an answer can.
fn from_client(body: reqwest::Body, content_type: Option<String>) -> Body {
    let whole = body.as_bytes().map(Bytes::copy_from_slice);
    if let Some(bytes) = whole {
        return Body::from_bytes(bytes, content_type);
    }
    let body = reqwest::Response::from(http::Response::new(body));
    let length = body.content_length();
    Body::from_stream(body.bytes_stream().map_err(broken_body), length, content_type)
}

fn to_client(body: Body) -> reqwest::Body {
    match body.into_whole() {
        Ok(bytes) => bytes.into(),
        // The client may poll again after the end.
        Err(body) => reqwest::Body::wrap_stream(body.into_stream().fuse()),
    }
}

fn unresolved(host: &str, error: Box<dyn std::error::Error + Send + Sync>) -> Failure {
    let error = match error.downcast::<Refused>() {
        Ok(refused) => FailureKind::Refused(*refused),
        Err(error) => {
            FailureKind::Other(EgressError::Unsent(format!("no connection to {host} could be made: {error}")))
        }
    };
    Failure { error, reach: Reach::Unsent }
}
