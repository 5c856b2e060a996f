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
/// Its schemas come from the types: `#[derive(Deserialize, JsonSchema)]` for the input, a struct, and
/// `#[derive(Serialize, JsonSchema)]` for the output; [`Value`] stands for whatever the service answers.
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
    /// An action that runs `function`. Its scope is [`Scope::Write`] unless it says otherwise.
    ///
    /// `name`: letters, digits and `_`, at most 64, the first a letter.
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

    /// A few words for people; the name, unless given.
    pub fn title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.title = title.into();
        self
    }

    /// What it does and answers, for people and for language models.
    pub fn description(mut self, description: impl Into<Cow<'static, str>>) -> Self {
        self.description = description.into();
        self
    }

    /// It changes nothing at the service.
    pub fn read(mut self) -> Self {
        self.scope = Scope::Read;
        self
    }

    /// It changes something at the service.
    pub fn write(mut self) -> Self {
        self.scope = Scope::Write;
        self
    }

    /// What it does cannot be undone.
    pub fn destroy(mut self) -> Self {
        self.scope = Scope::Destroy;
        self
    }

    /// Offered to language models as a tool.
    pub fn tool(mut self) -> Self {
        self.tool = true;
        self
    }

    /// Hands out results as they come, by [`Ctx::emit`].
    pub fn streaming(mut self) -> Self {
        self.streaming = true;
        self
    }

    /// A named JSON value that the contract does not know yet.
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

/// The input of an action that takes none.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
pub struct NoInput {}

/// What an action may answer: any type with `Serialize` and `JsonSchema`, or an [`Output`] with files beside it.
pub trait ActionOutput {
    /// JSON Schema of the value; none when it may be any JSON.
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
