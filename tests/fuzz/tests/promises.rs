//! Every target on its seeds and on a fixed number of mutations of them, without a fuzzer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{env, fs};

use innkeeper_fuzz::{Mutator, TARGETS, Target};

#[test]
fn an_address_leaves_only_within_a_rule_that_reads_as_it_was_approved() {
    holds("addresses");
}

#[test]
fn a_callback_is_read_as_one_state_and_shows_nothing() {
    holds("callback");
}

#[test]
#[cfg(feature = "runtime")]
fn compiled_code_that_was_changed_never_verifies() {
    holds("code_entry");
}

#[test]
fn headers_touch_neither_transport_nor_credential() {
    holds("headers");
}

#[test]
fn a_json_tree_is_counted_at_what_it_takes_at_least() {
    holds("json");
}

#[test]
fn metadata_leads_to_no_address_that_was_not_checked() {
    holds("metadata");
}

#[test]
fn a_strict_reader_finds_the_parts_of_a_form_as_they_were_given() {
    holds("multipart");
}

#[test]
fn what_comes_out_of_the_scrubber_says_nothing_of_the_secret() {
    holds("scrubber");
}

#[test]
fn what_was_sealed_and_changed_never_opens() {
    holds("sealed");
}

#[test]
fn a_spec_is_taken_with_its_promises_or_refused_in_plain_lines() {
    holds("spec");
}

#[test]
fn tokens_stand_in_a_header_and_nowhere_else() {
    holds("tokens");
}

#[test]
#[cfg(feature = "runtime")]
fn a_component_that_is_taken_calls_only_what_a_connector_gets() {
    holds("vet");
}

/// Fails with the first input that breaks the promise, and says how to keep it.
fn holds(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of this name");
    let seeds = target.seeds().expect("seeds");
    assert!(!seeds.is_empty(), "{name} has no seed");
    for (file, seed) in &seeds {
        try_one(target, seed, &format!("the seed {file}"));
    }
    let words = target.words().expect("a dictionary");
    let seeds: Vec<Vec<u8>> = seeds.into_iter().map(|(_, seed)| seed).collect();
    let mutator = Mutator::new(&seeds, &words, seed_of_randomness());
    for number in 0..mutations(target) {
        try_one(target, &mutator.next_input(), &format!("mutation {number}"));
    }
}

fn try_one(target: &Target, input: &[u8], what: &str) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(|| (target.run)(input))) else { return };
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("(no text)");
    let file = env::temp_dir().join(format!("innkeeper-fuzz-{}", target.name));
    let kept = fs::write(&file, input).is_ok();
    panic!(
        "{what} breaks the promise of the target {name}: {said}\n\n{bytes} bytes: {shown}\n\n{kept}; once it is mended, keep it as a \
         seed: copy the input to tests/fuzz/seeds/{name}/ under a name that says what went wrong",
        name = target.name,
        bytes = input.len(),
        shown = input.iter().take(2_000).flat_map(|&byte| byte.escape_ascii()).map(char::from).collect::<String>(),
        kept = if kept {
            format!("all of it is in {}", file.display())
        } else {
            "it could not be written to a file".to_owned()
        },
    );
}

/// More than usual where somebody asks for it.
fn mutations(target: &Target) -> usize {
    let times = env::var("INNKEEPER_FUZZ_TIMES").ok().and_then(|times| times.parse().ok()).unwrap_or(1);
    target.mutations * times
}

/// The same each time, unless somebody asks for others.
fn seed_of_randomness() -> u64 {
    env::var("INNKEEPER_FUZZ_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1)
}
