//! A provider that answers what a test tells it to, however little that is OAuth.

use innkeeper_ears::EarsProvider;
use innkeeper_tests::query::parameter;
use innkeeper_tests::scripted::{Reply, ScriptedServer};
use url::Url;

use crate::service::{ACME, Seat, Service, unreached};

/// What nobody scripted is answered with a token.
pub(crate) async fn start() -> ScriptedServer {
    ScriptedServer::start(|_, _| Reply::json(r#"{"access_token":"at","token_type":"Bearer"}"#)).await
}

/// A client at it.
pub(crate) fn client_of(provider: &ScriptedServer) -> EarsProvider {
    let address = |path| Some(provider.url(path).parse().expect("an address"));
    EarsProvider {
        authorization_url: address("/authorize"),
        token_url: address("/token"),
        revocation_url: address("/revoke"),
        ..unreached()
    }
}

/// A service whose [`ACME`] it is.
pub(crate) async fn with_service() -> (ScriptedServer, Service) {
    let provider = start().await;
    let seat = Seat::take().await;
    let plan = seat.plan().provider(ACME, client_of(&provider));
    (provider, seat.serve(plan))
}

/// A user's consent at a provider that asks for none: where the browser is sent back to.
pub(crate) fn consented(service: &Service, at_provider: &Url, code: &str) -> Url {
    let asked = |name| parameter(at_provider, name).expect("it is asked");
    let mut callback: Url = asked("redirect_uri").parse().expect("an address");
    assert!(callback.as_str().starts_with(&service.base), "{callback}");
    callback.query_pairs_mut().append_pair("code", code).append_pair("state", &asked("state"));
    callback
}
