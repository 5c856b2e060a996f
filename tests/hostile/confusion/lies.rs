//! Cores that lie about what they hand over, and handles that are not theirs.

use super::{ABI, HANDLES};
use crate::attack::{Attack, Class, attack};
use crate::component::Core;
use crate::rig::Rig;

/// A core that lies about what it hands over.
pub(super) fn lies() -> Vec<Attack> {
    let core = |id: &'static str, what, error, change: fn(Core) -> Core| {
        attack(Class::Confusion, (id, what), ABI, error, move |rig: Rig| {
            let name = id.replace('-', "_");
            let component = change(Core::named(&name)).component();
            async move { rig.call_new(&name, component).await }
        })
    };
    const READ: (&str, &str) = ("LoadError::SpecRun", "crashed in spec");
    const CALLED: (&str, &str) = ("CallError::Trapped", "crashed in run");
    fn stored(offset: u32, value: u32) -> String {
        format!("(i32.store (i32.const {}) (i32.const {value})) (i32.const 4096)", 4096 + offset)
    }
    vec![
        core("confusion-pointer", "A spec lies outside of memory", READ, |core| Core {
            read: "(i32.const -16)".to_owned(),
            ..core
        }),
        core("confusion-unaligned", "A spec lies where no record may lie", READ, |core| Core {
            read: "(i32.const 4097)".to_owned(),
            ..core
        }),
        core("confusion-text-pointer", "A text lies outside of memory", READ, |core| Core {
            read: stored(0, 0xffff_fff0),
            ..core
        }),
        core("confusion-text-length", "A text has four gigabytes", READ, |core| Core {
            read: stored(4, 0xffff_ffff),
            ..core
        }),
        core("confusion-text-bytes", "A text is no UTF-8", READ, |core| Core {
            more: "(data (i32.const 2048) \"\\ff\\fe\\fd\")".to_owned(),
            read: format!("(i32.store (i32.const 4100) (i32.const 3)) {}", stored(0, 2048)),
            ..core
        }),
        core("confusion-text-surrogate", "A text holds half of a pair", READ, |core| Core {
            more: "(data (i32.const 2048) \"\\ed\\a0\\80\")".to_owned(),
            read: format!("(i32.store (i32.const 4100) (i32.const 3)) {}", stored(0, 2048)),
            ..core
        }),
        core("confusion-option", "A field is neither there nor not there", READ, |core| Core {
            read: stored(32, 7),
            ..core
        }),
        core("confusion-list-length", "A list has more entries than there are bytes in the world", READ, |core| Core {
            read: stored(60, 0xffff_ffff),
            ..core
        }),
        core("confusion-result", "A result is neither an answer nor an error", CALLED, |core| Core {
            call: "(i32.store8 (i32.const 1024) (i32.const 9)) (i32.const 1024)".to_owned(),
            ..core
        }),
        core("confusion-result-pointer", "A result lies outside of memory", CALLED, |core| Core {
            call: "(i32.const 2147483640)".to_owned(),
            ..core
        }),
        core("confusion-error-kind", "An error is of no kind", CALLED, |core| {
            Core {
            call: "(i32.store8 (i32.const 1024) (i32.const 1)) (i32.store8 (i32.const 1032) (i32.const 200)) (i32.const 1024)"
                .to_owned(),
            ..core
        }
        }),
        core("confusion-output-text", "An output is no UTF-8", CALLED, |core| Core {
            call: "(i32.store8 (i32.const 1100) (i32.const 255)) (i32.const 1024)".to_owned(),
            ..core
        }),
        core("confusion-realloc", "The host is told to write its arguments outside of memory", CALLED, |core| Core {
            realloc: "(i32.const -8)",
            ..core
        }),
        core("confusion-realloc-unaligned", "The host is told to write a list where none may lie", CALLED, |core| {
            Core { realloc: "(i32.const -7)", ..core }
        }),
        core("confusion-reentry", "A guest calls the host while the host writes its arguments", CALLED, |core| Core {
            imports: LOG,
            realloc: "(call $log (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 0)",
            ..core
        }),
        core("confusion-log-pointer", "A line of the log lies outside of memory", CALLED, |core| Core {
            imports: LOG,
            call: "(call $log (i32.const 0) (i32.const -8) (i32.const 100)) (i32.const 1024)".to_owned(),
            ..core
        }),
        core("confusion-log-level", "A line of the log is of no level", CALLED, |core| Core {
            imports: LOG,
            call: "(call $log (i32.const 77) (i32.const 0) (i32.const 0)) (i32.const 1024)".to_owned(),
            ..core
        }),
        core("confusion-log-bytes", "A line of the log is no UTF-8", CALLED, |core| Core {
            imports: LOG,
            more: "(data (i32.const 2048) \"\\c0\\80\")".to_owned(),
            call: "(call $log (i32.const 0) (i32.const 2048) (i32.const 2)) (i32.const 1024)".to_owned(),
            ..core
        }),
        core("confusion-send-list", "A list of requests is longer than memory", CALLED, |core| Core {
            imports: "(import \"innkeeper:connector/http@0.1.0\" \"send-all\" (func $send (param i32 i32 i32)))",
            call: "(call $send (i32.const 0) (i32.const 0x0fffffff) (i32.const 2048)) (i32.const 1024)".to_owned(),
            ..core
        }),
        core("confusion-spec-log", "A spec uses an import", ("LoadError::SpecRun", "used log.write"), |core| Core {
            imports: LOG,
            read: "(call $log (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 4096)".to_owned(),
            ..core
        }),
        core("confusion-spec-body", "A spec makes a body", ("LoadError::SpecRun", "used http.body"), |core| Core {
            imports: BODY,
            read: format!("(drop {MADE}) (i32.const 4096)"),
            ..core
        }),
    ]
}

const LOG: &str = "(import \"innkeeper:connector/log@0.1.0\" \"write\" (func $log (param i32 i32 i32)))";
/// The functions of bodies.
const BODY: &str = r#"
    (import "innkeeper:connector/http@0.1.0" "[static]body.from-bytes" (func $make (param i32 i32 i32 i32 i32) (result i32)))
    (import "innkeeper:connector/http@0.1.0" "[method]body.length" (func $length (param i32 i32)))
    (import "innkeeper:connector/http@0.1.0" "[resource-drop]body" (func $drop (param i32)))"#;
/// A body of two bytes.
const MADE: &str = "(call $make (i32.const 1100) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0))";

/// Handles that are not a guest's, or not any more.
pub(super) fn handles() -> Vec<Attack> {
    let core = |id: &'static str, what, call: &'static str| {
        attack(Class::Confusion, (id, what), HANDLES, ("CallError::Trapped", "crashed in run"), move |rig: Rig| {
            let name = id.replace('-', "_");
            let more = "(global $body (mut i32) (i32.const 0))".to_owned();
            let call = format!("{} (i32.const 1024)", call.replace("{made}", MADE));
            let component = Core { imports: BODY, more, call, ..Core::named(&name) }.component();
            async move { rig.call_new(&name, component).await }
        })
    };
    vec![
        core(
            "confusion-handle-guess",
            "A guest uses a handle that it never got",
            "(call $length (i32.const 12345) (i32.const 2048))",
        ),
        core("confusion-handle-zero", "A guest uses the handle 0", "(call $length (i32.const 0) (i32.const 2048))"),
        core(
            "confusion-handle-negative",
            "A guest uses the handle -1",
            "(call $length (i32.const -1) (i32.const 2048))",
        ),
        core(
            "confusion-handle-twice",
            "A guest drops a body twice",
            "(global.set $body {made}) (call $drop (global.get $body)) (call $drop (global.get $body))",
        ),
        core(
            "confusion-handle-after",
            "A guest uses a body that it dropped",
            "(global.set $body {made}) (call $drop (global.get $body)) (call $length (global.get $body) (i32.const 2048))",
        ),
        core("confusion-handle-drop", "A guest drops a body that it never got", "(call $drop (i32.const 999))"),
        core(
            "confusion-handle-file",
            "A result hands out a file that the guest never had",
            "(i32.store (i32.const 1040) (i32.const 2048)) (i32.store (i32.const 1036) (i32.const 2048))
             (i32.store (i32.const 2048) (i32.const 1100)) (i32.store (i32.const 2052) (i32.const 2))
             (i32.store (i32.const 2068) (i32.const 424242)) (i32.store (i32.const 1040) (i32.const 1))",
        ),
        core(
            "confusion-handle-file-twice",
            "A result hands one file out twice",
            "(global.set $body {made})
             (i32.store (i32.const 1036) (i32.const 2048)) (i32.store (i32.const 1040) (i32.const 2))
             (i32.store (i32.const 2048) (i32.const 1100)) (i32.store (i32.const 2052) (i32.const 2))
             (i32.store (i32.const 2068) (global.get $body))
             (i32.store (i32.const 2072) (i32.const 1100)) (i32.store (i32.const 2076) (i32.const 2))
             (i32.store (i32.const 2092) (global.get $body))",
        ),
    ]
}
