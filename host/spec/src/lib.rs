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
mod policies;
pub mod published;
mod schema;
mod template;
mod value_source;

pub use about::About;
pub use action::{ActionSpec, Scope};
pub use approved_host::{ApprovedHost, path_doubt};
pub use auth_declaration::{AuthDeclaration, FieldOverride, Standing};
pub use auth_type::{AuthMode, AuthTypeSpec, FieldKind, FieldSpec};
pub use connector::ConnectorSpec;
pub use difference::{Difference, Impact};
pub use form::{FormHints, Widget};
pub use host_pattern::{HostPattern, NamePattern, registrable_domain};
pub use host_rule::{CredentialUse, HostRule, NEVER_SENT, Scheme, check_method};
pub use icon::Icon;
pub use ids::{ActionName, AuthTypeId, ConnectorId, IdError};
pub use mistake::{Mistake, Mistakes};
pub use policies::{
    Backoff, ErrorClass, ErrorClasses, Pagination, PaginationStrategy, ParameterLocation, Place, PlaceholderUse,
    Placement, Policies, RateLimit, RateLimitStrategy, Retry, StreamMechanism, StreamParser, Streaming, Unauthorized,
    agreed_uses,
};
pub use schema::{Schema, Violation, Violations};
pub use template::Template;
pub use value_source::ValueSource;
