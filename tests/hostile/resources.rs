//! Attacks on the host's memory, time and places.

use innkeeper::{Body, File};
use serde_json::{Value, json};

use crate::attack::{Attack, Class, attack};
use crate::component::{Action, Core, Spec, encoded, lookalike};
use crate::rig::Rig;
use crate::told::Told;
use crate::upstream::say;

const CPU: &str = "computing time of a call";
const WALL: &str = "the wall clock of a call";
const MEMORY: &str = "memory and tables of an instance";
const ACCOUNT: &str = "the account of a call: what the host holds for a guest";
const REQUESTS: &str = "requests of a call";
const LOGS: &str = "lines of a call";
const OUTPUT: &str = "bytes of an output";
const SCHEMA: &str = "the budget of schema checks";
const COMPILE: &str = "the limits of compiling";
const LOADING: &str = "vetting before anything is compiled";

pub(crate) fn attacks() -> Vec<Attack> {
    [computing(), memory(), held(), outputs(), schemas(), loading(), compiling()].into_iter().flatten().collect()
}

fn run(
    id: &'static str,
    what: &'static str,
    wall: &'static str,
    error: (&'static str, &'static str),
    steps: Value,
) -> Attack {
    attack(Class::Resources, (id, what), wall, error, move |rig: Rig| {
        let steps = steps.clone();
        async move { rig.run(steps).await }
    })
}

/// A core that does something where it should answer.
fn core(
    id: &'static str,
    what: &'static str,
    wall: &'static str,
    error: (&'static str, &'static str),
    change: impl Fn(Core) -> Core + Send + Sync + 'static,
) -> Attack {
    attack(Class::Resources, (id, what), wall, error, move |rig: Rig| {
        let name = format!("core_{}", id.replace('-', "_"));
        let component = change(Core::named(&name)).component();
        async move { rig.call_new(&name, component).await }
    })
}

fn load(
    id: &'static str,
    what: &'static str,
    wall: &'static str,
    error: (&'static str, &'static str),
    component: impl Fn() -> Vec<u8> + Send + Sync + 'static,
) -> Attack {
    attack(Class::Resources, (id, what), wall, error, move |rig: Rig| {
        let component = component();
        async move { rig.load(component).await }
    })
}

fn computing() -> Vec<Attack> {
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
            "traps end the call alone",
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
            "traps end the call alone",
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
            "traps end the call alone",
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

fn memory() -> Vec<Attack> {
    let over = ("CallError::MemoryExceeded", "wanted more than 33554432 bytes of memory");
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
            ("LoadError::SpecRun", "memory"),
            |core| Core { more: "(memory $large 65536)".to_owned(), ..core },
        ),
        core(
            "resources-memories",
            "A hundred memories share what one may have",
            MEMORY,
            ("LoadError::SpecRun", ""),
            |core| Core { more: (0..100).map(|n| format!("(memory $m{n} 10)")).collect(), ..core },
        ),
        core("resources-table", "A table has ten million elements", MEMORY, ("LoadError::SpecRun", ""), |core| Core {
            more: "(table $large 10000000 funcref)".to_owned(),
            ..core
        }),
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
            "A memory has 64-bit addresses",
            LOADING,
            ("LoadError::Invalid", "is not valid"),
            || lookalike("(core module (memory i64 1))"),
        ),
        load(
            "resources-shared",
            "A memory is shared between threads",
            LOADING,
            ("LoadError::Invalid", "is not valid"),
            || lookalike("(core module (memory 1 1 shared))"),
        ),
    ]
}

/// What the host holds for a guest.
fn held() -> Vec<Attack> {
    let too_large = ("HttpError::TooLarge", "8388608");
    let send = |more: Value| {
        let mut step = json!({ "do": "send", "method": "POST", "url": "http://127.0.0.1:1/" });
        for (name, value) in more.as_object().cloned().unwrap_or_default() {
            step[name] = value;
        }
        json!([step])
    };
    let held = |id, what, error, more: Value| {
        attack(Class::Resources, (id, what), ACCOUNT, error, move |rig: Rig| {
            let mut steps = send(more.clone());
            async move {
                steps[0]["url"] = json!(rig.upstream().at([say(200, &[], "it was sent")]).url("/"));
                rig.run(steps).await
            }
        })
    };
    vec![
        run(
            "resources-hoard",
            "A guest leaves bodies with the host until that is full",
            ACCOUNT,
            too_large,
            json!([
                { "do": "repeat", "times": 20, "steps": [
                    { "do": "make", "bytes": { "repeat": "x", "times": 500_000 }, "quiet": true },
                ] },
                { "do": "read", "max": 1 },
            ]),
        ),
        run(
            "resources-handles",
            "A guest makes bodies of nothing until the host's table is full",
            ACCOUNT,
            ("HttpError::TooLarge", "8388608"),
            json!([
                { "do": "repeat", "times": 100_000, "steps": [{ "do": "make", "bytes": "", "quiet": true }] },
                { "do": "read", "max": 1 },
            ]),
        ),
        held(
            "resources-body",
            "A request has a body over the limit",
            too_large,
            json!({
                "body": { "bytes": { "repeat": "x", "times": 9 << 20 } },
            }),
        ),
        held(
            "resources-form",
            "A form has a hundred thousand fields",
            ("HttpError::TooLarge", "8388608"),
            json!({
                "body": { "form": { "each": ["field", "value"], "times": 100_000 } },
            }),
        ),
        held(
            "resources-form-large",
            "A form has one field over the limit",
            too_large,
            json!({
                "body": { "form": [["field", { "repeat": "x", "times": 9 << 20 }]] },
            }),
        ),
        held(
            "resources-parts",
            "A form has a hundred thousand parts",
            ("HttpError::TooLarge", "8388608"),
            json!({
                "body": { "multipart": { "each": { "name": "part", "bytes": "" }, "times": 100_000 } },
            }),
        ),
        held(
            "resources-query",
            "A query has a hundred thousand pairs",
            ("HttpError::InvalidRequest", ""),
            json!({
                "query": { "each": ["name", "value"], "times": 100_000 },
            }),
        ),
        held(
            "resources-address",
            "An address has five megabytes",
            ("HttpError::InvalidRequest", ""),
            json!({
                "query": [["q", { "repeat": "x", "times": 5 << 20 }]],
            }),
        ),
        held(
            "resources-headers",
            "A request has 24,577 headers",
            ("HttpError::InvalidRequest", "headers"),
            json!({
                "headers": { "each": ["x-{n}", "a"], "times": 24_577 },
            }),
        ),
        held(
            "resources-headers-one",
            "A request repeats one header 40,000 times",
            ("HttpError::InvalidRequest", "headers"),
            json!({
                "headers": { "each": ["x", "a"], "times": 40_000 },
            }),
        ),
        held(
            "resources-header-large",
            "A header has five megabytes",
            ("HttpError::InvalidRequest", ""),
            json!({
                "headers": [["x", { "repeat": "a", "times": 5 << 20 }]],
            }),
        ),
        held(
            "resources-method",
            "A method has a megabyte",
            ("HttpError::InvalidRequest", "is not an HTTP method"),
            json!({
                "method": { "repeat": "A ", "times": 1 << 19 },
            }),
        ),
        attack(
            Class::Resources,
            ("resources-requests", "A guest sends requests without end"),
            REQUESTS,
            ("HttpError::InvalidRequest", "as many requests as one call may make"),
            |rig| async move {
                let place = rig.upstream().at([say(200, &[], "")]);
                let send = json!({ "do": "send", "url": place.url("/"), "quiet": true });
                let steps =
                    json!([{ "do": "repeat", "times": 50, "steps": [send] }, { "do": "send", "url": place.url("/") }]);
                let told = rig.run(steps).await;
                assert_eq!(place.heard().len(), 50, "as many as one call may make");
                told
            },
        ),
        attack(
            Class::Resources,
            ("resources-batch", "A guest sends ten thousand requests at once"),
            REQUESTS,
            ("HttpError::InvalidRequest", "as many requests as one call may make"),
            |rig| async move {
                let place = rig.upstream().at([say(200, &[], "")]);
                let requests = json!({ "each": { "url": place.url("/") }, "times": 10_000 });
                let told = rig.run(json!([{ "do": "send_all", "requests": requests }])).await;
                assert!(place.heard().is_empty(), "none is sent");
                told
            },
        ),
        attack(
            Class::Resources,
            ("resources-redirects", "A service makes 50 requests into 550 by redirects"),
            REQUESTS,
            ("HttpError::InvalidRequest", "as many requests as one call may make"),
            |rig| async move {
                let place = rig.upstream().at([say(302, &["location: ./on"], "")]);
                let send = json!({ "do": "send", "url": place.url("/"), "quiet": true });
                let steps =
                    json!([{ "do": "repeat", "times": 20, "steps": [send] }, { "do": "send", "url": place.url("/") }]);
                let told = rig.run(steps).await;
                let count = place.heard().len();
                if count > 60 { Told::error("sent", format!("{count} requests")) } else { told }
            },
        ),
    ]
}

/// What a guest says.
fn outputs() -> Vec<Attack> {
    let cut = |id, what, steps: Value| {
        attack(Class::Resources, (id, what), LOGS, ("cut", "lines of at most 8192 bytes"), move |rig: Rig| {
            let steps = steps.clone();
            async move {
                let connection = rig.bearer().await;
                let input = json!({ "steps": steps });
                match rig.host().call(crate::rig::request(&connection, crate::rig::RUN, input)).await {
                    Ok(result)
                        if result.logs.len() <= 201 && result.logs.iter().all(|line| line.message.len() <= 8 << 10) =>
                    {
                        Told::error("cut", format!("{} lines of at most 8192 bytes", result.logs.len()))
                    }
                    result => Told::guest(result),
                }
            }
        })
    };
    let large = ("CallError::OutputTooLarge", "the limit is 1048576");
    vec![
        cut(
            "resources-logs",
            "A guest floods the log",
            json!([
                { "do": "log", "text": { "repeat": "x", "times": 100_000 }, "times": 5000 },
            ]),
        ),
        cut(
            "resources-prints",
            "A guest floods its standard streams",
            json!([
                { "do": "print", "text": { "repeat": "x\n", "times": 200_000 } },
            ]),
        ),
        run(
            "resources-output",
            "An output is over the limit",
            OUTPUT,
            large,
            json!([
                { "do": "answer", "text": { "repeat": " ", "times": 2 << 20 } },
            ]),
        ),
        run(
            "resources-output-tree",
            "A megabyte of `[[],[],...` becomes a hundred of memory",
            ACCOUNT,
            ("CallError::HeldTooMuch", "made the host hold more than"),
            json!([{ "do": "answer", "text": { "join": ["[", { "repeat": "{\"\":0},", "times": 140_000 }, "0]"] } }]),
        ),
        run(
            "resources-output-deep",
            "An output is nested ten thousand deep",
            OUTPUT,
            ("CallError::OutputNotJson", "recursion limit exceeded"),
            json!([{ "do": "answer", "text": { "repeat": "[", "times": 10_000 } }]),
        ),
        run(
            "resources-events",
            "Streamed results pile up",
            OUTPUT,
            large,
            json!([
                { "do": "emit", "text": "{\"a\":\"0123456789012345678901234567890123456789\"}", "times": 1_000_000 },
            ]),
        ),
        run(
            "resources-error",
            "An error has ten megabytes",
            ACCOUNT,
            ("ActionFailure::Internal", ""),
            json!([
                { "do": "fail", "text": { "repeat": "x", "times": 10 << 20 } },
            ]),
        ),
        attack(
            Class::Resources,
            ("resources-error-size", "An error text of a guest is handed on whole"),
            ACCOUNT,
            ("bounded", "the error is at most 64 KiB"),
            |rig| async move {
                let told = rig.run(json!([{ "do": "fail", "text": { "repeat": "x", "times": 10 << 20 } }])).await;
                if told.text.len() <= 64 << 10 {
                    Told::error("bounded", "the error is at most 64 KiB")
                } else {
                    Told::error(told.kind, format!("{} bytes", told.text.len()))
                }
            },
        ),
        attack(
            Class::Resources,
            ("resources-last-words", "A guest panics with a megabyte of last words"),
            LOGS,
            ("bounded", "the error is at most 64 KiB"),
            |rig| async move {
                let told = rig.run(json!([{ "do": "panic", "text": { "repeat": "x", "times": 1 << 20 } }])).await;
                if told.kind == "CallError::Trapped" && told.text.len() <= 64 << 10 {
                    Told::error("bounded", "the error is at most 64 KiB")
                } else {
                    Told::error(told.kind, format!("{} bytes", told.text.len()))
                }
            },
        ),
        attack(
            Class::Resources,
            ("resources-files", "A result has ten thousand files"),
            ACCOUNT,
            ("CallError::InvalidFiles", "files"),
            |rig| async move {
                let make =
                    json!({ "do": "repeat", "times": 10_000, "steps": [{ "do": "make", "bytes": "", "quiet": true }] });
                let files = json!({ "each": { "name": "f", "body": "{n}" }, "times": 10_000 });
                rig.run(json!([make, { "do": "answer", "text": "{}", "files": files }])).await
            },
        ),
        attack(
            Class::Resources,
            ("resources-input-files", "A caller hands in a file that never ends, and a guest reads it all"),
            "what is read at once",
            ("HttpError::TooLarge", "1048576"),
            |rig| async move {
                let connection = rig.bearer().await;
                let endless = futures::stream::repeat_with(|| Ok(bytes::Bytes::from_static(&[0; 65_536])));
                let content = Body::from_stream(endless, None, None);
                let file = File { name: "endless".to_owned(), content_type: None, content };
                rig.script_with(&connection, json!([{ "do": "read_all", "body": 0 }]), |request| request.file(file))
                    .await
            },
        ),
    ]
}

/// A connector whose action has this schema.
fn with_schema(id: &str, input: String, output: Option<String>) -> Vec<u8> {
    let spec = Spec { actions: vec![Action { input, output, ..Action::named("run") }], ..Spec::named(id) };
    spec.component()
}

fn schemas() -> Vec<Attack> {
    // The check itself is what is attacked: it ends in an error, within a second or so, and others go on.
    let checked = |id: &'static str, what, error, schema: fn() -> Value, input: fn() -> Value| {
        attack(Class::Resources, (id, what), SCHEMA, error, move |rig: Rig| async move {
            let name = id.replace('-', "_");
            let component = with_schema(&name, schema().to_string(), None);
            if let Err(error) = rig.host().load(component).await {
                return Told::host(&error);
            }
            match rig.connect_to(&name, "none", |new| new.config(json!({}))).await {
                Ok(connection) => {
                    Told::guest(rig.host().call(crate::rig::request(&connection, crate::rig::RUN, input())).await)
                }
                Err(error) => Told::host(&error),
            }
        })
    };
    let refused = |text| ("LoadError::Spec", text);
    let costly = ("CallError::InvalidInput", "");
    vec![
        checked(
            "resources-schema-pattern",
            "A pattern of a schema needs exponential time in most engines",
            costly,
            || json!({ "type": "object", "properties": { "a": { "type": "string", "pattern": "^(a+)+$" } } }),
            || json!({ "a": format!("{}!", "a".repeat(200_000)) }),
        ),
        checked(
            "resources-schema-pattern-long",
            "16 KB of pattern are held against a megabyte",
            costly,
            || {
                let pattern = format!("^({})*$", ["a?"; 7000].concat());
                json!({ "type": "object", "properties": { "a": { "type": "string", "pattern": pattern } } })
            },
            || json!({ "a": format!("{}!", "a".repeat(1 << 20)) }),
        ),
        checked(
            "resources-schema-repeat",
            "A short pattern stands for millions of states",
            refused(""),
            || json!({ "type": "object", "properties": { "a": { "pattern": "((((a{100}){100}){100}){100}){100}" } } }),
            || json!({}),
        ),
        checked(
            "resources-schema-unique",
            "`uniqueItems` compares ten thousand objects with each other",
            costly,
            || json!({ "type": "object", "properties": { "a": { "type": "array", "uniqueItems": true } } }),
            || json!({ "a": (0..20_000).map(|n| json!({ "n": { "n": [n] } })).collect::<Vec<_>>() }),
        ),
        checked(
            "resources-schema-enum",
            "An `enum` of large values is reached by a thousand references",
            costly,
            || {
                let value: Vec<u32> = (0..2000).collect();
                let all: Vec<Value> = (0..500).map(|_| json!({ "not": { "$ref": "#/$defs/large" } })).collect();
                json!({
                    "type": "object",
                    "$defs": { "large": { "enum": [[value]] } },
                    "properties": { "a": { "type": "array", "items": { "allOf": all } } },
                })
            },
            || json!({ "a": (0..100).map(|_| json!([(0..2000).chain([7]).collect::<Vec<u32>>()])).collect::<Vec<_>>() }),
        ),
        checked(
            "resources-schema-branches",
            "References branch at every level",
            costly,
            || {
                let definitions: serde_json::Map<String, Value> = (0..40)
                    .map(|n| {
                        let next = json!({ "$ref": format!("#/$defs/d{}", n + 1) });
                        (format!("d{n}"), json!({ "anyOf": [next, next, next] }))
                    })
                    .chain([("d40".to_owned(), json!(false))])
                    .collect();
                json!({ "type": "object", "$defs": definitions, "properties": { "a": { "$ref": "#/$defs/d0" } } })
            },
            || json!({ "a": 1 }),
        ),
        checked(
            "resources-schema-circle",
            "A reference leads to itself",
            refused(""),
            || json!({ "type": "object", "$defs": { "a": { "$ref": "#/$defs/a" } }, "properties": { "a": { "$ref": "#/$defs/a" } } }),
            || json!({ "a": 1 }),
        ),
        checked(
            "resources-schema-remote",
            "A reference leads to another host",
            refused("outside"),
            || json!({ "type": "object", "properties": { "a": { "$ref": "https://evil.example/schema.json" } } }),
            || json!({ "a": 1 }),
        ),
        checked(
            "resources-schema-deep",
            "A schema is nested a thousand deep",
            refused(""),
            || (0..1000).fold(json!(true), |inner, _| json!({ "not": inner })),
            || json!({}),
        ),
        checked(
            "resources-schema-patterns",
            "300 KB of patterns are compiled for one spec",
            refused(""),
            || {
                let patterns: serde_json::Map<String, Value> =
                    (0..300).map(|n| (format!("^(x{n}|\\w{{1,900}}\\pL{{1,90}})$"), json!(true))).collect();
                json!({ "type": "object", "patternProperties": patterns })
            },
            || json!({}),
        ),
    ]
}

/// What is refused before it is compiled.
fn loading() -> Vec<Attack> {
    let invalid = ("LoadError::Invalid", "is not valid");
    vec![
        load("resources-nested", "Components are nested a thousand deep", LOADING, invalid, || {
            lookalike(&format!("{}{}", "(component ".repeat(1000), ")".repeat(1000)))
        }),
        load("resources-types", "A type doubles with every line", LOADING, invalid, || {
            let types: String = (0..40).map(|n| format!("(type $t{} (tuple $t{n} $t{n} $t{n}))", n + 1)).collect();
            lookalike(&format!("(type $t0 (tuple u64 u64 u64)) {types} (type $f (func (param \"a\" $t40)))"))
        }),
        load("resources-blocks", "A function has a million nested blocks", LOADING, invalid, || {
            lookalike(&format!("(core module (func {}{}))", "block ".repeat(100_000), "end ".repeat(99_999)))
        }),
        load("resources-parameters", "A function has a hundred thousand parameters", LOADING, invalid, || {
            lookalike(&format!("(core module (func (param {})))", "i32 ".repeat(100_000)))
        }),
        load("resources-locals", "A function has a hundred thousand locals", LOADING, invalid, || {
            lookalike(&format!("(core module (func (local {})))", "i64 ".repeat(100_000)))
        }),
        load("resources-cut", "A component ends in the midst of a section", LOADING, invalid, || {
            let mut bytes = Spec::named("cut_connector").component();
            bytes.truncate(bytes.len() / 2);
            bytes
        }),
        load("resources-section", "A section promises four gigabytes", LOADING, invalid, || {
            b"\0asm\x0d\0\x01\0\x0b\xff\xff\xff\xff\x0f\x01".to_vec()
        }),
        load("resources-count", "A section promises four billion imports", LOADING, invalid, || {
            b"\0asm\x0d\0\x01\0\x0a\x06\xff\xff\xff\xff\x0f\x00".to_vec()
        }),
    ]
}

/// What takes long, or much, to compile.
fn compiling() -> Vec<Attack> {
    let limited = |text| ("LoadError::TooMuch", text);
    let in_module = |more: String| encoded(&core_with(&more));
    vec![
        load("resources-size", "A component has 80 MB", COMPILE, limited("bytes"), || {
            let mut bytes = Spec::named("large_connector").component();
            // A custom section that nobody reads.
            let content = vec![0_u8; 80 << 20];
            bytes.push(0);
            leb128(&mut bytes, content.len() + 2);
            bytes.extend([1, b'x']);
            bytes.extend(content);
            bytes
        }),
        load("resources-functions", "A component has 300,000 functions", COMPILE, limited("functions"), move || {
            in_module("(func)".repeat(300_000))
        }),
        load("resources-function", "A function has ten megabytes", COMPILE, limited(""), move || {
            let body = "(local.set $a (i32.mul (local.get $a) (i32.add (local.get $a) (i32.const 7))))".repeat(400_000);
            in_module(format!("(func (param $a i32) {body})"))
        }),
        load("resources-br-table", "A jump has a million targets", COMPILE, limited(""), move || {
            let targets = "0 ".repeat(1_000_000);
            in_module(format!("(func (param i32) (block (br_table {targets} (local.get 0))))"))
        }),
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

fn leb128(bytes: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        bytes.push(u8::try_from(value & 0x7f).expect("seven bits") | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).expect("seven bits"));
}
