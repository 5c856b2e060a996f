//! `POST v1/{provider}/oauth/token`, `refresh`, `revoke`: requests of hosts, passed on to the provider with the
//! service's client authentication.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use innkeeper_auth::{AuthorizationCode, PkceVerifier, TokenAnswer, TokenError};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use crate::client_address;
use crate::json::{self, Failure, Fields, Redeem, Refresh, Revoke};
use crate::limits::Kind;
use crate::observe::now;
use crate::service::{Inner, Provider};

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest body, in bytes: two tokens of the largest accepted size, as JSON.
const BODY_LIMIT: usize = 36 * 1024;

type Service = State<Arc<Inner>>;

/// RFC 6749, section 4.1.3, for a caller whose verifier proves that it began the flow.
pub(crate) async fn redeem(State(service): Service, Path(name): Path<String>, request: Request) -> Response {
    answer(&service, &name, request, async |provider, asked: Redeem, time| {
        let code = service.seals.open_code(&provider.name, &asked.code).map_err(|_| Failure::invalid_code())?;
        // Both sides are hashes, so the time of the comparison reveals nothing.
        if asked.pkce_verifier.challenge().as_str() != code.challenge {
            return Err(Failure::invalid_code());
        }
        let (code, verifier) = (AuthorizationCode::from(code.issued), PkceVerifier::from(code.verifier));
        let asking = provider.client.exchange(&code, &verifier, &provider.redirect_uri);
        Ok(tokens(time.of(&provider.name, asking).await?))
    })
    .await
}

/// RFC 6749, section 6.
pub(crate) async fn refresh(State(service): Service, Path(name): Path<String>, request: Request) -> Response {
    answer(&service, &name, request, async |provider, asked: Refresh, time| {
        check_token(&asked.refresh_token)?;
        Ok(tokens(time.of(&provider.name, provider.client.refresh(&asked.refresh_token)).await?))
    })
    .await
}

/// RFC 7009. A token that is no longer valid counts as revoked.
pub(crate) async fn revoke(State(service): Service, Path(name): Path<String>, request: Request) -> Response {
    answer(&service, &name, request, async |provider, asked: Revoke, time| {
        check_token(&asked.token)?;
        let given_back = time.of(&provider.name, provider.client.revoke(&asked.token)).await?;
        given_back.then(Map::new).ok_or_else(Failure::not_revocable)
    })
    .await
}

/// The time that a provider took.
#[derive(Default)]
struct ProviderTime(Duration);

impl ProviderTime {
    async fn of<T>(
        &mut self,
        provider: &str,
        asking: impl Future<Output = Result<T, TokenError>>,
    ) -> Result<T, Failure> {
        let watch = now();
        let answer = asking.await;
        self.0 = watch.elapsed();
        answer.map_err(|error| {
            let failure = Failure::of_provider(&error);
            // The texts of these errors contain nothing from a provider or a caller.
            if failure.is_operators() {
                tracing::warn!(provider, %error, "the operator has to check the client or the addresses of a provider");
            } else {
                tracing::debug!(provider, %error, "the provider issued no token");
            }
            failure
        })
    }
}

async fn answer<T: Fields>(
    service: &Inner,
    name: &str,
    request: Request,
    work: impl AsyncFnOnce(&Provider, T, &mut ProviderTime) -> Result<Map<String, Value>, Failure>,
) -> Response {
    let Some((place, provider)) = service.provider(name) else {
        return json::respond(&Failure::unknown_provider(service.providers.iter().map(|known| &*known.name)));
    };
    let mut time = ProviderTime::default();
    let worked = async {
        let caller = client_address::of(request.extensions(), request.headers(), &service.trusted_proxies);
        service.limiter.count(Kind::Tokens, place, caller).map_err(Failure::too_many)?;
        let (parts, body) = request.into_parts();
        let body = read_body(service, body).await?;
        work(provider, json::read(&parts.headers, &body)?, &mut time).await
    };
    match worked.await {
        Ok(fields) => json::seen(&provider.name, "ok", time.0).on((StatusCode::OK, Json(fields)).into_response()),
        Err(failure) => json::seen(&provider.name, failure.code, time.0).on(json::respond(&failure)),
    }
}

async fn read_body(service: &Inner, body: Body) -> Result<Bytes, Failure> {
    // A body that declares itself too large is not read.
    if body.size_hint().lower() > BODY_LIMIT as u64 {
        return Err(Failure::too_large());
    }
    tokio::select! {
        body = Limited::new(body, BODY_LIMIT).collect() => match body {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(Failure::too_large()),
            Err(_) => Err(Failure::invalid("the body was cut off")),
        },
        () = service.clock.sleep(BODY_TIMEOUT) => Err(Failure::slow()),
    }
}

/// A token that a provider cannot have issued is not passed on.
fn check_token(token: &SecretString) -> Result<(), Failure> {
    let invalid = |_| {
        Failure::invalid(
            "the token is empty, longer than 16 KiB, or contains characters that are not allowed in tokens",
        )
    };
    innkeeper_auth::check_token(token.expose_secret()).map_err(invalid)
}

fn tokens(tokens: TokenAnswer) -> Map<String, Value> {
    let seconds = |time: Option<Duration>| time.map(|time| Value::from(time.as_secs()));
    let text = |secret: &SecretString| Value::from(secret.expose_secret());
    let fields = [
        ("token_type", Some(Value::from(tokens.token_type))),
        ("access_token", Some(text(&tokens.access_token))),
        ("expires_in", seconds(tokens.expires_in)),
        ("refresh_token", tokens.refresh_token.as_ref().map(text)),
        ("refresh_token_expires_in", seconds(tokens.refresh_token_expires_in)),
        ("scope", tokens.scope.map(Value::from)),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
