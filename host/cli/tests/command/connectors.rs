//! Connectors are added, inspected, listed and removed, and nothing else gets in.

use serde_json::{Value, json};

use crate::cli::{Cli, component, keys};

#[test]
fn a_connector_is_added_listed_and_removed() {
    let inn = Cli::empty();
    let added = inn.run(&["connector", "add", &component("google_drive")]).succeeded();
    assert!(added.out.contains("added google_drive 0.1.0: Google Drive"), "{added:#?}");
    assert!(added.out.contains("searchFiles (read)"), "{added:#?}");
    assert!(added.err.contains("next: innkeeper connection create google_drive"), "{added:#?}");
    let listed = inn.run(&["connector", "list"]).succeeded();
    assert!(listed.out.contains("google_drive") && listed.out.contains("Google Drive"), "{listed:#?}");
    assert_eq!(inn.run(&["connector", "remove", "google_drive"]).succeeded().out, "removed google_drive\n");
    let listed = inn.run(&["connector", "list"]).succeeded();
    assert_eq!(listed.out, "there are no connectors yet; add one with `innkeeper connector add FILE.wasm`\n");
}

#[test]
fn a_program_gets_connectors_as_json() {
    let inn = Cli::with_connectors();
    let listed = inn.run(&["connector", "list", "--json"]).succeeded().json();
    let drive = listed.as_array().expect("a list").iter().find(|one| one["id"] == "google_drive").expect("it is there");
    assert_eq!(keys(drive), ["actions", "added_at", "auth_types", "digest", "id", "title", "version"]);
    let added = inn.run(&["connector", "add", "--json", &component("google_drive")]).succeeded().json();
    assert_eq!(
        keys(&added[0]),
        [
            "actions",
            "added_at",
            "auth_types",
            "differences",
            "digest",
            "hosts",
            "id",
            "replaces",
            "rescoped",
            "title",
            "version"
        ]
    );
    assert_eq!((&added[0]["replaces"], &added[0]["differences"]), (&json!("0.1.0"), &json!([])));
    assert_eq!(
        inn.run(&["connector", "remove", "google_drive", "--json"]).succeeded().json(),
        json!({ "removed": "google_drive" })
    );
}

#[test]
fn what_is_no_connector_is_refused_with_the_reason_and_not_kept() {
    let inn = Cli::empty();
    let whole = std::fs::read(component("google_drive")).expect("it can be read");
    for (name, bytes, reason) in [
        ("script.wasm", &b"#!/bin/sh\necho hello\n"[..], "this is not WebAssembly"),
        ("empty.wasm", b"", "this is not WebAssembly"),
        ("module.wasm", b"\0asm\x01\0\0\0", "this is a core WebAssembly module"),
        ("short.wasm", &whole[..whole.len() / 2], "this component is not valid"),
    ] {
        let path = inn.write(name, bytes);
        inn.run(&["connector", "add", &path]).failed(6, &[&path, reason]);
        inn.run(&["connector", "inspect", &path]).failed(6, &[&path, reason]);
    }
    assert_eq!(inn.run(&["connector", "list", "--json"]).succeeded().json(), json!([]));
}

#[test]
fn of_several_files_all_are_kept_or_none_and_every_mistake_is_told() {
    let inn = Cli::empty();
    let script = inn.write("script.wasm", "hello");
    let missing = inn.path("missing.wasm");
    let good = component("practice_echo");
    let added = inn.run(&["connector", "add", &good, &script, &missing]);
    added.failed(6, &[&script, "this is not WebAssembly", &missing, "No such file", "no file was added"]);
    assert_eq!(inn.run(&["connector", "list", "--json"]).succeeded().json(), json!([]));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let inn = Cli::empty();
    for verb in ["add", "inspect"] {
        let failure = inn.run(&["connector", verb, "missing.wasm", "--json"]);
        assert_eq!((failure.code, &failure.error()["kind"]), (Some(3), &json!("no-such-file")), "{failure:#?}");
    }
    inn.run(&["connector", "add", "."]).failed(1, &["Is a directory"]);
}

#[test]
fn inspecting_a_file_shows_it_and_keeps_nothing() {
    let inn = Cli::empty();
    let inspected = inn.run(&["connector", "inspect", &component("google_drive")]).succeeded();
    for words in ["google_drive 0.1.0: Google Drive", "Actions", "downloadFile", "fileId*", "oauth_authorization_code"]
    {
        assert!(inspected.out.contains(words), "{words:?} is not in {inspected:#?}");
    }
    let callable = inspected.out.lines().skip_while(|line| *line != "Interfaces that it can call").nth(1);
    assert_eq!(
        callable.expect("a line").trim(),
        "connection, http, wasi:cli/stderr, wasi:cli/stdout, wasi:io/error, wasi:io/streams"
    );
    assert_eq!(inn.run(&["connector", "list", "--json"]).succeeded().json(), json!([]));
    inn.run(&["connector", "inspect", "google_drive"])
        .failed(3, &["there is no connector \"google_drive\"", "innkeeper connector add FILE.wasm"]);
}

#[test]
fn a_connector_is_compiled_within_the_memory_that_is_set_for_it() {
    let inn = Cli::empty();
    let inspect = |limit: &str| inn.run(&["connector", "inspect", &component("practice_echo"), "--limit", limit]);
    inspect("compile_memory=1MiB").failed(6, &["compile_memory"]);
    inspect("compile_component=1KiB").failed(6, &["(the limit `compile_component`)"]);
    inspect("compile_memory=256MiB").succeeded();
}

#[test]
fn the_inspected_spec_fits_the_published_schema() {
    let inn = Cli::empty();
    let schema = include_str!("../../../../wit/schemas/connector-spec.json");
    let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    let schema = jsonschema::validator_for(&schema).expect("the schema is one");
    for library in ["google_drive", "notion", "sharepoint_online", "practice_echo", "fixture_hostile"] {
        let spec = inn.run(&["connector", "inspect", "--json", &component(library)]).succeeded().json();
        let mistakes: Vec<String> =
            schema.iter_errors(&spec).map(|mistake| format!("{}: {mistake}", mistake.instance_path())).collect();
        assert!(mistakes.is_empty(), "{library}: {mistakes:#?}");
        for action in spec["actions"].as_array().expect("actions") {
            assert!(action["input"]["type"].is_string(), "{library}: {action} comes with its input schema");
        }
    }
    let mut spec = inn.run(&["connector", "inspect", "--json", &component("notion")]).succeeded().json();
    spec["actions"][0]["scope"] = json!("everything");
    assert!(!schema.is_valid(&spec), "the schema would take anything");
}

#[test]
fn a_connector_that_is_kept_and_one_in_a_file_are_inspected_alike() {
    let inn = Cli::with_connectors();
    let kept = inn.run(&["connector", "inspect", "google_drive", "--json"]).succeeded().out;
    assert_eq!(kept, inn.run(&["connector", "inspect", &component("google_drive"), "--json"]).succeeded().out);
}

#[test]
fn a_connector_in_use_is_not_removed() {
    let inn = Cli::with_connectors();
    inn.run(&["connection", "create", "hostile_connector", "--id", "h", "--auth-type", "none"]).succeeded();
    let failure = inn.run(&["connector", "remove", "hostile_connector"]);
    failure.failed(1, &["is used by 1 connection(s)", "default/h", "delete them first"]);
    inn.run(&["connection", "delete", "h", "--yes"]).succeeded();
    inn.run(&["connector", "remove", "hostile_connector"]).succeeded();
    inn.run(&["connector", "remove", "hostile_connector"]).failed(3, &["there is no connector"]);
}
