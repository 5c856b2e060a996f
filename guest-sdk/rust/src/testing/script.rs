//! A scripted service and connection.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde::Serialize;
use serde_json::{Value, json};

use super::answer::Answer;
use super::expected::Expected;
use super::recorded::Sent;
use super::run::{Called, ScriptedCtx};
use crate::connector::Connector;
use crate::ctx::User;
use crate::error::{Error, HttpError};
use crate::file::File;
use crate::log::Level;
use crate::native::Transport;
use crate::state::StateError;
use crate::transport::{self, Request};

/// A scripted connection, and the responses of its service.
#[derive(Debug)]
#[must_use = "make a context of it, or call an action"]
pub struct Script {
    config: Value,
    auth_type: String,
    claims: BTreeMap<String, String>,
    space: String,
    user: Option<User>,
    files: Vec<File>,
    stage: Stage,
}

/// What is expected, and what was done.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    pub(crate) awaited: Vec<Awaited>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) logged: Vec<(Level, String)>,
    pub(crate) progress: Vec<(u64, Option<u64>, String)>,
    pub(crate) emitted: Vec<Value>,
    pub(crate) state: BTreeMap<String, (Vec<u8>, u64)>,
}

#[derive(Debug)]
pub(crate) struct Awaited {
    pub(crate) request: Expected,
    pub(crate) answer: Result<Answer, HttpError>,
    pub(crate) left: usize,
}

impl Default for Script {
    fn default() -> Self {
        Self::new()
    }
}

impl Script {
    /// A connection without config, of the auth type `none`, in the space `default`, and a service without responses.
    pub fn new() -> Self {
        Self {
            config: json!({}),
            auth_type: "none".to_owned(),
            claims: BTreeMap::new(),
            space: "default".to_owned(),
            user: None,
            files: Vec::new(),
            stage: Stage::default(),
        }
    }

    /// The connection's config.
    pub fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// The auth type that the connection uses.
    pub fn auth_type(mut self, auth_type: &str) -> Self {
        auth_type.clone_into(&mut self.auth_type);
        self
    }

    /// A field of the token response.
    pub fn claim(mut self, name: &str, value: &str) -> Self {
        self.claims.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The connection's space.
    pub fn space(mut self, space: &str) -> Self {
        space.clone_into(&mut self.space);
        self
    }

    /// The user that the action runs for.
    pub fn user(mut self, id: &str, name: Option<&str>) -> Self {
        self.user = Some(User { id: id.to_owned(), name: name.map(str::to_owned) });
        self
    }

    /// A file that is passed with the call.
    pub fn file(mut self, name: &str, content_type: &str, content: impl AsRef<[u8]>) -> Self {
        self.files.push(File::from_bytes(name, content.as_ref(), content_type));
        self
    }

    /// A value that the connection's state already has, at version 1.
    pub fn state<T: Serialize>(mut self, key: &str, value: &T) -> Self {
        let bytes = serde_json::to_vec(value).expect("a scripted value can be written as JSON");
        self.stage.state.insert(key.to_owned(), (bytes, 1));
        self
    }

    /// Scripts a response to this request. If several match, the one that was scripted first is used first.
    pub fn on(self, request: Expected) -> Scripting {
        Scripting { script: self, request, times: 1 }
    }

    /// Scripts several responses to the same request, in this order: the pages of a listing.
    pub fn pages(self, request: &Expected, pages: impl IntoIterator<Item = Value>) -> Self {
        pages.into_iter().fold(self, |script, page| script.on(request.clone()).reply(200, page))
    }

    /// The context for an action, which also records what the action did.
    pub fn into_ctx(self) -> ScriptedCtx {
        let stage = Rc::new(RefCell::new(self.stage));
        let transport = Scripted {
            config: self.config,
            auth_type: self.auth_type,
            claims: self.claims,
            space: self.space,
            user: self.user,
            stage: Rc::clone(&stage),
        };
        ScriptedCtx::new(Box::new(transport), self.files, stage)
    }

    /// Runs an action of the connector as a host does: see [`ScriptedCtx::call`].
    pub fn call(self, connector: fn() -> Connector, action: &str, input: &Value) -> Result<Called, Error> {
        self.into_ctx().call(connector, action, input)
    }

    /// Runs the connector's check.
    pub fn check(self, connector: fn() -> Connector) -> Result<String, Error> {
        self.into_ctx().check(connector)
    }
}

/// A request of a [`Script`] that has no response yet.
#[derive(Debug)]
#[must_use = "say what the service answers"]
pub struct Scripting {
    script: Script,
    request: Expected,
    times: usize,
}

impl Scripting {
    /// Gives the same response this many times.
    pub fn times(mut self, count: usize) -> Self {
        self.times = count;
        self
    }

    /// Responds with JSON.
    #[expect(clippy::needless_pass_by_value, reason = "`json!` makes a value for this call alone")]
    pub fn reply(self, status: u16, body: Value) -> Script {
        self.reply_with(Answer::json(status, &body))
    }

    /// Responds with anything else.
    pub fn reply_with(self, answer: Answer) -> Script {
        self.end(Ok(answer))
    }

    /// Fails without a response.
    pub fn fail(self, error: HttpError) -> Script {
        self.end(Err(error))
    }

    fn end(mut self, answer: Result<Answer, HttpError>) -> Script {
        self.script.stage.awaited.push(Awaited { request: self.request, answer, left: self.times });
        self.script
    }
}

struct Scripted {
    config: Value,
    auth_type: String,
    claims: BTreeMap<String, String>,
    space: String,
    user: Option<User>,
    stage: Rc<RefCell<Stage>>,
}

impl Transport for Scripted {
    fn send(&self, request: Request) -> Result<transport::Answer, HttpError> {
        let sent = Sent::from_wire(request);
        let mut stage = self.stage.borrow_mut();
        let url = sent.url.clone();
        let fitting =
            stage.awaited.iter().position(|known| known.left > 0 && known.request.differences(&sent).is_empty());
        let Some(index) = fitting else {
            let complaint = complaint(&sent, &stage.awaited);
            drop(stage);
            panic!("{complaint}");
        };
        stage.sent.push(sent);
        let awaited = &mut stage.awaited[index];
        awaited.left -= 1;
        awaited.answer.as_ref().map(|answer| answer.to_wire(&url)).map_err(Clone::clone)
    }

    fn send_all(&self, requests: Vec<Request>) -> Vec<Result<transport::Answer, HttpError>> {
        requests.into_iter().map(|request| self.send(request)).collect()
    }

    fn log(&self, level: Level, message: &str) {
        self.stage.borrow_mut().logged.push((level, message.to_owned()));
    }

    fn config(&self) -> String {
        self.config.to_string()
    }

    fn auth_type(&self) -> String {
        self.auth_type.clone()
    }

    fn claim(&self, name: &str) -> Option<String> {
        self.claims.get(name).cloned()
    }

    fn space(&self) -> String {
        self.space.clone()
    }

    fn user(&self) -> Option<User> {
        self.user.clone()
    }

    fn state_get(&self, key: &str) -> Result<Option<(Vec<u8>, u64)>, StateError> {
        Ok(self.stage.borrow().state.get(key).cloned())
    }

    fn state_set(&self, key: &str, value: &[u8], if_version: Option<u64>) -> Result<u64, StateError> {
        let mut stage = self.stage.borrow_mut();
        let current = stage.state.get(key).map_or(0, |(_, version)| *version);
        if if_version.is_some_and(|version| version != current) {
            return Err(StateError::Conflict(current));
        }
        stage.state.insert(key.to_owned(), (value.to_vec(), current + 1));
        Ok(current + 1)
    }

    fn state_delete(&self, key: &str) -> Result<(), StateError> {
        self.stage.borrow_mut().state.remove(key);
        Ok(())
    }

    fn progress(&self, done: u64, total: Option<u64>, message: &str) {
        self.stage.borrow_mut().progress.push((done, total, message.to_owned()));
    }

    fn emit(&self, event: &str) {
        let value = serde_json::from_str(event).expect("an emitted value is JSON");
        self.stage.borrow_mut().emitted.push(value);
    }
}

fn complaint(sent: &Sent, awaited: &[Awaited]) -> String {
    let mut lines = vec![format!("no scripted response matches this request:\n  {sent}")];
    let (open, used): (Vec<&Awaited>, Vec<&Awaited>) = awaited.iter().partition(|awaited| awaited.left > 0);
    let mut open: Vec<_> = open.iter().map(|awaited| (&awaited.request, awaited.request.differences(sent))).collect();
    open.sort_by_key(|(_, differences)| differences.len());
    if open.is_empty() {
        lines.push(format!("no scripted response is left ({} used)", used.len()));
    }
    for (request, differences) in open {
        lines.push(format!("scripted: {request}"));
        lines.extend(differences.into_iter().map(|difference| format!("    {difference}")));
    }
    if let Some(used) = used.iter().find(|used| used.request.differences(sent).is_empty()) {
        lines.push(format!("used already: {}", used.request));
    }
    lines.join("\n")
}
