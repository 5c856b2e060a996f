//! Time and memory of an instance.

use serde_json::json;

use super::{CPU, LOADING, MEMORY, WALL, core, load, run};
use crate::attack::Attack;
use crate::component::{Core, beside, section_head, text};

pub(super) fn computing() -> Vec<Attack> {
    let over = ("CallError::CpuExceeded", "used more than 3 s of computing time in run");
    let trapped = ("CallError::Trapped", "crashed in run");
    vec![
        run("resources-loop", "A guest loops for ever", CPU, over, json!([{ "do": "spin" }])),
        run(
            "resources-imports",
            "A guest keeps the host busy with calls that take no time of its own",
            CPU,
            over,
            json!([{ "do": "repeat", "times": 4_000_000_000_u64, "steps": [
                { "do": "make", "bytes": "", "quiet": true }, { "do": "drop", "quiet": true },
            ] }]),
        ),
        run(
            "resources-recursion",
            "A guest calls itself until its stack is full",
            MEMORY,
            trapped,
            json!([{ "do": "recurse" }]),
        ),
        run(
            "resources-sleep",
            "A guest sleeps and keeps its place",
            WALL,
            ("CallError::TimedOut", "did not finish run within 45 s"),
            json!([{ "do": "sleep", "millis": 600_000 }]),
        ),
        run(
            "resources-panic",
            "A guest panics",
            "traps end only the call",
            trapped,
            json!([{ "do": "panic", "text": "no" }]),
        ),
        run(
            "resources-exit",
            "A guest ends its process",
            "there is no process to end",
            ("CallError::Exited", "exited with status"),
            json!([{ "do": "exit", "code": 3 }]),
        ),
        core(
            "resources-start",
            "A start function never returns",
            CPU,
            ("LoadError::SpecRun", "used more than 3 s of computing time in spec"),
            |core| Core { more: "(func $forever (loop $on (br $on))) (start $forever)".to_owned(), ..core },
        ),
        core(
            "resources-start-trap",
            "A start function traps",
            "traps end only the call",
            ("LoadError::SpecRun", "crashed in spec"),
            |core| Core { more: "(func $trap unreachable) (start $trap)".to_owned(), ..core },
        ),
        core(
            "resources-spec-loop",
            "Reading the spec never ends",
            CPU,
            ("LoadError::SpecRun", "used more than 3 s of computing time in spec"),
            |core| Core { read: "(loop $on (br $on)) (i32.const 4096)".to_owned(), ..core },
        ),
        core("resources-realloc-loop", "Room for the host's arguments is looked for without end", CPU, over, |core| {
            Core { realloc: "(loop $on (br $on)) (i32.const 0)", ..core }
        }),
        core(
            "resources-realloc-trap",
            "There is no room for the host's arguments",
            "traps end only the call",
            trapped,
            |core| Core { realloc: "unreachable", ..core },
        ),
        core("resources-copies", "A loop copies a megabyte at a time: few steps, much work", CPU, over, |core| Core {
            call: "(drop (memory.grow (i32.const 32)))
                    (loop $on (memory.copy (i32.const 65536) (i32.const 131072) (i32.const 1048576)) (br $on))
                    (i32.const 1024)"
                .to_owned(),
            ..core
        }),
    ]
}

pub(super) fn memory() -> Vec<Attack> {
    let over = ("CallError::MemoryExceeded", "needed more than 33554432 bytes of memory");
    vec![
        run(
            "resources-memory",
            "A guest allocates until there is nothing left",
            MEMORY,
            over,
            json!([{ "do": "allocate" }]),
        ),
        core(
            "resources-memory-first",
            "A memory is 4 GiB from the start",
            MEMORY,
            ("LoadError::Invalid", "memory has a minimum byte size of 4294967296"),
            |core| Core { pages: 65_536, ..core },
        ),
        core(
            "resources-memories",
            "A hundred memories share what one may have",
            MEMORY,
            ("LoadError::TooMuch", "100 memories; this host accepts at most 2"),
            |core| Core { more: (0..99).map(|n| format!("(memory $m{n} 10)")).collect(), ..core },
        ),
        core(
            "resources-table",
            "A table has ten million elements",
            MEMORY,
            ("LoadError::Invalid", "10000000 which exceeds the limit of 100000"),
            |core| Core { more: "(table $large 10000000 funcref)".to_owned(), ..core },
        ),
        core(
            "resources-table-grows",
            "A table grows without end",
            MEMORY,
            ("CallError::Trapped", "crashed in run"),
            |core| Core {
                more: "(table $grows 1 funcref)".to_owned(),
                call:
                    "(loop $on (br_if $on (i32.ne (table.grow $grows (ref.null func) (i32.const 1000)) (i32.const -1))))
                    unreachable"
                        .to_owned(),
                ..core
            },
        ),
        load(
            "resources-memory64",
            "A memory with 64-bit addresses grows without end",
            MEMORY,
            ("LoadError::SpecRun", "needed more than 33554432 bytes of memory in spec"),
            || {
                let grows = "(loop $on (br_if $on (i64.ne (memory.grow (i64.const 16)) (i64.const -1)))) unreachable";
                let module = text(&format!("(module (memory i64 1) (func $grow {grows}) (start $grow))"));
                // One instance of the module that stands beside the connector's own, without arguments.
                let instance = [1, 0, 1, 0];
                [beside(&module), section_head(2, instance.len()), instance.to_vec()].concat()
            },
        ),
        load(
            "resources-shared",
            "A memory is shared between threads",
            LOADING,
            ("LoadError::Invalid", "threads must be enabled for shared memories"),
            || beside(&text("(module (memory 1 1 shared))")),
        ),
    ]
}
