//! What one call may use.

use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::engine::{CORE_INSTANCES, MEMORIES, TABLES};

/// Bounds of one call. Every field has the default of the design; an operator may change each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of linear memory, all memories of the instance together.
    pub memory: usize,
    /// Elements of all tables of the instance together.
    pub table_elements: usize,
    /// Time from the call's begin to its end, waiting included.
    pub wall: Duration,
    /// Time that the guest itself may compute.
    pub cpu: Duration,
    /// Bytes of one answer that may be read into the guest at once.
    pub answer: u64,
    /// Bytes of the guest's own that the host holds for it at once: bodies that it made, and what its requests
    /// carry, and 256 more for each of them and for each name of a media type.
    pub held: usize,
    /// Bytes of the result's JSON, and of all streamed results that nobody takes while the call runs.
    pub output: usize,
    /// Log lines kept of one call.
    pub log_lines: usize,
    /// Bytes of one log line.
    pub log_line: usize,
    /// Bytes of guest state that a connection may keep.
    pub state: u64,
    /// Requests of one call.
    pub requests: u32,
    /// Requests of one call under way at once.
    pub requests_at_once: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 64 << 20,
            table_elements: 100_000,
            wall: Duration::from_mins(1),
            cpu: Duration::from_secs(5),
            answer: 32 << 20,
            held: 64 << 20,
            output: 10 << 20,
            log_lines: 200,
            log_line: 8 << 10,
            state: 1 << 20,
            requests: 50,
            requests_at_once: 10,
        }
    }
}

/// Counts what an instance grows and refuses what is over, remembering that it did: a guest that cannot allocate ends
/// in a trap that would not say why.
#[derive(Debug)]
pub(crate) struct GrowthLimiter {
    memory_left: usize,
    elements_left: usize,
    pub(crate) memory_refused: bool,
    pub(crate) table_refused: bool,
}

impl GrowthLimiter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory_left: limits.memory,
            elements_left: limits.table_elements,
            memory_refused: false,
            table_refused: false,
        }
    }
}

impl ResourceLimiter for GrowthLimiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let left = self.memory_left.checked_sub(desired.saturating_sub(current));
        match left {
            Some(left) => self.memory_left = left,
            None => self.memory_refused = true,
        }
        Ok(left.is_some())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let left = self.elements_left.checked_sub(desired.saturating_sub(current));
        match left {
            Some(left) => self.elements_left = left,
            None => self.table_refused = true,
        }
        Ok(left.is_some())
    }

    fn instances(&self) -> usize {
        CORE_INSTANCES as usize
    }

    fn tables(&self) -> usize {
        TABLES as usize
    }

    fn memories(&self) -> usize {
        MEMORIES as usize
    }
}
