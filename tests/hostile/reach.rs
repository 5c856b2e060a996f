//! Every way out, for an attack to take.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use innkeeper::{
    BeginAuthorization, Callback, Clock, ConnectionView, Error, Keyring, NewConnection, SessionSecret, SystemClock,
    SystemRandom,
};
use innkeeper_ears::{EarsLimits, EarsProvider, EarsService, EarsSettings, Quota};
use innkeeper_egress::Egress;
use innkeeper_server::{ListenSettings, listen};
use innkeeper_tests::host::{REDIRECT, TestHost};
use innkeeper_tests::oidc::plain_client;
use innkeeper_tests::query::parameter;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use crate::component::{Core, Spec};
use crate::rig::{ACCESS_TOKEN, CLIENT_SECRET, REFRESH_TOKEN, RUN, Rig, egress, only, read, request};
use crate::told::Told;
use crate::upstream::{Answer, At, json as json_answer, say};
use crate::ways::Way;

/// Where a request is made to go.
pub(crate) enum Target {
    /// To an address that the owner approved, or wrote into the settings.
    Address(String),
    /// To a place of the hostile service, which answers this.
    Answer(Answer),
}

/// A user's authorization that has begun.
pub(crate) struct Begun {
    pub(crate) state: String,
    /// What the user is asked for.
    pub(crate) scope: Option<String>,
    pub(crate) session: SessionSecret,
}

/// What an honest token endpoint says.
pub(crate) fn tokens() -> Value {
    json!({
        "access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 3600, "refresh_token": REFRESH_TOKEN,
    })
}

impl Rig {
    /// Makes the host send a request there.
    pub(crate) async fn reach(&self, way: Way, target: Target) -> Told {
        match (way, target) {
            (Way::Ears, Target::Address(address)) => ears_at(&address).await,
            (Way::Refresh | Way::Ears | Way::EarsRevocation, Target::Answer(answer)) => {
                // These come after an answer that is as it should be, or to a place that is named by the provider.
                let before = if way == Way::Ears { None } else { Some(json_answer(&short_lived())) };
                let place = self.upstream().at(before.into_iter().chain([answer]));
                if way == Way::Refresh { self.refresh(&place).await } else { self.ears(way, &place.name).await }
            }
            (way, Target::Answer(answer)) => {
                let place = self.upstream().at([answer]);
                self.reach_address(way, &place.url("/")).await
            }
            (way, Target::Address(address)) => self.reach_address(way, &address).await,
        }
    }

    async fn reach_address(&self, way: Way, address: &str) -> Told {
        match way {
            Way::Send | Way::SendAll | Way::Redirect | Way::Download | Way::Upload => self.by_guest(way, address).await,
            Way::Token => self.token(address).await,
            Way::Code => self.code(address).await,
            Way::Discovery => {
                let settings = |new: NewConnection| client(new).field("discoveryUrl", address);
                Told::of(self.connect("oauth_authorization_code", settings).await)
            }
            Way::Device => self.device(address).await,
            Way::Revocation => self.revocation(address).await,
            Way::ServiceToken => self.service_of(address, "refresh", json!({ "refresh_token": REFRESH_TOKEN })).await,
            Way::ServiceRevocation => self.service_of(address, "revoke", json!({ "token": ACCESS_TOKEN })).await,
            Way::Refresh | Way::Ears | Way::EarsRevocation => {
                panic!("{way:?} goes to no address that could be named here")
            }
        }
    }

    async fn by_guest(&self, way: Way, address: &str) -> Told {
        let origin = Url::parse(address).expect("an address").origin().ascii_serialization();
        let connection = self.approved(&[&origin, self.upstream().base()]).await;
        let send = json!({ "do": "send", "url": address });
        let steps = match way {
            Way::SendAll => json!([{ "do": "send_all", "requests": [{ "url": address }] }]),
            Way::Redirect => {
                let location = format!("location: {address}");
                let place = self.upstream().at([say(302, &[&location], "")]);
                json!([{ "do": "send", "url": place.url("/") }])
            }
            Way::Upload => json!([
                { "do": "make", "bytes": { "repeat": "upload ", "times": 1000 } },
                { "do": "send", "method": "POST", "url": address, "body": { "body": null } },
            ]),
            Way::Download => return self.download(&connection, address).await,
            _ => json!([send]),
        };
        self.script(&connection, steps).await
    }

    /// All of an answer as it is handed out as a file, or why there is none.
    pub(crate) async fn download(&self, connection: &ConnectionView, address: &str) -> Told {
        let steps = json!([
            { "do": "send", "url": address, "keep": true },
            { "do": "answer", "text": "{\"seen\":{seen}}", "files": [{ "name": "download.bin", "body": null }] },
        ]);
        match self.host().call(request(connection, RUN, json!({ "steps": steps }))).await {
            Ok(mut result) if result.files.len() == 1 => read(&mut result.files[0]).await,
            result => Told::guest(result),
        }
    }

    async fn token(&self, address: &str) -> Told {
        match self.client_at(address).await {
            Ok(connection) => self.use_grant(&connection).await,
            Err(error) => Told::host(&error),
        }
    }

    /// A connection that gets its tokens by itself, at this token endpoint.
    pub(crate) async fn client_at(&self, token_url: &str) -> Result<ConnectionView, Error> {
        self.connect("oauth_client_credentials", |new| client(new).field("tokenUrl", token_url)).await
    }

    /// A call that fails when there is no grant: its caller is told why there is none.
    pub(crate) async fn use_grant(&self, connection: &ConnectionView) -> Told {
        let place = self.upstream().at([say(200, &[], "in use")]);
        let steps = json!([{ "do": "send", "url": place.url("/") }]);
        let used = self.script(connection, steps.clone()).await;
        if used.kind == "answer" {
            return used;
        }
        let failing = json!([steps[0], { "do": "fail", "text": "there was no credential" }]);
        self.script(connection, failing).await
    }

    async fn code(&self, address: &str) -> Told {
        match self.consented(address).await {
            Ok((connection, callback, session)) => self.complete(&connection, &callback, &session).await,
            Err(error) => Told::host(&error),
        }
    }

    /// A user's way to the authorization server and back, with a code that the token endpoint at `address` is shown.
    pub(crate) async fn consented(&self, address: &str) -> Result<(ConnectionView, String, SessionSecret), Error> {
        let authorize = format!("{}/authorize", self.upstream().base());
        let settings = |new: NewConnection| client(new).field("authorizationUrl", authorize).field("tokenUrl", address);
        let connection = self.connect("oauth_authorization_code", settings).await?;
        let Begun { state, session, .. } = self.begin(&connection).await?;
        Ok((connection, format!("code=a-code&state={state}"), session))
    }

    pub(crate) async fn begin(&self, connection: &ConnectionView) -> Result<Begun, Error> {
        let session = SessionSecret::random(&SystemRandom);
        let begin = BeginAuthorization {
            space: &connection.space,
            connection: &connection.id,
            principal: None,
            redirect_uri: REDIRECT.parse().expect("an address"),
            session: &session,
            return_url: None,
        };
        let flow = self.host().begin_authorization(begin).await?;
        let asked = |name| parameter(&flow.authorization_url, name);
        Ok(Begun { state: asked("state").expect("a state"), scope: asked("scope"), session })
    }

    pub(crate) async fn complete(&self, connection: &ConnectionView, callback: &str, session: &SessionSecret) -> Told {
        let callback = match Callback::parse(callback) {
            Ok(callback) => callback,
            Err(failure) => return Told::error("FlowFailure", failure.to_string()),
        };
        let completed = self.host().complete_authorization(&callback, session).await;
        drop(self.host().status(&connection.space, &connection.id, None).await);
        Told::of(completed)
    }

    async fn refresh(&self, place: &At) -> Told {
        match self.consented(&place.url("/")).await {
            Ok((connection, callback, session)) => {
                let completed = self.complete(&connection, &callback, &session).await;
                if completed.kind != "answer" {
                    return completed;
                }
                // Then the token has ended, and the next request needs another one.
                tokio::time::sleep(LIFE + Duration::from_millis(200)).await;
                self.use_grant(&connection).await
            }
            Err(error) => Told::host(&error),
        }
    }

    async fn device(&self, address: &str) -> Told {
        let token = self.upstream().at([json_answer(&json!({ "error": "authorization_pending" }))]);
        let settings =
            |new: NewConnection| client(new).field("deviceAuthorizationUrl", address).field("tokenUrl", token.url("/"));
        match self.connect("oauth_device_code", settings).await {
            Ok(connection) => {
                let begun = self.host().begin_device_authorization(&connection.space, &connection.id, None).await;
                Told::of(begun.map(|begun| format!("{} {}", begun.user_code, begun.verification_uri)))
            }
            Err(error) => Told::host(&error),
        }
    }

    async fn revocation(&self, address: &str) -> Told {
        let token = self.upstream().at([json_answer(&tokens())]);
        let settings =
            |new: NewConnection| client(new).field("tokenUrl", token.url("/")).field("revocationUrl", address);
        match self.connect("oauth_client_credentials", settings).await {
            Ok(connection) => {
                let used = self.use_grant(&connection).await;
                assert_eq!(used.kind, "answer", "there is a grant: {used}");
                self.disconnect(&connection).await
            }
            Err(error) => Told::host(&error),
        }
    }

    async fn disconnect(&self, connection: &ConnectionView) -> Told {
        match self.host().disconnect(&connection.space, &connection.id, None).await {
            Ok(disconnected) => match disconnected.unrevoked {
                Some(unrevoked) => Told::error("Unrevoked::Failed", unrevoked.to_string()),
                None => Told::answer("all was taken back"),
            },
            Err(error) => Told::host(&error),
        }
    }

    async fn ears(&self, way: Way, provider: &str) -> Told {
        let shared = innkeeper::spec::AuthMode::Shared;
        let connection = self.connect("ears", |new| new.field("provider", provider).auth_mode(shared)).await;
        let connection = match connection {
            Ok(connection) => connection,
            Err(error) => return Told::host(&error),
        };
        let Begun { state, session, .. } = match self.begin(&connection).await {
            Ok(begun) => begun,
            Err(error) => return Told::host(&error),
        };
        let completed = self.complete(&connection, &format!("code=a-code&state={state}"), &session).await;
        if way == Way::Ears || completed.kind != "answer" { completed } else { self.disconnect(&connection).await }
    }

    /// What an auth redirect service answers whose provider is at `address`.
    async fn service_of(&self, address: &str, endpoint: &str, body: Value) -> Told {
        let (base, server) = self.redirect_service(address);
        let client = plain_client().expect("a client");
        let posted = client
            .post(format!("{base}/v1/acme/oauth/{endpoint}"))
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await
            .expect("the service answers");
        let (status, text) = (posted.status(), posted.text().await.expect("a text"));
        server.abort();
        if status.is_success() { Told::answer(text) } else { Told::error(format!("EARS {}", status.as_u16()), text) }
    }

    /// An auth redirect service whose provider `acme` is at `address`: where it is, and what runs it.
    pub(crate) fn redirect_service(&self, address: &str) -> (String, JoinHandle<()>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        listener.set_nonblocking(true).expect("a listener can be asked without waiting");
        let listener = TcpListener::from_std(listener).expect("a runtime is there");
        let base = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
        let url = |text: &str| Url::parse(text).expect("an address");
        let provider = EarsProvider {
            client_id: "client".to_owned(),
            client_secret: Some(CLIENT_SECRET.into()),
            authorization_url: Some(url(&format!("{}/authorize", self.upstream().base()))),
            token_url: Some(url(address)),
            revocation_url: Some(url(address)),
            ..EarsProvider::default()
        };
        let quota = Quota { count: NonZeroU32::new(1000).expect("not zero"), window: Duration::from_mins(1) };
        let settings = EarsSettings {
            public_url: url(&base),
            providers: [("acme".to_owned(), provider)].into(),
            callbacks: vec!["https://app.example.com".parse().expect("an address")],
            loopback_callbacks: false,
            trusted_proxies: Vec::new(),
            limits: EarsLimits { consents: quota, tokens: quota, most_callers: 100 },
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let egress = Egress::new(self.egress(), clock.clone(), Arc::new(SystemRandom)).expect("a way out");
        let keyring = Keyring::generate(&SystemRandom);
        let ears = EarsService::new(settings, &keyring, &egress, clock, Arc::new(SystemRandom)).expect("a service");
        let server = tokio::spawn(listen(listener, ears.router(), ListenSettings::default(), std::future::pending()));
        (base, server)
    }
}

/// How long a token lives that has to be refreshed.
const LIFE: Duration = Duration::from_secs(1);

/// What the first answer of a grant is that has to be refreshed soon.
fn short_lived() -> Value {
    let mut tokens = tokens();
    tokens["expires_in"] = json!(LIFE.as_secs());
    tokens
}

/// A client of an authorization server.
pub(crate) fn client(new: NewConnection) -> NewConnection {
    new.field("clientId", "client").secret("clientSecret", CLIENT_SECRET)
}

/// A host of its own, whose auth redirect service is at an address that it may not reach.
async fn ears_at(address: &str) -> Told {
    let base = Url::parse(address).expect("an address");
    let folder = tempfile::tempdir().expect("a folder");
    let host = match TestHost::open(&folder, |builder| builder.egress(egress(&[])).ears(base)).await {
        Ok(host) => host,
        Err(error) => return Told::host(&error),
    };
    let spec = Spec { auth_types: vec!["ears".to_owned()], ..Spec::named("ears_connector") };
    let core = Core { spec, ..Core::default() };
    let added = match host.load(core.component()).await {
        Ok(added) => added,
        Err(error) => return Told::host(&error),
    };
    let new = NewConnection::new(innkeeper::SpaceId::default(), added.id(), "ears");
    let new = new.field("provider", "acme").auth_mode(innkeeper::spec::AuthMode::Shared).hosts(only(&[]));
    let session = SessionSecret::random(&SystemRandom);
    let done = async {
        let connection = innkeeper_tests::host::connect(&host, new).await?;
        let begun = host
            .begin_authorization(BeginAuthorization {
                space: &connection.space,
                connection: &connection.id,
                principal: None,
                redirect_uri: REDIRECT.parse().expect("an address"),
                session: &session,
                return_url: None,
            })
            .await?;
        let state = parameter(&begun.authorization_url, "state").expect("a state");
        let query = format!("code=a-code&state={state}");
        host.complete_authorization(&Callback::parse(&query).expect("a callback"), &session).await
    };
    Told::of(done.await)
}
