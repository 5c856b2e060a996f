//! What carries a request that passed every check: the network, or what a host is given in its place.

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

/// Carries requests in place of the network. The names in their addresses are resolved by the same thing, and the addresses that it
/// names are checked as those of the network are.
#[async_trait]
pub trait Transport: Resolver + fmt::Debug {
    /// The answer to a request that passed every check. It has its credential on it, and is as the HTTP client would get it: `host`
    /// and, where the body is not streamed, `content-length` are not there yet. What comes back is scrubbed, bounded, and followed or
    /// sent again as an answer of the network is.
    ///
    /// [`EgressError::Unsent`] says that nobody can have seen the request, [`EgressError::Connect`] that its connection broke.
    async fn send(&self, request: http::Request<Body>) -> Result<http::Response<Body>, EgressError>;
}

/// Who carries the requests that pass a gate.
pub(crate) enum Carrier {
    Network(Client),
    Given { transport: Arc<dyn Transport>, names: GatedResolver },
}

/// Why no answer came.
pub(crate) enum CarryError {
    /// Of the network.
    Client(reqwest::Error),
    /// Of what carries in its place.
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

/// The client's body has no stream of its own, and that of an answer has one.
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
        // The client may ask for more after the end.
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
