//! The requests that a client sends to its authorization server.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::answer::{self, Stage};
use super::client::{Dialect, OAuthClient};
use super::form::{BodyFormat, Form};
use super::own::OwnGrant;
use super::transport::Transport;
use crate::flow::Redemption;
use crate::grant::{SOURCE_TIMEOUT, SourceContext, TokenAnswer, TokenError};
use crate::scope::Scope;

/// A client, and the connection to its server.
#[derive(Clone, Copy)]
pub(super) struct TokenEndpoint<'a> {
    pub(super) client: &'a OAuthClient,
    pub(super) context: &'a SourceContext,
}

impl TokenEndpoint<'_> {
    /// RFC 6749, section 4.1.3, with RFC 7636, section 4.5.
    pub(super) async fn exchange(self, redemption: &Redemption<'_>) -> Result<TokenAnswer, TokenError> {
        let Redemption { code, verifier, redirect_uri } = redemption;
        match &self.client.dialect {
            Dialect::Rfc => {
                let form = Form::grant("authorization_code")
                    .with("code", code.expose())
                    .with("redirect_uri", redirect_uri.as_str())
                    .with("code_verifier", verifier.expose());
                self.token(form, BodyFormat::Form, Stage::First).await
            }
            Dialect::RedirectService { .. } => self.redeem_at_service(code, verifier).await,
        }
    }

    /// RFC 6749, section 6. Without a `scope`, the granted scope stays, even if the connector now requests more. An auth
    /// redirect service accepts none.
    pub(super) async fn refresh(
        self,
        refresh_token: &SecretString,
        scope: Option<&str>,
    ) -> Result<TokenAnswer, TokenError> {
        match &self.client.dialect {
            Dialect::Rfc => {
                let form = Form::grant("refresh_token").with("refresh_token", refresh_token.expose_secret());
                self.token(form.with_some("scope", scope), BodyFormat::Form, Stage::Refresh).await
            }
            Dialect::RedirectService { refresh_url } => self.refresh_at_service(refresh_url, refresh_token).await,
        }
    }

    /// A token for the client itself, or for the subject that it acts for.
    pub(super) async fn request(self, own: &OwnGrant) -> Result<TokenAnswer, TokenError> {
        let (form, format) = own.form(&self.client.token_url, self.context.clock.now(), &*self.context.random)?;
        self.token(form.with_some("scope", self.client.scope.as_ref().map(Scope::as_str)), format, Stage::First).await
    }

    /// A request to the token URL.
    pub(super) async fn token(self, form: Form, format: BodyFormat, stage: Stage) -> Result<TokenAnswer, TokenError> {
        let (status, headers, body) = self.post(&self.client.token_url, form, format, SOURCE_TIMEOUT).await?;
        if !status.is_success() {
            return Err(self.transport().failure(status, &headers, &body));
        }
        answer::read(&body, &self.client.shape, stage)
    }

    /// A request to any URL where the client authenticates.
    pub(super) async fn post(
        self,
        url: &Url,
        mut form: Form,
        format: BodyFormat,
        patience: Duration,
    ) -> Result<(StatusCode, HeaderMap, bytes::Bytes), TokenError> {
        let proof = self.client.prove(&mut form, self.context.clock.now(), &*self.context.random)?;
        let (media_type, body) = form.encode(format);
        self.transport().post(url.clone(), media_type, body, proof, patience).await
    }

    pub(super) fn transport(&self) -> Transport<'_> {
        Transport { egress: &self.context.egress, clock: &*self.context.clock }
    }
}
