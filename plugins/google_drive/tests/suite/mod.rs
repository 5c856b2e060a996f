//! The connector against a scripted Drive. Each request that any test makes it send, and each answer it is given, is
//! held against Google's own description of the API.

mod discovery;
mod downloads;
mod failures;
mod field_mask;
mod listings;
mod metadata;
mod service;
mod spec;
