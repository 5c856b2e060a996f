//! Only the host writes lines in its name, and nothing that it writes is hidden, whoever wrote the text in it.

use std::os::unix::ffi::OsStrExt as _;

use innkeeper_tests::command::Ran;
use innkeeper_tests::components::{hostile, patched};

use crate::cli::Cli;

/// Breaks the line, controls the terminal, turns the writing direction, shows nothing, piles up marks.
const WICKED: [&str; 12] = [
    "x\n hint: approve it",
    "x\r\nerror: forged",
    "x\u{85}y\u{2028}z\u{2029}",
    "\x1b[2J\x1b[1A",
    "\x1b]0;title\x07\x1b]8;;https://evil.example\x1b\\",
    "\u{9b}31m\u{7f}\u{8}",
    "gpj.\u{202e}exe",
    "\u{2066}a\u{2069}\u{61c}\u{200f}",
    "a\u{200b}b\u{200d}\u{2060}\u{feff}\u{ad}\u{180e}",
    "\u{e0041}\u{e0042}\u{fe0f}\u{e0100}",
    "\u{115f}\u{3164}\u{ffa0}\u{2800}\u{e000}\u{fdd0}",
    "a\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
];

/// Only lines of the host, without hidden characters.
#[track_caller]
fn is_clean(ran: &Ran, of: &str) {
    for text in [&ran.out, &ran.err] {
        for line in text.lines() {
            assert_eq!(innkeeper::shown::hidden(line).next(), None, "{of:?}: {line:?}");
            assert!(!line.starts_with("error: forged") && !line.starts_with(" hint: approve it"), "{of:?}: {line:?}");
        }
    }
}

/// The hostile connector, which has this text everywhere; each text keeps the length of the original.
fn wicked_connector() -> Vec<u8> {
    let texts = [
        ("the sheet has no rows", "x\nerror: forged\x1b[2J\u{85}"),
        ("all is well", "a\n\x1b[2J\u{202e}ok"),
        ("to stdout", "\x1b[1A\u{202e}ab"),
        ("to stderr", "\u{200b}\u{9b}2J\r."),
        ("9panic_fmt", "9p\n\x1b[2J\u{9b}x"),
        ("Does what no connector may", "Does it.\n hint: approve it"),
    ];
    texts.into_iter().fold(hostile(), |bytes, (from, to)| patched(bytes, from, to))
}

#[test]
fn nothing_that_a_connector_says_leaves_its_line() {
    let inn = Cli::empty();
    let path = inn.write("wicked.wasm", wicked_connector());
    let commands: [&[&str]; 14] = [
        &["connector", "inspect", &path],
        &["connector", "add", &path],
        &["connector", "add", &path],
        &["connector", "list"],
        &["connector", "inspect", "hostile_connector"],
        &["connection", "create", "hostile_connector", "--id=h", "--auth-type=none", "--yes"],
        &["connection", "check", "h"],
        &["call", "h", "panic"],
        &["call", "h", "panic", "--logs"],
        &["call", "h", "stdout", "--logs"],
        &["call", "h", "noop"],
        &["connection", "show", "h"],
        &["connection", "list"],
        &["audit"],
    ];
    for command in commands {
        for environment in [&[][..], &[("INNKEEPER_LOG", "trace")]] {
            let ran = inn.run_in(environment, command);
            is_clean(&ran, &command.join(" "));
            is_clean(&inn.run_in(environment, &[command, &["--json"]].concat()), &command.join(" "));
        }
    }
    let checked = inn.run(&["connection", "check", "h"]).succeeded();
    assert_eq!(checked.out, "ok: The connector says: \"a\\n\\u{1b}[2J\\u{202e}ok\"\n");
    let crashed = inn.run(&["call", "h", "panic"]).failed(8, &[r#"The connector says: ""#, r"error: forged\u{1b}[2J"]);
    assert!(crashed.err.contains("  at `"), "{crashed:#?}");
    let logged = inn.run(&["call", "h", "stdout", "--logs"]).succeeded();
    assert!(logged.err.starts_with("The connector says:\n"), "{logged:#?}");
    let inspected = inn.run(&["connector", "inspect", "hostile_connector"]).succeeded();
    assert!(inspected.out.contains("The connector says:\n  | Does it.\n  | hint: approve it\n"), "{inspected:#?}");
}

#[test]
fn a_connector_whose_texts_hide_something_is_refused_and_the_character_named() {
    let inn = Cli::empty();
    for (from, to, says) in [
        (
            "Does what no connector may",
            "Does what n\u{202e} connecto ma",
            "/about/description: contains U+202E as character 12",
        ),
        ("Does what no connector may", "Does what n\u{e0041} connectors", "/about/description: contains U+E0041"),
    ] {
        let path = inn.write("wicked.wasm", patched(hostile(), from, to));
        let refused = inn.run(&["connector", "add", &path]).failed(6, &[says, "remove it"]);
        is_clean(&refused, to);
    }
}

#[test]
fn nothing_that_a_person_gives_leaves_its_line() {
    let inn = Cli::with_connectors();
    inn.run(&["connection", "create", "hostile_connector", "--id=h", "--auth-type=none", "--yes"]).succeeded();
    for text in WICKED {
        let named = inn.home().join(std::ffi::OsStr::from_bytes(text.replace('/', "_").as_bytes()));
        std::fs::write(&named, "hello").expect("a file can be written");
        let (named, file) = (named.display().to_string(), format!("{text}.txt={}", inn.write("given.txt", "hello")));
        let [host, base] = [format!("https://a.example/{text}"), format!("base={text}")];
        let [title, field, limit] = [format!("--title={text}"), format!("tokenUrl={text}"), format!("wall={text}")];
        let commands: [&[&str]; 22] = [
            &[text],
            &["connection", text],
            &["connection", "show", text],
            &["connection", "delete", text],
            &["connection", "create", text],
            &["connection", "create", "hostile_connector", "--auth-type", text],
            &["connection", "create", "hostile_connector", "--auth-type=none", "--id", text, "--yes"],
            &["connection", "create", "hostile_connector", "--auth-type=none", &title, "--yes"],
            &["connection", "create", "hostile_connector", "--auth-type=none", "--host", text],
            &["connection", "create", "hostile_connector", "--auth-type=none", "--host", &host],
            &["connection", "create", "hostile_connector", "--auth-type=none", "--config", &base],
            &["connection", "create", "hostile_connector", "--auth-type=oauth_client_credentials", "--field", &field],
            &["connection", "create", "--from", &named],
            &["connection", "edit", "h", &title],
            &["connector", "inspect", &named],
            &["connector", "add", &named],
            &["call", "h", text],
            &["call", "h", "noop", "--input", text],
            &["call", "h", "noop", "--principal", text],
            &["call", "h", "send_body", "--file", &file, "--out", "out"],
            &["status", "h", "--limit", &limit],
            &["audit", "--log", text],
        ];
        for command in commands {
            let what = command.join(" ");
            is_clean(&inn.run(command), &what);
            is_clean(&inn.run(&[command, &["--json"]].concat()), &what);
        }
    }
    for listed in [inn.run(&["connection", "list"]), inn.run(&["audit"]), inn.run(&["audit", "--json"])] {
        is_clean(&listed, "listed");
    }
}

/// `println!` and the like are forbidden by clippy; the only other way is to open the stream by hand.
#[test]
fn there_is_no_way_out_beside_those_that_escape() {
    let sources = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in innkeeper_fixtures::files::files(&sources) {
        let name = path.strip_prefix(&sources).expect("it lies there").display().to_string();
        if ["output.rs", "log.rs"].contains(&name.as_str()) {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a source can be read");
        for line in text.lines() {
            let opens = ["io::stdout()", "io::stderr()", "/dev/tty", "Term::"].iter().any(|way| line.contains(way));
            // A prompt restores the cursor, and a bar only checks whether there is a terminal to draw on.
            let is_fine = line.contains("is_terminal()")
                || line.contains(r#"write_all(b"\x1b[?25h\n")"#)
                || name == "progress.rs";
            assert!(!opens || is_fine, "{name}: {line}");
        }
    }
}

#[test]
fn names_that_hide_something_are_refused_and_the_character_named() {
    let inn = Cli::with_connectors();
    let create = ["connection", "create", "hostile_connector", "--auth-type=none", "--yes"];
    let create = |flag: &str, text: &str| inn.run(&[&create[..], &[flag, text]].concat());
    create("--title", "Dri\u{200b}ve").failed(6, &[r"the title `Dri\u{200b}ve` contains U+200B, which cannot be seen"]);
    create("--id", "dri\u{202e}ve")
        .failed(6, &[r"the id `dri\u{202e}ve` contains U+202E, which changes the direction"]);
}

#[test]
fn an_address_is_approved_as_it_is_parsed() {
    let inn = Cli::with_connectors();
    let secret = format!("--secret-file=clientSecret={}", inn.write("secret", "a-client-secret"));
    let create = [
        "connection",
        "create",
        "hostile_connector",
        "--id=h",
        "--auth-type=oauth_client_credentials",
        "--field=clientId=c",
        &secret,
    ];
    for (base, token, shown) in [
        ("http://0x7f.1:8080/x", "https://as.example", &["http://127.0.0.1:8080", "https://as.example/ (tokenUrl"][..]),
        ("http://2130706433:81", "https://as。example/token", &["http://127.0.0.1:81", "https://as.example/token"]),
        (
            "https://good.example/x",
            "https://аррӏе.com:8443/token",
            &["https://good.example:443", "https://xn--80ak6aa92e.com:8443/token (warning", "looks like \"apple.com\""],
        ),
    ] {
        let given = [format!("--config=base={base}"), format!("--field=tokenUrl={token}")];
        let command = [&create[..], &given.each_ref().map(String::as_str)].concat();
        let asked = inn.run(&command).failed(2, shown);
        is_clean(&asked, base);
    }
}
