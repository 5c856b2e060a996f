//! Settings: the user's file, the folder's file, the environment, flags, in ascending precedence.

use std::fs;

use serde_json::{Value, json};

use crate::cli::Cli;

fn setting(inn: &Cli, environment: &[(&str, &str)], flags: &[&str], name: &str) -> (Value, Value) {
    let shown = inn.run_in(environment, &[&["config", "show", "--json"], flags].concat()).succeeded().json();
    let setting = &shown["settings"][name];
    (setting["value"].clone(), setting["source"].clone())
}

#[test]
fn each_layer_is_stronger_than_the_one_before() {
    let inn = Cli::empty();
    let space = |environment: &[(&str, &str)], flags: &[&str]| setting(&inn, environment, flags, "space");
    assert_eq!(space(&[], &[]), (json!("default"), json!("default")));
    let config = inn.home().join(".config/innkeeper");
    fs::create_dir_all(&config).expect("made");
    let user = config.join("innkeeper.toml");
    fs::write(&user, "space = 'user'").expect("written");
    assert_eq!(space(&[], &[]), (json!("user"), json!(user)));
    fs::create_dir_all(inn.store()).expect("made");
    let folder = inn.store().join("innkeeper.toml");
    fs::write(&folder, "space = 'folder'").expect("written");
    assert_eq!(space(&[], &[]), (json!("folder"), json!(folder)));
    let named = inn.write("named.toml", "space = 'named'");
    assert_eq!(space(&[], &["--config-file", &named]), (json!("named"), json!(named)));
    assert_eq!(space(&[("INNKEEPER_SPACE", "environment")], &[]), (json!("environment"), json!("environment")));
    assert_eq!(space(&[("INNKEEPER_SPACE", "environment")], &["--space", "flag"]), (json!("flag"), json!("flag")));
}

#[test]
fn each_limit_comes_from_the_strongest_place_that_names_it() {
    let inn = Cli::empty();
    let file = inn.write("c.toml", "[limits]\nwall = '10s'\ncpu = '1s'\nrequests = 3\n");
    let environment = [("INNKEEPER_LIMITS", "cpu=2s,memory=32MiB")];
    let limit = |name: &str| setting(&inn, &environment, &["--config-file", &file, "--limit", "memory=16MiB"], name);
    assert_eq!(limit("limits.wall"), (json!("10s"), json!(file)));
    assert_eq!(limit("limits.requests"), (json!("3"), json!(file)));
    assert_eq!(limit("limits.cpu"), (json!("2s"), json!("environment")));
    assert_eq!(limit("limits.memory"), (json!("16MiB"), json!("flag")));
    assert_eq!(limit("limits.state"), (json!("1MiB"), json!("default")));
}

#[test]
fn paths_in_a_file_start_at_the_file() {
    let inn = Cli::empty();
    fs::create_dir(inn.home().join("sub")).expect("made");
    let file = inn.write("sub/c.toml", "folder = 'data'\nkeyring = 'file:keys'\n");
    let mut command = inn.command(&["config", "show", "--json", "--config-file", &file]);
    command.env_remove("INNKEEPER_FOLDER");
    let shown = inn.finish(command).succeeded().json();
    assert_eq!(shown["settings"]["folder"]["value"], json!(inn.path("sub/data")));
    assert_eq!(shown["settings"]["keyring"]["value"], json!(format!("file {}", inn.path("sub/keys"))));
}

#[test]
fn without_a_setting_everything_lies_in_the_users_data_folder() {
    let inn = Cli::empty();
    let mut command = inn.command(&["config", "show", "--json"]);
    command.env_remove("INNKEEPER_FOLDER");
    let shown = inn.finish(command).succeeded().json();
    assert_eq!(shown["settings"]["folder"]["value"], json!(inn.path(".local/share/innkeeper")));
}

#[test]
fn a_mistake_in_a_setting_says_where_it_is_and_what_is_right() {
    let inn = Cli::empty();
    let with_file = |text: &str| {
        let file = inn.write("c.toml", text);
        inn.run(&["config", "show", "--config-file", &file])
    };
    with_file("fodler = 'x'").failed(2, &["c.toml", "there is no setting `fodler`; did you mean `folder`?"]);
    with_file("a = 1\nspace = ").failed(2, &["c.toml", "line 2"]);
    with_file("log = 'warn'\nspace = 3").failed(2, &["c.toml", "expected a string", "line 2"]);
    with_file("[limits]\nwal = 3").failed(2, &["no limit `wal`; did you mean `wall`?"]);
    with_file("[limits]\nwall = '1h'").failed(2, &["the limit `wall` is \"1h\"", "30s", "c.toml"]);
    let flag = |arguments: &[&str]| inn.run(&[&["config", "show"], arguments].concat());
    flag(&["--limit", "cpu=fast"]).failed(2, &["the limit `cpu` is \"fast\"", "from flag"]);
    flag(&["--log", "a=b=c"]).failed(2, &["the log filter"]);
    flag(&["--private-network", "a b"]).failed(2, &["`a b` is not a host name, address or network"]);
    flag(&["--extra-root", "missing.pem"]).failed(2, &["missing.pem cannot be read"]);
    flag(&["--config-file", "missing.toml"]).failed(2, &["missing.toml cannot be read"]);
    let environment = inn.run_in(&[("INNKEEPER_ALLOW_LOOPBACK", "maybe")], &["config", "show"]);
    environment.failed(2, &["maybe", "true, false"]);
    let environment = inn.run_in(&[("INNKEEPER_LIMITS", "wall")], &["config", "show"]);
    environment.failed(2, &["`name=value`"]);
}

#[test]
fn every_key_of_the_documented_file_is_taken() {
    let inn = Cli::empty();
    let documentation = include_str!("../../../../docs/cli.md");
    let (_, rest) = documentation.split_once("```toml\n").expect("the page shows a file");
    let (example, _) = rest.split_once("```").expect("it ends");
    // These certificates do not exist here.
    let example: Vec<&str> = example.lines().filter(|line| !line.starts_with("extra_roots")).collect();
    let file = inn.write("all.toml", example.join("\n"));
    let shown = inn.run(&["config", "show", "--json", "--config-file", &file]).succeeded().json();
    for (name, setting) in shown["settings"].as_object().expect("settings") {
        assert!(
            is_set_elsewhere(name) || setting["source"] == json!(file),
            "{name} is missing in the example: {setting}"
        );
    }
}

/// What the test itself sets or omits.
fn is_set_elsewhere(name: &str) -> bool {
    ["folder", "allow_loopback", "extra_roots"].contains(&name)
}
