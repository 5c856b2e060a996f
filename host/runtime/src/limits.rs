//! What one call may use.

use std::time::Duration;

use innkeeper_egress::EchoLimits;
use wasmtime::ResourceLimiter;

/// Limits of one call. Every field has the default of the design; an operator may change each.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of linear memory, all memories of the instance together.
    pub memory: usize,
    /// Elements of all tables of the instance together.
    pub table_elements: usize,
    /// Time from the start of the call to its end, waiting included.
    pub wall: Duration,
    /// Time that the guest itself may compute.
    pub cpu: Duration,
    /// Bytes of one answer that may be read into the guest at once.
    pub answer: u64,
    /// Bytes that the host holds for the guest at once: bodies that it made, what its requests carry, log lines,
    /// streamed results not yet received, the output. Each counts as what it takes in memory: JSON as its tree, and
    /// each separate object as 256 bytes more.
    pub held: usize,
    /// Handles of the guest at once: bodies, answers, streams, timers.
    pub handles: usize,
    /// Bytes of the result's JSON, and of all streamed results not received while the call runs.
    pub output: usize,
    /// Files of one result.
    pub files: usize,
    /// Bytes of all files of one result together. They may still be arriving after the call has finished.
    pub download: u64,
    /// Log lines kept for one call.
    pub log_lines: usize,
    /// Bytes of one log line.
    pub log_line: usize,
    /// Bytes of guest state that a connection may keep.
    pub state: u64,
    /// Requests of one call, including redirects and retries.
    pub requests: u32,
    /// Requests of one call under way at once.
    pub requests_at_once: usize,
    /// Answers that repeat a secret of the connection.
    pub echoes: EchoLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 64 << 20,
            table_elements: 100_000,
            wall: Duration::from_mins(1),
            cpu: Duration::from_secs(5),
            answer: 32 << 20,
            held: 128 << 20,
            handles: 10_000,
            output: 10 << 20,
            files: 1000,
            download: 4 << 30,
            log_lines: 200,
            log_line: 8 << 10,
            state: 1 << 20,
            requests: 50,
            requests_at_once: 10,
            echoes: EchoLimits::default(),
        }
    }
}

/// Counts the growth of an instance and refuses what exceeds the limit, remembering that it did: a guest that cannot
/// allocate fails with a trap that would not say why.
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

/// Core instances, memories and tables; components of all guest languages stay within this.
pub(crate) const CORE_INSTANCES: u32 = 20;
pub(crate) const MEMORIES: u32 = 2;
pub(crate) const TABLES: u32 = 8;
