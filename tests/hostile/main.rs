//! The corpus of attacks: each is data, with the wall that it hits and the error that it gets. It runs on a real host, against
//! services on loopback, on every way out that there is.

#![allow(
    clippy::too_many_lines,
    clippy::items_after_statements,
    clippy::format_collect,
    clippy::needless_pass_by_value,
    clippy::large_stack_arrays,
    clippy::print_stdout,
    reason = "attacks are a long list of data, and what became of them is printed"
)]

mod attack;
mod component;
mod confusion;
mod egress;
mod flows;
mod harness;
mod honest;
mod memory;
mod pages;
mod reach;
mod resources;
mod rig;
mod secrets;
mod state;
#[allow(dead_code, reason = "the tests of the pages use the rest")]
#[path = "../tests/authorization_pages/support.rs"]
mod support;
mod table;
mod told;
mod upstream;
mod ways;

use std::collections::BTreeSet;

use attack::{Attack, Class};
use innkeeper_tests::records;
use memory::Memory;
use rig::Rig;
use ways::WAYS_OUT;

/// The whole corpus, by class.
fn corpus() -> Vec<Attack> {
    let all = [
        resources::attacks(),
        egress::attacks(),
        secrets::attacks(),
        confusion::attacks(),
        state::attacks(),
        pages::attacks(),
        flows::attacks(),
    ];
    all.into_iter().flatten().collect()
}

/// `HOSTILE_RATIO=3` holds the slowest of 100 honest calls to three times what it takes while nothing is attacked: for a
/// machine that does nothing else meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn every_attack_gets_its_error_while_a_thousand_others_call() {
    records::record_own();
    let rig = Rig::start().await;
    let attacks: &'static [Attack] = Box::leak(harness::chosen(corpus()).into_boxed_slice());
    let quiet = honest::calls(&rig, 300).await;
    let memory = Memory::now();
    let (failures, beside) = tokio::join!(harness::run(&rig, attacks), honest::calls(&rig, 1000));

    let mut wrong: Vec<String> = failures.iter().map(ToString::to_string).collect();
    wrong.extend(quiet.wrong.iter().chain(&beside.wrong).map(|wrong| format!("an honest call: {wrong}")));
    for received in rig.forbidden().received() {
        wrong.push(format!("a request went where nobody may go: {} {}", received.method, received.target));
    }
    let logged = Rig::secrets().found_in(&records::recorded());
    if !logged.is_empty() {
        wrong.push(format!("the log of the process holds {logged:?}"));
    }
    wrong.extend(memory.grown());
    let ratio = beside.p99().as_secs_f64() / quiet.p99().as_secs_f64();
    println!("p99 of honest calls: {:?} quiet, {:?} beside the corpus, {ratio:.1} times", quiet.p99(), beside.p99());
    if let Some(most) = std::env::var("HOSTILE_RATIO").ok().and_then(|most| most.parse::<f64>().ok()) {
        assert!(ratio <= most, "honest calls took {ratio:.1} times as long, more than {most}");
    }
    assert!(wrong.is_empty(), "{} went wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_corpus_has_at_least_150_attacks_in_every_class_and_no_name_twice() {
    let corpus = corpus();
    let ids: BTreeSet<&str> = corpus.iter().map(|attack| attack.id).collect();
    assert_eq!(ids.len(), corpus.len(), "an id is there twice");
    assert!(corpus.len() >= 150, "{}", corpus.len());
    let classes: BTreeSet<Class> = corpus.iter().map(|attack| attack.class).collect();
    assert_eq!(classes.len(), 7);
}

#[test]
fn every_way_out_is_attacked() {
    let corpus = corpus();
    for way in WAYS_OUT {
        let attacks = corpus.iter().filter(|attack| attack.run.ways.contains(way)).count();
        assert!(attacks > 0, "nothing is tried on {way:?}");
    }
}

/// A request that leaves the host by a door that is not in [`ways::DOORS`] is on no way that anything is tried on.
#[test]
fn every_request_of_the_source_leaves_by_a_way_that_is_attacked() {
    let mut unknown = Vec::new();
    for (file, source) in sources() {
        let doors = ways::DOORS.iter().filter(|door| door.file == file);
        let known: usize = doors.map(|door| door.times).sum();
        let found = ways::sending(&source);
        if found.len() != known {
            unknown.push(format!(
                "{file} sends requests in {} places, the list of ways knows {known}: {found:?}",
                found.len()
            ));
        }
        let opens = ways::opening(&source);
        if !opens.is_empty() && !ways::OTHER_NETWORKS.contains(&file.as_str()) {
            unknown.push(format!("{file} opens connections beside egress: {opens:?}"));
        }
    }
    for door in ways::DOORS {
        let source = sources().into_iter().find(|(file, _)| file == door.file);
        assert!(source.is_some_and(|(_, source)| source.contains(door.words)), "{} has no {}", door.file, door.words);
        assert!(door.ways.iter().all(|way| WAYS_OUT.contains(way)));
    }
    let led: BTreeSet<ways::Way> = ways::DOORS.iter().flat_map(|door| door.ways.iter().copied()).collect();
    assert_eq!(led, WAYS_OUT.iter().copied().collect(), "each way leads through a door");
    assert!(unknown.is_empty(), "say which ways lead there, and attack them:\n{}", unknown.join("\n"));
}

/// The code of the host without its tests and without egress itself: path from the root, text.
fn sources() -> Vec<(String, String)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace");
    let mut folders: Vec<_> = std::fs::read_dir(root.join("host"))
        .expect("the host's crates")
        .map(|entry| entry.expect("an entry").path().join("src"))
        .filter(|folder| folder.is_dir() && !folder.starts_with(root.join("host/egress")))
        .collect();
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && path.file_name().is_some_and(|name| name != "tests.rs")
            {
                let text = std::fs::read_to_string(&path).expect("a source can be read");
                // What stands behind this line is for tests.
                let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
                let file = path.strip_prefix(root).expect("it lies in the workspace").display().to_string();
                sources.push((file, code));
            }
        }
    }
    sources
}

/// `UPDATE_SECURITY=1` writes it.
#[test]
fn the_table_in_the_documentation_is_the_corpus() {
    let path = table::document();
    let document = std::fs::read_to_string(&path).expect("the document can be read");
    let wanted = table::with_table(&document, &corpus());
    if std::env::var_os("UPDATE_SECURITY").is_some() {
        std::fs::write(&path, &wanted).expect("the document can be written");
    }
    let is_current = std::env::var_os("UPDATE_SECURITY").is_some() || document == wanted;
    assert!(
        is_current,
        "docs/security.md has another corpus; write it anew with UPDATE_SECURITY=1 cargo test -p innkeeper-tests --test hostile"
    );
}
