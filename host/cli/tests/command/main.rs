//! The command as its user runs it: its binary, in a separate environment, with real components and a practice
//! provider.

mod authorizing;
mod browser;
mod calls;
mod cli;
mod connections;
mod connectors;
mod demo;
mod help;
mod interactive;
mod json;
mod practice;
mod secrets;
mod session;
mod settings;
mod shown;
mod standing;
mod storage;
