//! How clients authenticate, and the tokens they request without a user.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use innkeeper_ambient::Clock;
use innkeeper_auth::Settings;
use innkeeper_fixtures::keys::{
    CLIENT_CERTIFICATE, EC, EC_CERTIFICATE, PASSPHRASE, RSA, RSA_CERTIFICATE, RSA_ENCRYPTED,
};
use innkeeper_fixtures::scripted::{Received, Reply};
use innkeeper_spec::AuthMode;
use innkeeper_store::{ConnectionRecord, GrantOwner};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::keys::RSA_PKCS1;
use crate::support::{House, callback, head, header};

fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    BASE64_STANDARD.decode(body).expect("base64")
}

fn part(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).expect("three parts");
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).expect("base64url")).expect("JSON")
}

fn verifies(token: &str, algorithm: &'static dyn VerificationAlgorithm, public: &[u8]) -> bool {
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    UnparsedPublicKey::new(algorithm, public).verify(message.as_bytes(), &signature).is_ok()
}

fn rsa_public() -> Vec<u8> {
    ring::rsa::KeyPair::from_der(&der(RSA_PKCS1)).expect("a key").public().as_ref().to_vec()
}

fn ec_public() -> Vec<u8> {
    let random = ring::rand::SystemRandom::new();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der(EC), &random).expect("a key");
    pair.public_key().as_ref().to_vec()
}

async fn signing(house: &House, more: &[(&str, Value)], secrets: &[(&str, &str)]) -> ConnectionRecord {
    let mut fields = vec![
        ("tokenUrl", json!(format!("{}/token", house.provider.base()))),
        ("revocationUrl", json!(format!("{}/revoke", house.provider.base()))),
        ("clientId", json!("client-1")),
        ("scope", json!("files.read")),
    ];
    fields.extend(more.iter().cloned());
    house.connect("oauth_client_credentials_private_key_jwt", &fields, secrets, AuthMode::Shared).await
}

#[tokio::test]
async fn a_client_signs_who_it_is_for_the_token_url_and_never_twice_the_same() {
    let (ps, rs): (&'static dyn VerificationAlgorithm, &'static dyn VerificationAlgorithm) =
        (&RSA_PSS_2048_8192_SHA256, &RSA_PKCS1_2048_8192_SHA256);
    let rsa = [("privateKey", RSA_ENCRYPTED), ("passphrase", PASSPHRASE), ("certificate", RSA_CERTIFICATE)];
    let ec = [("privateKey", EC), ("certificate", EC_CERTIFICATE)];
    for (algorithm, verifier, public, secrets) in [
        ("PS256", ps, rsa_public(), &rsa[..]),
        ("RS256", rs, rsa_public(), &rsa[..]),
        ("ES256", &ECDSA_P256_SHA256_FIXED as _, ec_public(), &ec[..]),
    ] {
        let house = House::new().await;
        let connection = signing(&house, &[("algorithm", json!(algorithm))], secrets).await;
        assert_eq!(house.header(&connection).await.expect("a token"), "Bearer access-1");
        house.advance(4000);
        house.header(&connection).await.expect("another token");
        house.auth.disconnect(&connection, &GrantOwner::Shared).await.expect("disconnected");
        let seen = house.provider.received();
        assert_eq!(seen.len(), 4, "two tokens, two revocations");
        let mut ids = BTreeSet::new();
        for seen in &seen {
            assert_eq!(seen.authorization(), None);
            assert_eq!(seen.form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
            let token = &seen.form["client_assertion"];
            assert!(verifies(token, verifier, &public), "{algorithm}");
            assert!(!verifies(&token.replacen("ey", "ez", 1), verifier, &public));
            let header = part(token, 0);
            let thumbprint =
                BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(der(secrets.last().expect("a certificate").1)));
            assert_eq!(header, json!({ "alg": algorithm, "typ": "JWT", "x5t#S256": thumbprint }));
            let claims = part(token, 1);
            assert_eq!((&claims["iss"], &claims["sub"]), (&json!("client-1"), &json!("client-1")));
            assert_eq!(claims["aud"], format!("{}/token", house.provider.base()));
            let life = claims["exp"].as_u64().expect("a time") - claims["iat"].as_u64().expect("a time");
            assert!(life <= 600, "{life}");
            assert!(ids.insert(claims["jti"].as_str().expect("an id").to_owned()), "an assertion came twice");
        }
        assert_eq!(
            (seen[0].form["grant_type"].as_str(), seen[0].form["scope"].as_str()),
            ("client_credentials", "files.read")
        );
        assert_eq!(part(&seen[1].form["client_assertion"], 1)["iat"], house.clock.now().as_secs());
    }
}

#[tokio::test]
async fn the_key_is_named_as_the_connection_says_and_the_audience_too() {
    let house = House::new().await;
    let binding = [("certificateBinding", json!("x5c")), ("audience", json!("https://as.example.com"))];
    let chain = format!("{RSA_CERTIFICATE}{EC_CERTIFICATE}");
    let connection = signing(&house, &binding, &[("privateKey", RSA), ("certificate", &chain)]).await;
    house.header(&connection).await.expect("a token");
    let token = &house.provider.received()[0].form["client_assertion"];
    let certificates = [RSA_CERTIFICATE, EC_CERTIFICATE].map(|pem| BASE64_STANDARD.encode(der(pem)));
    assert_eq!(part(token, 0)["x5c"], json!(certificates));
    assert_eq!(part(token, 1)["aud"], "https://as.example.com");

    let house = House::new().await;
    let binding = [("certificateBinding", json!("kid")), ("keyId", json!("key 1"))];
    let connection = signing(&house, &binding, &[("privateKey", RSA)]).await;
    house.header(&connection).await.expect("a token");
    let token = &house.provider.received()[0].form["client_assertion"];
    assert_eq!(part(token, 0), json!({ "alg": "PS256", "typ": "JWT", "kid": "key 1" }));
}

#[tokio::test]
async fn a_consent_client_signs_its_exchange_and_its_refresh() {
    let house = House::new().await;
    let connection = house
        .connect(
            "oauth_authorization_code",
            &[
                ("authorizationUrl", json!(format!("{}/authorize", house.provider.base()))),
                ("tokenUrl", json!(format!("{}/token", house.provider.base()))),
                ("clientId", json!("client-1")),
                ("tokenEndpointAuthMethod", json!("private_key_jwt")),
            ],
            &[("privateKey", RSA), ("certificate", RSA_CERTIFICATE)],
            AuthMode::Shared,
        )
        .await;
    let (begun, session) = house.begin(&connection, &GrantOwner::Shared).await;
    house.auth.complete(&callback(&begun, "code=code-1"), &session).await.expect("completed");
    house.advance(4000);
    house.header(&connection).await.expect("refreshed");
    for (seen, grant_type) in house.provider.received().iter().zip(["authorization_code", "refresh_token"]) {
        assert_eq!(seen.form["grant_type"], grant_type);
        assert!(verifies(&seen.form["client_assertion"], &RSA_PSS_2048_8192_SHA256, &rsa_public()));
        assert_eq!(seen.form["client_id"], "client-1");
    }
}

async fn showing(house: &House, more: &[(&str, Value)]) -> ConnectionRecord {
    let mut fields = vec![
        ("tokenUrl", json!(format!("{}/token", house.provider.base()))),
        ("revocationUrl", json!(format!("{}/revoke", house.provider.base()))),
        ("clientId", json!("client-1")),
    ];
    fields.extend(more.iter().cloned());
    let secrets = [("certificate", CLIENT_CERTIFICATE), ("privateKey", RSA_ENCRYPTED), ("passphrase", PASSPHRASE)];
    house.connect("oauth_client_credentials_mtls", &fields, &secrets, AuthMode::Shared).await
}

#[tokio::test]
async fn a_certificate_is_shown_where_tokens_are_given_and_given_back_and_to_nobody_else() {
    let house = House::secure().await;
    let connection = showing(&house, &[]).await;
    assert_eq!(house.header(&connection).await.expect("a token"), "Bearer access-1");
    house.auth.disconnect(&connection, &GrantOwner::Shared).await.expect("disconnected");
    let seen = house.provider.received();
    assert_eq!(seen.iter().map(Received::path).collect::<Vec<_>>(), ["/token", "/revoke", "/revoke"]);
    for seen in &seen {
        assert_eq!(seen.certificate.as_deref(), Some(&*der(CLIENT_CERTIFICATE)), "{}", seen.path());
        assert_eq!(seen.form["client_id"], "client-1");
        assert!(seen.authorization().is_none() && !seen.form.contains_key("client_secret"));
    }
    // Another client of the same server, over the same egress, has separate connections.
    let other = house.own_named("other").await;
    house.header(&other).await.expect("a token");
    assert_eq!(house.provider.received().last().expect("a request").certificate, None);
}

#[tokio::test]
async fn a_token_that_is_bound_to_the_certificate_goes_with_it() {
    let house = House::secure().await;
    let connection = showing(&house, &[("certificateBoundTokens", json!(true))]).await;
    let source = house.auth.credential_source(&connection, &GrantOwner::Shared).expect("a source");
    let attachment = source.attachment(&head(), None).await.expect("live").expect("an attachment");
    assert!(attachment.identity.is_some());
    assert!(!format!("{attachment:?}").contains("PRIVATE"));

    let house = House::secure().await;
    let connection = showing(&house, &[]).await;
    let source = house.auth.credential_source(&connection, &GrantOwner::Shared).expect("a source");
    assert!(source.attachment(&head(), None).await.expect("live").expect("an attachment").identity.is_none());
}

/// The certificate of a connection was changed while its token was valid, and the old one was presented to services until the
/// token expired.
#[tokio::test]
async fn a_change_of_the_connection_holds_for_the_token_that_lives() {
    let house = House::secure().await;
    let connection = showing(&house, &[]).await;
    house.header(&connection).await.expect("a token");
    let secrets = house.auth.open_secrets(&connection).expect("they open");
    let mut fields = connection.fields.clone();
    fields.insert("certificateBoundTokens".to_owned(), json!(true));
    let settings = Settings::from_stored(connection.auth_type.clone(), fields.clone(), secrets);
    let sealed = house.auth.seal_secrets(&connection.space, &connection.id, 2, &settings).expect("sealed");
    let changed = ConnectionRecord { secrets: sealed, fields, version: 2, ..connection };
    let source = house.auth.credential_source(&changed, &GrantOwner::Shared).expect("a source");
    assert!(source.attachment(&head(), None).await.expect("live").expect("an attachment").identity.is_some());
    assert_eq!(house.provider.received().len(), 1, "it is the same token");
}

#[tokio::test]
async fn an_assertion_says_for_whom_the_token_is() {
    let house = House::new().await;
    let fields = [
        ("tokenUrl", json!(format!("{}/token", house.provider.base()))),
        ("issuer", json!("robot@example.com")),
        ("subject", json!("ada@example.com")),
        ("audience", json!("https://as.example.com")),
        ("scope", json!("files.read")),
        ("algorithm", json!("RS256")),
        ("keyId", json!("k1")),
        ("lifetime", json!(3600)),
        ("claims", json!(r#"{"scope":"drive","target":{"a":1}}"#)),
    ];
    let connection = house.connect("oauth_jwt_bearer", &fields, &[("privateKey", RSA)], AuthMode::Shared).await;
    assert_eq!(house.header(&connection).await.expect("a token"), "Bearer access-1");
    house.advance(4000);
    assert_eq!(house.header(&connection).await.expect("another"), "Bearer access-2", "asked for again, not refreshed");
    let seen = house.provider.received();
    let names: BTreeSet<_> = seen[0].form.keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["assertion", "grant_type", "scope"]));
    assert_eq!(seen[1].form["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let token = &seen[1].form["assertion"];
    assert!(verifies(token, &RSA_PKCS1_2048_8192_SHA256, &rsa_public()));
    assert_eq!(part(token, 0), json!({ "alg": "RS256", "typ": "JWT", "kid": "k1" }));
    let (mut claims, now) = (part(token, 1), house.clock.now().as_secs());
    assert_eq!(claims["jti"].take().as_str().map(str::len), Some(22));
    let expected = json!({ "iss": "robot@example.com", "sub": "ada@example.com", "aud": "https://as.example.com",
        "iat": now, "exp": now + 3600, "scope": "drive", "target": { "a": 1 }, "jti": null });
    assert_eq!(claims, expected);
}

#[tokio::test]
async fn a_password_is_sent_as_the_service_wants_it() {
    for (format, username_field) in [("form", "username"), ("json", "email")] {
        let house = House::secure().await;
        let fields = [
            ("tokenUrl", json!(format!("{}/token", house.provider.base()))),
            ("username", json!("ada@example.com")),
            ("clientId", json!("client-1")),
            ("scope", json!("files.read")),
            ("usernameField", json!(username_field)),
            ("requestBodyFormat", json!(format)),
            ("tokenType", json!("Token")),
        ];
        let password = [("password", "hunter2 &=\"")];
        let connection = house.connect("oauth_password", &fields, &password, AuthMode::Shared).await;
        assert_eq!(house.header(&connection).await.expect("a token"), "Token access-1");
        let seen = house.provider.received().remove(0);
        let sent: Value =
            if format == "json" { serde_json::from_slice(&seen.body).expect("JSON") } else { json!(seen.form) };
        let mut expected = json!({ "grant_type": "password", "password": "hunter2 &=\"", "client_id": "client-1",
            "scope": "files.read" });
        expected[username_field] = json!("ada@example.com");
        assert_eq!(sent, expected);
        // A wrong password is a mistake in the settings, and appears nowhere.
        house.advance(4000);
        house.provider.answers([Reply::error("invalid_grant")]);
        let error = header(&house.auth, &connection, &GrantOwner::Shared).await.expect_err("refused");
        assert!(error.to_string().contains("correct the settings"), "{error}");
        assert!(!format!("{error} {error:?} {:?}", house.auth).contains("hunter2"));
    }
}
