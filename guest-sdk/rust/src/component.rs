//! A connector as a component: its exports, and the imports behind [`Ctx`].

use std::mem::ManuallyDrop;

pub use crate::bindings;

use bindings::innkeeper::connector::{connection, http, log, progress, spec as wire, state, types};

use crate::body::Body;
use crate::connector::Connector;
use crate::ctx::{Ctx, User};
use crate::error::{Error, HttpError};
use crate::file::File;
use crate::log::Level;
use crate::request::{Part, PartContent};
use crate::spec::{self, CredentialUse, HostPattern, Scope, Standing};
use crate::state::StateError;
use crate::transport::{Answer, Request, RequestBody};

pub use bindings::Guest;
pub use types::{ActionError, Output};
pub use wire::ConnectorSpec;

/// Turns a connector into a component: `innkeeper_guest::export!(connector);` with `fn connector() -> Connector`.
///
/// Outside WebAssembly it does nothing, so that the same file builds as a plain library with tests.
#[macro_export]
macro_rules! export {
    ($connector:path) => {
        // The exports of a component are functions with fixed symbol names, which Rust treats as unsafe.
        #[allow(unsafe_code)]
        const _: () = {
            struct Component;

            impl $crate::component::Guest for Component {
                fn spec() -> $crate::component::ConnectorSpec {
                    $crate::component::spec($connector)
                }

                fn call(
                    action: ::std::string::String,
                    input: ::std::string::String,
                    files: ::std::vec::Vec<$crate::component::bindings::File>,
                ) -> ::std::result::Result<$crate::component::Output, $crate::component::ActionError> {
                    $crate::component::call($connector, &action, &input, files)
                }

                fn check() -> ::std::result::Result<::std::string::String, $crate::component::ActionError> {
                    $crate::component::check($connector)
                }
            }

    $crate::component::bindings::export_world!(Component with_types_in $crate::component::bindings);
        };
    };
}

/// The export `spec`.
pub fn spec(connector: fn() -> Connector) -> ConnectorSpec {
    connector().spec().into()
}

/// The export `call`.
pub fn call(
    connector: fn() -> Connector,
    action: &str,
    input: &str,
    files: Vec<types::File>,
) -> Result<Output, ActionError> {
    let files = files.into_iter().map(File::from).collect();
    // The instance ends with the call, so dropping the connector would be wasted work.
    let connector = ManuallyDrop::new(connector());
    let (value, files) = connector.run(&Ctx::new(Box::new(Link), files), action, input)?;
    Ok(Output { value, files: files.into_iter().map(types::File::from).collect() })
}

/// The export `check`.
pub fn check(connector: fn() -> Connector) -> Result<String, ActionError> {
    Ok(connector().try_connection(&Ctx::new(Box::new(Link), Vec::new()))?)
}

/// A body that the host holds.
#[derive(Debug)]
pub(crate) struct Held(http::Body);

impl Held {
    pub(crate) fn from_content(content: &[u8], content_type: Option<&str>) -> Self {
        Self(http::Body::from_bytes(content, content_type))
    }

    pub(crate) fn length(&self) -> Option<u64> {
        self.0.length()
    }

    pub(crate) fn content_type(&self) -> Option<String> {
        self.0.content_type()
    }

    pub(crate) fn read_some(&self, max: u32) -> Result<Vec<u8>, HttpError> {
        Ok(self.0.read(max)?)
    }

    pub(crate) fn read_rest(&self, limit: u64) -> Result<Vec<u8>, HttpError> {
        Ok(self.0.read_all(limit)?)
    }
}

/// The imports of the contract, each called by name, so that a component imports only what its connector uses.
#[derive(Debug)]
pub(crate) struct Link;

impl Link {
    pub(crate) fn send(&self, request: Request) -> Result<Answer, HttpError> {
        Ok(http::send(request.into())?.into())
    }

    pub(crate) fn send_all(&self, requests: Vec<Request>) -> Vec<Result<Answer, HttpError>> {
        let requests = requests.into_iter().map(http::Request::from).collect();
        http::send_all(requests).into_iter().map(|answer| Ok(answer?.into())).collect()
    }

    pub(crate) fn log(&self, level: Level, message: &str) {
        let level = match level {
            Level::Debug => log::Level::Debug,
            Level::Info => log::Level::Info,
            Level::Warn => log::Level::Warn,
            Level::Error => log::Level::Error,
        };
        log::write(level, message);
    }

    pub(crate) fn config(&self) -> String {
        connection::config()
    }

    pub(crate) fn auth_type(&self) -> String {
        connection::auth_type()
    }

    pub(crate) fn claim(&self, name: &str) -> Option<String> {
        connection::claim(name)
    }

    pub(crate) fn space(&self) -> String {
        connection::space()
    }

    pub(crate) fn user(&self) -> Option<User> {
        connection::on_behalf_of().map(|user| User { id: user.id, name: user.name })
    }

    pub(crate) fn state_get(&self, key: &str) -> Result<Option<(Vec<u8>, u64)>, StateError> {
        Ok(state::get(key)?.map(|entry| (entry.value, entry.version)))
    }

    pub(crate) fn state_set(&self, key: &str, value: &[u8], if_version: Option<u64>) -> Result<u64, StateError> {
        Ok(state::set(key, value, if_version)?)
    }

    pub(crate) fn state_delete(&self, key: &str) -> Result<(), StateError> {
        Ok(state::delete(key)?)
    }

    pub(crate) fn progress(&self, done: u64, total: Option<u64>, message: &str) {
        progress::report(done, total, message);
    }

    pub(crate) fn emit(&self, event: &str) {
        progress::emit(event);
    }
}

impl From<Request> for http::Request {
    fn from(request: Request) -> Self {
        let body = match request.body {
            RequestBody::Empty => http::RequestBody::Empty,
            RequestBody::Bytes(bytes) => http::RequestBody::Bytes(bytes),
            RequestBody::Form(pairs) => http::RequestBody::Form(to_pairs(pairs)),
            RequestBody::Multipart(parts) => {
                http::RequestBody::Multipart(parts.into_iter().map(http::Part::from).collect())
            }
            RequestBody::Held(body) => http::RequestBody::Body(body.0.0),
        };
        Self {
            method: request.method,
            url: request.url,
            query: to_pairs(request.query),
            headers: request.headers.into_iter().map(|(name, value)| http::Header { name, value }).collect(),
            body,
            credential: if request.attach_credential { http::Credential::Attach } else { http::Credential::Omit },
            redirects: if request.follow_redirects { http::Redirects::Follow } else { http::Redirects::Stop },
            timeout: request.timeout_ms,
        }
    }
}

fn to_pairs(pairs: Vec<(String, String)>) -> Vec<http::Pair> {
    pairs.into_iter().map(|(name, value)| http::Pair { name, value }).collect()
}

impl From<Part> for http::Part {
    fn from(part: Part) -> Self {
        let content = match part.content {
            PartContent::Bytes(bytes) => http::PartContent::Bytes(bytes),
            PartContent::Held(body) => http::PartContent::Body(body.0.0),
        };
        Self { name: part.name, file_name: part.file_name, content_type: part.content_type, content }
    }
}

impl From<http::Response> for Answer {
    fn from(response: http::Response) -> Self {
        Self {
            status: response.status,
            url: response.url,
            headers: response.headers.into_iter().map(|header| (header.name, header.value)).collect(),
            body: Body(Held(response.body)),
        }
    }
}

impl From<types::File> for File {
    fn from(file: types::File) -> Self {
        let content = File::new(file.name, Body(Held(file.content)));
        match file.content_type {
            Some(content_type) => content.content_type_is(content_type),
            None => content,
        }
    }
}

impl From<File> for types::File {
    fn from(file: File) -> Self {
        let (name, content_type, body) = file.into_parts();
        Self { name, content_type, content: body.0.0 }
    }
}

impl From<http::HttpError> for HttpError {
    fn from(error: http::HttpError) -> Self {
        match error {
            http::HttpError::Denied(message) => Self::Denied(message),
            http::HttpError::NeedsAuthorization => Self::NeedsAuthorization,
            http::HttpError::Connect(message) => Self::Connect(message),
            http::HttpError::Timeout => Self::Timeout,
            http::HttpError::TooLarge(limit) => Self::TooLarge(limit),
            http::HttpError::InvalidRequest(message) => Self::InvalidRequest(message),
        }
    }
}

impl From<state::StateError> for StateError {
    fn from(error: state::StateError) -> Self {
        match error {
            state::StateError::Conflict(version) => Self::Conflict(version),
            state::StateError::QuotaExceeded => Self::QuotaExceeded,
            state::StateError::Unavailable => Self::Unavailable,
        }
    }
}

impl From<Error> for ActionError {
    fn from(error: Error) -> Self {
        match error {
            Error::UnknownAction(name) => Self::UnknownAction(name),
            Error::InvalidInput(message) => Self::InvalidInput(message),
            Error::NeedsAuthorization => Self::NeedsAuthorization,
            Error::Denied(message) => Self::Denied(message),
            Error::NotFound(message) => Self::NotFound(message),
            Error::RateLimited(seconds) => Self::RateLimited(seconds),
            Error::TooLarge { limit, content_length, estimated_output } => {
                Self::TooLarge(types::Size { limit, content_length, estimated_output })
            }
            Error::Upstream { status, message, retryable } => {
                Self::Upstream(types::Upstream { status, message, retryable })
            }
            Error::Internal(message) => Self::Internal(message),
        }
    }
}

impl From<spec::ConnectorSpec> for ConnectorSpec {
    fn from(spec: spec::ConnectorSpec) -> Self {
        let about = spec.about;
        Self {
            about: wire::About {
                id: about.id,
                version: about.version,
                title: about.title,
                description: about.description,
                documentation: about.documentation,
                icon: about.icon,
            },
            auth_types: spec.auth_types.into_iter().map(wire::AuthDeclaration::from).collect(),
            config: spec.config.to_string(),
            hosts: spec.hosts.into_iter().map(wire::HostRule::from).collect(),
            headers: spec.headers,
            placeholders: spec.placeholders,
            claims: spec.claims,
            actions: spec.actions.into_iter().map(wire::ActionSpec::from).collect(),
            policies: spec.policies.to_string(),
            annotations: to_annotations(spec.annotations),
        }
    }
}

impl From<spec::AuthDeclaration> for wire::AuthDeclaration {
    fn from(auth: spec::AuthDeclaration) -> Self {
        let standing = match auth.standing {
            Standing::Standard => wire::AuthStanding::Standard,
            Standing::Recommended => wire::AuthStanding::Recommended,
            Standing::Legacy => wire::AuthStanding::Legacy,
            Standing::Experimental => wire::AuthStanding::Experimental,
        };
        Self {
            auth_type: auth.auth_type,
            label: auth.label,
            standing,
            defaults: auth.defaults.to_string(),
            overrides: auth.overrides.to_string(),
        }
    }
}

impl From<spec::HostRule> for wire::HostRule {
    fn from(rule: spec::HostRule) -> Self {
        let host = match rule.host {
            HostPattern::Name(name) => wire::HostPattern::Name(name),
            HostPattern::Config(pointer) => wire::HostPattern::Config(pointer),
            HostPattern::Claim { claim, pattern } => wire::HostPattern::Claim(wire::ClaimHost { claim, pattern }),
        };
        let credential = match rule.credential {
            CredentialUse::Allowed => wire::CredentialUse::Allowed,
            CredentialUse::Never => wire::CredentialUse::Never,
        };
        Self {
            host,
            port: rule.port,
            methods: rule.methods,
            path_prefix: rule.path_prefix,
            credential,
            reason: rule.reason,
        }
    }
}

impl From<spec::ActionSpec> for wire::ActionSpec {
    fn from(action: spec::ActionSpec) -> Self {
        let scope = match action.scope {
            Scope::Read => wire::Scope::Read,
            Scope::Write => wire::Scope::Write,
            Scope::Destroy => wire::Scope::Destroy,
        };
        Self {
            name: action.name,
            title: action.title,
            description: action.description,
            input: action.input.to_string(),
            output: action.output.map(|schema| schema.to_string()),
            scope,
            tool: action.tool,
            streaming: action.streaming,
            annotations: to_annotations(action.annotations),
        }
    }
}

fn to_annotations(annotations: Vec<spec::Annotation>) -> Vec<wire::Annotation> {
    annotations
        .into_iter()
        .map(|annotation| wire::Annotation { name: annotation.name, value: annotation.value.to_string() })
        .collect()
}
