//! A user with a real browser: headless Chromium.

use std::time::Duration;

use innkeeper_tests::chromium::Chromium;
use innkeeper_tests::components;

use crate::cli::{Cli, Waiting};

/// What the command takes for the user's browser: a program that records which address it is to open.
fn note_addresses(inn: &Cli) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let notes = inn.path("addresses");
    let program = inn.write("browser", format!("#!/bin/sh\nprintf '%s\\n' \"$1\" >> '{notes}'\n"));
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
    program
}

/// The address number `index` that the browser was to open.
fn address(inn: &Cli, index: usize) -> String {
    for _ in 0..600 {
        let notes = std::fs::read_to_string(inn.home().join("addresses")).unwrap_or_default();
        if let Some(address) = notes.split_inclusive('\n').nth(index).and_then(|line| line.strip_suffix('\n')) {
            return address.to_owned();
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("no browser was opened")
}

/// Presses this button of the consent page, and returns the heading of the next page.
fn decide(chromium: &mut Chromium, address: &str, decision: &str) -> String {
    chromium.open(address);
    assert_eq!(chromium.text("h1"), "Practice app wants to use your account");
    chromium.click(&format!("button[value={decision}]"));
    chromium.text(".good h1, .bad h1")
}

#[test]
fn the_browser_opens_and_comes_back_to_a_page_that_says_it_worked() {
    let inn = Cli::with_practice();
    inn.connect_drive(&[]).succeeded();
    let mut chromium = Chromium::start();
    for (index, (decision, heading, code)) in
        [("deny", "Access was not allowed", Some(5)), ("allow", "Connected", Some(0))].into_iter().enumerate()
    {
        let mut command = inn.command(&["authorize", "drive"]);
        command.env("BROWSER", note_addresses(&inn));
        let authorize = Waiting::start(command);
        assert_eq!(decide(&mut chromium, &address(&inn, index), decision), heading);
        let ran = inn.heard(authorize.end());
        assert_eq!(ran.code, code, "{ran:#?}");
    }
    inn.run(&["call", "drive", "listFiles"]).succeeded();
}

#[test]
fn the_demo_goes_through_the_browser() {
    let inn = Cli::empty();
    let connectors = components::folder().canonicalize().expect("the connectors are built");
    let mut command = inn.command(&["demo", "--connectors"]);
    command.arg(connectors).env("BROWSER", note_addresses(&inn));
    let demo = Waiting::start(command);
    let mut chromium = Chromium::start();
    for index in 0..2 {
        assert_eq!(decide(&mut chromium, &address(&inn, index), "allow"), "Connected");
    }
    let ran = inn.heard(demo.end()).succeeded();
    assert!(ran.out.ends_with("\ndemo: ok\n"), "{ran:#?}");
}
