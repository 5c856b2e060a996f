//! The host of third-party connectors, to embed.
//!
//! A connector is a WebAssembly component that talks to one service. The host loads it, runs it in a sandbox, and
//! stores every credential: the connector requests that something be sent, and the host adds the credential. A guest
//! never sees a token.
//!
//! # From nothing to a call
//!
//! ```no_run
//! use innkeeper::{Innkeeper, NewConnection, CallRequest, SpaceId};
//! use serde_json::json;
//!
//! # async fn run() -> Result<(), innkeeper::Error> {
//! // Everything is in one folder: store, keyring (created at the first start, mode 0600), compiled code.
//! let host = Innkeeper::builder().folder("/var/lib/my-service/innkeeper").open().await?;
//!
//! // A connector is added once; it is checked, compiled and stored.
//! let connector = host.load_file("notion.wasm").await?;
//!
//! // A connection is one configured connector in a space (a tenant).
//! let space = SpaceId::default();
//! // It is planned, shown to its owner (`plan.view()`), approved, and made exactly so.
//! let new = NewConnection::new(space.clone(), connector.id(), "bearer").secret("token", "ntn_...");
//! let plan = host.plan(new).await?;
//! let connection = host.connect(plan.approved()).await?;
//!
//! // A call runs in a fresh instance.
//! let result = host
//!     .call(CallRequest::new(space, connection.id, "getPage", json!({ "pageId": "..." })))
//!     .await?;
//! println!("{}", result.value);
//! # Ok(()) }
//! ```
//!
//! # Connections that a person authorizes
//!
//! For OAuth, [`Innkeeper::begin_authorization`] returns the address to send the user's browser to, and
//! [`Innkeeper::complete_authorization`] takes the parameters that the browser comes back with. Both are bound by a
//! [`SessionSecret`], which a web service stores in a cookie of that browser. From then on, grants are refreshed before they
//! expire, once, however many callers wait; [`Innkeeper::status`] reports the status of a connection, and
//! [`Innkeeper::disconnect`] revokes its grant here and at the provider.
//!
//! A service that mounts the pages of `innkeeper-server` needs none of that: it sets their address in the builder
//! ([`Builder::pages`]) and gives its users links ([`Innkeeper::start_link`], or [`Innkeeper::link_for`] for the error of a
//! call). If no browser can come back, [`Innkeeper::begin_device_authorization`] returns a code that the user enters on a
//! page of the provider, and [`Innkeeper::wait_device_authorization`] waits for it.
//!
//! # What a connection may do
//!
//! Its owner approves its plan ([`Innkeeper::plan`]): the hosts it may reach ([`NewConnection::hosts`]; by default those that
//! the connector requests), the addresses that its auth type sends credentials to, and more. Private networks are out of
//! reach unless the operator names them ([`Builder::egress`]). An [`AccessPolicy`] decides who may call what. [`Limits`]
//! bound each call.
//!
//! # Errors
//!
//! Every failure is an [`Error`] whose text says what was requested, what is wrong and what to do; [`Error::kind`] is for
//! programs. No error contains a secret.

mod audit;
mod authorization;
mod builder;
mod calls;
mod connections;
mod connector_plan;
mod connectors;
mod error;
mod error_kind;
mod host;
mod hosts;
mod json;
mod links;
mod loaded;
mod naming;
mod new_connection;
mod plan;
mod plan_view;
mod planning;
mod policy;
pub mod published;
mod tending;
mod terms;
#[cfg(feature = "test-support")]
pub mod test_support;
mod turns;
mod views;

pub use authorization::{BeginAuthorization, ConnectionStatus};
pub use builder::{Builder, Storage};
pub use calls::{CallRequest, CallResult, CheckResult};
pub use connections::ConnectionView;
pub use connector_plan::{Added, ApprovedConnectorPlan, ConnectorPlan, ConnectorPlanView, Rescoped};
pub use connectors::ConnectorView;
pub use error::Error;
pub use error_kind::{Actor, ErrorKind, ExitCode};
pub use host::Innkeeper;
pub use links::{Link, NewLink, start_address};
pub use new_connection::{ConnectionChange, HostApproval, NewConnection};
pub use plan::{
    Approval, ApprovedPlan, Change, Endpoint, Plan, PlanKind, PlanView, PlanWarning, PlannedAction, PlannedField,
    PlannedHost, PlannedRight, PlannedSecret,
};
pub use policy::{AccessPolicy, AccessRequest, Denied, Verb};
pub use views::{AuditView, CallResultView, CheckResultView, ErrorView, FileView, StatusView};

pub use innkeeper_address::{AddressProblem, RedirectUri, SecureUrl};
pub use innkeeper_ambient::{Clock, ManualClock, Random, SeededRandom, SystemClock, SystemRandom, Timestamp, lock};
pub use innkeeper_auth::{
    Attach, AuthError, AuthOptions, AuthType, AuthTypes, Authorization, AuthorizationCode, AuthorizationWay, Begun,
    BrowserFlow, Callback, Completed, ConsentRequest, Credential, DeviceAuthorization, DeviceCode, DeviceFailure,
    DeviceFlow, DeviceProgress, Disconnected, ErrorCode, FlowFailure, FlowLimit, FlowLimits, FlowState, Grant,
    GrantSource, GrantState, GrantStatus, InvalidScope, Issuer, LINK_LIFE, LINK_PURPOSE, LONGEST_LINK_LIFE,
    LinkFailure, Nature, PkceChallenge, PkceVerifier, PlaceOnRequest, Placement, Reason, Redemption, Refused, Renewal,
    Renewed, SOURCE_TIMEOUT, Scope, SessionSecret, Settings, SettingsErrors, SettingsMistake, Signer, SourceContext,
    StartLink, Tended, TokenAnswer, TokenError, TokenKind, Unrevoked, fields_for,
};
pub use innkeeper_egress::{
    Body, ClientIdentity, EchoLimits, EgressError, Exception, IdentityError, PrivateNetworks, RequestHead,
    SHORTEST_SECRET, Settings as EgressSettings,
};
pub use innkeeper_redb::RedbStore;
pub use innkeeper_runtime::{
    ActionFailure, Allocation, CallError, CallProblem, CheckError, Code, CompileLimits, Compiler, CompilerError,
    Connector, Crowded, File, Frame, Limits, LoadError, LogLevel, LogLine, Progress, Sharing,
};
pub use innkeeper_shown as shown;
pub use innkeeper_spec as spec;
pub use innkeeper_spec::ValueSource;
pub use innkeeper_store::{
    AuditFilter, AuditRecord, ComponentDigest, ConnectionId, Cursor, GrantOwner, InvalidCursor, Page, Paged,
    PrincipalId, SpaceId, Store, StoreError, StoreFault, every_page,
};
pub use innkeeper_vault::{Keyring, KeyringError, KeyringSource, Rotation, VaultError};
