//! Clients of every kind on a real authorization server, which checks signatures and certificates with code of its own.

use innkeeper::{AuditFilter, AuthorizationWay, ConnectionView, Error, NewConnection, Page};
use innkeeper_tests::host::{self, TestHost, loopback};
use innkeeper_tests::keys::{
    AUTHORITY, CLIENT_CERTIFICATE, EC, EC_CERTIFICATE, PASSPHRASE, RSA, RSA_CERTIFICATE, RSA_ENCRYPTED,
};
use innkeeper_tests::oidc::OidcOptions;
use innkeeper_tests::stage::Stage;
use serde_json::json;

const PRIVATE_KEY_JWT: &str = "oauth_client_credentials_private_key_jwt";
const MTLS: &str = "oauth_client_credentials_mtls";

/// A host on the machine's clock, which the provider has too, that trusts the provider's certificate.
async fn start() -> Stage {
    let mut egress = loopback();
    egress.extra_roots = vec![AUTHORITY.to_owned()];
    Stage::beside(TestHost::start_warm(|builder| builder.egress(egress)).await, OidcOptions::default()).await
}

async fn connect(
    stage: &Stage,
    auth_type: &str,
    id: &str,
    settings: impl FnOnce(NewConnection) -> NewConnection,
) -> Result<ConnectionView, Error> {
    let connection = stage.new_connection(auth_type).id(id.parse().expect("an id")).field("clientId", id);
    host::connect(&stage.host.host, settings(connection)).await
}

fn issuer(stage: &Stage) -> String {
    stage.provider.issuer().as_str().trim_end_matches('/').to_owned()
}

fn secure(stage: &Stage, path: &str) -> String {
    stage.provider.secure().join(path).expect("a path joins").to_string()
}

#[tokio::test]
async fn a_client_that_signs_gets_tokens_with_each_algorithm_and_each_key_reference() {
    let stage = start().await;
    for (client, algorithm, key, certificate) in [
        ("signs-ps256", "PS256", RSA_ENCRYPTED, RSA_CERTIFICATE),
        ("signs-rs256", "RS256", RSA, RSA_CERTIFICATE),
        ("signs-es256", "ES256", EC, EC_CERTIFICATE),
    ] {
        for binding in ["x5t#S256", "x5c", "kid"] {
            let connection = connect(&stage, PRIVATE_KEY_JWT, client, |connection| {
                let connection = connection
                    .field("tokenUrl", stage.provider.token_endpoint().as_str())
                    .field("revocationUrl", stage.provider.revocation_endpoint().as_str())
                    .field("algorithm", algorithm)
                    .field("certificateBinding", binding)
                    .field("scope", "api.read")
                    .secret("privateKey", key);
                let connection =
                    if key == RSA_ENCRYPTED { connection.secret("passphrase", PASSPHRASE) } else { connection };
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
    let counts = stage.counts().await;
    assert_eq!((counts.of("client_credentials", "success"), counts.all("client_credentials")), (9, 9));
    assert_eq!((counts.of("revocation", "success"), counts.all("revocation")), (9, 9));
}

#[tokio::test]
async fn a_key_that_the_server_does_not_know_gets_nothing_and_the_error_says_why() {
    let stage = start().await;
    let connection = connect(&stage, PRIVATE_KEY_JWT, "signs-es256", |connection| {
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
    let stage = start().await;
    let (token_url, revocation_url) = (secure(&stage, "token"), secure(&stage, "token/revocation"));
    for (client, certificate, key, passphrase) in [
        ("certified", CLIENT_CERTIFICATE, RSA_ENCRYPTED, Some(PASSPHRASE)),
        ("self-certified", EC_CERTIFICATE, EC, None),
    ] {
        let connection = connect(&stage, MTLS, client, |connection| {
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
        stage.host.disconnect(&connection, None).await;
    }
    let counts = stage.counts().await;
    assert_eq!((counts.of("client_credentials", "success"), counts.of("revocation", "success")), (2, 2));

    // The wrong certificate, and none.
    let wrong = connect(&stage, MTLS, "certified", |connection| {
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
    let stage = start().await;
    let connection = connect(&stage, "oauth_device_code", "public", |connection| {
        connection.field("discoveryUrl", issuer(&stage)).field("scope", "openid offline_access api.read")
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
    stage.expire().await;
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
    let stage = start().await;
    let consent = connect(&stage, "oauth_authorization_code", "public", |connection| {
        connection.field("discoveryUrl", issuer(&stage))
    })
    .await
    .expect("the connection is made");
    assert_eq!(consent.fields["tokenUrl"], stage.provider.token_endpoint().as_str());
    assert_eq!(consent.fields["authorizationUrl"], stage.provider.authorization_endpoint().as_str());
    assert_eq!(consent.fields["issuer"], issuer(&stage));

    let certified = connect(&stage, MTLS, "certified", |connection| {
        let connection = connection.field("discoveryUrl", issuer(&stage));
        connection
            .secret("certificate", CLIENT_CERTIFICATE)
            .secret("privateKey", RSA_ENCRYPTED)
            .secret("passphrase", PASSPHRASE)
    })
    .await
    .expect("the connection is made");
    assert_eq!(certified.fields["tokenUrl"], secure(&stage, "token"), "the address that asks for certificates");
    assert_eq!(stage.me(&certified).await.expect("a token")["client_id"], "certified");

    let error = connect(&stage, "oauth_client_credentials", "machine", |connection| {
        connection.field("discoveryUrl", format!("{}/nowhere", issuer(&stage))).secret("clientSecret", "s")
    })
    .await
    .expect_err("no metadata");
    assert!(error.to_string().contains("discoveryUrl does not lead to metadata"), "{error}");
}
