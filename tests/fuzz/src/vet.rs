//! Components, before they are compiled.

use innkeeper_runtime::fuzzing;

use crate::shown::is_hidden;

/// The longest error that a component can cause, in bytes for each of its own.
const LONGEST_ERROR: usize = 1024;

/// A component that is taken calls only what a connector gets, and one that is not is told why in few words.
pub fn vet(bytes: &[u8]) {
    match fuzzing::vetted(bytes) {
        Ok(imports) => {
            assert!(bytes.starts_with(b"\0asm\x0d\0\x01\0"), "it is no component");
            assert!(imports.is_sorted());
            for import in imports {
                let contract = import.strip_prefix("innkeeper:connector/").and_then(|name| name.strip_suffix("@0.1.0"));
                let wasi = ["wasi:cli/", "wasi:clocks/", "wasi:io/", "wasi:random/"]
                    .iter()
                    .any(|known| import.starts_with(known));
                assert!(contract.is_some() || wasi && import.contains("@0.2."), "{import} is granted");
            }
        }
        Err(error) => {
            let told = error.to_string();
            assert!(!told.chars().any(is_hidden), "{told:?}");
            assert!(told.len() <= LONGEST_ERROR + 4 * bytes.len(), "{} bytes of error", told.len());
        }
    }
}
