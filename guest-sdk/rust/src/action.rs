//! Actions.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::Error;
use crate::file::{File, Output};
use crate::schema;
use crate::spec::{ActionSpec, Annotation, Scope};

type Run = dyn Fn(&Ctx, &str) -> Result<(String, Vec<File>), Error>;

/// A named operation: a function from typed input to typed output.
///
/// Its schemas come from the types. The input is a struct with `#[derive(Deserialize, JsonSchema)]`, the output a type
/// with `#[derive(Serialize, JsonSchema)]`. Use [`Value`] for an output that is the service's response as it is.
pub struct Action {
    pub(crate) name: Cow<'static, str>,
    title: Cow<'static, str>,
    description: Cow<'static, str>,
    input: fn() -> Value,
    output: fn() -> Option<Value>,
    scope: Scope,
    tool: bool,
    streaming: bool,
    annotations: Vec<Annotation>,
    run: Box<Run>,
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Action").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Action {
    /// Creates an action that runs `function`. Its scope is [`Scope::Write`] by default.
    ///
    /// `name`: letters, digits and `_`, at most 64, starting with a letter.
    pub fn new<I, O, F>(name: impl Into<Cow<'static, str>>, function: F) -> Self
    where
        I: DeserializeOwned + JsonSchema + 'static,
        O: ActionOutput,
        F: Fn(&Ctx, I) -> Result<O, Error> + 'static,
    {
        let name = name.into();
        Self {
            title: name.clone(),
            name,
            description: Cow::Borrowed(""),
            input: schema::of_input::<I>,
            output: O::schema,
            scope: Scope::Write,
            tool: false,
            streaming: false,
            annotations: Vec::new(),
            run: Box::new(move |ctx, input| {
                let input = serde_json::from_str(input).map_err(|error| Error::invalid_input(error.to_string()))?;
                function(ctx, input)?.into_parts()
            }),
        }
    }

    /// A short title for people. The default is the name.
    pub fn title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.title = title.into();
        self
    }

    /// What the action does and returns, for people and for language models.
    pub fn description(mut self, description: impl Into<Cow<'static, str>>) -> Self {
        self.description = description.into();
        self
    }

    /// The action changes nothing at the service.
    pub fn read(mut self) -> Self {
        self.scope = Scope::Read;
        self
    }

    /// The action changes something at the service.
    pub fn write(mut self) -> Self {
        self.scope = Scope::Write;
        self
    }

    /// The action does something that cannot be undone.
    pub fn destroy(mut self) -> Self {
        self.scope = Scope::Destroy;
        self
    }

    /// Offers the action to language models as a tool.
    pub fn tool(mut self) -> Self {
        self.tool = true;
        self
    }

    /// The action hands out results as they become available, with [`Ctx::emit`].
    pub fn streaming(mut self) -> Self {
        self.streaming = true;
        self
    }

    /// A named JSON value that the contract does not define yet.
    pub fn annotation(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.annotations.push(Annotation { name: name.into(), value: value.into() });
        self
    }

    pub(crate) fn run(&self, ctx: &Ctx, input: &str) -> Result<(String, Vec<File>), Error> {
        (self.run)(ctx, input)
    }

    pub(crate) fn spec(&self) -> ActionSpec {
        ActionSpec {
            name: self.name.clone().into_owned(),
            title: self.title.clone().into_owned(),
            description: self.description.clone().into_owned(),
            input: (self.input)(),
            output: (self.output)(),
            scope: self.scope,
            tool: self.tool,
            streaming: self.streaming,
            annotations: self.annotations.clone(),
        }
    }
}

/// The input of an action without input.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
pub struct NoInput {}

/// What an action may return: any type with `Serialize` and `JsonSchema`, or an [`Output`] with files.
pub trait ActionOutput {
    /// The JSON Schema of the value; `None` if it may be any JSON.
    fn schema() -> Option<Value>
    where
        Self: Sized;

    #[doc(hidden)]
    fn into_parts(self) -> Result<(String, Vec<File>), Error>;
}

impl<T: Serialize + JsonSchema> ActionOutput for T {
    fn schema() -> Option<Value> {
        schema::of_output::<T>()
    }

    fn into_parts(self) -> Result<(String, Vec<File>), Error> {
        Ok((serde_json::to_string(&self)?, Vec::new()))
    }
}

impl<T: Serialize + JsonSchema> ActionOutput for Output<T> {
    fn schema() -> Option<Value> {
        schema::of_output::<T>()
    }

    fn into_parts(self) -> Result<(String, Vec<File>), Error> {
        Ok((serde_json::to_string(&self.value)?, self.files))
    }
}
