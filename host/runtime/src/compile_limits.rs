//! What a component may contain, and what compiling it may take.

use std::time::Duration;

use crate::error::LoadError;

/// Limits of loading a component. Its size is counted before it is compiled; a process that exceeds the time or
/// memory for compiling is stopped ([`crate::Compiler`]). The defaults have room for guests that contain an
/// interpreter of Python or JavaScript.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompileLimits {
    /// Bytes of the component.
    pub component: usize,
    /// Core modules in it.
    pub modules: u64,
    /// Functions of all its core modules together.
    pub functions: u64,
    /// Bytes of its largest function: compiling takes more than twice as long for one of twice the size.
    pub function: usize,
    /// Locals of one function.
    pub locals: u64,
    /// Entries that it writes into tables.
    pub elements: u64,
    /// Everything else that it defines, imports or exports, including the parts of types. The content of a nested
    /// component counts once for each of its instances.
    pub definitions: u64,
    /// Bytes of one name of an import or export.
    pub name: usize,
    /// Time from the compiler's start to its exit.
    pub wall: Duration,
    /// Processor time of the compiling process, in whole seconds, for all its threads together.
    pub cpu: Duration,
    /// Bytes of memory of the compiling process.
    pub memory: u64,
    /// Bytes of compiled code.
    pub code: usize,
    /// Components that are compiled at once.
    pub at_once: usize,
    /// Components that wait for that, each with its bytes in memory; more are refused.
    pub waiting: usize,
}

impl CompileLimits {
    /// Fails for a component of this size.
    pub(crate) fn check_size(&self, bytes: usize) -> Result<(), LoadError> {
        if bytes <= self.component {
            return Ok(());
        }
        let (found, limit) = (bytes as u64, self.component as u64);
        Err(LoadError::TooMuch { what: "bytes", found, limit, setting: Some("component") })
    }
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self {
            component: 32 << 20,
            modules: 64,
            functions: 100_000,
            function: 1 << 20,
            locals: 10_000,
            elements: 200_000,
            definitions: 200_000,
            name: 4 << 10,
            wall: Duration::from_mins(1),
            cpu: Duration::from_mins(2),
            memory: 2 << 30,
            code: 256 << 20,
            at_once: 2,
            waiting: 32,
        }
    }
}
