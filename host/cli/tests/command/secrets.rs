//! A secret comes from a prompt, a file or the environment. It is never an argument, and it is never shown.

use crate::cli::{Cli, holds};

/// What must not be seen again.
const SECRET: &str = "hunter2-Xq7Lm0vW";

/// A connection that requires a token, to which its id is added.
const BEARER: [&str; 5] = ["connection", "create", "hostile_connector", "--auth-type=bearer", "--yes"];

#[test]
fn a_secret_comes_from_a_file_the_environment_or_standard_input() {
    let inn = Cli::with_connectors();
    let file = inn.write("token", format!("{SECRET}\n"));
    let from_file = format!("token={file}");
    inn.run(&[&BEARER[..], &["--id=a", "--secret-file", &from_file]].concat()).succeeded();
    std::fs::remove_file(file).expect("it was there");
    let from_environment = [&BEARER[..], &["--id=b", "--secret-env=token=MY_TOKEN"]].concat();
    inn.run_in(&[("MY_TOKEN", SECRET)], &from_environment).succeeded();
    let from_input = [&BEARER[..], &["--id=c", "--secret-file=token=-"]].concat();
    inn.run_with_input(&from_input, SECRET).succeeded();
    for id in ["a", "b", "c"] {
        let shown = inn.run(&["connection", "show", id]).succeeded();
        assert!(shown.out.contains("token (sealed)"), "{shown:#?}");
        inn.run(&["connection", "show", id, "--json"]).succeeded();
    }
    inn.run(&["connection", "list"]).succeeded();
    inn.run(&["audit"]).succeeded();
    inn.run(&["keys", "rotate"]).succeeded();
    assert!(!holds(&inn.everything(), SECRET), "no output and no file holds the secret in the clear");
}

#[test]
fn the_secret_reaches_the_service_and_nothing_else() {
    let inn = Cli::with_practice();
    let base = inn.base().to_owned();
    let create = ["connection", "create", "practice_echo", "--id=e", "--auth-type=bearer", "--yes"];
    let config = format!("--config=baseUrl={base}");
    let create = [&create[..], &[&config, "--secret-env=token=MY_TOKEN"]].concat();
    inn.run_in(&[("MY_TOKEN", SECRET)], &create).succeeded();
    let echoed = inn.run(&["call", "e", "echo", "--json", "--logs", "--log", "trace"]).succeeded();
    let seen = &echoed.json()["value"]["body"]["headers"]["authorization"];
    assert!(seen.as_str().expect("the service saw one").contains("[redacted]"), "{seen}");
    assert!(!holds(&inn.everything(), SECRET), "not even the finest log holds the secret");
}

#[test]
fn a_secret_as_an_argument_is_refused_and_not_repeated() {
    let inn = Cli::with_connectors();
    let (pair, flag) = (format!("token={SECRET}"), format!("--secret=token={SECRET}"));
    for arguments in [&["--secret", &pair][..], &[&flag], &["--field", &pair]] {
        let refused = inn.run(&[&BEARER[..], arguments].concat());
        refused.failed(2, &["a secret is never accepted as an argument", "--secret-file NAME=FILE"]);
    }
    for flag in ["--secret-file", "--secret-env", "--field", "--keyring", "--config"] {
        let refused = inn.run(&[&BEARER[..], &[flag, SECRET]].concat());
        assert!(matches!(refused.code, Some(2 | 6)), "{refused:#?}");
    }
    let unknown = format!("--token={SECRET}");
    inn.run(&[&BEARER[..], &[&unknown]].concat()).failed(2, &["unexpected argument '--token'"]);
    let edited = ["connection", "edit", "a", "--secret", &pair];
    inn.run(&edited).failed(2, &["a secret is never accepted as an argument"]);
    assert!(!holds(&inn.everything(), SECRET), "no message repeats it");
}

#[test]
fn a_secret_in_the_file_of_a_connection_is_refused_and_not_repeated() {
    let inn = Cli::with_connectors();
    let file = format!("connector = 'hostile_connector'\nauth_type = 'bearer'\n[secrets]\ntoken = '{SECRET}'\n");
    let file = inn.write("connection.toml", file);
    let refused = inn.run(&["connection", "create", "--from", &file]);
    let refused = refused.failed(2, &["contains a secret", "{ file = \"path\" }"]);
    assert!(!refused.err.contains(SECRET), "{refused:#?}");
}

#[test]
fn a_secret_that_is_not_there_is_named() {
    let inn = Cli::with_connectors();
    let create = |arguments: &[&str]| inn.run(&[&BEARER[..], arguments].concat());
    create(&["--secret-file=token=missing"]).failed(3, &["missing cannot be read"]);
    create(&["--secret-env=token=NOT_SET"]).failed(2, &["NOT_SET for the secret `token` is not set"]);
    create(&[]).failed(6, &["token is required"]);
    create(&["--secret-env=tokn=HOME"]).failed(6, &["tokn"]);
    create(&["--ask-secret=token"]).failed(2, &["no terminal to ask at"]);
}

#[test]
fn a_changed_secret_replaces_the_old_one() {
    let inn = Cli::with_practice();
    let base = inn.base().to_owned();
    let config = format!("--config=baseUrl={base}");
    let create = ["connection", "create", "practice_echo", "--id=e", "--auth-type=bearer", "--yes"];
    let create = [&create[..], &[&config, "--secret-env=token=OLD"]].concat();
    inn.run_in(&[("OLD", "old-token-old-token")], &create).succeeded();
    inn.run_in(&[("NEW", SECRET)], &["connection", "edit", "e", "--secret-env=token=NEW"]).succeeded();
    let echoed = inn.run(&["call", "e", "echo"]).succeeded();
    assert!(echoed.out.contains("[redacted]"), "{echoed:#?}");
    assert!(!holds(&inn.everything(), SECRET) && !holds(&inn.everything(), "old-token-old-token"));
}
