//! The specs of connectors and auth types, as checked domain types.
//!
//! A component returns a [`draft::ConnectorSpec`], the plain mirror of the WIT record (`wit/connector/spec.wit`).
//! [`ConnectorSpec::parse`] turns it into types that cannot hold an invalid spec, or reports every mistake at once,
//! each with its place.

mod about;
mod action;
mod approved_host;
mod auth_declaration;
mod auth_type;
mod choices;
mod connector;
mod difference;
pub mod disguise;
pub mod draft;
mod form;
mod header;
mod host_pattern;
mod host_rule;
mod icon;
mod ids;
pub mod json;
mod mistake;
mod parse;
mod path;
mod policies;
pub mod published;
mod schema;
mod template;
mod value_source;

pub use about::About;
pub use action::ActionSpec;
pub use approved_host::ApprovedHost;
pub use auth_declaration::{AuthDeclaration, FieldOverride};
pub use auth_type::{AuthTypeSpec, FieldSpec};
pub use choices::{AuthMode, CredentialUse, FieldKind, Scope, Standing};
pub use connector::ConnectorSpec;
pub use difference::{Difference, Impact};
pub use form::{FormHints, Widget};
pub use host_pattern::{HostPattern, NamePattern, registrable_domain};
pub use host_rule::{HostRule, Scheme};
pub use icon::Icon;
pub use ids::{ActionName, AuthTypeId, ConnectorId, IdError};
pub use mistake::{Mistake, Mistakes};
pub use parse::{NEVER_SENT, check_method};
pub use path::doubt as path_doubt;
pub use policies::{
    Backoff, ErrorClass, ErrorClasses, Pagination, PaginationStrategy, ParameterLocation, Place, PlaceholderUse,
    Placement, Policies, RateLimit, RateLimitStrategy, Retry, StreamMechanism, StreamParser, Streaming, Unauthorized,
    agreed_uses,
};
pub use schema::{Schema, Violation, Violations};
pub use template::Template;
pub use value_source::ValueSource;
