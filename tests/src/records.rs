//! Everything that the code of a test process logs, by `tracing` or by `log`, down to the finest level.

use std::io::{self, Write};
use std::sync::{Mutex, OnceLock, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Who compiles guests says gigabytes about their code, and never sees a secret.
const COMPILER: [&str; 4] = ["cranelift", "regalloc2", "wasmtime_internal_cranelift", "wasmtime_environ"];

static WRITTEN: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Begins to record, once in a process; what other tests of it log is recorded, too.
pub fn record() {
    static RECORDING: OnceLock<()> = OnceLock::new();
    RECORDING.get_or_init(|| {
        let quiet = COMPILER.iter().map(|target| (*target, LevelFilter::OFF));
        let everything_else = Targets::new().with_default(LevelFilter::TRACE).with_targets(quiet);
        let written = tracing_subscriber::fmt::layer()
            .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(|| Recorder);
        tracing_subscriber::registry().with(written.with_filter(everything_else)).init();
        log::set_logger(&Recorder).expect("nobody else sets a logger");
        log::set_max_level(log::LevelFilter::Trace);
    });
}

/// All that was recorded so far.
pub fn recorded() -> Vec<u8> {
    WRITTEN.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

struct Recorder;

impl Write for Recorder {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        WRITTEN.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl log::Log for Recorder {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        if COMPILER.iter().any(|target| record.target().starts_with(target)) {
            return;
        }
        let line = format!("{} {}: {}\n", record.level(), record.target(), record.args());
        WRITTEN.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(line.as_bytes());
    }

    fn flush(&self) {}
}
