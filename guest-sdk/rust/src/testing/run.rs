//! Running actions within a script.

use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;
use std::thread;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::recorded::{HandedOut, Sent};
use super::script::Stage;
use crate::connector::Connector;
use crate::ctx::Ctx;
use crate::error::Error;
use crate::file::File;
use crate::log::Level;
use crate::transport::Link;

/// A context within a script: pass `&ctx` to an action, then check what it did.
#[derive(Debug)]
pub struct ScriptedCtx {
    ctx: Ctx,
    stage: Rc<RefCell<Stage>>,
}

/// The result of an action, with its files read whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Called {
    /// The value.
    pub value: Value,
    /// The files.
    pub files: Vec<HandedOut>,
}

impl ScriptedCtx {
    pub(crate) fn new(host: Box<Link>, files: Vec<File>, stage: Rc<RefCell<Stage>>) -> Self {
        Self { ctx: Ctx::new(host, files), stage }
    }

    /// Runs an action as a host does: the input is checked against the action's schema
    /// ([`Error::InvalidInput`]), the action is found by its name, and an output that breaks the action's own schema
    /// fails the test.
    pub fn call(&self, connector: fn() -> Connector, action: &str, input: &Value) -> Result<Called, Error> {
        let connector = connector();
        let spec = connector.spec();
        if let Some(spec) = spec.action(action) {
            violations(&spec.input, input).map_err(Error::InvalidInput)?;
        }
        let (value, files) = connector.run(&self.ctx, action, &input.to_string())?;
        let value: Value = serde_json::from_str(&value)?;
        if let Some(schema) = spec.action(action).and_then(|spec| spec.output.as_ref())
            && let Err(violations) = violations(schema, &value)
        {
            panic!("the output of `{action}` breaks its own schema: {violations}\n{value:#}");
        }
        let files = files.into_iter().map(|file| {
            let (name, content_type, body) = file.into_parts();
            Ok(HandedOut { name, content_type, content: body.read_all(u64::MAX)? })
        });
        Ok(Called { value, files: files.collect::<Result<_, Error>>()? })
    }

    /// Runs the connector's check.
    pub fn check(&self, connector: fn() -> Connector) -> Result<String, Error> {
        connector().try_connection(&self.ctx)
    }

    /// The requests that were sent, in order.
    pub fn sent(&self) -> Vec<Sent> {
        self.stage.borrow().sent.clone()
    }

    /// The log lines.
    pub fn logged(&self) -> Vec<(Level, String)> {
        self.stage.borrow().logged.clone()
    }

    /// The progress reports: done, total, message.
    pub fn reported(&self) -> Vec<(u64, Option<u64>, String)> {
        self.stage.borrow().progress.clone()
    }

    /// The values of a streamed result.
    pub fn emitted(&self) -> Vec<Value> {
        self.stage.borrow().emitted.clone()
    }

    /// The current value of this key in the connection's state.
    pub fn remembered<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let stage = self.stage.borrow();
        let (bytes, _) = stage.state.get(key)?;
        Some(serde_json::from_slice(bytes).expect("the stored value is of the requested type"))
    }

    /// Fails the test if a scripted response was not used. Dropping the context does the same.
    pub fn finish(self) {
        drop(self);
    }
}

impl Deref for ScriptedCtx {
    type Target = Ctx;

    fn deref(&self) -> &Ctx {
        &self.ctx
    }
}

impl Drop for ScriptedCtx {
    fn drop(&mut self) {
        if thread::panicking() {
            return;
        }
        let stage = self.stage.borrow();
        let unused: Vec<String> = stage
            .awaited
            .iter()
            .filter(|awaited| awaited.left > 0)
            .map(|awaited| format!("    {} ({} left)", awaited.request, awaited.left))
            .collect();
        assert!(unused.is_empty(), "scripted responses that no request used:\n{}", unused.join("\n"));
    }
}

fn violations(schema: &Value, value: &Value) -> Result<(), String> {
    let validator =
        jsonschema::draft202012::new(schema).unwrap_or_else(|error| panic!("not a JSON Schema: {error}\n{schema:#}"));
    let found: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    if found.is_empty() { Ok(()) } else { Err(found.join("; ")) }
}
