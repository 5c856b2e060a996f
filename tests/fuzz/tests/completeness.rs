//! Nothing that belongs to a target is missing.

#![cfg(feature = "runtime")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use innkeeper_fuzz::TARGETS;

#[test]
fn every_target_has_seeds_a_dictionary_a_binary_and_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    let stems = |path: &str, ending: &str| -> BTreeSet<String> {
        let entries =
            fs::read_dir(folder.join(path)).expect("a folder").map(|entry| entry.expect("readable").file_name());
        entries.map(|name| name.to_string_lossy().trim_end_matches(ending).to_owned()).collect()
    };
    assert_eq!(stems("seeds", ""), names);
    assert_eq!(stems("dictionaries", ".dict"), names);
    assert_eq!(stems("cargo-fuzz/fuzz_targets", ".rs"), names);
    let manifest = fs::read_to_string(folder.join("cargo-fuzz/Cargo.toml")).expect("a manifest");
    let tests = include_str!("promises.rs");
    for name in names {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} has no binary");
        assert!(tests.contains(&format!("    holds(\"{name}\");")), "{name} has no test");
    }
}
