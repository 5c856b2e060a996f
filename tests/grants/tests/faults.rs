//! What passes by itself logs nobody out: the old token serves while it lives, and the next attempt that is due succeeds.

use std::fmt::Debug;
use std::time::Duration;

use innkeeper_ambient::{Clock, Timestamp};
use innkeeper_auth::{AuthError, Reason, TokenError};
use innkeeper_fixtures::hazard::{Fault, FaultKind};
use innkeeper_fixtures::oidc::{CONFIDENTIAL_BASIC, CONFIDENTIAL_POST, OidcClient, OidcOptions, PUBLIC};
use innkeeper_fixtures::records;
use innkeeper_fixtures::secrets::Secrets;
use innkeeper_grant_tests::grant_stage::GrantStage;
use innkeeper_store::GrantOwner;
use time::OffsetDateTime;
use time::macros::format_description;

/// The life of a token.
const LIFE: u64 = 3600;
/// In it, and close enough to its end that it is to be renewed.
const AGED: u64 = LIFE - 15;
/// More bytes than the buffers of both ends of a connection on loopback hold; an honest answer has at most 64 KiB.
const BUFFERS: u64 = 16 << 20;

/// A provider that rotates, with the grace that many have.
fn graceful() -> OidcOptions {
    OidcOptions { refresh_grace_seconds: Some(600), ..OidcOptions::default() }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> FaultKind {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    FaultKind::Answer(status, headers, body.to_owned())
}

/// Everything that a way can do to an answer without the waiting of a clock.
fn kinds() -> Vec<FaultKind> {
    let (html, json) = (("content-type", "text/html"), ("content-type", "application/json"));
    vec![
        FaultKind::Dropped,
        FaultKind::Reset,
        answer(500, &[], ""),
        answer(500, &[json], r#"{"error":"server_error"}"#),
        answer(502, &[html], "<html>bad gateway</html>"),
        answer(503, &[], "busy"),
        answer(429, &[], ""),
        answer(429, &[json], r#"{"error":"slow_down"}"#),
        answer(404, &[html], "<html>not here</html>"),
        answer(403, &[html], "<html>this network is not let through</html>"),
        answer(307, &[("location", "https://login.example.com/token")], ""),
        answer(200, &[html], "<html><body>access_token=sign in first</body></html>"),
        answer(200, &[json], ""),
        answer(200, &[json], "null"),
        answer(200, &[json], r#"{"access_token":"a","token_ty"#),
        answer(200, &[json], r#"{"access_token":["a"]}"#),
        answer(200, &[json], r#"{"access_token":"a\r\nb"}"#),
        answer(204, &[], ""),
        FaultKind::Garbage,
        FaultKind::Huge(100 << 20),
        FaultKind::Truncated,
        FaultKind::WrongLength(100),
        FaultKind::WrongLength(-20),
        FaultKind::EndlessHeaders,
        FaultKind::Echo(200),
        FaultKind::Echo(400),
        FaultKind::Echo(401),
        FaultKind::Echo(429),
        FaultKind::Echo(500),
    ]
}

/// Each of them before the provider acted, and after.
fn faults() -> impl Iterator<Item = Fault> {
    kinds().into_iter().flat_map(|kind| [Fault::before(kind.clone()), Fault::after(kind)])
}

/// All that is told to people, for a search.
#[derive(Default)]
struct Said(Vec<String>);

impl Said {
    fn add(&mut self, text: &impl Debug) {
        self.0.push(format!("{text:?}"));
    }

    fn error(&mut self, error: &AuthError) {
        self.0.push(format!("{error} {error:?}"));
    }

    async fn status(&mut self, stage: &GrantStage) {
        let status = stage.status().await;
        self.0.push(format!("{status:?} {}", serde_json::to_string(&status).expect("JSON")));
    }
}

/// Waits until the fault has come to pass and the host has understood it.
async fn suffered(stage: &GrantStage, arrived: usize) {
    stage
        .until("the fault", || async {
            stage.hazard.arrived() == arrived && stage.status().await.last_failure.is_some()
        })
        .await;
}

/// Moves the clock to the moment at which the next attempt is due.
async fn until_due(stage: &GrantStage) {
    let due = stage.status().await.next_try.expect("another attempt is due");
    stage.advance(due.since(stage.clock.now()) + Duration::from_millis(1));
}

/// Calls until another token than `old` is handed out.
async fn renewed(stage: &GrantStage, old: &str) -> String {
    let token = || async { stage.token().await.expect("nobody is logged out") };
    stage.until("a new token", || async { token().await != old }).await;
    token().await
}

/// A fault that meets a token in the last moments of its life.
async fn while_it_lives(stage: &GrantStage, fault: Fault, said: &mut Said) {
    let old = stage.token().await.expect("a live token");
    let before = stage.hazard.arrived();
    stage.hazard.order(fault);
    stage.advance(Duration::from_secs(AGED));
    assert_eq!(stage.token().await.expect("the old token lives"), old);
    suffered(stage, before + 1).await;
    said.status(stage).await;
    let status = stage.status().await;
    assert!(status.authorized && status.next_try.is_some(), "{status:?}");
    assert_eq!(stage.token().await.expect("the old token lives"), old);
    assert_eq!(stage.hazard.arrived(), before + 1, "no attempt before it is due");
    until_due(stage).await;
    let new = renewed(stage, &old).await;
    assert_eq!(stage.hazard.arrived(), before + 2);
    assert_eq!(stage.user_of(&new).await, "ada");
}

/// A fault that meets a token that has ended.
async fn after_its_end(stage: &GrantStage, fault: Fault, said: &mut Said) {
    let old = stage.token().await.expect("a live token");
    let before = stage.hazard.arrived();
    stage.hazard.order(fault);
    stage.advance(Duration::from_secs(LIFE));
    for _ in 0..2 {
        let error = stage.token().await.expect_err("there is no live token");
        assert_eq!(error.reason(), None, "{error}");
        said.error(&error);
    }
    assert_eq!(stage.hazard.arrived(), before + 1, "no attempt before it is due");
    said.status(stage).await;
    assert!(stage.status().await.authorized);
    until_due(stage).await;
    let new = renewed(stage, &old).await;
    assert_eq!(stage.hazard.arrived(), before + 2);
    assert_eq!(stage.user_of(&new).await, "ada");
    let status = stage.status().await;
    assert!(status.last_failure.is_none() && !status.in_doubt, "{status:?}");
}

#[tokio::test]
async fn no_fault_on_the_way_to_the_provider_logs_a_user_out_while_the_token_lives() {
    let stage = GrantStage::authorized(graceful(), CONFIDENTIAL_POST).await;
    for fault in faults() {
        while_it_lives(&stage, fault, &mut Said::default()).await;
    }
    assert_eq!(stage.counts().await.of("refresh_token", "invalid_grant"), 0);
}

#[tokio::test]
async fn no_fault_on_the_way_to_the_provider_logs_a_user_out_after_the_token_ended() {
    let stage = GrantStage::authorized(graceful(), PUBLIC).await;
    for fault in faults() {
        after_its_end(&stage, fault, &mut Said::default()).await;
    }
    assert_eq!(stage.counts().await.of("refresh_token", "invalid_grant"), 0);
}

#[tokio::test]
async fn without_a_grace_a_fault_before_the_provider_acted_still_loses_nothing() {
    let stage = GrantStage::authorized(OidcOptions::default(), CONFIDENTIAL_BASIC).await;
    for kind in kinds() {
        after_its_end(&stage, Fault::before(kind), &mut Said::default()).await;
    }
    assert_eq!(stage.counts().await.of("refresh_token", "invalid_grant"), 0);
}

#[tokio::test]
async fn a_dropped_answer_is_repaired_within_the_providers_grace_and_said_once_without_one() {
    let stage = GrantStage::authorized(graceful(), PUBLIC).await;
    let old = stage.token().await.expect("a live token");
    stage.hazard.order(Fault::after(FaultKind::Dropped));
    stage.advance(Duration::from_secs(LIFE));
    stage.token().await.expect_err("the answer was dropped");
    assert!(stage.status().await.in_doubt, "the refresh token may be spent");
    until_due(&stage).await;
    let new = renewed(&stage, &old).await;
    assert_eq!(stage.user_of(&new).await, "ada");
    let sent: Vec<_> =
        stage.hazard.passed().iter().filter_map(|passed| passed.sent("refresh_token").map(str::to_owned)).collect();
    assert!(sent.len() == 2 && sent[0] == sent[1], "the token that was in doubt is the one that was tried again");

    let stage = GrantStage::authorized(OidcOptions::default(), PUBLIC).await;
    stage.hazard.order(Fault::after(FaultKind::Dropped));
    stage.advance(Duration::from_secs(LIFE));
    stage.token().await.expect_err("the answer was dropped");
    until_due(&stage).await;
    for _ in 0..3 {
        let error = stage.token().await.expect_err("the old refresh token is spent");
        assert_eq!(error.reason(), Some(Reason::RefreshFailed), "{error}");
    }
    let counts = stage.counts().await;
    assert_eq!(
        (counts.all("refresh_token"), counts.of("refresh_token", "invalid_grant")),
        (2, 1),
        "asked once more, once"
    );
}

#[tokio::test]
async fn a_provider_that_asks_for_patience_is_left_alone_until_then() {
    let stage = GrantStage::authorized(OidcOptions::default(), PUBLIC).await;
    let patience = Duration::from_secs(12);
    for status in [429, 503] {
        for by_date in [false, true] {
            for age in [AGED, LIFE] {
                let old = stage.token().await.expect("a live token");
                let before = stage.hazard.arrived();
                stage.advance(Duration::from_secs(age));
                let end = stage.clock.now().plus(patience);
                // A date is of whole seconds.
                let end = if by_date { Timestamp::from_secs(end.as_secs() + 1) } else { end };
                let text = if by_date { date(end) } else { patience.as_secs().to_string() };
                stage.hazard.order(Fault::before(answer(status, &[("retry-after", &text)], "")));
                let lives = age < LIFE;
                assert_eq!(stage.token().await.is_ok(), lives);
                suffered(&stage, before + 1).await;
                let due = stage.status().await.next_try.expect("another attempt is due");
                assert!(due >= end, "{status} {text}: {due} is before {end}");
                assert!(due.since(end) < Duration::from_secs(10), "{status} {text}: {due} is long after {end}");
                // Up to the last moment before it.
                while stage.clock.now().plus(Duration::from_secs(1)) < due {
                    stage.advance(Duration::from_millis(700));
                    if lives {
                        assert_eq!(stage.token().await.expect("the old token lives"), old);
                    } else {
                        let error = stage.token().await.expect_err("there is no live token");
                        assert!(
                            matches!(error, AuthError::Unavailable { problem: TokenError::BackingOff { .. }, .. }),
                            "{error}"
                        );
                    }
                }
                assert_eq!(stage.hazard.arrived(), before + 1, "{status} {text}: an attempt before it was due");
                until_due(&stage).await;
                renewed(&stage, &old).await;
                assert_eq!(stage.hazard.arrived(), before + 2);
            }
        }
    }
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_given_up_and_asked_again() {
    let stage = GrantStage::authorized(graceful(), PUBLIC).await;
    for fault in [Fault::before(FaultKind::Silence), Fault::after(FaultKind::Silence)] {
        for age in [AGED, LIFE] {
            let old = stage.token().await.expect("a live token");
            let before = stage.hazard.arrived();
            stage.hazard.order(fault.clone());
            stage.advance(Duration::from_secs(age));
            let caller = stage.replica.token(&stage.connection, &GrantOwner::Shared);
            let impatience = async {
                stage.until("the request", || async { stage.hazard.arrived() == before + 1 }).await;
                // Nobody waits for longer than this, by the clock.
                stage.advance(Duration::from_secs(31));
            };
            match tokio::join!(caller, impatience).0 {
                Ok(token) => assert!(age < LIFE && token == old, "only a token that lives is handed out"),
                Err(error) => assert!(matches!(error, AuthError::Unavailable { .. }), "{error}"),
            }
            suffered(&stage, before + 1).await;
            until_due(&stage).await;
            let new = renewed(&stage, &old).await;
            assert_eq!(stage.user_of(&new).await, "ada");
        }
    }
    assert_eq!(stage.counts().await.of("refresh_token", "invalid_grant"), 0);
}

#[tokio::test]
async fn of_an_answer_without_an_end_no_more_is_read_than_an_honest_one_has() {
    let stage = GrantStage::authorized(OidcOptions::default(), PUBLIC).await;
    for kind in [FaultKind::Huge(100 << 20), FaultKind::EndlessHeaders] {
        let old = stage.token().await.expect("a live token");
        let before = resident();
        stage.hazard.order(Fault::before(kind.clone()));
        stage.advance(Duration::from_secs(LIFE));
        let error = stage.token().await.expect_err("no token");
        let AuthError::Unavailable { problem, .. } = error else { panic!("{kind:?}: {error:?}") };
        match problem {
            TokenError::Malformed(_) => assert!(matches!(kind, FaultKind::Huge(_)), "{kind:?}: {problem:?}"),
            TokenError::NoAnswer(text) => {
                assert!(text.contains("a response head that cannot be accepted"), "{kind:?}: {text}");
            }
            problem => panic!("{kind:?}: {problem:?}"),
        }
        let taken = stage.hazard.taken();
        assert!(taken < BUFFERS, "{kind:?}: {taken} bytes were taken");
        let grown = resident().saturating_sub(before);
        assert!(grown < 2 * BUFFERS, "{kind:?}: the process grew by {grown} bytes");
        until_due(&stage).await;
        renewed(&stage, &old).await;
    }
}

#[tokio::test]
async fn no_secret_is_told_under_any_fault() {
    records::record();
    for client in [CONFIDENTIAL_BASIC, CONFIDENTIAL_POST] {
        let stage = GrantStage::start(graceful(), client, innkeeper_spec::AuthMode::Shared).await;
        let mut said = Said::default();
        let mut secrets = Secrets::default().whole("the client secret", client.secret.expect("a confidential client"));
        // The first code is lost on its way, the second is exchanged.
        for fault in [Some(Fault::after(FaultKind::Echo(400))), None] {
            let (begun, session) = stage.replica.begin(&stage.connection, &GrantOwner::Shared).await;
            said.add(&begun);
            said.add(&session);
            let callback = stage.provider.authorize_as(begun.authorization_url.as_str(), "ada").await.expect("consent");
            let expect_failure = fault.is_some();
            if let Some(fault) = fault {
                stage.hazard.order(fault);
            }
            match stage.replica.complete(&callback, &session).await {
                Ok(completed) => said.add(&completed),
                Err(refused) => said.0.push(format!("{refused} {refused:?} {:?}", refused.flow)),
            }
            assert_eq!(stage.status().await.authorized, !expect_failure);
            secrets = secrets.random("a state", begun.state.expose()).random("a session", session.expose());
        }
        for fault in faults() {
            after_its_end(&stage, fault.clone(), &mut said).await;
            while_it_lives(&stage, fault, &mut said).await;
        }
        said.add(&stage.replica);
        said.add(&stage.replica.auth.credential_source(&stage.connection, &GrantOwner::Shared).expect("a credential"));
        let secrets = learn(secrets, &stage, client);
        let texts = said.0.join("\n");
        secrets.assert_not_in("what was said", texts.as_bytes());
        let log = records::recorded();
        assert!(String::from_utf8_lossy(&log).contains("token not renewed"), "the log is recorded");
        secrets.assert_not_in("the log", &log);
        secrets.assert_not_on_disk(stage.folder.path());
    }
}

/// Every code, verifier, token and proof that passed.
fn learn(mut secrets: Secrets, stage: &GrantStage, client: OidcClient) -> Secrets {
    let mut proofs = Vec::new();
    for passed in stage.hazard.passed() {
        for name in ["code", "code_verifier", "refresh_token"] {
            if let Some(text) = passed.sent(name) {
                secrets = secrets.random(name, text);
            }
        }
        for name in ["access_token", "refresh_token"] {
            if let Some(text) = passed.answer[name].as_str() {
                secrets = secrets.random(name, text);
            }
        }
        if let Some(text) = passed.answer["id_token"].as_str() {
            secrets = secrets.whole("id_token", text);
        }
        proofs.extend(passed.authorization.as_deref().and_then(|text| text.strip_prefix("Basic ")).map(str::to_owned));
    }
    assert_eq!(proofs.is_empty(), client.id != CONFIDENTIAL_BASIC.id);
    proofs.dedup();
    assert!(secrets.count() > 200, "all kinds were used: {}", secrets.count());
    proofs.into_iter().fold(secrets, |secrets, proof| secrets.whole("the client's proof", proof))
}

/// RFC 9110, section 5.6.7.
fn date(at: Timestamp) -> String {
    let format =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    let seconds = i64::try_from(at.as_secs()).expect("a date");
    OffsetDateTime::from_unix_timestamp(seconds).expect("a date").format(&format).expect("a date has a text")
}

/// Bytes of memory in use; zero where the system does not say.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap_or(0) * 1024
}
