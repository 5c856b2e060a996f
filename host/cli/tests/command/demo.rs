//! `demo`: run completely by the command itself.

use innkeeper_tests::components;

use crate::cli::Cli;

fn connectors() -> String {
    components::folder().canonicalize().expect("the connectors are built").display().to_string()
}

#[test]
fn the_demo_names_each_step_with_what_was_seen_and_ends_with_ok() {
    let inn = Cli::empty();
    let told = inn.run(&["demo", "--headless", "--connectors", &connectors()]).succeeded().out;
    for step in [
        "1. Start a practice provider and a host",
        "2. Add the connector google_drive",
        "3. Create a connection with it",
        "4. Authorize it",
        "5. List and search files",
        "6. Describe and download one",
        "7. Let the access token expire",
        "8. Look at a request from inside a connector",
        "What to try next",
    ] {
        assert!(told.contains(step), "{step:?} is missing: {told}");
    }
    assert!(told.contains("refreshes at the provider: 1") && told.contains("[redacted]"), "{told}");
    assert!(told.ends_with("\ndemo: ok\n"), "{told}");
    assert!(!inn.store().exists(), "it leaves the user's own folder alone");
}

#[test]
fn a_program_gets_the_demo_as_json() {
    let inn = Cli::empty();
    let told = inn.run(&["demo", "--headless", "--json", "--connectors", &connectors()]).succeeded().json();
    assert_eq!(told["ok"], true);
    assert_eq!(told["steps"].as_array().expect("steps").len(), 8);
}

#[test]
fn the_demo_goes_by_way_of_an_auth_redirect_service_too() {
    let inn = Cli::empty();
    let told = inn.run(&["demo", "--headless", "--ears", "--connectors", &connectors()]).succeeded().out;
    for seen in [
        "an auth redirect service, which owns the client at the provider",
        "without a client",
        "which redeemed the provider's code once, with its own client secret",
        "refreshes at the provider: 1",
        "docs/ears.md",
    ] {
        assert!(told.contains(seen), "{seen:?} is missing: {told}");
    }
    assert!(told.ends_with("\ndemo: ok\n"), "{told}");
}

#[test]
fn without_connectors_the_demo_says_how_to_build_them() {
    let inn = Cli::empty();
    inn.run(&["demo", "--headless", "--connectors", "nowhere"]).failed(3, &["google_drive.wasm", "cargo xtask guests"]);
}
