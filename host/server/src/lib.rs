//! The web half of authorizing a connection: pages and routes that a service mounts.
//!
//! ```no_run
//! use innkeeper::{Innkeeper, NewLink, SpaceId, ConnectionId, PrincipalId};
//! use innkeeper_server::{LinkHolders, PagesSettings, authorization_router};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let pages = "https://my.service/connect/".parse()?;
//! let host = Innkeeper::builder().folder("/var/lib/my-service/innkeeper").pages(pages).open().await?;
//! let routes = authorization_router(host.clone(), LinkHolders, &PagesSettings::default())?;
//! let service: axum::Router = axum::Router::new().nest("/connect", routes);
//! let tended = host.clone();
//! tokio::spawn(async move { tended.keep_tended().await });
//!
//! // A link for a user to open; the error of a call has one, too: `Innkeeper::link_for`.
//! let drive = ConnectionId::parse("drive")?;
//! let link = host.start_link(NewLink::new(SpaceId::default(), drive, Some(PrincipalId::parse("ada")?))).await?;
//! # Ok(()) }
//! ```
//!
//! Routes, below where they are mounted:
//!
//! | route | what it does |
//! |---|---|
//! | `POST begin` | JSON `{connection, return_url?}` of a signed-in user; answers `{start_url, expires_at}` |
//! | `GET start/{token}` | checks that it is opened by the user it was made for, and sends the browser to the provider |
//! | `GET callback` | where the provider sends the browser back; this address is registered there |
//! | `GET result/{token}` | the outcome, if there is no return URL |
//! | `GET status/{connection}` | JSON: the status of the connection for the user, with a link if it needs one |
//! | `POST disconnect` | JSON `{connection}`; revokes the user's grant here and at the provider |
//!
//! The user comes from [`Visitors`], which the service implements. [`LinkHolders`] is for services
//! that know no users: the holder of a link is taken for the user it was made for, after a page that asks.

mod begin;
mod body;
mod callback;
mod disconnect;
mod local;
mod origins;
mod pages;
mod problem;
mod result;
mod router;
mod site;
mod start;
mod status;
mod visitors;

pub use innkeeper_web::{ListenSettings, listen};
pub use local::{LocalCallback, LocalFailure};
pub use router::authorization_router;
pub use site::PagesSettings;
pub use visitors::{LinkHolders, User, Visitors};
