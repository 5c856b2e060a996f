//! Clients of every kind on a real authorization server, which checks signatures and certificates with code of its own.

use innkeeper::{AuditFilter, AuthorizationWay, CallRequest, ConnectionView, Error, NewConnection, Page, SpaceId};
use innkeeper_tests::components;
use innkeeper_tests::host::{TestHost, loopback};
use innkeeper_tests::oidc::{AUTHORITY, OidcOptions, OidcProvider};
use serde_json::{Value, json};

const RSA: &str = include_str!("../oidc/keys/rsa.pem");
const RSA_ENCRYPTED: &str = include_str!("../oidc/keys/rsa.encrypted.pem");
const RSA_CERTIFICATE: &str = include_str!("../oidc/keys/rsa.crt.pem");
const EC: &str = include_str!("../oidc/keys/ec.pem");
const EC_CERTIFICATE: &str = include_str!("../oidc/keys/ec.crt.pem");
const CLIENT_CERTIFICATE: &str = include_str!("../oidc/keys/client.pem");
const PRIVATE_KEY_JWT: &str = "oauth_client_credentials_private_key_jwt";
const MTLS: &str = "oauth_client_credentials_mtls";

/// A host on the machine's clock, which the provider has too, that trusts the provider's certificate.
struct Stage {
    host: TestHost,
    provider: OidcProvider,
}

impl Stage {
    async fn start() -> Self {
        let mut egress = loopback();
        egress.extra_roots = vec![AUTHORITY.to_owned()];
        let host = TestHost::start_warm(|builder| builder.egress(egress)).await;
        let provider = OidcProvider::start(OidcOptions::default()).await.expect("the authorization server starts");
        Self { host, provider }
    }

    async fn connect(
        &self,
        auth_type: &str,
        id: &str,
        settings: impl FnOnce(NewConnection) -> NewConnection,
    ) -> Result<ConnectionView, Error> {
        let connector = components::HOSTILE.parse().expect("an id");
        let connection = NewConnection::new(SpaceId::default(), connector, auth_type)
            .config(json!({ "base": self.provider.api().as_str() }))
            .id(id.parse().expect("an id"))
            .field("clientId", id);
        innkeeper_tests::host::connect(&self.host.host, settings(connection)).await
    }

    /// What the protected resource says of the caller.
    async fn me(&self, connection: &ConnectionView) -> Result<Value, Error> {
        let input = json!({ "url": format!("{}api/me", self.provider.api()) });
        let request = CallRequest::new(connection.space.clone(), connection.id.clone(), "ask", input);
        Ok(self.host.host.call(request).await?.value["body"].clone())
    }

    fn issuer(&self) -> String {
        self.provider.issuer().as_str().trim_end_matches('/').to_owned()
    }

    fn secure(&self, path: &str) -> String {
        self.provider.secure().join(path).expect("a path joins").to_string()
    }
}

#[tokio::test]
async fn a_client_that_signs_gets_tokens_with_each_algorithm_and_each_key_reference() {
    let stage = Stage::start().await;
    for (client, algorithm, key, certificate) in [
        ("signs-ps256", "PS256", RSA_ENCRYPTED, RSA_CERTIFICATE),
        ("signs-rs256", "RS256", RSA, RSA_CERTIFICATE),
        ("signs-es256", "ES256", EC, EC_CERTIFICATE),
    ] {
        for binding in ["x5t#S256", "x5c", "kid"] {
            let connection = stage
                .connect(PRIVATE_KEY_JWT, client, |connection| {
                    let connection = connection
                        .field("tokenUrl", stage.provider.token_endpoint().as_str())
                        .field("revocationUrl", stage.provider.revocation_endpoint().as_str())
                        .field("algorithm", algorithm)
                        .field("certificateBinding", binding)
                        .field("scope", "api.read")
                        .secret("privateKey", key);
                    let connection =
                        if key == RSA_ENCRYPTED { connection.secret("passphrase", "opensesame") } else { connection };
                    match binding {
                        "kid" => connection.field("keyId", "key 1"),
                        _ => connection.secret("certificate", certificate),
                    }
                })
                .await
                .expect("the connection is made");
            let me = stage.me(&connection).await.expect("a token");
            assert_eq!((&me["client_id"], &me["scope"]), (&json!(client), &json!("api.read")), "{algorithm} {binding}");
            stage.host.host.delete_connection(&connection.space, &connection.id).await.expect("deleted");
        }
    }
    let counts = stage.provider.counts().await.expect("counts");
    assert_eq!((counts.of("client_credentials", "success"), counts.all("client_credentials")), (9, 9));
    assert_eq!((counts.of("revocation", "success"), counts.all("revocation")), (9, 9));
}

#[tokio::test]
async fn a_key_that_the_server_does_not_know_gets_nothing_and_the_error_says_why() {
    let stage = Stage::start().await;
    let connection = stage
        .connect(PRIVATE_KEY_JWT, "signs-es256", |connection| {
            connection
                .field("tokenUrl", stage.provider.token_endpoint().as_str())
                .field("algorithm", "PS256")
                .secret("privateKey", RSA)
                .secret("certificate", RSA_CERTIFICATE)
        })
        .await
        .expect("the connection is made");
    let status = stage.me(&connection).await;
    let error = status.expect_err("no token").to_string();
    assert!(error.contains("does not accept the client id"), "{error}");
}

#[tokio::test]
async fn a_client_that_shows_a_certificate_gets_tokens_and_gives_them_back() {
    let stage = Stage::start().await;
    let (token_url, revocation_url) = (stage.secure("token"), stage.secure("token/revocation"));
    for (client, certificate, key, passphrase) in [
        ("certified", CLIENT_CERTIFICATE, RSA_ENCRYPTED, Some("opensesame")),
        ("self-certified", EC_CERTIFICATE, EC, None),
    ] {
        let connection = stage
            .connect(MTLS, client, |connection| {
                let connection = connection
                    .field("tokenUrl", token_url.as_str())
                    .field("revocationUrl", revocation_url.as_str())
                    .secret("certificate", certificate)
                    .secret("privateKey", key);
                passphrase.into_iter().fold(connection, |connection, text| connection.secret("passphrase", text))
            })
            .await
            .expect("the connection is made");
        assert_eq!(stage.me(&connection).await.expect("a token")["client_id"], client);
        stage.host.host.disconnect(&connection.space, &connection.id, None).await.expect("disconnected");
    }
    let counts = stage.provider.counts().await.expect("counts");
    assert_eq!((counts.of("client_credentials", "success"), counts.of("revocation", "success")), (2, 2));

    // The wrong certificate, and none.
    let wrong = stage
        .connect(MTLS, "certified", |connection| {
            let connection = connection.id("wrong".parse().expect("an id")).field("tokenUrl", token_url.as_str());
            connection.secret("certificate", EC_CERTIFICATE).secret("privateKey", EC)
        })
        .await
        .expect("the connection is made");
    let error = stage.me(&wrong).await.expect_err("no token").to_string();
    assert!(error.contains("does not accept the client id"), "{error}");
}

#[tokio::test]
async fn a_user_types_a_code_on_another_device() {
    let stage = Stage::start().await;
    let connection = stage
        .connect("oauth_device_code", "public", |connection| {
            connection.field("discoveryUrl", stage.issuer()).field("scope", "openid offline_access api.read")
        })
        .await
        .expect("the connection is made");
    assert_eq!(connection.fields["deviceAuthorizationUrl"], stage.provider.device_authorization_endpoint().as_str());
    let (host, space, id) = (&stage.host.host, &connection.space, &connection.id);
    assert_eq!(host.authorization_way(space, id).await.expect("known"), AuthorizationWay::Device);
    let pending = host.begin_device_authorization(space, id, None).await.expect("begun");
    let link = pending.verification_uri_complete.clone().expect("the server has one");
    assert!(link.as_str().contains(&pending.user_code));
    stage.provider.approve_device(link.as_str(), "ada").await.expect("approved");
    let completed = host.wait_device_authorization(pending).await.expect("authorized");
    assert_eq!(completed.connection, connection.id);
    assert_eq!(stage.me(&connection).await.expect("a token")["sub"], "ada");
    stage.provider.expire_access_tokens().await.expect("expired");
    assert_eq!(stage.me(&connection).await.expect("refreshed after a 401")["sub"], "ada");
    let mut filter = AuditFilter::new(space.clone());
    filter.connection = Some(id.clone());
    let records = host.audit(&filter, &Page::first(10)).await.expect("records").items;
    assert!(records.iter().any(|record| record.event == "authorize"), "{records:?}");

    let pending = host.begin_device_authorization(space, id, None).await.expect("begun");
    let link = pending.verification_uri_complete.clone().expect("the server has one");
    stage.provider.refuse_device(link.as_str(), "ada").await.expect("refused");
    let error = host.wait_device_authorization(pending).await.expect_err("denied");
    assert!(error.to_string().contains("access was denied"), "{error}");
}

#[tokio::test]
async fn a_connection_is_made_from_an_issuer_alone() {
    let stage = Stage::start().await;
    let consent = stage
        .connect("oauth_authorization_code", "public", |connection| connection.field("discoveryUrl", stage.issuer()))
        .await
        .expect("the connection is made");
    assert_eq!(consent.fields["tokenUrl"], stage.provider.token_endpoint().as_str());
    assert_eq!(consent.fields["authorizationUrl"], stage.provider.authorization_endpoint().as_str());
    assert_eq!(consent.fields["issuer"], stage.issuer());

    let certified = stage
        .connect(MTLS, "certified", |connection| {
            let connection = connection.field("discoveryUrl", stage.issuer());
            connection
                .secret("certificate", CLIENT_CERTIFICATE)
                .secret("privateKey", RSA_ENCRYPTED)
                .secret("passphrase", "opensesame")
        })
        .await
        .expect("the connection is made");
    assert_eq!(certified.fields["tokenUrl"], stage.secure("token"), "the address that asks for certificates");
    assert_eq!(stage.me(&certified).await.expect("a token")["client_id"], "certified");

    let error = stage
        .connect("oauth_client_credentials", "machine", |connection| {
            connection.field("discoveryUrl", format!("{}/nowhere", stage.issuer())).secret("clientSecret", "s")
        })
        .await
        .expect_err("no metadata");
    assert!(error.to_string().contains("discoveryUrl does not lead to metadata"), "{error}");
}
