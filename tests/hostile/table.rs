//! The table of the corpus in `docs/security.md`.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::attack::{Attack, Expected};
use crate::ways::Way;

const BEGIN: &str = "<!-- corpus begins: written by the test `hostile` -->";
const END: &str = "<!-- corpus ends -->";

/// The document that holds the table.
pub(crate) fn document() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/security.md"))
}

/// The document with the table of these attacks in it.
pub(crate) fn with_table(document: &str, attacks: &[Attack]) -> String {
    let (before, rest) = document.split_once(BEGIN).expect("the document says where the table begins");
    let (_, after) = rest.split_once(END).expect("the document says where the table ends");
    format!("{before}{BEGIN}\n{}{END}{after}", table(attacks))
}

fn table(attacks: &[Attack]) -> String {
    let ways: usize = attacks.iter().map(|attack| attack.run.ways.len()).sum();
    let mut text = format!("{} attacks, {ways} with the ways that each is tried on.\n", attacks.len());
    let mut class = None;
    for attack in attacks {
        if class != Some(attack.class) {
            class = Some(attack.class);
            let _ = write!(
                text,
                "\n### Attacks: {}\n\n| id | what the attacker does | wall | error |\n|---|---|---|---|\n",
                attack.class
            );
        }
        let _ = writeln!(
            text,
            "| `{}` | {}{} | {} | {} |",
            attack.id,
            attack.what,
            ways_of(attack),
            attack.wall,
            error_of(attack)
        );
    }
    text
}

fn ways_of(attack: &Attack) -> String {
    if attack.run.ways == [Way::Send] { String::new() } else { format!(" ({} ways out)", attack.run.ways.len()) }
}

fn error_of(attack: &Attack) -> String {
    let mut text = told(attack.error);
    for (ways, expected) in &attack.elsewhere {
        let ways: Vec<String> =
            ways.iter().filter(|way| attack.run.ways.contains(way)).map(|way| format!("{way:?}")).collect();
        let _ = write!(text, "; on {}: {}", ways.join(" and "), told(*expected));
    }
    if let Some(other) = attack.or {
        let _ = write!(text, ", or {}", told(other));
    }
    text
}

fn told(Expected { kind, text }: Expected) -> String {
    let escaped = text.replace('|', "\\|");
    match (kind, escaped.as_str()) {
        (Some(kind), "") => format!("`{kind}`"),
        (Some(kind), text) => format!("`{kind}`: {text}"),
        (None, "") => "an error of each way's kind".to_owned(),
        (None, text) => text.to_owned(),
    }
}
