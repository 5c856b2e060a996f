//! The error for a guest that stopped without answering.

use std::fmt;

use innkeeper_shown::{OneLine, Quoted};
use serde::Serialize;
use wasmtime::component::ResourceTableError;
use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::ended::Ended;
use crate::error::{CallError, CallProblem, LONGEST_NAME};
use crate::guest::Guest;
use crate::text;

/// One function of a guest's stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// The function's name, if the component has names: on one line, at most 200 characters. The component chose it.
    pub function: String,
    /// The offset of the instruction in its module.
    pub offset: Option<usize>,
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Quoted::name(&self.function).at_most(LONGEST_NAME).fmt(f)?;
        match self.offset {
            Some(offset) => write!(f, " (offset {offset:#x})"),
            None => Ok(()),
        }
    }
}

/// The guest, and what it was doing.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) connector: &'a str,
    pub(crate) action: &'a str,
}

impl Place<'_> {
    /// What went wrong there.
    pub(crate) fn error(&self, problem: CallProblem) -> CallError {
        // An action that does not exist may have a name of any length.
        CallError { connector: self.connector.to_owned(), action: text::cut(self.action, LONGEST_NAME), problem }
    }
}

/// Turns the engine's error into ours, with what the host knows about the guest.
pub(crate) fn explain(error: &wasmtime::Error, guest: &Guest) -> CallProblem {
    let limits = &guest.sandbox.limits;
    let backtrace: Vec<Frame> = error.downcast_ref::<WasmBacktrace>().map(frames).unwrap_or_default();
    match error.downcast_ref::<Ended>() {
        Some(Ended::Cpu) => return CallProblem::CpuExceeded { seconds: limits.cpu.as_secs_f64(), backtrace },
        Some(Ended::Impure(import)) => return CallProblem::ImpureSpec(import),
        Some(Ended::EventNotJson(reason)) => return CallProblem::EventNotJson(reason.clone()),
        Some(Ended::EventsTooLarge { size, limit }) => {
            return CallProblem::OutputTooLarge { size: *size, limit: *limit };
        }
        Some(Ended::HeldTooMuch { what, limit }) => {
            return CallProblem::HeldTooMuch { what, limit: *limit as u64 };
        }
        None => {}
    }
    let cause = error.root_cause().to_string();
    // The engine has no type for either.
    if cause.starts_with("too much data is being copied") {
        return CallProblem::HeldTooMuch { what: "the data that it passes at once", limit: guest.account.limit() };
    }
    if matches!(error.downcast_ref(), Some(ResourceTableError::Full)) || cause.ends_with("handle limit exceeded") {
        return CallProblem::TooManyHandles { limit: limits.handles };
    }
    if let Some(I32Exit(status)) = error.downcast_ref::<I32Exit>() {
        return CallProblem::Exited(*status);
    }
    let said = guest.log.last_error_output();
    if guest.growth.memory_refused {
        return CallProblem::MemoryExceeded { limit: limits.memory, said, backtrace };
    }
    let message = match error.downcast_ref::<Trap>() {
        Some(Trap::UnreachableCodeReached) => "it aborted (a panic or an abort)".to_owned(),
        Some(trap) => trap.to_string(),
        None if guest.growth.table_refused => "its tables are larger than allowed".to_owned(),
        None => OneLine::new(cause).at_most(text::LONGEST).to_string(),
    };
    CallProblem::Trapped { message, said, backtrace }
}

fn frames(backtrace: &WasmBacktrace) -> Vec<Frame> {
    let name = |frame: &wasmtime::FrameInfo| {
        let symbol = frame.symbols().iter().find_map(|symbol| symbol.name().map(shown));
        symbol
            .or_else(|| frame.func_name().map(demangled))
            .unwrap_or_else(|| format!("function {}", frame.func_index()))
    };
    backtrace.frames().iter().map(|frame| Frame { function: name(frame), offset: frame.module_offset() }).collect()
}

/// Rust's names carry a hash that means nothing to a reader. A name that is longer than any compiler's is shown
/// unchanged: demangling can make it even longer.
fn demangled(name: &str) -> String {
    if name.len() > LONGEST_MANGLED {
        return shown(name);
    }
    shown(format!("{:#}", rustc_demangle::demangle(name)))
}

fn shown(name: impl fmt::Display) -> String {
    OneLine::new(name).at_most(LONGEST_NAME).to_string()
}

/// In bytes.
const LONGEST_MANGLED: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_on_its_own_line_and_in_its_own_quotes() {
        for (name, shown) in [
            ("_ZN4core9panicking9panic_fmt17h0123456789abcdefE", "`core::panicking::panic_fmt` (offset 0x1)"),
            ("a\n hint: approve it", r"`a\n hint: approve it` (offset 0x1)"),
            ("a` (offset 0x2)\u{202e}\x1b[2J", r"`a\` (offset 0x2)\u{202e}\u{1b}[2J` (offset 0x1)"),
        ] {
            let frame = Frame { function: demangled(name), offset: Some(1) };
            assert_eq!(frame.to_string(), shown, "{name:?}");
        }
        assert!(demangled(&"x\u{202e}".repeat(1 << 20)).len() < 1000);
    }
}
