//! Threads with room for nested input: the parser of components takes a few stack frames for each nested type.

use std::io;
use std::thread::{Builder, scope};

/// A builder for a thread of this name.
pub(crate) fn deep(name: &str) -> Builder {
    Builder::new().name(name.to_owned()).stack_size(STACK)
}

/// Runs `work` on such a thread and waits for it.
pub(crate) fn on_deep_stack<T: Send>(name: &str, work: impl FnOnce() -> T + Send) -> io::Result<T> {
    scope(|scope| {
        let thread = deep(name).spawn_scoped(scope, work)?;
        thread.join().map_err(|_| io::Error::other("the thread panicked"))
    })
}

const STACK: usize = 16 << 20;
