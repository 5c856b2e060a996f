//! An auth redirect service as its operator runs it: the command `innkeeper ears serve` as a process, in front of a real
//! authorization server, and hosts as processes that know its address and no OAuth client.

mod drive;
mod ending;
mod flow;
mod hosts;
mod memory;
mod mistakes;
mod plain_provider;
mod replicas;
mod service;
mod upstreams;
mod users;
