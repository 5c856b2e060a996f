//! The web half of authorizing: pages and routes of `innkeeper-server` in front of a host, as browsers and strangers meet them.

mod browser;
mod flow;
mod limits;
mod refusals;
mod routes;
mod support;
