//! What the host holds: memory that is not given back is an attack that worked.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes that the corpus may leave allocated: the connectors that it had loaded, connections, and what the services heard.
const HEAP: i64 = 192 << 20;
/// Bytes by which the process may have grown: beside that, memories of guests that are kept for the next ones.
const RESIDENT: i64 = 768 << 20;

/// A moment.
pub(crate) struct Memory {
    region: Region<'static, System>,
    resident: i64,
}

impl Memory {
    pub(crate) fn now() -> Self {
        Self { region: Region::new(&INSTRUMENTED_SYSTEM), resident: resident() }
    }

    /// Why more is held than may be.
    pub(crate) fn grown(&self) -> Option<String> {
        let change = self.region.change();
        let heap = i64::try_from(change.bytes_allocated).unwrap_or(i64::MAX)
            - i64::try_from(change.bytes_deallocated).unwrap_or(i64::MAX);
        let grown = resident() - self.resident;
        println!("memory after the corpus: {} KiB more allocated, {} KiB more resident", heap >> 10, grown >> 10);
        (heap > HEAP || grown > RESIDENT)
            .then(|| format!("{heap} bytes more are allocated (of {HEAP}), {grown} more are resident (of {RESIDENT})"))
    }
}

/// Bytes of this process that lie in memory; 0 where the system does not say.
fn resident() -> i64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<i64>().ok());
    pages.unwrap_or(0) * 4096
}
