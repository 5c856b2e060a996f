//! Private keys and certificates in common formats, and their mistakes. The files are only for these tests.

use std::collections::BTreeMap;

use innkeeper_auth::{AuthTypes, Declared, Defaults, FieldValues, Settings};
use innkeeper_fixtures::keys::{EC, EC_CERTIFICATE, PASSPHRASE, RSA, RSA_CERTIFICATE, RSA_ENCRYPTED};
use serde_json::{Value, json};

use crate::support::declaration;

pub(crate) const RSA_PKCS1: &str = include_str!("keys/rsa.pkcs1.pem");
const EC_ENCRYPTED: &str = include_str!("keys/ec.encrypted.pem");
const EC_SEC1: &str = include_str!("keys/ec.sec1.pem");
const JWT: &str = "oauth_client_credentials_private_key_jwt";
const MTLS: &str = "oauth_client_credentials_mtls";

/// The mistakes in fields besides a token URL and a client id; empty: none.
fn mistakes(auth_type: &str, fields: &[(&str, Value)], secrets: &[(&str, &str)]) -> String {
    let declaration = declaration(auth_type, &[]);
    let types = AuthTypes::builtin();
    let auth_type = types.require(&declaration.auth_type).expect("a known type");
    let mut given = BTreeMap::new();
    if auth_type.spec().field("tokenUrl").is_some() {
        given.insert("tokenUrl".to_owned(), json!("https://as.example.com/token"));
    }
    if auth_type.spec().field("clientId").is_some_and(|field| field.required) {
        given.insert("clientId".to_owned(), json!("client-1"));
    }
    given.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    given.retain(|_, value| !value.is_null());
    let secrets = secrets.iter().map(|(name, text)| ((*name).to_owned(), (*text).into())).collect();
    let (auth_type, config, defaults) = (&**auth_type, &Value::Null, Defaults::All);
    let of = Declared { declaration: &declaration, auth_type, config, defaults };
    let built = Settings::build(&of, &FieldValues::given(given, secrets));
    built.err().map(|errors| errors.to_string()).unwrap_or_default()
}

fn signing(algorithm: &str, secrets: &[(&str, &str)]) -> String {
    let fields = [("algorithm", json!(algorithm)), ("certificateBinding", json!("kid")), ("keyId", json!("k1"))];
    mistakes(JWT, &fields, secrets)
}

#[test]
fn every_form_of_a_fitting_key_is_taken() {
    for algorithm in ["PS256", "RS256"] {
        for key in [RSA, RSA_PKCS1, &format!("Bag Attributes\n    x: y\n{RSA}\n"), &RSA.replace('\n', "\r\n")] {
            assert_eq!(signing(algorithm, &[("privateKey", key)]), "", "{algorithm}");
        }
        for key in [RSA_ENCRYPTED, include_str!("keys/rsa.scrypt.pem")] {
            assert_eq!(signing(algorithm, &[("privateKey", key), ("passphrase", PASSPHRASE)]), "", "{algorithm}");
        }
    }
    for key in [EC, EC_SEC1] {
        assert_eq!(signing("ES256", &[("privateKey", key)]), "");
    }
    assert_eq!(signing("ES256", &[("privateKey", EC_ENCRYPTED), ("passphrase", PASSPHRASE)]), "");
    let parameters = format!("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{EC_SEC1}");
    assert_eq!(signing("ES256", &[("privateKey", &parameters)]), "");
}

#[test]
fn each_thing_that_can_be_wrong_with_a_key_is_named() {
    let broken = RSA.replace("MII", "MIJ");
    for (algorithm, key, passphrase, words) in [
        ("PS256", "hunter2-key", None, "privateKey is not PEM text"),
        ("PS256", "-----BEGIN PRIVATE KEY-----\nhunter2", None, "privateKey is not PEM text"),
        ("PS256", include_str!("keys/rsa.public.pem"), None, "privateKey contains no private key"),
        ("PS256", RSA_CERTIFICATE, None, "privateKey contains no private key"),
        ("PS256", &format!("{RSA}{RSA}"), None, "privateKey contains several private keys"),
        ("PS256", &broken, None, "privateKey is damaged"),
        ("PS256", include_str!("keys/rsa1024.pem"), None, "privateKey is an RSA key of fewer than 2048"),
        ("PS256", EC, None, "privateKey is not an RSA key"),
        ("RS256", EC_SEC1, None, "privateKey is not an RSA key"),
        ("PS256", include_str!("keys/ed25519.pem"), None, "privateKey is not an RSA key"),
        ("ES256", RSA, None, "privateKey is not a key on the curve P-256"),
        ("ES256", RSA_PKCS1, None, "privateKey is not a key on the curve P-256"),
        ("ES256", include_str!("keys/ec384.pem"), None, "privateKey is not a key on the curve P-256"),
        ("ES256", include_str!("keys/ec384.sec1.pem"), None, "privateKey "),
        ("ES256", include_str!("keys/ed25519.pem"), None, "privateKey is not a key on the curve P-256"),
        ("ES256", include_str!("keys/ec.private-only.pem"), None, "privateKey lacks its public part"),
        ("PS256", RSA_ENCRYPTED, None, "passphrase is required"),
        ("PS256", RSA_ENCRYPTED, Some("hunter2-wrong"), "passphrase does not open"),
        ("PS256", RSA, Some("hunter2-wrong"), "passphrase is set for a private key that is not encrypted"),
        ("PS256", include_str!("keys/rsa.old-encrypted.pem"), Some(PASSPHRASE), "OpenSSL's old format"),
        ("PS256", include_str!("keys/rsa.des3.pem"), Some(PASSPHRASE), "encrypted in a way that is not supported"),
        ("PS256", include_str!("keys/rsa.slow.pem"), Some(PASSPHRASE), "encrypted in a way that is not supported"),
    ] {
        let mut secrets = vec![("privateKey", key)];
        secrets.extend(passphrase.map(|text| ("passphrase", text)));
        let found = signing(algorithm, &secrets);
        assert!(found.contains(words), "{words}: {found}");
        assert!(!found.contains("hunter2"), "{found}");
    }
    assert!(signing("HS256", &[("privateKey", RSA)]).contains("choose one of PS256, RS256, ES256"));
    assert!(signing("PS256", &[]).contains("privateKey is required"));
}

#[test]
fn the_key_reference_has_what_it_needs_and_nothing_that_contradicts_it() {
    let with = |binding: Value, key_id: Value, certificate: Option<&str>| {
        let fields = [("certificateBinding", binding), ("keyId", key_id)];
        let mut secrets = vec![("privateKey", RSA)];
        secrets.extend(certificate.map(|text| ("certificate", text)));
        mistakes(JWT, &fields, &secrets)
    };
    for binding in [json!("x5t#S256"), json!("x5c"), Value::Null] {
        assert_eq!(with(binding.clone(), Value::Null, Some(RSA_CERTIFICATE)), "");
        assert!(with(binding.clone(), Value::Null, None).contains("certificate is required"));
        assert!(
            with(binding.clone(), Value::Null, Some(EC_CERTIFICATE)).contains("does not belong to the private key")
        );
        assert!(with(binding.clone(), Value::Null, Some("x")).contains("certificate is not PEM text"));
        assert!(with(binding.clone(), Value::Null, Some(RSA)).contains("certificate contains a private key"));
        let public = include_str!("keys/rsa.public.pem");
        assert!(with(binding.clone(), Value::Null, Some(public)).contains("certificate is damaged"));
        assert!(with(binding, json!("k1"), Some(RSA_CERTIFICATE)).contains("keyId contradicts"));
    }
    assert_eq!(with(json!("kid"), json!("k1"), None), "");
    assert!(with(json!("kid"), Value::Null, None).contains("keyId is required"));
    assert!(with(json!("kid"), json!("k1"), Some(RSA_CERTIFICATE)).contains("certificate contradicts"));
    assert!(with(json!("x5u"), Value::Null, Some(RSA_CERTIFICATE)).contains("choose one of"));
    let chain = format!("{RSA_CERTIFICATE}{EC_CERTIFICATE}");
    assert_eq!(with(json!("x5c"), Value::Null, Some(&chain)), "");
}

#[test]
fn a_tls_certificate_needs_its_key_and_https() {
    let with = |fields: &[(&str, Value)], certificate: &str, key: &str| {
        mistakes(MTLS, fields, &[("certificate", certificate), ("privateKey", key)])
    };
    assert_eq!(with(&[], RSA_CERTIFICATE, RSA), "");
    assert_eq!(with(&[], EC_CERTIFICATE, EC_SEC1), "");
    assert!(with(&[], RSA_CERTIFICATE, EC).contains("certificate does not belong to the private key"));
    assert!(with(&[], "x", RSA).contains("certificate is not PEM text"));
    assert!(with(&[], RSA_CERTIFICATE, include_str!("keys/rsa1024.pem")).contains("privateKey "));
    assert!(mistakes(MTLS, &[], &[("privateKey", RSA)]).contains("certificate is required"));
    for field in ["tokenUrl", "revocationUrl"] {
        let plain = [(field, json!("http://127.0.0.1:1/token"))];
        assert!(with(&plain, RSA_CERTIFICATE, RSA).contains("must use https, also on loopback"));
    }
    let both = mistakes(MTLS, &[("clientID", json!("x"))], &[("certificate", "x"), ("privateKey", RSA_ENCRYPTED)]);
    for part in ["clientID is not a field", "certificate is not PEM", "passphrase is required"] {
        assert!(both.contains(part), "{part} in {both}");
    }
}

#[test]
fn an_assertion_grant_says_for_whom_for_an_hour_at_most() {
    let with = |fields: &[(&str, Value)], secrets: &[(&str, &str)]| {
        let mut all = vec![("issuer", json!("me")), ("subject", json!("ada"))];
        all.extend(fields.iter().cloned());
        let mut keys = vec![("privateKey", RSA)];
        keys.extend(secrets);
        mistakes("oauth_jwt_bearer", &all, &keys)
    };
    assert_eq!(with(&[("lifetime", json!("3600")), ("claims", json!(r#"{"scope":"a"}"#))], &[]), "");
    for (fields, words) in [
        (vec![("lifetime", json!(3601))], "lifetime must be a whole number of seconds from 1 to 3600"),
        (vec![("lifetime", json!(0))], "lifetime must"),
        (vec![("lifetime", json!(1.5))], "lifetime must"),
        (vec![("claims", json!("[1]"))], "claims must be a JSON object"),
        (vec![("claims", json!(r#"{"aud":"x","exp":1}"#))], "claims must not contain aud, exp"),
        (vec![("issuer", Value::Null), ("subject", Value::Null)], "issuer is required; subject is required"),
        (vec![("tokenUrl", Value::Null)], "tokenUrl is required: set it, or a discoveryUrl"),
    ] {
        let found = with(&fields, &[]);
        assert!(found.contains(words), "{words}: {found}");
    }
    assert!(with(&[], &[("clientSecret", "s")]).contains("clientId is required together with"));
}

#[test]
fn a_password_goes_over_https_alone_and_is_marked_as_insecure() {
    let with = |fields: &[(&str, Value)], password: &str| {
        let mut all = vec![("username", json!("ada"))];
        all.extend(fields.iter().cloned());
        mistakes("oauth_password", &all, &[("password", password)])
    };
    assert_eq!(with(&[("usernameField", json!("email")), ("requestBodyFormat", json!("json"))], "hunter2"), "");
    for (fields, words) in [
        (vec![("tokenUrl", json!("http://127.0.0.1:1/token"))], "tokenUrl must use https, also on loopback"),
        (vec![("tokenUrl", json!("http://as.example.com/token"))], "tokenUrl must use https"),
        (vec![("tokenUrl", json!("https://as.example.com/token#x"))], "tokenUrl must not have a fragment"),
        (vec![("tokenUrl", json!("https://a:b@as.example.com/"))], "tokenUrl contains a user name"),
        (vec![("tokenUrl", json!(format!("https://as.example.com/{}", "x".repeat(2048))))], "at most 2048"),
        (vec![("username", json!("x".repeat(1025)))], "username must have at most 1024"),
        (vec![("clientId", json!("x".repeat(4097)))], "clientId must have at most 4096"),
        (vec![("usernameField", json!("login"))], "choose one of username, email"),
        (vec![("requestBodyFormat", json!("xml"))], "choose one of form, json"),
        (vec![("tokenType", json!("a b"))], "tokenType must be one word"),
    ] {
        let found = with(&fields, "hunter2");
        assert!(found.contains(words) && !found.contains("hunter2"), "{words}: {found}");
    }
    assert!(with(&[], &"x".repeat(4097)).contains("password must have at most 4096"));
    let types = AuthTypes::builtin();
    let spec = types.require(&declaration("oauth_password", &[]).auth_type).expect("known").spec().clone();
    assert!(spec.about.title.contains("insecure") && spec.about.description.starts_with("Insecure"));
    assert_eq!(spec.annotations["standing"], "legacy");
}

#[test]
fn a_consent_client_may_sign_and_its_fields_do_not_contradict() {
    let with = |fields: &[(&str, Value)], secrets: &[(&str, &str)]| {
        let mut all = vec![("authorizationUrl", json!("https://as.example.com/authorize"))];
        all.extend(fields.iter().cloned());
        mistakes("oauth_authorization_code", &all, secrets)
    };
    let method = |name: &str| ("tokenEndpointAuthMethod", json!(name));
    let keys = [("privateKey", RSA), ("certificate", RSA_CERTIFICATE)];
    assert_eq!(with(&[method("private_key_jwt")], &keys), "");
    assert_eq!(with(&[method("client_secret_post")], &[("clientSecret", "s")]), "");
    assert_eq!(with(&[method("client_secret_post"), ("useBasicAuth", json!(false))], &[("clientSecret", "s")]), "");
    let off = ("useBasicAuth", json!(false));
    for (found, words) in [
        (with(&[method("client_secret_basic"), off.clone()], &[("clientSecret", "s")]), "useBasicAuth contradicts"),
        (with(&[method("private_key_jwt"), off], &keys), "useBasicAuth contradicts"),
        (with(&[method("private_key_jwt")], &[]), "privateKey is required"),
        (with(&[method("private_key_jwt")], &[keys[0], keys[1], ("clientSecret", "s")]), "clientSecret contradicts"),
        (with(&[method("client_secret_basic")], &[]), "clientSecret is required"),
        (with(&[], &keys), "privateKey is used only with the tokenEndpointAuthMethod private_key_jwt"),
    ] {
        assert!(found.contains(words), "{words}: {found}");
    }
}

#[test]
fn a_device_code_needs_its_address() {
    let found = mistakes("oauth_device_code", &[], &[]);
    assert!(found.contains("deviceAuthorizationUrl is required: set it, or a discoveryUrl"), "{found}");
    let found = mistakes("oauth_device_code", &[("deviceAuthorizationUrl", json!("http://as.example.com/d"))], &[]);
    assert!(found.contains("must use https"), "{found}");
}
