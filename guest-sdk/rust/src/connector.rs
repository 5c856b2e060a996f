//! A connector: its spec and its actions.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde_json::{Value, json};

use crate::action::Action;
use crate::auth::Auth;
use crate::ctx::Ctx;
use crate::error::Error;
use crate::file::File;
use crate::host::Host;
use crate::policies::Policies;
use crate::schema;
use crate::spec::{About, Annotation, ConnectorSpec};

type Check = dyn Fn(&Ctx) -> Result<String, Error>;

/// A connector: its spec and its actions.
///
/// It is built for each call, so building it must be cheap: schemas are made only when the host asks for the spec.
#[must_use = "give it to `export!`"]
pub struct Connector {
    id: Cow<'static, str>,
    version: Cow<'static, str>,
    title: Cow<'static, str>,
    description: Cow<'static, str>,
    documentation: Option<Cow<'static, str>>,
    icon: Option<Cow<'static, str>>,
    skill: Option<Cow<'static, str>>,
    auth: Vec<Auth>,
    config: Option<fn() -> Value>,
    hosts: Vec<Host>,
    headers: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    placeholders: Vec<Cow<'static, str>>,
    claims: Vec<Cow<'static, str>>,
    policies: Policies,
    actions: Vec<Action>,
    annotations: Vec<Annotation>,
    check: Option<Box<Check>>,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("id", &self.id).field("actions", &self.actions).finish_non_exhaustive()
    }
}

impl Connector {
    /// Creates a connector with this id and semantic version, which is usually `env!("CARGO_PKG_VERSION")`.
    ///
    /// `id`: lower-case letters, digits and `_`, at most 64, starting with a letter. It never changes.
    pub fn new(id: impl Into<Cow<'static, str>>, version: impl Into<Cow<'static, str>>) -> Self {
        let id = id.into();
        Self {
            title: id.clone(),
            id,
            version: version.into(),
            description: Cow::Borrowed(""),
            documentation: None,
            icon: None,
            skill: None,
            auth: Vec::new(),
            config: None,
            hosts: Vec::new(),
            headers: Vec::new(),
            placeholders: Vec::new(),
            claims: Vec::new(),
            policies: Policies::new(),
            actions: Vec::new(),
            annotations: Vec::new(),
            check: None,
        }
    }

    /// The name of the service. The default is the id.
    pub fn title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.title = title.into();
        self
    }

    /// What the connector does, in one sentence.
    pub fn description(mut self, description: impl Into<Cow<'static, str>>) -> Self {
        self.description = description.into();
        self
    }

    /// The `https` address of the documentation.
    pub fn documentation(mut self, address: impl Into<Cow<'static, str>>) -> Self {
        self.documentation = Some(address.into());
        self
    }

    /// A `data:` address of an SVG or PNG of at most 32 KiB.
    pub fn icon(mut self, address: impl Into<Cow<'static, str>>) -> Self {
        self.icon = Some(address.into());
        self
    }

    /// Advice for language models on using the actions.
    pub fn skill(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.skill = Some(text.into());
        self
    }

    /// Adds a supported auth type. Among equally recommended ones, the first is offered first.
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth.push(auth);
        self
    }

    /// The type of the connection's config, a struct. `#[schemars(extend("x-form" = {...}))]` on a field says how a
    /// form shows it.
    pub fn config<T: JsonSchema>(mut self) -> Self {
        self.config = Some(schema::of_input::<T>);
        self
    }

    /// Asks for a host that requests may go to.
    pub fn host(mut self, host: Host) -> Self {
        self.hosts.push(host);
        self
    }

    /// Adds a header to every request that does not set it itself.
    pub fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Declares a secret field of the auth type that requests name as `${secret.field}`; the host fills it in.
    pub fn placeholder(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.placeholders.push(field.into());
        self
    }

    /// Declares a non-secret field of the token response that actions read with [`Ctx::claim`].
    pub fn claim(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.claims.push(name.into());
        self
    }

    /// What the host does about failed requests and rate limits: [`Policies`], or the same as `json!({...})`.
    pub fn policies(mut self, policies: impl Into<Policies>) -> Self {
        self.policies = policies.into();
        self
    }

    /// Adds an action.
    pub fn action(mut self, action: Action) -> Self {
        self.actions.push(action);
        self
    }

    /// A named JSON value that the contract does not define yet.
    pub fn annotation(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.annotations.push(Annotation { name: name.into(), value: value.into() });
        self
    }

    /// Sets the check of a connection: it returns a sentence for a person, or fails.
    pub fn check<S: Into<String>>(mut self, check: impl Fn(&Ctx) -> Result<S, Error> + 'static) -> Self {
        self.check = Some(Box::new(move |ctx| check(ctx).map(Into::into)));
        self
    }

    /// The connector's spec.
    pub fn spec(&self) -> ConnectorSpec {
        let mut annotations = self.annotations.clone();
        if let Some(skill) = &self.skill {
            annotations.push(Annotation { name: "skill".to_owned(), value: Value::from(skill.as_ref()) });
        }
        let texts = |list: &[Cow<'static, str>]| list.iter().map(|text| text.clone().into_owned()).collect();
        ConnectorSpec {
            about: About {
                id: self.id.clone().into_owned(),
                version: self.version.clone().into_owned(),
                title: self.title.clone().into_owned(),
                description: self.description.clone().into_owned(),
                documentation: self.documentation.clone().map(Cow::into_owned),
                icon: self.icon.clone().map(Cow::into_owned),
            },
            auth_types: self.auth.iter().map(Auth::declaration).collect(),
            config: self.config.map_or_else(|| json!({ "type": "object", "properties": {} }), |schema| schema()),
            hosts: self.hosts.iter().map(Host::rule).collect(),
            headers: self.headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
            placeholders: texts(&self.placeholders),
            claims: texts(&self.claims),
            actions: self.actions.iter().map(Action::spec).collect(),
            policies: self.policies.to_value(),
            annotations,
        }
    }

    pub(crate) fn run(&self, ctx: &Ctx, action: &str, input: &str) -> Result<(String, Vec<File>), Error> {
        let known = self.actions.iter().find(|known| known.name == action);
        known.ok_or_else(|| Error::UnknownAction(action.to_owned()))?.run(ctx, input)
    }

    pub(crate) fn try_connection(&self, ctx: &Ctx) -> Result<String, Error> {
        match &self.check {
            Some(check) => check(ctx),
            None => Err(Error::internal("this connector has no check")),
        }
    }
}
