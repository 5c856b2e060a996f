//! The host under attack, with all that an attack needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use innkeeper::spec::{ApprovedHost, ConnectorId};
use innkeeper::{
    Builder, CallRequest, ConnectionView, EgressSettings, Error, File, HostApproval, Limits, NewConnection,
    PrivateNetworks, SpaceId,
};
use innkeeper_tests::components;
use innkeeper_tests::echo::EchoService;
use innkeeper_tests::host::TestHost;
use innkeeper_tests::secrets::Secrets;
use serde_json::{Value, json};
use url::Url;

use crate::told::Told;
use crate::upstream::Upstream;

/// The token that guests are after: random, with the characters that encodings treat in their own ways.
pub(crate) const TOKEN: &str = r#"Vx8/Qe+2~Rt=!Yh"J0kMw\Zd5Gp"#;
/// The token of those who do no harm.
pub(crate) const HONEST_TOKEN: &str = "hT5vQ9xK2mR7wZ4n";
/// What authorization servers give.
pub(crate) const ACCESS_TOKEN: &str = "aC7kP2xW9vLm4TqZ";
/// The same.
pub(crate) const REFRESH_TOKEN: &str = "rF3nB8yU6sJd1HgX";
/// The secret of the client.
pub(crate) const CLIENT_SECRET: &str = "cS5tE0iO7zVb2QwK";

/// The action of the scripted connector that does what its input says.
pub(crate) const RUN: &str = "run";

/// The host, its services and its connections. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Rig(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    host: TestHost,
    upstream: Upstream,
    /// Answers what it is sent, in every form; approved for the connections of [`Rig::honest`].
    echo: EchoService,
    /// Nobody may reach it: the operator opened no way there.
    forbidden: EchoService,
    next: AtomicUsize,
}

/// Bounds that an attack meets soon.
pub(crate) fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.memory = 32 << 20;
    limits.cpu = Duration::from_secs(3);
    limits.wall = Duration::from_secs(45);
    limits.answer = 1 << 20;
    limits.held = 8 << 20;
    limits.output = 1 << 20;
    limits
}

/// Loopback is closed, but for these ports.
pub(crate) fn egress(ports: &[u16]) -> EgressSettings {
    let open: PrivateNetworks =
        ports.iter().map(|port| format!("127.0.0.1:{port}").parse().expect("an exception")).collect();
    EgressSettings::opened_to(open)
}

impl Rig {
    pub(crate) async fn start() -> Self {
        let (upstream, echo) = (Upstream::start().await, EchoService::start().await);
        let forbidden = EchoService::start().await;
        let ports = [upstream.port(), port(echo.base())];
        let ears = Url::parse(upstream.base()).expect("an address");
        let settings = |builder: Builder| builder.limits(limits()).egress(egress(&ports)).ears(ears);
        let host = TestHost::start_with(settings).await;
        host.host.load(components::component("fixture_scripted")).await.expect("the scripted connector loads");
        Self(Arc::new(Parts { host, upstream, echo, forbidden, next: AtomicUsize::new(0) }))
    }

    pub(crate) fn host(&self) -> &innkeeper::Innkeeper {
        &self.0.host.host
    }

    pub(crate) fn upstream(&self) -> &Upstream {
        &self.0.upstream
    }

    pub(crate) fn echo(&self) -> &EchoService {
        &self.0.echo
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.0.host.folder.path()
    }

    /// Where nobody may get to.
    pub(crate) fn forbidden(&self) -> &EchoService {
        &self.0.forbidden
    }

    /// A number that nobody else got.
    pub(crate) fn next(&self) -> usize {
        self.0.next.fetch_add(1, Ordering::SeqCst)
    }

    /// A way out like the host's own.
    pub(crate) fn egress(&self) -> EgressSettings {
        egress(&[self.0.upstream.port(), port(self.0.echo.base())])
    }

    /// All that nobody may see who attacks.
    pub(crate) fn secrets() -> Secrets {
        Secrets::default()
            .random("the token", TOKEN)
            .random("the honest token", HONEST_TOKEN)
            .random("the access token", ACCESS_TOKEN)
            .random("the refresh token", REFRESH_TOKEN)
            .random("the client secret", CLIENT_SECRET)
    }

    /// A connection of the scripted connector, which may reach the hostile service.
    pub(crate) async fn connect(
        &self,
        auth_type: &str,
        settings: impl FnOnce(NewConnection) -> NewConnection,
    ) -> Result<ConnectionView, Error> {
        self.connect_to("scripted_connector", auth_type, settings).await
    }

    /// The same of another connector.
    pub(crate) async fn connect_to(
        &self,
        connector: &str,
        auth_type: &str,
        settings: impl FnOnce(NewConnection) -> NewConnection,
    ) -> Result<ConnectionView, Error> {
        let connector: ConnectorId = connector.parse().expect("an id");
        let id = format!("c{}", self.next()).parse().expect("an id");
        let new = NewConnection::new(SpaceId::default(), connector, auth_type).id(id);
        innkeeper_tests::host::connect(self.host(), settings(new.config(json!({ "base": self.upstream().base() }))))
            .await
    }

    /// With the token that guests are after.
    pub(crate) async fn bearer(&self) -> ConnectionView {
        self.connect("bearer", |new| new.secret("token", TOKEN)).await.expect("it is made")
    }

    /// The same, where requests may go as `rules` say and nowhere else.
    pub(crate) async fn approved(&self, rules: &[&str]) -> ConnectionView {
        self.connect("bearer", |new| new.secret("token", TOKEN).hosts(only(rules))).await.expect("it is made")
    }

    /// A connection of somebody who does no harm.
    pub(crate) async fn honest(&self) -> ConnectionView {
        let settings =
            |new: NewConnection| new.secret("token", HONEST_TOKEN).config(json!({ "base": self.echo().base() }));
        self.connect("bearer", settings).await.expect("it is made")
    }

    /// What a guest sees who does these steps.
    pub(crate) async fn script(&self, connection: &ConnectionView, steps: Value) -> Told {
        self.script_with(connection, steps, |request| request).await
    }

    /// The same with more in the request.
    pub(crate) async fn script_with(
        &self,
        connection: &ConnectionView,
        steps: Value,
        more: impl FnOnce(CallRequest) -> CallRequest,
    ) -> Told {
        Told::guest(self.host().call(more(request(connection, RUN, json!({ "steps": steps })))).await)
    }

    /// These steps in a connection with the token.
    pub(crate) async fn run(&self, steps: Value) -> Told {
        let connection = self.bearer().await;
        self.script(&connection, steps).await
    }

    /// What comes of loading these bytes.
    pub(crate) async fn load(&self, bytes: Vec<u8>) -> Told {
        match self.host().load(bytes).await {
            Ok(added) => Told::answer(format!("{} was loaded", added.id())),
            Err(error) => Told::host(&error),
        }
    }

    /// Loads a connector that needs no credential, and calls its action.
    pub(crate) async fn call_new(&self, id: &str, bytes: Vec<u8>) -> Told {
        if let Err(error) = self.host().load(bytes).await {
            return Told::host(&error);
        }
        let connection = self.connect_to(id, "none", |new| new.config(json!({}))).await;
        match connection {
            Ok(connection) => Told::guest(self.host().call(request(&connection, RUN, json!({}))).await),
            Err(error) => Told::host(&error),
        }
    }
}

/// A call.
pub(crate) fn request(connection: &ConnectionView, action: &str, input: Value) -> CallRequest {
    CallRequest::new(connection.space.clone(), connection.id.clone(), action, input)
}

/// These hosts and no others.
pub(crate) fn only(rules: &[&str]) -> HostApproval {
    let rules: Result<Vec<ApprovedHost>, String> = rules.iter().map(|rule| rule.parse()).collect();
    HostApproval::Only(rules.expect("a rule"))
}

/// All of a file that was handed out.
pub(crate) async fn read(file: &mut File) -> Told {
    match file.content.read_all(4 << 20).await {
        Ok(bytes) => Told::answer(String::from_utf8_lossy(&bytes)),
        Err(error) => {
            let shown = format!("{error:?}");
            let kind: String = shown.chars().take_while(char::is_ascii_alphanumeric).collect();
            Told::error(format!("EgressError::{kind}"), error.to_string())
        }
    }
}

fn port(base: &str) -> u16 {
    Url::parse(base).ok().and_then(|url| url.port()).expect("a port")
}
