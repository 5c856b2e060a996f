//! A process that is killed while refreshes are in flight: what the provider still honours is there after the next start.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use innkeeper_ambient::{Clock, Random, SeededRandom, SystemClock};
use innkeeper_auth::Reason;
use innkeeper_egress::Attachment;
use innkeeper_fixtures::oidc::{Issue, OidcOptions, OidcProvider, PUBLIC, owner_of};
use innkeeper_grant_tests::replica::{Replica, head, key, owner};
use innkeeper_spec::AuthMode;
use innkeeper_store::{ConnectionRecord, GrantPhase, GrantRecord, GrantRepository, LossReason};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

/// How often the process is killed in each of the two runs.
const KILLS: usize = 100;
const USERS: usize = 12;
/// How long a refresh token may be used again, in seconds, where it may: more than a start takes on a busy machine.
const GRACE: u32 = 60;

/// A folder that one process after another works in, and the provider of its users.
struct Run {
    provider: OidcProvider,
    folder: TempDir,
    users: Vec<String>,
    random: SeededRandom,
    /// Tokens of the provider's journal: by the user, in order.
    journal: Vec<Issue>,
}

/// What was found after a kill.
#[derive(Debug, Default)]
struct Findings {
    /// Users whose grant was in doubt.
    doubtful: usize,
    /// Of these, those whose answer the provider had given, and that was never stored.
    answer_lost: usize,
    /// Users who had to authorize again.
    lost: BTreeSet<String>,
}

impl Run {
    async fn start(grace: u32, seed: u64) -> Self {
        let provider = OidcProvider::start(OidcOptions {
            access_token_ttl: Some(1),
            refresh_grace_seconds: Some(grace),
            answer_delay_ms: Some(12),
            ..OidcOptions::default()
        });
        let provider = provider.await.expect("the authorization server starts");
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let users: Vec<String> = (0..USERS).map(|number| format!("user-{number}")).collect();
        let run = Self { provider, folder, users, random: SeededRandom::new(seed), journal: Vec::new() };
        let replica = run.open().await;
        let connection =
            replica.connect(&run.provider, &run.provider.token_endpoint(), PUBLIC, AuthMode::PerUser).await;
        stream::iter(&run.users)
            .for_each_concurrent(4, |user| {
                let (run, replica, connection) = (&run, &replica, &connection);
                async move { replica.authorize(&run.provider, connection, &owner(user), user).await }
            })
            .await;
        run
    }

    async fn open(&self) -> Replica {
        Replica::open(self.folder.path(), Arc::new(SystemClock)).await.expect("the store opens")
    }

    /// Lets a process work and kills it: at a random moment, or at the first one after it at which a refresh is in flight.
    async fn work_and_kill(&mut self) -> BTreeMap<String, String> {
        let mut worker = Command::new(env!("CARGO_BIN_EXE_grant-worker"))
            .arg(self.folder.path())
            .args(&self.users)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the worker starts");
        let mut said = BufReader::new(worker.stdout.take().expect("its output is piped"));
        let mut line = String::new();
        said.read_line(&mut line).await.expect("the worker speaks");
        assert_eq!(line, "ready\n");
        let [moment, way]: [u16; 2] = [self.draw(), self.draw()];
        SystemClock.sleep(Duration::from_millis(u64::from(moment % 400))).await;
        if way % 3 > 0 {
            while self.provider.issues(self.journal.len()).await.expect("the journal").in_flight == 0 {
                assert!(worker.try_wait().expect("a state").is_none(), "the worker is at work");
            }
        }
        kill(&mut worker).await;
        let mut rest = String::new();
        said.read_to_string(&mut rest).await.expect("what it said before");
        rest.lines()
            .map(|line| {
                let (user, reason) = line.strip_prefix("lost ").and_then(|rest| rest.split_once(' ')).expect(line);
                (user.to_owned(), reason.to_owned())
            })
            .collect()
    }

    fn draw(&self) -> u16 {
        u16::from_le_bytes((&self.random as &dyn Random).bytes())
    }

    /// Until the provider has done all that the killed process had asked for.
    async fn settle(&mut self) {
        let mut quiet = 0;
        while quiet < 3 {
            let news = self.provider.issues(self.journal.len()).await.expect("the journal");
            quiet = if news.in_flight == 0 && news.issues.is_empty() { quiet + 1 } else { 0 };
            self.journal.extend(news.issues);
        }
    }

    /// Looks at every grant. Each is whole, and is the newest that the provider gave or says that it may not be.
    async fn look(&mut self, replica: &Replica, connection: &ConnectionRecord) -> Findings {
        self.settle().await;
        let mut findings = Findings::default();
        for user in &self.users {
            let record = replica.store.grant(&key(connection, &owner(user))).await.expect("the store answers");
            let record = record.expect("no grant is gone");
            let token = self.stored(replica, &record, user);
            let spent = self.uses(&token).any(|issue| issue.outcome == "success");
            if let GrantPhase::Lost { reason } = record.phase {
                assert_eq!(reason, LossReason::RefreshFailed, "{user} lost a grant whose answer was not lost");
                assert!(spent, "{user}: the provider still honours what was given up");
                assert!(self.is_refused(&token), "{user}: the provider has not refused it");
                findings.lost.insert(user.clone());
            } else if record.phase.is_in_doubt() {
                findings.doubtful += 1;
                findings.answer_lost += usize::from(spent);
            } else {
                assert!(!spent, "{user}: a spent token is stored as if it were good");
            }
        }
        findings
    }

    /// The digest of a stored refresh token, which is one that the provider gave to this user.
    fn stored(&self, replica: &Replica, record: &GrantRecord, user: &str) -> String {
        let content = replica.opened(record);
        let digest = Sha256::digest(content["refresh_token"].as_str().expect("a refresh token").as_bytes());
        let digest: String =
            digest.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).map(char::from).collect();
        let issue =
            self.journal.iter().find(|issue| issue.issued.as_ref() == Some(&digest)).expect("a token of the provider");
        assert_eq!(issue.account.as_deref(), Some(user), "nobody has the grant of another");
        digest
    }

    fn uses<'r>(&'r self, token: &'r str) -> impl Iterator<Item = &'r Issue> {
        self.journal.iter().filter(move |issue| issue.used.as_deref() == Some(token))
    }

    fn is_refused(&self, token: &str) -> bool {
        self.uses(token).any(|issue| issue.outcome == "invalid_grant")
    }

    /// Whether the provider refused a token although its grace had not passed.
    fn refused_in_grace(&self) -> bool {
        let refusals = self.journal.iter().filter(|issue| issue.outcome == "invalid_grant");
        refusals
            .filter_map(|refusal| Some((refusal, self.uses(refusal.used.as_deref()?).next()?)))
            .any(|(refusal, first)| refusal.at - first.at < u64::from(GRACE) * 1000)
    }

    /// After the last kill every user's token is taken by the protected resource, for that user.
    async fn all_are_served(&self) {
        let replica = self.open().await;
        let connection = replica.connection().await.expect("the connection");
        for user in &self.users {
            self.is_served(&replica, &connection, user).await;
        }
    }

    /// A token may end on the way, and a passing failure may be waited out; a grant may not.
    async fn is_served(&self, replica: &Replica, connection: &ConnectionRecord, user: &str) {
        let credential = replica.auth.credential_source(connection, &owner(user)).expect("the connection is sound");
        let mut rejected = None;
        for _ in 0..100 {
            match credential.attachment(&head(), rejected.as_deref()).await {
                Ok(Some(attachment)) => match self.user_of(&attachment).await {
                    Some(found) => return assert_eq!(found, user, "nobody has the grant of another"),
                    None => rejected = Some(attachment),
                },
                Ok(None) => SystemClock.sleep(Duration::from_millis(100)).await,
                Err(error) => {
                    assert_eq!(error.reason(), None, "{error}");
                    SystemClock.sleep(Duration::from_millis(100)).await;
                }
            }
        }
        panic!("{user} gets no token that the provider takes")
    }

    /// What the protected resource says; none where it does not take the token.
    async fn user_of(&self, attachment: &Attachment) -> Option<String> {
        let (_, value) = attachment.headers.first().expect("a header");
        let token = value.expose_secret().strip_prefix("Bearer ").expect("a bearer token");
        owner_of(self.provider.api(), token).await
    }
}

async fn kill(worker: &mut Child) {
    // SIGKILL, and the end of the process.
    worker.kill().await.expect("the worker can be killed");
}

fn tell(text: &str) {
    // Figures for whoever runs the test; without a standard error there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_grace_at_the_provider_no_kill_loses_a_grant() {
    let mut run = Run::start(GRACE, 41).await;
    let (mut doubtful, mut answer_lost) = (0, 0);
    for _ in 0..KILLS {
        let said = run.work_and_kill().await;
        assert!(said.is_empty(), "nobody has to authorize: {said:?}");
        let replica = run.open().await;
        let connection = replica.connection().await.expect("the connection");
        let findings = run.look(&replica, &connection).await;
        assert!(findings.lost.is_empty(), "{findings:?}");
        doubtful += findings.doubtful;
        answer_lost += findings.answer_lost;
    }
    assert!(!run.refused_in_grace() && run.journal.iter().all(|issue| issue.outcome == "success"));
    run.all_are_served().await;
    assert!(answer_lost >= KILLS / 4, "the kills hit refreshes in flight: {answer_lost}");
    tell(&format!(
        "{KILLS} kills with a grace: {} refreshes, {doubtful} grants in doubt, {answer_lost} answers lost, 0 grants lost",
        run.journal.len()
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_grace_a_kill_loses_a_grant_only_with_the_answer_of_its_refresh_and_says_so_once() {
    let mut run = Run::start(0, 42).await;
    let (mut doubtful, mut lost, mut unsaved) = (0, 0, BTreeSet::new());
    for _ in 0..KILLS {
        let said = run.work_and_kill().await;
        let replica = run.open().await;
        let connection = replica.connection().await.expect("the connection");
        let findings = run.look(&replica, &connection).await;
        // What the process said is what is stored; it may have been killed before it said it.
        for (user, reason) in &said {
            assert_eq!(reason, Reason::RefreshFailed.as_str(), "{user}");
            assert!(findings.lost.contains(user), "{user} is to authorize, and the store does not know it");
        }
        doubtful += findings.doubtful;
        unsaved.extend(run.lost_answers());
        lost += findings.lost.len();
        for user in &findings.lost {
            let owner = owner(user);
            let status = replica.auth.status(&connection, &owner).await.expect("a status");
            assert_eq!((status.authorized, status.reason), (false, Some(Reason::RefreshFailed)), "{user}");
            let before = run.provider.counts().await.expect("counts").all("refresh_token");
            for _ in 0..3 {
                let error = replica.token(&connection, &owner).await.expect_err("it says so");
                assert_eq!(error.reason(), Some(Reason::RefreshFailed), "{user}: {error}");
            }
            let after = run.provider.counts().await.expect("counts").all("refresh_token");
            assert_eq!(before, after, "{user}: the provider is not asked again");
            replica.authorize(&run.provider, &connection, &owner, user).await;
        }
    }
    // Grants that were in doubt at the last kill are settled by one more process.
    let replica = run.open().await;
    let connection = replica.connection().await.expect("the connection");
    for user in run.users.clone() {
        if let Err(error) = replica.token(&connection, &owner(&user)).await {
            assert_eq!(error.reason(), Some(Reason::RefreshFailed), "{user}: {error}");
            lost += 1;
            replica.authorize(&run.provider, &connection, &owner(&user), &user).await;
        }
    }
    run.settle().await;
    unsaved.extend(run.lost_answers());
    drop(replica);
    run.all_are_served().await;
    assert!(lost >= KILLS / 4, "the kills hit refreshes in flight: {lost}");
    assert_eq!(lost, unsaved.len(), "one grant is lost for each answer that was, and none besides");
    tell(&format!(
        "{KILLS} kills without a grace: {} refreshes, {doubtful} grants in doubt, {lost} answers and grants lost",
        run.journal.len()
    ));
}

impl Run {
    /// Tokens that the provider refused because their successor never arrived.
    fn lost_answers(&self) -> Vec<String> {
        let refused = self.journal.iter().filter(|issue| issue.outcome == "invalid_grant");
        refused.filter_map(|issue| issue.used.clone()).collect()
    }
}
