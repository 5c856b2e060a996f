//! Crates depend on each other in one direction, as in CONTRIBUTING.md: only the arrows there are allowed.

use std::{collections::BTreeMap, fs};

use serde_json::Value;

use crate::{tool::Tool, workspace::Workspace};

/// Crates in the order of CONTRIBUTING.md, each with those that it depends on.
type Arrows = Vec<(String, Vec<String>)>;

#[test]
fn the_crates_of_the_host_depend_on_each_other_as_contributing_draws_it() {
    let workspace = Workspace::find().expect("the workspace");
    let drawn: BTreeMap<_, _> = drawn(&contributing(&workspace)).into_iter().collect();
    for (name, found) in found(&workspace) {
        let Some(allowed) = drawn.get(&name) else {
            panic!("`{name}` is not in CONTRIBUTING.md: add a line for it among the arrows");
        };
        for other in &found {
            assert!(allowed.contains(other), "CONTRIBUTING.md lacks the arrow `{name} -> {other}`");
        }
        for other in allowed {
            assert!(
                found.contains(other),
                "CONTRIBUTING.md has the arrow `{name} -> {other}`, but there is no such dependency"
            );
        }
    }
}

#[test]
fn every_arrow_leads_to_a_line_further_down() {
    let workspace = Workspace::find().expect("the workspace");
    let drawn = drawn(&contributing(&workspace));
    assert!(drawn.len() > 10, "only {} lines are read as arrows", drawn.len());
    for (line, (name, others)) in drawn.iter().enumerate() {
        for other in others {
            let below = drawn[line + 1..].iter().any(|(lower, _)| lower == other);
            assert!(below, "`{name} -> {other}`: {other} has no line below that of {name}");
        }
    }
}

/// `innkeeper` re-exports by name what the server and the command line need of the crates inside.
#[test]
fn the_server_and_the_command_line_know_the_crate_to_embed_and_none_inside_it() {
    let workspace = Workspace::find().expect("the workspace");
    let arrows: BTreeMap<_, _> = found(&workspace).into_iter().collect();
    for outer in ["server", "cli"] {
        for other in &arrows[outer] {
            assert!(!arrows["innkeeper"].contains(other), "`{outer} -> {other}`: re-export what it needs of {other}");
        }
    }
}

#[test]
fn every_crate_has_a_line_in_the_layout() {
    let workspace = Workspace::find().expect("the workspace");
    let contributing = contributing(&workspace);
    for (folder, package) in packages(&workspace) {
        let outside = ["plugins", "guest-sdk"].iter().any(|parts| folder.starts_with(parts));
        let named = contributing.lines().any(|line| {
            (line.starts_with(&format!("| `{folder}` |")) || line.starts_with(&format!("| `{folder}/` |")))
                && line.contains(&format!("`{}`", package["name"].as_str().unwrap_or_default()))
        });
        assert!(outside || named, "the layout in CONTRIBUTING.md lacks `{folder}`");
    }
}

fn contributing(workspace: &Workspace) -> String {
    fs::read_to_string(workspace.root().join("CONTRIBUTING.md")).expect("CONTRIBUTING.md")
}

/// The block of lines such as `auth -> egress, spec`; a crate without dependencies is on a line without an arrow.
fn drawn(contributing: &str) -> Arrows {
    let block = contributing.split("```text\n").skip(1).find(|block| block.contains(" -> ")).expect("the arrows");
    let lines = block.split("```").next().unwrap_or_default().lines();
    lines
        .map(|line| {
            let (name, others) = line.split_once("->").unwrap_or((line, ""));
            let others = others.split(',').map(str::trim).filter(|other| !other.is_empty());
            (name.trim().to_owned(), others.map(str::to_owned).collect())
        })
        .collect()
}

/// The dependencies of the crates below `host` on each other; those of tests do not count.
fn found(workspace: &Workspace) -> Arrows {
    let packages = packages(workspace);
    let inside = packages.iter().filter_map(|(folder, package)| Some((folder.strip_prefix("host/")?, package)));
    inside
        .map(|(folder, package)| {
            let dependencies = package["dependencies"].as_array().into_iter().flatten();
            let used = dependencies.filter(|dependency| dependency["kind"].is_null());
            let others = used.filter_map(|dependency| {
                let path = dependency["path"].as_str()?;
                let known = packages.iter().find(|(folder, _)| path.ends_with(&format!("/{folder}")))?;
                known.0.strip_prefix("host/").map(str::to_owned)
            });
            (folder.to_owned(), others.collect())
        })
        .collect()
}

/// Every package of the workspace with its folder from the root.
fn packages(workspace: &Workspace) -> Vec<(String, Value)> {
    let arguments = ["metadata", "--no-deps", "--format-version", "1"];
    let text = Tool::cargo(workspace.root()).args(arguments).output().expect("`cargo metadata`");
    let metadata: Value = serde_json::from_str(&text).expect("JSON");
    let root = workspace.root().to_str().expect("a path of text");
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    let with_folder = packages.into_iter().filter_map(|package| {
        let manifest = package["manifest_path"].as_str()?.strip_prefix(root)?;
        Some((manifest.trim_start_matches('/').strip_suffix("/Cargo.toml")?.to_owned(), package))
    });
    with_folder.collect()
}
