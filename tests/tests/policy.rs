//! The access policy is asked at every verb of the host, and what it denies is not done.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use innkeeper::lock::Mutex;
use innkeeper::{
    AccessPolicy, AccessRequest, AuditFilter, BeginAuthorization, CallRequest, ConnectionChange, ConnectionId,
    ConnectionView, Denied, Error, ErrorKind, Keyring, NewConnection, NewLink, Page, PrincipalId, SessionSecret,
    SpaceId, StartLink, SystemRandom, Verb,
};
use innkeeper_tests::components::hostile;
use innkeeper_tests::echo::EchoService;
use innkeeper_tests::host::TestHost;
use serde_json::json;

/// Denies everything while it is shut, and remembers what it was asked.
#[derive(Clone, Debug, Default)]
struct Door(Arc<Mutex<Asked>>);

#[derive(Debug, Default)]
struct Asked {
    shut: bool,
    requests: Vec<(Verb, Option<String>, Option<String>)>,
}

#[async_trait]
impl AccessPolicy for Door {
    async fn decide(&self, request: &AccessRequest<'_>) -> Result<(), Denied> {
        let mut asked = self.0.lock();
        let text = |id: Option<&PrincipalId>| id.map(|id| id.as_str().to_owned());
        asked.requests.push((request.verb, text(request.caller), text(request.principal)));
        if asked.shut { Err(Denied("the door is shut".to_owned())) } else { Ok(()) }
    }
}

impl Door {
    fn shut(&self) {
        let mut asked = self.0.lock();
        asked.shut = true;
        asked.requests.clear();
    }

    fn open(&self) {
        self.0.lock().shut = false;
    }

    fn verbs(&self) -> Vec<Verb> {
        self.0.lock().requests.iter().map(|(verb, ..)| *verb).collect()
    }
}

/// The public functions of the host that do something, and what each asks. A function that is missing here fails the test
/// below.
const FUNCTIONS: &[(&str, Verb)] = &[
    ("add_connector", Verb::AddConnector),
    ("audit", Verb::ReadAudit),
    ("authorization_way", Verb::ReadConnection),
    ("begin_authorization", Verb::Authorize),
    ("begin_by_link", Verb::Authorize),
    ("begin_device_authorization", Verb::Authorize),
    ("call", Verb::Call),
    ("check", Verb::Check),
    ("connect", Verb::Connect),
    ("connection", Verb::ReadConnection),
    ("connections", Verb::ListConnections),
    ("connector", Verb::ReadConnector),
    ("connectors", Verb::ListConnectors),
    ("consent_address", Verb::ReadConnection),
    ("delete_connection", Verb::DeleteConnection),
    ("delete_space", Verb::DeleteSpace),
    ("disconnect", Verb::Disconnect),
    ("forget_principal", Verb::ForgetPrincipal),
    ("inspect", Verb::InspectConnector),
    ("load", Verb::AddConnector),
    ("load_file", Verb::AddConnector),
    ("plan", Verb::PlanConnection),
    ("plan_change", Verb::PlanConnection),
    ("plan_connector", Verb::AddConnector),
    ("remove_connector", Verb::RemoveConnector),
    ("replace_keyring", Verb::RotateKeys),
    ("rotate_keys", Verb::RotateKeys),
    ("start_link", Verb::Authorize),
    ("status", Verb::ReadStatus),
];

/// Those that ask nothing, and why.
const UNASKED: &[(&str, &str)] = &[
    ("close", "the process ends"),
    ("complete_authorization", "its state and session prove an authorization that was allowed to begin"),
    ("keep_tended", "the host's own work"),
    ("link_for", "it asks as start_link does, and answers none instead of an error"),
    ("open", "there is no host yet"),
    ("poll_device_authorization", "it continues an authorization that was allowed to begin"),
    ("tend", "the host's own work"),
    ("wait_device_authorization", "it continues an authorization that was allowed to begin"),
];

#[test]
fn every_public_function_of_the_host_is_listed_with_its_verb() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../host/innkeeper/src");
    let mut functions = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("    pub async fn ") {
                let name = rest.split(['(', '<']).next().unwrap_or_default();
                functions.insert(name.to_owned());
            }
        }
    }
    let asked = FUNCTIONS.iter().map(|(name, _)| *name);
    let listed: BTreeSet<String> = asked.chain(UNASKED.iter().map(|(name, _)| *name)).map(str::to_owned).collect();
    assert_eq!(functions, listed);
    let verbs: BTreeSet<Verb> = FUNCTIONS.iter().map(|(_, verb)| *verb).chain([Verb::ChangeConnection]).collect();
    assert_eq!(verbs, Verb::ALL.iter().copied().collect(), "every verb is asked by some function");
}

/// Calls the function under a shut door.
async fn refused(function: &str, host: &TestHost, connection: &ConnectionView, door: &Door) -> Error {
    let (space, id) = (&connection.space, &connection.id);
    let new =
        || NewConnection::new(space.clone(), connection.connector.clone(), "none").config(connection.config.clone());
    let session = SessionSecret::random(&SystemRandom);
    let redirect_uri: innkeeper::RedirectUri = "http://127.0.0.1:4321/callback".parse().expect("an address");
    let host = host.host.for_caller(PrincipalId::parse("eve").expect("an id"));
    let component = hostile();
    let denied = |outcome: Option<Error>| outcome.unwrap_or_else(|| panic!("{function} was not refused"));
    match function {
        "add_connector" => {
            door.open();
            let plan = host.plan_connector(component).await.expect("planned");
            door.shut();
            denied(host.add_connector(plan.approved()).await.err())
        }
        "connect" => {
            door.open();
            let plan = host.plan(new()).await.expect("planned");
            door.shut();
            denied(host.connect(plan.approved()).await.err())
        }
        "change" => {
            door.open();
            let change = ConnectionChange::default().title("Another");
            let plan = host.plan_change(space, id, change).await.expect("planned");
            door.shut();
            denied(host.connect(plan.approved()).await.err())
        }
        "audit" => denied(host.audit(&AuditFilter::new(space.clone()), &Page::first(1)).await.err()),
        "authorization_way" => denied(host.authorization_way(space, id).await.err()),
        "begin_authorization" => {
            let (principal, return_url) = (None, None);
            let begin =
                BeginAuthorization { space, connection: id, principal, redirect_uri, session: &session, return_url };
            denied(host.begin_authorization(begin).await.err())
        }
        "begin_by_link" => {
            let life = std::time::Duration::from_mins(1);
            let link = StartLink::new(space.clone(), id.clone(), None, None, life, host.clock(), host.random());
            denied(host.begin_by_link(&link, None, redirect_uri, &session).await.err())
        }
        "begin_device_authorization" => denied(host.begin_device_authorization(space, id, None).await.err()),
        "call" => denied(host.call(CallRequest::new(space.clone(), id.clone(), "noop", json!({}))).await.err()),
        "check" => denied(host.check(space, id, None).await.err()),
        "connection" => denied(host.connection(space, id).await.err()),
        "connections" => denied(host.connections(space, &Page::first(1)).await.err()),
        "connector" => denied(host.connector(&connection.connector).await.err()),
        "connectors" => denied(host.connectors(&Page::first(1)).await.err()),
        "consent_address" => denied(host.consent_address(space, id).await.err()),
        "delete_connection" => denied(host.delete_connection(space, id).await.err()),
        "delete_space" => denied(host.delete_space(space).await.err()),
        "disconnect" => denied(host.disconnect(space, id, None).await.err()),
        "forget_principal" => {
            denied(host.forget_principal(space, &PrincipalId::parse("ada").expect("an id")).await.err())
        }
        "inspect" => denied(host.inspect(component).await.err()),
        "load" => denied(host.load(component).await.err()),
        "load_file" => {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("connector.wasm");
            std::fs::write(&path, component).expect("written");
            denied(host.load_file(path).await.err())
        }
        "plan" => denied(host.plan(new()).await.err()),
        "plan_change" => denied(host.plan_change(space, id, ConnectionChange::default()).await.err()),
        "plan_connector" => denied(host.plan_connector(component).await.err()),
        "remove_connector" => denied(host.remove_connector(&connection.connector).await.err()),
        "replace_keyring" => {
            let folder = tempfile::tempdir().expect("a folder");
            let keyring = Keyring::create_file(&folder.path().join("keyring"), &SystemRandom).expect("made");
            denied(host.replace_keyring(keyring).await.err())
        }
        "rotate_keys" => denied(host.rotate_keys().await.err()),
        "start_link" => denied(host.start_link(NewLink::new(space.clone(), id.clone(), None)).await.err()),
        "status" => denied(host.status(space, id, None).await.err()),
        other => panic!("how is {other} called?"),
    }
}

#[tokio::test]
async fn what_the_policy_denies_is_not_done_whatever_the_verb() {
    let door = Door::default();
    let pages = "http://127.0.0.1:4321/connect/".parse().expect("an address");
    let host = TestHost::start_with(|builder| builder.policy(door.clone()).pages(pages)).await;
    let service = EchoService::start().await;
    let connection = host.hostile(&service).await;
    let functions = FUNCTIONS.iter().copied().chain([("change", Verb::ChangeConnection)]);
    for (function, verb) in functions {
        door.shut();
        let error = refused(function, &host, &connection, &door).await;
        assert_eq!(error.kind(), ErrorKind::NotAllowed, "{function}: {error}");
        assert_eq!(error.to_string(), "not allowed: the door is shut", "{function}");
        assert_eq!(door.verbs(), [verb], "{function}");
        let callers: Vec<_> = door.0.lock().requests.iter().map(|(_, caller, _)| caller.clone()).collect();
        assert_eq!(callers, [Some("eve".to_owned())], "{function}");
        door.open();
        let now = host.host.connection(&connection.space, &connection.id).await.expect("it is there");
        assert_eq!(now, connection, "{function} changed nothing");
    }
    assert_eq!(host.host.connections(&connection.space, &Page::first(100)).await.expect("listed").items.len(), 1);
    assert!(service.received().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn who_may_not_look_is_not_told_whether_there_is_a_connection() {
    let door = Door::default();
    let host = TestHost::start_with(|builder| builder.policy(door.clone())).await;
    let connection = host.hostile(&EchoService::start().await).await;
    let ask = async |id: &ConnectionId| host.host.connection(&SpaceId::default(), id).await.expect_err("refused");
    let nobody = ConnectionId::parse("nobody").expect("an id");
    assert_eq!(ask(&nobody).await.to_string(), "there is no connection \"nobody\" in space \"default\"");
    door.shut();
    assert_eq!(ask(&nobody).await.to_string(), ask(&connection.id).await.to_string());
}
