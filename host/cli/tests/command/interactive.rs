//! A user at a terminal is asked for what was not set.

use crate::cli::{Cli, holds};
use crate::session::{DOWN, INTERRUPT, Session};

/// What the user types and no one else sees.
const SECRET: &str = "typed-Xq7Lm0vW";

#[test]
fn a_connection_is_made_by_questions() {
    let inn = Cli::with_practice();
    let base = inn.base().to_owned();
    let mut session = Session::start(&inn, &["connection", "create"]);
    session.sees("Which connector?");
    session.sees("practice_echo: Practice Echo");
    session.presses(&DOWN.repeat(2));
    session.types("");
    session.sees("How does it authenticate?");
    session.sees("none");
    session.presses(&DOWN.repeat(2));
    session.types("");
    session.sees("Practice provider");
    session.types(&base);
    session.sees("Only the token");
    session.sees("Token");
    session.types_unseen(SECRET);
    session.sees("Id of the connection");
    session.types("");
    session.sees("sends requests to");
    session.sees(&format!("{base}/echo (GET)"));
    session.sees("Approve this?");
    session.presses("y");
    session.sees("created the connection practice_echo");
    let (status, shown) = session.ends();
    assert_eq!(status, Some(0), "{shown}");
    assert!(!shown.contains(SECRET) && !holds(&inn.everything(), SECRET), "{shown}");
    let echoed = inn.run(&["call", "practice_echo", "echo"]).succeeded();
    assert!(echoed.out.contains("[redacted]"), "the token that was typed was sent: {echoed:#?}");
}

#[test]
fn what_can_stay_as_it_is_is_asked_for_once_and_not_field_by_field() {
    let inn = Cli::with_connectors();
    let create = ["connection", "create", "practice_echo", "--yes", "--auth-type=oauth_authorization_code"];
    let mut session = Session::start(&inn, &create);
    for (question, answer) in [
        ("Practice provider", "http://127.0.0.1:1"),
        ("Discovery URL", ""),
        ("Authorization URL", "http://127.0.0.1:1/authorize"),
        ("Token URL", "http://127.0.0.1:1/token"),
        ("Client ID", "practice-public"),
    ] {
        session.sees(question);
        session.types(answer);
    }
    session.sees("Client secret (empty: none)");
    session.types_unseen("");
    session.sees("These fields can be left unchanged: Scope");
    session.sees("Change any of them?");
    session.presses("n");
    session.sees("Id of the connection");
    session.types("echo");
    session.sees("created the connection echo");
    let (status, shown) = session.ends();
    assert_eq!(status, Some(0), "{shown}");
    let made = inn.run(&["connection", "show", "echo", "--json"]).succeeded().json();
    assert_eq!(made["secret_names"], serde_json::json!([]), "an empty answer is no secret");
}

#[test]
fn hosts_that_are_not_approved_make_no_connection() {
    let inn = Cli::with_connectors();
    let create = ["connection", "create", "practice_echo", "--auth-type=none", "--config=baseUrl=http://127.0.0.1:1"];
    let mut session = Session::start(&inn, &create);
    session.sees("Approve this?");
    session.presses("n");
    let (status, shown) = session.ends();
    assert_eq!(status, Some(5), "{shown}");
    assert!(shown.contains("no connection was created"), "{shown}");
    assert_eq!(inn.run(&["connection", "list", "--json"]).succeeded().json(), serde_json::json!([]));
}

#[test]
fn a_person_sees_where_credentials_are_sent_to_and_a_no_makes_no_connection() {
    let inn = Cli::with_connectors();
    let create = ["connection", "create", "google_drive", "--auth-type=oauth_authorization_code", "--field=clientId=c"];
    let mut session = Session::start(&inn, &create);
    session.sees("credentials are sent to");
    session.sees("https://oauth2.googleapis.com/token");
    session.sees("set by the connector");
    session.sees("Approve this?");
    session.presses("n");
    let (status, shown) = session.ends();
    assert_eq!(status, Some(5), "{shown}");
    assert_eq!(inn.run(&["connection", "list", "--json"]).succeeded().json(), serde_json::json!([]));
}

#[test]
fn deleting_asks_first() {
    let inn = Cli::with_connectors();
    inn.run(&["connection", "create", "hostile_connector", "--id=h", "--auth-type=none"]).succeeded();
    for (answer, expected) in [("n", Some(5)), ("y", Some(0))] {
        let mut session = Session::start(&inn, &["connection", "delete", "h"]);
        session.sees("Delete h (Hostile) and its grants?");
        session.presses(answer);
        let (status, shown) = session.ends();
        assert_eq!(status, expected, "{shown}");
    }
    inn.run(&["connection", "show", "h"]).failed(3, &[]);
}

#[test]
fn a_person_who_interrupts_a_question_gets_the_cursor_back() {
    let inn = Cli::with_connectors();
    let mut session = Session::start(&inn, &["connection", "create"]);
    session.sees("practice_echo: Practice Echo");
    session.presses(INTERRUPT);
    let (status, shown) = session.ends();
    assert_eq!(status, Some(130), "{shown}");
    let (hidden, back) = (shown.rfind("\x1b[?25l"), shown.rfind("\x1b[?25h"));
    assert!(hidden.is_some() && back > hidden, "{shown:?}");
}

#[test]
fn tables_are_styled_for_people_and_the_style_is_no_text() {
    let inn = Cli::with_connectors();
    let session = Session::start(&inn, &["connector", "list"]);
    let (status, shown) = session.ends();
    assert_eq!(status, Some(0), "{shown}");
    assert!(shown.contains("\x1b[1m") && !shown.contains('\u{fffd}'), "{shown:?}");
    let mut command = inn.command(&["connector", "list"]);
    command.env("CLICOLOR_FORCE", "1");
    assert!(!inn.finish(command).succeeded().out.contains('\x1b'), "a pipe gets no style");
}
