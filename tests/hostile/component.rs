//! Components whose core is written by hand: they can lie about everything, which no toolchain would let them.

use std::fmt::Write as _;
use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Where the spec lies in memory.
const SPEC: u32 = 4096;
/// Where an output of `{}` lies.
const OUTPUT: u32 = 1024;

/// What a component says of itself. Fields are as in the contract.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) id: String,
    pub(crate) version: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) documentation: Option<String>,
    pub(crate) icon: Option<String>,
    pub(crate) auth_types: Vec<String>,
    /// Of each auth type.
    pub(crate) defaults: String,
    pub(crate) config: String,
    pub(crate) hosts: Vec<Host>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) placeholders: Vec<String>,
    pub(crate) claims: Vec<String>,
    pub(crate) actions: Vec<Action>,
    pub(crate) policies: String,
    pub(crate) annotations: Vec<(String, String)>,
}

/// A host rule.
#[derive(Clone, Debug, Default)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) port: Option<u16>,
    pub(crate) methods: Vec<String>,
    pub(crate) path_prefix: Option<String>,
    pub(crate) reason: Option<String>,
}

/// An action.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) input: String,
    pub(crate) output: Option<String>,
}

impl Spec {
    /// One that has no mistakes.
    pub(crate) fn named(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            version: "1.0.0".to_owned(),
            title: "Core".to_owned(),
            description: "Is written by hand".to_owned(),
            documentation: None,
            icon: None,
            auth_types: vec!["none".to_owned()],
            defaults: "{}".to_owned(),
            config: r#"{"type":"object"}"#.to_owned(),
            hosts: Vec::new(),
            headers: Vec::new(),
            placeholders: Vec::new(),
            claims: Vec::new(),
            actions: vec![Action::named("run")],
            policies: "{}".to_owned(),
            annotations: Vec::new(),
        }
    }

    /// The component that says this and answers `{}`.
    pub(crate) fn component(self) -> Vec<u8> {
        Core { spec: self, ..Core::default() }.component()
    }
}

impl Host {
    pub(crate) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }
}

impl Action {
    pub(crate) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            title: name.to_owned(),
            description: "Runs".to_owned(),
            input: r#"{"type":"object"}"#.to_owned(),
            output: None,
        }
    }
}

/// A core module of the world `connector`, in the text format: each part can be another.
#[derive(Clone, Debug)]
pub(crate) struct Core {
    pub(crate) spec: Spec,
    /// Imports, which stand first.
    pub(crate) imports: &'static str,
    /// Anything else: globals, tables, data, a start function.
    pub(crate) more: String,
    /// Pages of memory beyond what the spec takes.
    pub(crate) pages: usize,
    /// The body of `cabi_realloc`, whose parameters are `$old $size $align $new`.
    pub(crate) realloc: &'static str,
    /// The body of `spec`.
    pub(crate) read: String,
    /// The body of `call`, whose parameters are `$action $action_length $input $input_length $files $files_length`.
    pub(crate) call: String,
}

impl Default for Core {
    fn default() -> Self {
        Self {
            spec: Spec::named("core_connector"),
            imports: "",
            more: String::new(),
            pages: 4,
            realloc: "(global.set $next (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
                (global.set $last (global.get $next))
                (global.set $next (i32.add (global.get $next) (local.get $new)))
                (global.get $last)",
            read: format!("(i32.const {SPEC})"),
            call: format!("(i32.const {OUTPUT})"),
        }
    }
}

impl Core {
    /// With this id.
    pub(crate) fn named(id: &str) -> Self {
        Self { spec: Spec::named(id), ..Self::default() }
    }

    /// The whole component.
    pub(crate) fn component(&self) -> Vec<u8> {
        let mut memory = Memory { at: SPEC, bytes: vec![0; 128] };
        let spec = self.spec.lowered(&mut memory);
        memory.bytes[..128].copy_from_slice(&spec);
        let end = SPEC as usize + memory.bytes.len();
        let text = format!(
            r#"(module {imports}
            (memory (export "memory") {pages})
            (global $next (mut i32) (i32.const {end})) (global $last (mut i32) (i32.const 0))
            (data (i32.const {OUTPUT}) "{output}") (data (i32.const 1100) "{{}}")
            (data (i32.const {SPEC}) "{spec}")
            {more}
            (func $realloc (export "cabi_realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32)
                (result i32) {realloc})
            (func (export "spec") (result i32) {read})
            (func (export "call") (param $action i32) (param $action_length i32) (param $input i32)
                (param $input_length i32) (param $files i32) (param $files_length i32) (result i32) {call})
            (func (export "check") (result i32) (i32.const {OUTPUT})))"#,
            imports = self.imports,
            pages = end / 65_536 + self.pages,
            output = escaped(&[[0; 4], [0; 4], 1100_u32.to_le_bytes(), 2_u32.to_le_bytes()].concat()),
            spec = escaped(&memory.bytes),
            more = self.more,
            realloc = self.realloc,
            read = self.read,
            call = self.call,
        );
        encoded(&text)
    }
}

/// A component of the world `connector` from the text of its core module.
pub(crate) fn encoded(core: &str) -> Vec<u8> {
    let mut module = wat::parse_str(core).unwrap_or_else(|error| panic!("the core is no module: {error}"));
    let mut resolve = Resolve::default();
    let contract = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../wit/connector"));
    let (package, _) = resolve.push_path(contract).expect("the contract is well-formed");
    let world = resolve.select_world(&[package], Some("connector")).expect("the contract has this world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("the world is encoded");
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module).expect("the core fits the world");
    encoder.encode().expect("the component is encoded")
}

/// A component that has the exports of the world, of other types, with anything else in it.
pub(crate) fn lookalike(more: &str) -> Vec<u8> {
    text(&format!(
        r#"(component {more}
        (core module $m (func (export "f")))
        (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f")))
        (export "spec" (func $f)) (export "call" (func $f)) (export "check" (func $f)))"#
    ))
}

/// A connector without mistakes that has this module in it, and makes no instance of it.
pub(crate) fn beside(module: &[u8]) -> Vec<u8> {
    [Spec::named("beside_connector").component(), section_head(1, module.len()), module.to_vec()].concat()
}

/// What stands before the bytes of a section.
pub(crate) fn section_head(id: u8, mut size: usize) -> Vec<u8> {
    let mut bytes = vec![id];
    while size >= 0x80 {
        bytes.push(u8::try_from(size & 0x7f).expect("seven bits") | 0x80);
        size >>= 7;
    }
    bytes.push(u8::try_from(size).expect("seven bits"));
    bytes
}

/// The bytes of a component or a module in the text format.
pub(crate) fn text(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("it is not well-formed: {error}"))
}

/// Linear memory that is filled from an address on.
struct Memory {
    at: u32,
    bytes: Vec<u8>,
}

impl Memory {
    /// Puts bytes down: their address.
    fn put(&mut self, bytes: &[u8]) -> u32 {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let address = self.at + size(self.bytes.len());
        self.bytes.extend_from_slice(bytes);
        address
    }

    fn string(&mut self, text: &str) -> Vec<u8> {
        words(&[self.put(text.as_bytes()), size(text.len())])
    }

    fn option(&mut self, text: Option<&String>) -> Vec<u8> {
        match text {
            Some(text) => [words(&[1]), self.string(text)].concat(),
            None => words(&[0, 0, 0]),
        }
    }

    fn list<T>(&mut self, values: &[T], mut lower: impl FnMut(&mut Self, &T) -> Vec<u8>) -> Vec<u8> {
        let records: Vec<Vec<u8>> = values.iter().map(|value| lower(self, value)).collect();
        words(&[self.put(&records.concat()), size(values.len())])
    }

    fn strings(&mut self, texts: &[String]) -> Vec<u8> {
        self.list(texts, |memory, text| memory.string(text))
    }

    fn pairs(&mut self, pairs: &[(String, String)]) -> Vec<u8> {
        self.list(pairs, |memory, (name, value)| [memory.string(name), memory.string(value)].concat())
    }
}

impl Spec {
    /// The record of the contract in the canonical ABI: 128 bytes.
    fn lowered(&self, memory: &mut Memory) -> Vec<u8> {
        let defaults = self.defaults.clone();
        [
            memory.string(&self.id),
            memory.string(&self.version),
            memory.string(&self.title),
            memory.string(&self.description),
            memory.option(self.documentation.as_ref()),
            memory.option(self.icon.as_ref()),
            memory.list(&self.auth_types, |memory, name| {
                let (name, standing) = (memory.string(name), words(&[0]));
                [name, words(&[0, 0, 0]), standing, memory.string(&defaults), memory.string("{}")].concat()
            }),
            memory.string(&self.config),
            memory.list(&self.hosts, |memory, host| {
                let port = host.port.map_or([0; 4], |port| {
                    let [low, high] = port.to_le_bytes();
                    [1, 0, low, high]
                });
                [
                    words(&[0]),
                    memory.string(&host.name),
                    words(&[0, 0]),
                    port.to_vec(),
                    memory.strings(&host.methods),
                    memory.option(host.path_prefix.as_ref()),
                    words(&[0]),
                    memory.option(host.reason.as_ref()),
                ]
                .concat()
            }),
            memory.pairs(&self.headers),
            memory.strings(&self.placeholders),
            memory.strings(&self.claims),
            memory.list(&self.actions, |memory, action| {
                [
                    memory.string(&action.name),
                    memory.string(&action.title),
                    memory.string(&action.description),
                    memory.string(&action.input),
                    memory.option(action.output.as_ref()),
                    // Scope, tool, streaming.
                    words(&[0]),
                    words(&[0, 0]),
                ]
                .concat()
            }),
            memory.string(&self.policies),
            memory.pairs(&self.annotations),
        ]
        .concat()
    }
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn size(length: usize) -> u32 {
    u32::try_from(length).expect("it fits into a guest's memory")
}

fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for byte in bytes {
        write!(text, "\\{byte:02x}").expect("a text takes all");
    }
    text
}
