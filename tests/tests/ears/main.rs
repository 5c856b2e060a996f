//! Authorizing by way of an auth redirect service: the service against a client that knows the protocol's words alone, our client
//! against a service that does, both together, and all that is refused.

mod app;
mod callers;
mod client_failures;
mod client_refresh;
mod client_settings;
mod client_words;
mod destinations;
mod flow;
mod hosts;
mod injection;
mod kept_secret;
mod presets;
mod providers;
mod replicas;
mod scene;
mod scripted_provider;
mod seals;
mod service;
