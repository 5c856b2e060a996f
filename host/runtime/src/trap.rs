//! What is told of a guest that ended without answering.

use std::fmt;

use serde::Serialize;
use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::error::{CallError, LONGEST_REASON, cut};
use crate::guest::{Ended, Guest};

/// One function of a guest's stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// The function's name, where the component kept its names.
    pub function: String,
    /// The offset of the instruction in its module.
    pub offset: Option<usize>,
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.offset {
            Some(offset) => write!(f, "{} (offset {offset:#x})", self.function),
            None => f.write_str(&self.function),
        }
    }
}

/// Which guest did what.
pub(crate) struct Place<'a> {
    pub(crate) connector: &'a str,
    pub(crate) action: &'a str,
}

/// Turns the engine's error into ours, with what the host knows of the guest.
pub(crate) fn explain(error: &wasmtime::Error, guest: &Guest, place: &Place<'_>) -> CallError {
    let (connector, action) = (place.connector.to_owned(), place.action.to_owned());
    let backtrace: Vec<Frame> = error.downcast_ref::<WasmBacktrace>().map(frames).unwrap_or_default();
    match error.downcast_ref::<Ended>() {
        Some(Ended::Cpu) => {
            let seconds = guest.shared.limits.cpu.as_secs_f64();
            return CallError::CpuExceeded { connector, action, seconds, backtrace };
        }
        Some(Ended::Impure(import)) => return CallError::ImpureSpec { import },
        Some(Ended::EventNotJson(reason)) => {
            return CallError::EventNotJson { connector, action, reason: reason.clone() };
        }
        Some(Ended::EventsTooLarge { size, limit }) => {
            return CallError::OutputTooLarge { connector, action, size: *size, limit: *limit };
        }
        None => {}
    }
    if let Some(I32Exit(status)) = error.downcast_ref::<I32Exit>() {
        return CallError::Exited { connector, action, status: *status };
    }
    if guest.growth.memory_refused {
        let (limit, said) = (guest.shared.limits.memory, guest.log.last_error_output());
        return CallError::MemoryExceeded { connector, action, limit, said, backtrace };
    }
    let message = match error.downcast_ref::<Trap>() {
        Some(Trap::UnreachableCodeReached) => "it gave up (a panic or an abort)".to_owned(),
        Some(trap) => trap.to_string(),
        None if guest.growth.table_refused => "its tables are larger than allowed".to_owned(),
        None => cut(&error.root_cause().to_string(), LONGEST_REASON),
    };
    CallError::Trapped { connector, action, message, said: guest.log.last_error_output(), backtrace }
}

fn frames(backtrace: &WasmBacktrace) -> Vec<Frame> {
    let name = |frame: &wasmtime::FrameInfo| {
        let symbol = frame.symbols().iter().find_map(|symbol| symbol.name().map(str::to_owned));
        symbol
            .or_else(|| frame.func_name().map(demangled))
            .unwrap_or_else(|| format!("function {}", frame.func_index()))
    };
    let function = |frame| cut(&name(frame), LONGEST_FUNCTION);
    backtrace.frames().iter().map(|frame| Frame { function: function(frame), offset: frame.module_offset() }).collect()
}

/// Rust's names carry a hash that says nothing to a reader.
fn demangled(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

/// Bytes of a function's name, which is the guest's to choose.
const LONGEST_FUNCTION: usize = 300;
