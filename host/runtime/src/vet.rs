//! The kind of a component, read from its outermost sections before anything is compiled.

use wasmparser::{ComponentTypeRef, Encoding, Parser, Payload};

use crate::compile_limits::CompileLimits;
use crate::count::count;
use crate::error::LoadError;
use crate::text;

/// The version of the contract that this host speaks.
pub(crate) const CONTRACT_VERSION: &str = "0.1.0";

const CONTRACT: &str = "innkeeper:connector/";
const CONTRACT_INTERFACES: [&str; 7] = ["http", "log", "connection", "state", "progress", "types", "spec"];
/// Interfaces without functions.
const TYPES: [&str; 2] = ["types", "spec"];
const WASI_INTERFACES: [&str; 17] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure-seed",
    "wasi:random/random",
];
const WASI_INSECURE_RANDOM: &str = "wasi:random/insecure";
/// Bytes of a version that are shown.
const LONGEST_VERSION: usize = 50;
const EXPORTS: [&str; 3] = ["spec", "call", "check"];

/// Refuses, with names, what is not a component of the world `connector` or imports more than a connector may have.
/// Returns the interfaces that it can call, sorted.
pub(crate) fn vet(bytes: &[u8], limits: &CompileLimits) -> Result<Vec<String>, LoadError> {
    match bytes.get(..8) {
        Some(b"\0asm\x0d\0\x01\0") => {}
        Some(b"\0asm\x01\0\0\0") => return Err(LoadError::CoreModule),
        _ => return Err(LoadError::NotWasm { found: beginning(bytes) }),
    }
    count(bytes, limits)?;
    let (mut imports, exports) = outline(bytes)?;
    check_world(&exports)?;
    check_imports(&imports)?;
    // These have only types.
    imports.retain(|import| !TYPES.iter().any(|types| import == &format!("{CONTRACT}{types}@{CONTRACT_VERSION}")));
    imports.sort_unstable();
    Ok(imports)
}

fn beginning(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "nothing (it is empty)".to_owned();
    }
    let start: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let text = bytes.trim_ascii_start().starts_with(b"(");
    format!(
        "`{}`{}",
        start.join(" "),
        if text { " (the text format? turn it into binary with `wasm-tools parse`)" } else { "" }
    )
}

type Names = Vec<String>;

fn outline(bytes: &[u8]) -> Result<(Names, Names), wasmparser::BinaryReaderError> {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::Version { encoding: Encoding::Module | Encoding::Component, .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    let import = import?;
                    // A guest cannot call a type.
                    if !matches!(import.ty, ComponentTypeRef::Type(_)) {
                        imports.push(import.name.name.to_owned());
                    }
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    exports.push(export?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}

fn check_world(exports: &[String]) -> Result<(), LoadError> {
    let has = |name: &str| exports.iter().any(|export| export == name);
    if has("describe") && has("authenticate") {
        return Err(LoadError::AuthType);
    }
    let missing: Vec<String> = EXPORTS.iter().filter(|name| !has(name)).map(|name| (*name).to_owned()).collect();
    if missing.is_empty() { Ok(()) } else { Err(LoadError::OtherWorld { missing, exports: exports.to_vec() }) }
}

fn check_imports(imports: &[String]) -> Result<(), LoadError> {
    for import in imports {
        let (interface, version) = import.rsplit_once('@').unwrap_or((import, ""));
        if interface.starts_with(CONTRACT) && version != CONTRACT_VERSION {
            return Err(LoadError::OtherVersion {
                found: text::cut(version, LONGEST_VERSION),
                known: CONTRACT_VERSION,
            });
        }
    }
    let unknown: Vec<String> = imports.iter().filter(|import| !is_granted(import)).cloned().collect();
    if unknown.is_empty() { Ok(()) } else { Err(LoadError::UnknownImports { imports: unknown }) }
}

fn is_granted(import: &str) -> bool {
    let (interface, version) = import.rsplit_once('@').unwrap_or((import, ""));
    match interface.strip_prefix(CONTRACT) {
        Some(name) => CONTRACT_INTERFACES.contains(&name),
        None => {
            version.starts_with("0.2.") && (WASI_INTERFACES.contains(&interface) || interface == WASI_INSECURE_RANDOM)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(bytes: &[u8]) -> String {
        vet(bytes, &CompileLimits::default()).expect_err("it is refused").to_string()
    }

    #[test]
    fn what_is_no_wasm_is_shown_by_its_first_bytes() {
        assert!(refusal(b"\x7fELF\x02\x01\x01\0 and more").contains("`7f 45 4c 46 02 01 01 00`"));
        assert!(refusal(b"").contains("it is empty"));
        assert!(refusal(b"\n(component)").contains("wasm-tools parse"));
    }

    #[test]
    fn a_core_module_is_told_how_to_become_a_component() {
        assert!(matches!(vet(b"\0asm\x01\0\0\0", &CompileLimits::default()), Err(LoadError::CoreModule)));
    }

    #[test]
    fn an_empty_component_lacks_the_exports_of_the_world() {
        assert!(refusal(b"\0asm\x0d\0\x01\0").contains("missing here: spec, call, check"));
    }

    #[test]
    fn a_component_that_is_cut_short_is_not_valid() {
        assert!(matches!(vet(b"\0asm\x0d\0\x01\0\x01\xff\x01", &CompileLimits::default()), Err(LoadError::Invalid(_))));
    }

    #[test]
    fn components_within_components_are_not_followed_for_ever() {
        let empty = b"\0asm\x0d\0\x01\0".to_vec();
        // A section of a component has its size in one byte here, or in two.
        let nested = (0..100).fold(empty.clone(), |inner, _| {
            let size = u16::try_from(inner.len()).expect("a small component");
            let [low, high] = [size & 0x7f | 0x80, size >> 7].map(|byte| u8::try_from(byte).expect("seven bits"));
            [&empty[..], &[4, low, high], &inner].concat()
        });
        assert!(refusal(&nested).contains("65 components within components; this host accepts at most 64"));
    }

    #[test]
    fn an_import_outside_the_contract_is_named() {
        let imports = ["innkeeper:connector/http@0.1.0", "wasi:cli/stdout@0.2.6", "wasi:sockets/tcp@0.2.6", "env"];
        let refusal = check_imports(&imports.map(str::to_owned)).expect_err("two are outside").to_string();
        assert!(refusal.contains("may not use: wasi:sockets/tcp@0.2.6, env;"), "{refusal}");
    }

    #[test]
    fn another_version_of_the_contract_is_named() {
        let refusal = check_imports(&["innkeeper:connector/http@0.9.0".to_owned()]).expect_err("another version");
        assert!(refusal.to_string().contains("version 0.9.0"), "{refusal}");
    }

    #[test]
    fn an_auth_type_is_told_from_a_connector() {
        let exports = ["describe", "authenticate", "begin"].map(str::to_owned);
        assert!(matches!(check_world(&exports), Err(LoadError::AuthType)));
    }
}
