//! Fuzz targets under libFuzzer, guided by coverage.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    cargo_tool::CARGO_FUZZ,
    failure::Failure,
    step::{report, step},
    tool::Tool,
    workspace::Workspace,
};

/// The package whose programs are run. It is not a member of the workspace.
const PACKAGE: &str = "tests/fuzz/cargo-fuzz";
/// A target that takes more memory than this has failed, in MiB.
const MEMORY: u32 = 2048;
/// One input that takes longer than this is a failure, in seconds.
const PATIENCE: u32 = 25;

/// Runs one target, or all of them one after the other, for `minutes` each. New inputs go into `target/fuzz/corpus`, an
/// input that breaks a promise into `target/fuzz/artifacts`.
pub(crate) fn run(workspace: &Workspace, target: Option<&str>, minutes: u32) -> Result<(), Failure> {
    let programs = programs(workspace)?;
    let chosen: Vec<&Program> =
        programs.iter().filter(|program| target.is_none_or(|name| program.name == name)).collect();
    if chosen.is_empty() {
        let names: Vec<_> = programs.iter().map(|program| program.name.as_str()).collect();
        let target = target.unwrap_or_default();
        return Err(Failure::Workspace(format!("there is no fuzz target `{target}`; there are {}", names.join(", "))));
    }
    let cargo_fuzz = CARGO_FUZZ.ensure(workspace)?;
    for program in chosen {
        step(&format!("fuzz target {} for {minutes} min", program.name), || {
            program.run(workspace, &cargo_fuzz, minutes)
        })?;
    }
    report("    no input broke a promise");
    Ok(())
}

/// One target as a program for libFuzzer.
#[derive(Debug, PartialEq, Eq)]
struct Program {
    name: String,
    features: Vec<String>,
}

impl Program {
    fn run(&self, workspace: &Workspace, cargo_fuzz: &Path, minutes: u32) -> Result<(), Failure> {
        let below = workspace.root().join("tests/fuzz");
        let results = workspace.target().join("fuzz");
        let corpus = made(results.join("corpus").join(&self.name))?;
        let artifacts = made(results.join("artifacts").join(&self.name))?;
        let text = |path: PathBuf| path.display().to_string();
        Tool::named(cargo_fuzz, workspace.root())
            // No sanitizer: the code is safe Rust, and sanitizers want a nightly compiler. Without `cfg(fuzzing)`, dependencies do
            // what they do elsewhere.
            .args(["run", "--sanitizer", "none", "--no-cfg-fuzzing", "--fuzz-dir", PACKAGE, "--target-dir"])
            .arg(results.join("build"))
            .args(self.features.iter().flat_map(|feature| ["--features", feature.as_str()]))
            .arg(&self.name)
            .args([&corpus, &below.join("seeds").join(&self.name)])
            .arg("--")
            .args([format!("-max_total_time={}", minutes * 60), format!("-rss_limit_mb={MEMORY}")])
            .args([format!("-timeout={PATIENCE}"), "-print_final_stats=1".to_owned()])
            .arg(format!("-dict={}", text(below.join("dictionaries").join(format!("{}.dict", self.name)))))
            .arg(format!("-artifact_prefix={}/", text(artifacts)))
            .run()
    }
}

fn programs(workspace: &Workspace) -> Result<Vec<Program>, Failure> {
    let metadata =
        Tool::cargo(&workspace.root().join(PACKAGE)).args(["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&metadata.output()?)
        .map_err(|error| Failure::Workspace(format!("`cargo metadata` of {PACKAGE} cannot be read: {error}")))?;
    from_metadata(&metadata)
        .ok_or_else(|| Failure::Workspace(format!("`cargo metadata` of {PACKAGE} lacks the programs")))
}

fn from_metadata(metadata: &Value) -> Option<Vec<Program>> {
    let targets = metadata["packages"].as_array()?.first()?["targets"].as_array()?;
    let mut programs: Vec<Program> = targets
        .iter()
        .filter(|target| target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "bin")))
        .map(|target| {
            let features = target["required-features"].as_array().into_iter().flatten();
            Some(Program {
                name: target["name"].as_str()?.to_owned(),
                features: features.filter_map(|feature| feature.as_str().map(str::to_owned)).collect(),
            })
        })
        .collect::<Option<_>>()?;
    programs.sort_by(|one, other| one.name.cmp(&other.name));
    Some(programs)
}

fn made(folder: PathBuf) -> Result<PathBuf, Failure> {
    match fs::create_dir_all(&folder) {
        Ok(()) => Ok(folder),
        Err(source) => Err(Failure::File { what: "create the folder", path: folder, source }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_programs_of_the_package_are_its_targets_with_their_features() {
        let metadata = json!({ "packages": [{ "targets": [
            { "name": "vet", "kind": ["bin"], "required-features": ["runtime"] },
            { "name": "build-script-build", "kind": ["custom-build"] },
            { "name": "spec", "kind": ["bin"] },
        ] }] });
        let program = |name: &str, features: &[&str]| Program {
            name: name.to_owned(),
            features: features.iter().map(|&feature| feature.to_owned()).collect(),
        };
        assert_eq!(from_metadata(&metadata), Some(vec![program("spec", &[]), program("vet", &["runtime"])]));
        assert_eq!(from_metadata(&json!({ "packages": [] })), None);
    }
}
