//! Compiling in a process that can be killed, compared with compiling on a thread.

use std::sync::Arc;
use std::time::Duration;

use innkeeper::{Compiler, SystemClock, SystemRandom};
use innkeeper_runtime::{Runtime, RuntimeSettings};
use serde::Serialize;

use super::Effort;
use crate::bench_host::component;
use crate::failure::Failure;
use crate::machine::processor_time;
use crate::sample::{Stopwatch, median, millis, tenths};

/// Loading a connector without a cache, in the middle, by both ways in turns.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Compiling {
    pub(crate) pairs: u32,
    pub(crate) process_ms: f64,
    pub(crate) thread_ms: f64,
    /// The time by a process as a multiple of that by a thread.
    pub(crate) ratio: f64,
    /// Processor time of all threads and processes; `None` if the system does not report it.
    pub(crate) processor: Option<Processor>,
}

/// Processor time.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Processor {
    pub(crate) process_ms: f64,
    pub(crate) thread_ms: f64,
    pub(crate) ratio: f64,
}

pub(super) async fn measure(effort: Effort) -> Result<Compiling, Failure> {
    let pairs = effort.rounds.max(FEWEST);
    let (process, thread) = (runtime(Compiler::this_program())?, runtime(Compiler::in_process())?);
    let component = component()?;
    // The first of each only warms up.
    load(&process, &component).await?;
    load(&thread, &component).await?;
    let (mut by_process, mut by_thread) = (Vec::new(), Vec::new());
    for _ in 0..pairs {
        by_process.push(load(&process, &component).await?);
        by_thread.push(load(&thread, &component).await?);
    }
    let middle = |taken: &[Taken]| median(taken.iter().map(|taken| taken.time).collect());
    let busy = |taken: &[Taken]| taken.iter().map(|taken| taken.processor).collect::<Option<Vec<f64>>>().map(median);
    let (process_ms, thread_ms) = (middle(&by_process), middle(&by_thread));
    let processor = busy(&by_process).zip(busy(&by_thread)).map(|(process_ms, thread_ms)| Processor {
        process_ms: tenths(process_ms),
        thread_ms: tenths(thread_ms),
        ratio: process_ms / thread_ms,
    });
    Ok(Compiling {
        pairs,
        process_ms: tenths(process_ms),
        thread_ms: tenths(thread_ms),
        ratio: process_ms / thread_ms,
        processor,
    })
}

fn runtime(compiler: Compiler) -> Result<Runtime, Failure> {
    let settings = RuntimeSettings { compiler, ..RuntimeSettings::default() };
    Ok(Runtime::new(settings, Arc::new(SystemClock), Arc::new(SystemRandom))?)
}

/// Milliseconds that one load took.
struct Taken {
    time: f64,
    processor: Option<f64>,
}

async fn load(runtime: &Runtime, component: &[u8]) -> Result<Taken, Failure> {
    let component = component.to_vec();
    let (before, watch) = (processor_time(), Stopwatch::start());
    runtime.load(component).await?;
    let time = millis(watch.elapsed());
    let processor = before.zip(processor_time()).map(|(before, after)| after.saturating_sub(before));
    Ok(Taken { time, processor: processor.map(|time: Duration| millis(time)) })
}

/// Fewer pairs are meaningless on a busy machine.
const FEWEST: u32 = 9;
