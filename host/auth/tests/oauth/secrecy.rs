//! No secret leaks through an error, `Debug` or the disk.

use innkeeper_fixtures::scripted::Reply;
use innkeeper_spec::AuthMode;
use innkeeper_store::GrantOwner;

use crate::support::{House, callback, head};

#[tokio::test]
async fn no_error_no_debug_and_no_file_holds_a_secret() {
    let house = House::new().await;
    let connection = house.consenting_with(&[], Some("client-secret-1"), AuthMode::Shared).await;
    let mut said = Vec::new();
    let (begun, session) = house.begin(&connection, &GrantOwner::Shared).await;
    said.push(format!("{begun:?} {session:?}"));
    let arrived = callback(&begun, "code=code-1");
    said.push(format!("{arrived:?}"));
    house.auth.complete(&arrived, &session).await.expect("completed");
    let state = begun.state.expose().to_owned();
    let verifier = house.provider.received()[0].form["code_verifier"].clone();
    let source = house.auth.credential_source(&connection, &GrantOwner::Shared).expect("a source");
    let attachment = source.attachment(&head(), None).await.expect("live").expect("an attachment");
    said.push(format!("{source:?} {attachment:?} {:?} {:?}", house.auth, house.grant(&connection).await));
    said.push(format!("{:?}", house.auth.placeholder_secrets(&connection, &["clientSecret".to_owned()])));
    said.push(format!("{:?}", house.auth.status(&connection, &GrantOwner::Shared).await));
    let echo = |status| {
        Reply::new(status)
            .header("content-type", "application/json")
            .body(r#"{"error":"access-1 refresh-1 client-secret-1 code-1"}"#)
    };
    for reply in [echo(400), echo(401), echo(500), echo(200), Reply::error("invalid_grant")] {
        house.provider.answers([reply]);
        house.advance(4000);
        let error = house.header(&connection).await.expect_err("no token");
        said.push(format!("{error} {error:?}"));
    }
    house.provider.answers([echo(400)]);
    let refused = house.authorize(&connection, &GrantOwner::Shared).await.expect_err("refused");
    said.push(format!("{refused} {refused:?}"));
    let disk = house.disk();
    for secret in ["access-1", "refresh-1", "client-secret-1", "code-1", &state, &verifier, session.expose()] {
        for text in &said {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(!disk.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} on the disk");
    }
}

#[tokio::test]
async fn settings_show_the_names_of_secrets_alone() {
    let house = House::new().await;
    let connection =
        house.connect("basic", &[("username", "ada".into())], &[("password", "hunter2")], AuthMode::Shared).await;
    let secrets = house.auth.open_secrets(&connection).expect("opened");
    let settings =
        innkeeper_auth::Settings::from_stored(connection.auth_type.clone(), connection.fields.clone(), secrets);
    let shown = format!("{settings:?} {connection:?}");
    assert!(shown.contains("password") && !shown.contains("hunter2"), "{shown}");
    let auth_type = house.auth.types().require(&connection.auth_type).expect("a known type");
    let credential = auth_type.credential(&settings).expect("a credential");
    assert!(!format!("{credential:?}").contains("hunter2"));
}
