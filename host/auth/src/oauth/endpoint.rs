//! The requests that a client sends to its authorization server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use innkeeper_ambient::{Clock, Random};
use innkeeper_egress::Egress;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::answer::{self, Stage, TokenAnswer};
use super::client::OAuthClient;
use super::error::TokenError;
use super::form::{BodyFormat, Form};
use super::transport::{PATIENCE, Transport};

/// A client and the way to its server.
#[derive(Clone)]
pub(crate) struct TokenEndpoint {
    pub(crate) client: Arc<OAuthClient>,
    pub(crate) egress: Egress,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    /// The secret fields of the connection, of which answers to its requests are scrubbed.
    pub(crate) secrets: Arc<[SecretString]>,
    /// Tells apart where grants come from: a grant of another server, client or connection is none of this one's.
    pub(crate) origin: Arc<str>,
}

impl fmt::Debug for TokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.client.fmt(f)
    }
}

impl TokenEndpoint {
    /// Whether a new token can be had without a refresh token.
    pub(crate) fn is_self_sufficient(&self) -> bool {
        self.client.consent.is_none() && self.client.device_url.is_none()
    }

    /// RFC 6749, section 4.1.3, with RFC 7636, section 4.5.
    pub(crate) async fn exchange(
        &self,
        code: &SecretString,
        verifier: &SecretString,
        redirect_uri: &str,
    ) -> Result<TokenAnswer, TokenError> {
        if self.client.service.is_some() {
            return self.redeem_at_service(code, verifier).await;
        }
        let form = Form::grant("authorization_code")
            .with("code", code.expose_secret())
            .with("redirect_uri", redirect_uri)
            .with("code_verifier", verifier.expose_secret());
        self.token(form, BodyFormat::Form, Stage::First).await
    }

    /// RFC 6749, section 6. Without a `scope` what was granted stays, however the connector's wishes have grown. An auth redirect
    /// service takes none.
    pub(crate) async fn refresh(
        &self,
        refresh_token: &SecretString,
        scope: Option<&str>,
    ) -> Result<TokenAnswer, TokenError> {
        if let Some(service) = &self.client.service {
            return self.refresh_at_service(service, refresh_token).await;
        }
        let form = Form::grant("refresh_token").with("refresh_token", refresh_token.expose_secret());
        self.token(form.with_some("scope", scope), BodyFormat::Form, Stage::Refresh).await
    }

    /// A token for the client itself, or whom it speaks for.
    pub(crate) async fn request(&self) -> Result<TokenAnswer, TokenError> {
        let (form, format) = self.client.own.form(&self.client.token_url, self.clock.now(), &*self.random)?;
        self.token(form.with_some("scope", self.client.scope.as_deref()), format, Stage::First).await
    }

    /// A request at the token URL.
    pub(super) async fn token(&self, form: Form, format: BodyFormat, stage: Stage) -> Result<TokenAnswer, TokenError> {
        let (status, headers, body) = self.post(&self.client.token_url, form, format, PATIENCE).await?;
        if !status.is_success() {
            return Err(self.transport().failure(status, &headers, &body));
        }
        answer::read(&body, &self.client.shape, stage)
    }

    /// A request at any URL where the client proves itself.
    pub(super) async fn post(
        &self,
        url: &Url,
        mut form: Form,
        format: BodyFormat,
        patience: Duration,
    ) -> Result<(StatusCode, HeaderMap, bytes::Bytes), TokenError> {
        let proof = self.client.prove(&mut form, self.clock.now(), &*self.random)?;
        let (media_type, body) = form.encode(format);
        self.transport().post(url.clone(), media_type, body, proof, patience).await
    }

    pub(super) fn transport(&self) -> Transport<'_> {
        Transport { egress: &self.egress, clock: &*self.clock }
    }
}
