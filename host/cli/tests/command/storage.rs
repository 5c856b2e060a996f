//! The store and its keys: locked, lost, exposed, damaged, rotated.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use innkeeper_practice::Decision;
use serde_json::json;

use crate::cli::{Cli, keys};

/// Something that opens the store.
const LIST: [&str; 2] = ["connection", "list"];

#[test]
fn the_first_start_makes_a_keyring_that_only_its_owner_reads() {
    let inn = Cli::empty();
    inn.run(&LIST).succeeded();
    let mode = |name: &str| fs::metadata(inn.store().join(name)).expect(name).permissions().mode() & 0o777;
    assert_eq!((mode("keyring"), mode("innkeeper.redb")), (0o600, 0o600));
}

#[test]
fn a_second_process_is_told_that_the_store_is_in_use() {
    let inn = Cli::with_practice();
    inn.connect_drive(&[]).succeeded();
    let mut first = inn.begin(&["authorize", "drive", "--no-browser", "--json"]);
    let callback = first.consent(Decision::Allow);
    inn.run(&LIST).failed(9, &["is open in another process"]);
    crate::cli::visit(&callback);
    inn.heard(first.end()).succeeded();
    inn.run(&LIST).succeeded();
}

#[test]
fn a_lost_keyring_is_told_and_no_new_one_is_made_beside_an_old_store() {
    let inn = Cli::with_connectors();
    let keyring = inn.store().join("keyring");
    let kept = fs::read(&keyring).expect("it is there");
    fs::remove_file(&keyring).expect("it was there");
    inn.run(&LIST).failed(9, &["keyring", "restore it from a copy"]);
    assert!(!keyring.exists());
    let other = Cli::empty();
    other.run(&LIST).succeeded();
    fs::copy(other.store().join("keyring"), &keyring).expect("copied");
    inn.run(&LIST).failed(9, &["which the keyring does not have", "back into the keyring"]);
    fs::write(&keyring, kept).expect("written");
    inn.run(&LIST).succeeded();
}

#[test]
fn a_keyring_that_others_can_read_is_not_used() {
    let inn = Cli::with_connectors();
    let keyring = inn.store().join("keyring");
    fs::set_permissions(&keyring, fs::Permissions::from_mode(0o644)).expect("changed");
    inn.run(&LIST).failed(9, &["can be read or changed by users other than its owner (mode 644)", "chmod 600"]);
}

#[test]
fn a_damaged_store_is_told_and_left_as_it_is() {
    let inn = Cli::with_connectors();
    let store = inn.store().join("innkeeper.redb");
    let whole = fs::read(&store).expect("it is there");
    for damaged in [&whole[..3000], &whole[..whole.len() / 2], b"garbage"] {
        fs::write(&store, damaged).expect("written");
        inn.run(&LIST).failed(9, &["the store is damaged and was not changed; restore it from a copy"]);
        assert_eq!(fs::read(&store).expect("it is there"), damaged);
    }
}

#[test]
fn a_folder_that_cannot_be_one_is_told() {
    let inn = Cli::empty();
    let file = inn.write("file", "");
    inn.run(&["connection", "list", "--folder", &file]).failed(9, &["cannot be used"]);
}

#[test]
fn keys_are_listed_and_rotated_and_everything_still_opens() {
    let inn = Cli::authorized();
    let listed = inn.run(&["keys", "list", "--json"]).succeeded().json();
    assert_eq!((keys(&listed), listed["keys"][0]["seals"].clone()), (vec!["keys", "source"], json!(true)));
    let rotated = inn.run(&["keys", "rotate"]).succeeded();
    assert!(
        rotated.out.contains("again under a new key") && rotated.out.contains("removed the older keys"),
        "{rotated:#?}"
    );
    let after = inn.run(&["keys", "list", "--json"]).succeeded().json();
    assert_ne!(listed["keys"][0]["id"], after["keys"][0]["id"]);
    assert_eq!(after["keys"].as_array().expect("keys").len(), 1);
    inn.run(&["call", "drive", "listFiles"]).succeeded();
    let rotated = inn.run(&["keys", "rotate", "--json"]).succeeded().json();
    assert_eq!(keys(&rotated), ["older_keys_dropped", "resealed", "rewrapped", "unopened"]);
}

#[test]
fn the_keyring_may_come_from_the_environment_or_a_command() {
    let inn = Cli::empty();
    inn.run(&LIST).succeeded();
    let keyring = inn.store().join("keyring");
    let text = fs::read_to_string(&keyring).expect("it is there");
    let elsewhere = inn.write("elsewhere", &text);
    fs::remove_file(&keyring).expect("it was there");
    inn.run_in(&[("KEYS", &text), ("INNKEEPER_KEYRING", "env:KEYS")], &LIST).succeeded();
    inn.run(&["connection", "list", "--keyring", &format!("command:cat {elsewhere}")]).succeeded();
    inn.run(&["connection", "list", "--keyring", "env:NOT_SET"]).failed(9, &["NOT_SET", "is not set"]);
    inn.run(&["connection", "list", "--keyring", "command:false"]).failed(9, &["`false`", "failed"]);
    let rotated = inn.run(&["keys", "rotate", "--keyring", &format!("command:cat {elsewhere}")]).succeeded();
    assert!(rotated.err.contains("The keyring is not in a file"), "{rotated:#?}");
}
