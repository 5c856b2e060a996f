//! A second world links what it shares with the world `connector` from the same modules: its store's data is
//! different, and so are its projections. The bindings of the world `auth-type` take the shared interfaces from those
//! of `connector`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use innkeeper_ambient::{Clock, ManualClock, SeededRandom, Timestamp};
use innkeeper_egress::{Attachment, CredentialError, CredentialSource, Egress, RequestHead, Settings};
use innkeeper_spec::{AuthMode, Policies};
use innkeeper_store::{ConnectionRecord, Sealed};
use secrecy::SecretString;
use serde_json::json;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::connection::{Claims, ConnectionAccess, ConnectionView};
use super::http::{HttpAccess, HttpView, WayOut};
use super::log::{LogLevel, LogView};
use super::{connection, http, log};
use crate::account::Account;
use crate::limits::Limits;

#[allow(missing_docs, unreachable_pub, dead_code, clippy::pedantic, reason = "generated")]
mod contract {
    wasmtime::component::bindgen!({
        path: ["../../wit/connector", "../../wit/auth"],
        world: "innkeeper:auth/auth-type",
        imports: { default: async | trappable },
        exports: { default: async },
        with: { "innkeeper:connector": crate::contract::innkeeper::connector },
    });
}

/// The store's data of an auth type.
struct AuthGuest {
    limits: Limits,
    policies: Policies,
    table: ResourceTable,
    account: Account,
    log: log::PerCall,
    connection: connection::PerCall,
    http: http::PerCall,
}

impl AuthGuest {
    fn log(&mut self) -> LogView<'_> {
        LogView { call: Some(&self.log) }
    }

    fn connection(&mut self) -> ConnectionView<'_> {
        ConnectionView { call: Some(&self.connection), claims: &[] }
    }

    fn http(&mut self) -> HttpView<'_> {
        HttpView {
            way_out: Some(WayOut { call: &mut self.http, headers: &[], policies: &self.policies }),
            table: &mut self.table,
            account: &self.account,
            limits: &self.limits,
        }
    }
}

#[tokio::test]
async fn a_guest_of_another_world_works_with_the_same_log_connection_and_way_out() {
    let engine = Engine::new(&crate::engine::config()).expect("an engine");
    let mut linker = Linker::new(&engine);
    log::link(&mut linker, AuthGuest::log).expect("linked");
    connection::link(&mut linker, AuthGuest::connection).expect("linked");
    http::link(&mut linker, AuthGuest::http).expect("linked");

    let component = Component::new(&engine, probe()).expect("a component");
    let mut store = Store::new(&engine, guest());
    store.set_epoch_deadline(u64::MAX / 2);
    let instance = linker.instantiate_async(&mut store, &component).await.expect("all of its imports are linked");
    let run = instance.get_typed_func::<(), ()>(&mut store, "run").expect("its export");
    run.call_async(&mut store, ()).await.expect("it runs");

    let lines = store.data().log.take();
    let lines: Vec<_> = lines.iter().map(|line| (line.level, line.message.as_str())).collect();
    let [(LogLevel::Info, "home"), (LogLevel::Error, denied)] = lines[..] else { panic!("{lines:?}") };
    assert!(denied.contains("the connection's owner has not approved it"), "{denied}");
}

/// The generated interfaces of the world `auth-type` have no separate types for what they share.
#[test]
fn an_auth_type_takes_the_pairs_of_the_connectors_contract() {
    let pair = crate::contract::innkeeper::connector::http::Pair { name: String::new(), value: String::new() };
    let _: contract::innkeeper::auth::oauth::Pair = pair;
}

fn guest() -> AuthGuest {
    let limits = Limits::default();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(Timestamp::from_secs(1)));
    let egress = Egress::new(Settings::default(), clock.clone(), Arc::new(SeededRandom::new(0))).expect("a way out");
    let account = Account::new(limits.held);
    let access =
        ConnectionAccess { record: Arc::new(record()), config: "{}".into(), user: None, claims: Arc::new(Nothing) };
    let way_out = HttpAccess {
        egress,
        allow: Arc::default(),
        credential: Arc::new(Nothing),
        placeholders: None,
        echoes: Arc::default(),
        sent: Arc::default(),
    };
    AuthGuest {
        policies: Policies::default(),
        table: ResourceTable::new(),
        log: log::PerCall::new(log::Origin::default(), &limits, account.clone()),
        account,
        connection: connection::PerCall::new(access),
        http: http::PerCall::new(way_out, &limits, &clock),
        limits,
    }
}

fn record() -> ConnectionRecord {
    ConnectionRecord {
        space: "home".parse().expect("a space"),
        id: "a".parse().expect("an id"),
        title: String::new(),
        connector: "a".parse().expect("an id"),
        auth_type: "none".parse().expect("an id"),
        auth_mode: AuthMode::Shared,
        config: json!({}),
        fields: BTreeMap::new(),
        sources: BTreeMap::new(),
        config_sources: BTreeMap::new(),
        secret_names: Vec::new(),
        secrets: Sealed::from_bytes(vec![1; 64]).expect("its form is right"),
        hosts: Vec::new(),
        placeholders: Vec::new(),
        claims: Vec::new(),
        created_at: Timestamp::from_secs(1),
        updated_at: Timestamp::from_secs(1),
        version: 1,
    }
}

#[derive(Debug)]
struct Nothing;

#[async_trait]
impl Claims for Nothing {
    async fn claim(&self, _: &str) -> Option<String> {
        None
    }
}

#[async_trait]
impl CredentialSource for Nothing {
    async fn attach(
        &self,
        _: &RequestHead,
        _: Option<&Attachment>,
    ) -> Result<Option<Arc<Attachment>>, CredentialError> {
        Ok(None)
    }

    async fn secrets(&self) -> Result<Arc<[SecretString]>, CredentialError> {
        Ok(Arc::default())
    }
}

/// A component that logs its space, sends a request, and logs why that was denied.
fn probe() -> Vec<u8> {
    let mut resolve = Resolve::default();
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/connector");
    resolve.push_path(contract).expect("the contract is well-formed");
    let package = resolve.push_str("probe.wit", WORLD).expect("the world is well-formed");
    let world = resolve.select_world(&[package], Some("probe")).expect("there is one");
    let mut module = wat::parse_str(CORE).expect("the core is well-formed");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("the world is encoded");
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module).expect("the core fits its world");
    encoder.encode().expect("a component")
}

const WORLD: &str = "package test:probe;
world probe {
  import innkeeper:connector/http@0.1.0;
  import innkeeper:connector/log@0.1.0;
  import innkeeper:connector/connection@0.1.0;
  export run: func();
}";

const CORE: &str = r#"(module
  (import "innkeeper:connector/log@0.1.0" "write" (func $write (param i32 i32 i32)))
  (import "innkeeper:connector/connection@0.1.0" "space" (func $space (param i32)))
  (import "innkeeper:connector/http@0.1.0" "send" (func $send
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "GET")
  (data (i32.const 272) "https://api.example.com/")
  (global $free (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $free)
    (global.set $free (i32.add (global.get $free) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16)))))
  (func (export "run")
    (call $space (i32.const 0))
    (call $write (i32.const 1) (i32.load (i32.const 0)) (i32.load (i32.const 4)))
    (call $send
      (i32.const 256) (i32.const 3)
      (i32.const 272) (i32.const 24)
      (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0)
      (i32.const 64))
    ;; The error `denied`.
    (if (i32.ne (i32.load8_u (i32.const 64)) (i32.const 1)) (then unreachable))
    (if (i32.load8_u (i32.const 72)) (then unreachable))
    (call $write (i32.const 3) (i32.load (i32.const 80)) (i32.load (i32.const 84)))))"#;
