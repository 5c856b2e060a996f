//! Help texts and shell completion.

use std::process::Command;

use serde_json::json;

use crate::cli::Cli;

#[test]
fn the_help_names_every_command_and_every_exit_code() {
    let inn = Cli::empty();
    let help = inn.run(&["--help"]).succeeded().out;
    for word in ["connector", "connection", "authorize", "call", "status", "disconnect", "audit", "keys", "practice"] {
        assert!(help.contains(&format!("\n  {word} ")), "{word} is missing: {help}");
    }
    for code in (0..=9).chain([130]) {
        assert!(help.contains(&format!("\n  {code}  ")), "exit code {code} is missing: {help}");
    }
    assert!(inn.run(&["--version"]).succeeded().out.starts_with("innkeeper "));
}

#[test]
fn a_mistake_in_the_arguments_is_told_to_people_and_to_programs() {
    let inn = Cli::empty();
    inn.run(&[]).failed(2, &["Usage: innkeeper"]);
    inn.run(&["conect"]).failed(2, &["unrecognized subcommand 'conect'"]);
    let failure = inn.run(&["call", "--json"]).failed(2, &[]);
    assert_eq!((&failure.error()["kind"], &failure.error()["exit_code"]), (&json!("usage"), &json!(2)));
}

#[test]
fn completion_scripts_know_the_commands() {
    let inn = Cli::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = inn.run(&["completion", shell]).succeeded().out;
        for word in ["connection", "authorize", "rotate", "no-browser"] {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
    }
    inn.run(&["completion", "nosh"]).failed(2, &["bash, elvish, fish, powershell, zsh"]);
}

#[test]
fn bash_completes_by_the_script() {
    let inn = Cli::empty();
    let script = inn.write("innkeeper.bash", inn.run(&["completion", "bash"]).succeeded().out);
    let complete = format!(
        "source {script}; COMP_WORDS=(innkeeper conn); COMP_CWORD=1; _innkeeper innkeeper conn innkeeper; echo ${{COMPREPLY[@]}}"
    );
    let completed = Command::new("bash").args(["--norc", "-c", &complete]).output().expect("there is a bash");
    assert_eq!(String::from_utf8_lossy(&completed.stdout).trim(), "connector connection", "{completed:?}");
}
