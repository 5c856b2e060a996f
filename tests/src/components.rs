//! Built components, and changes to their bytes.

use std::path::PathBuf;

/// The folder of built connectors: `INNKEEPER_CONNECTORS`, or `target/connectors` of the workspace.
pub fn folder() -> PathBuf {
    match std::env::var_os("INNKEEPER_CONNECTORS") {
        Some(folder) => folder.into(),
        None => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/connectors")),
    }
}

/// The bytes of a built component, by the name of its library.
pub fn component(library: &str) -> Vec<u8> {
    let path = folder().join(format!("{library}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!("the component {} cannot be read ({error}): build it with `cargo xtask guests`", path.display())
    })
}

/// The id of [`hostile`].
pub const HOSTILE: &str = "hostile_connector";

/// The component that does what connectors may not do.
pub fn hostile() -> Vec<u8> {
    component("fixture_hostile")
}

/// The same bytes with every `from` replaced by `to`, which has the same length: for a component that differs in one
/// name.
pub fn patched(mut bytes: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "a patch keeps the length");
    let (from, to) = (from.as_bytes(), to.as_bytes());
    let mut found = 0;
    let mut at = 0;
    while let Some(offset) = bytes[at..].windows(from.len()).position(|window| window == from) {
        bytes[at + offset..at + offset + to.len()].copy_from_slice(to);
        at += offset + to.len();
        found += 1;
    }
    assert!(found > 0, "{:?} is not in the component", String::from_utf8_lossy(from));
    bytes
}
