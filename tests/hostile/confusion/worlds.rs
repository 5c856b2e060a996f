//! Components that are no connector, or more than one.

use super::{WORLD, load};
use crate::attack::Attack;
use crate::component::{lookalike, text};

/// A component that is no connector, or more than one.
pub(super) fn attacks() -> Vec<Attack> {
    let importing =
        |import: &'static str| move || lookalike(&format!("(import \"{import}\" (instance (export \"f\" (func))))"));
    let unknown = |text| ("LoadError::UnknownImports", text);
    vec![
        load(
            "confusion-no-wasm",
            "A script is loaded as a connector",
            WORLD,
            ("LoadError::NotWasm", "this is not WebAssembly"),
            || b"#!/bin/sh\necho hello\n".to_vec(),
        ),
        load("confusion-empty", "Nothing is loaded", WORLD, ("LoadError::NotWasm", "it is empty"), Vec::new),
        load(
            "confusion-module",
            "A core module is loaded",
            WORLD,
            ("LoadError::CoreModule", "not a component"),
            || text("(module)"),
        ),
        load(
            "confusion-no-world",
            "A component has none of the exports",
            WORLD,
            ("LoadError::OtherWorld", "missing here: spec, call, check"),
            || text("(component)"),
        ),
        load(
            "confusion-auth-type",
            "A component of the other world would see secrets",
            WORLD,
            ("LoadError::AuthType", "auth type"),
            || {
                text(
                    r#"(component (core module $m (func (export "f"))) (core instance $i (instantiate $m))
                (func $f (canon lift (core func $i "f"))) (export "describe" (func $f)) (export "authenticate" (func $f)))"#,
                )
            },
        ),
        load(
            "confusion-types",
            "The exports have the names of the world and other types",
            WORLD,
            ("LoadError::Invalid", "does not fit the contract"),
            || lookalike(""),
        ),
        load(
            "confusion-sockets",
            "A component imports sockets",
            WORLD,
            unknown("wasi:sockets/tcp@0.2.6"),
            importing("wasi:sockets/tcp@0.2.6"),
        ),
        load(
            "confusion-files",
            "A component imports a file system",
            WORLD,
            unknown("wasi:filesystem/types@0.2.6"),
            importing("wasi:filesystem/types@0.2.6"),
        ),
        load(
            "confusion-http",
            "A component imports another way out",
            WORLD,
            unknown("wasi:http/outgoing-handler@0.2.6"),
            importing("wasi:http/outgoing-handler@0.2.6"),
        ),
        load(
            "confusion-secrets",
            "A component imports what auth types alone have",
            WORLD,
            unknown("innkeeper:auth/"),
            importing("innkeeper:auth/secrets@0.1.0"),
        ),
        load(
            "confusion-contract",
            "A component imports what the contract does not have",
            WORLD,
            unknown("innkeeper:connector/vault@0.1.0"),
            importing("innkeeper:connector/vault@0.1.0"),
        ),
        load(
            "confusion-version",
            "A component is of another version of the contract",
            WORLD,
            ("LoadError::OtherVersion", "version 9.9.9"),
            importing("innkeeper:connector/http@9.9.9"),
        ),
        load("confusion-bare", "A component imports a bare function", WORLD, unknown("env"), || {
            lookalike("(import \"env\" (func))")
        }),
        load("confusion-module-import", "A component has the host hand it a module", WORLD, unknown("code"), || {
            lookalike("(import \"code\" (core module))")
        }),
        load(
            "confusion-preview1",
            "A component imports the system calls of before",
            WORLD,
            unknown("wasi:snapshot"),
            importing("wasi:snapshot-preview1/all@0.1.0"),
        ),
    ]
}
