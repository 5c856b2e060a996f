//! What is refused before it is compiled, and what takes long, or much, to compile.

use super::{COMPILE, LOADING, load};
use crate::attack::Attack;
use crate::component::{Spec, beside, encoded, lookalike, section_head, text};

/// What is refused before it is compiled.
pub(super) fn loading() -> Vec<Attack> {
    let invalid = |text| ("LoadError::Invalid", text);
    let within = ("LoadError::TooMuch", "components within components; this host accepts at most 64");
    vec![
        load("resources-nested", "Components are nested a hundred thousand deep", LOADING, within, || nested(100_000)),
        load(
            "resources-beside",
            "A hundred thousand components stand beside each other",
            COMPILE,
            ("LoadError::Invalid", "components count exceeds limit of 1000"),
            || {
                let one = [&section_head(4, EMPTY.len())[..], EMPTY].concat();
                [Spec::named("beside_connector").component(), one.repeat(100_000)].concat()
            },
        ),
        load(
            "resources-types",
            "A type doubles with every line",
            LOADING,
            invalid("effective type size exceeds the limit of 1000000"),
            || {
                let types: String = (0..40).map(|n| format!("(type $t{} (tuple $t{n} $t{n} $t{n}))", n + 1)).collect();
                lookalike(&format!("(type $t0 (tuple u64 u64 u64)) {types} (type $f (func (param \"a\" $t40)))"))
            },
        ),
        load(
            "resources-blocks",
            "A function has twenty thousand nested blocks",
            COMPILE,
            ("answer", "was loaded"),
            || beside(&text(&format!("(module (func {}{}))", "block ".repeat(20_000), "end ".repeat(20_000)))),
        ),
        load(
            "resources-parameters",
            "A function has a hundred thousand parameters",
            LOADING,
            invalid("function params size is out of bounds"),
            || beside(&text(&format!("(module (func (param {})))", "i32 ".repeat(100_000)))),
        ),
        load(
            "resources-locals",
            "A function has a hundred thousand locals",
            COMPILE,
            ("LoadError::TooMuch", "locals in one function; this host accepts at most 10000"),
            || beside(&text(&format!("(module (func (local {})))", "i64 ".repeat(100_000)))),
        ),
        load(
            "resources-cut",
            "A component ends in the midst of a section",
            LOADING,
            invalid("unexpected end-of-file"),
            || {
                let mut bytes = Spec::named("cut_connector").component();
                bytes.truncate(bytes.len() / 2);
                bytes
            },
        ),
        load(
            "resources-section",
            "A section promises four gigabytes",
            LOADING,
            invalid("unexpected end-of-file"),
            || b"\0asm\x0d\0\x01\0\x0b\xff\xff\xff\xff\x0f\x01".to_vec(),
        ),
        load(
            "resources-count",
            "A section promises four billion imports",
            LOADING,
            invalid("unexpected end-of-file"),
            || b"\0asm\x0d\0\x01\0\x0a\x06\xff\xff\xff\xff\x0f\x00".to_vec(),
        ),
    ]
}

/// A connector with a component in it, with a component in it, and so on.
fn nested(depth: usize) -> Vec<u8> {
    // The text format does not go as deep. Backwards, as each length is known by then.
    let mut backwards: Vec<u8> = EMPTY.iter().rev().copied().collect();
    for _ in 1..depth {
        let head = [EMPTY, &section_head(4, backwards.len())].concat();
        backwards.extend(head.iter().rev());
    }
    backwards.extend(section_head(4, backwards.len()).iter().rev());
    backwards.reverse();
    [Spec::named("nested_connector").component(), backwards].concat()
}

/// What takes long, or much, to compile.
pub(super) fn compiling() -> Vec<Attack> {
    let limited = |text| ("LoadError::TooMuch", text);
    let in_module = |more: String| encoded(&core_with(&more));
    vec![
        load(
            "resources-size",
            "A component has 80 MB",
            COMPILE,
            limited("bytes; this host accepts at most 33554432"),
            || {
                let mut bytes = Spec::named("large_connector").component();
                // A custom section that nobody reads.
                let content = [&[1, b'x'], &vec![0; 80 << 20][..]].concat();
                bytes.extend(section_head(0, content.len()));
                bytes.extend(content);
                bytes
            },
        ),
        load(
            "resources-functions",
            "A component has 300,000 functions",
            COMPILE,
            limited("functions; this host accepts at most 100000"),
            move || in_module("(func)".repeat(300_000)),
        ),
        load(
            "resources-function",
            "A function has ten megabytes",
            COMPILE,
            limited("bytes in one function; this host accepts at most 1048576"),
            move || {
                let body =
                    "(local.set $a (i32.mul (local.get $a) (i32.add (local.get $a) (i32.const 7))))".repeat(400_000);
                in_module(format!("(func (param $a i32) {body})"))
            },
        ),
        load(
            "resources-br-table",
            "A jump has a million targets",
            COMPILE,
            ("LoadError::Invalid", "`br_table` has 999999 targets, which exceeds the implementation limit of 65520"),
            move || {
                let targets = "0 ".repeat(1_000_000);
                in_module(format!("(func (param i32) (block (br_table {targets} (local.get 0))))"))
            },
        ),
    ]
}

/// The core of a connector with more in it.
fn core_with(more: &str) -> String {
    format!(
        r#"(module (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
        (func (export "spec") (result i32) (i32.const 0))
        (func (export "call") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 0))
        (func (export "check") (result i32) (i32.const 0)) {more})"#
    )
}

/// A component without anything.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";
