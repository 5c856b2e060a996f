//! The WASI 0.2 interfaces that guest toolchains need: clocks, random, standard streams (which go to the log), an
//! empty environment. No file system, no sockets. Made when a guest first uses them, because most calls never do.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use innkeeper_ambient::{Clock, Random};
use rand_core::TryRng;
use tokio::io::AsyncWrite;
use wasmtime::component::Linker;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream, WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{HostMonotonicClock, HostWallClock, WasiClocks, WasiClocksView};
use wasmtime_wasi::p2::bindings::{cli, clocks, random};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiView};
use wasmtime_wasi_io::IoView;

use super::log::{self, LogLevel};
use crate::account::{Account, Charge};
use crate::deadline::CpuMeter;
use crate::sandbox::Sandbox;

pub(crate) struct PerCall {
    source: Source,
    context: Option<Box<WasiCtx>>,
}

/// Where time and randomness come from.
pub(crate) enum Source {
    /// A call: the runtime's own clock and randomness, and the time since the call began.
    Real(Arc<CpuMeter>),
    /// A spec run: the clock stands still and random bytes are always the same.
    Frozen { random: Arc<dyn Random> },
}

impl PerCall {
    pub(crate) fn new(source: Source) -> Self {
        Self { source, context: None }
    }

    pub(crate) fn context(&mut self, sandbox: &Sandbox, log: &log::PerCall, account: &Account) -> &mut WasiCtx {
        let source = &self.source;
        self.context.get_or_insert_with(|| Box::new(build(source, sandbox, log, account)))
    }
}

fn build(source: &Source, sandbox: &Sandbox, log: &log::PerCall, account: &Account) -> WasiCtx {
    let mut builder = WasiCtxBuilder::new();
    let stream = |error| Stream { log: log.clone(), account: account.clone(), error };
    builder.stdout(stream(false)).stderr(stream(true));
    builder.allow_tcp(false).allow_udp(false).max_random_size(MOST_RANDOM);
    let draw = |random: &Arc<dyn Random>| RandomBytes(random.clone());
    match source {
        Source::Real(meter) => {
            let Sandbox { clock, random, .. } = sandbox;
            builder.wall_clock(WallClock(clock.clone())).monotonic_clock(Monotonic(Some(meter.clone())));
            builder.secure_random(draw(random)).insecure_random(draw(random));
            builder.insecure_random_seed(u128::from_le_bytes((**random).bytes()));
        }
        Source::Frozen { random } => {
            builder.wall_clock(FrozenWallClock).monotonic_clock(Monotonic(None));
            builder.secure_random(draw(random)).insecure_random(draw(random)).insecure_random_seed(0);
        }
    }
    builder.build()
}

struct WallClock(Arc<dyn Clock>);

impl HostWallClock for WallClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.0.now().as_millis())
    }
}

struct FrozenWallClock;

impl HostWallClock for FrozenWallClock {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

/// Counts from the start of the call in steps of a millisecond: the time that the host takes to find secrets in an
/// answer is far below that. Without a meter it stands still.
struct Monotonic(Option<Arc<CpuMeter>>);

impl HostMonotonicClock for Monotonic {
    fn resolution(&self) -> u64 {
        STEP
    }

    fn now(&self) -> u64 {
        let elapsed = self.0.as_ref().map_or(0, |meter| u64::try_from(meter.elapsed().as_nanos()).unwrap_or(u64::MAX));
        elapsed - elapsed % STEP
    }
}

struct RandomBytes(Arc<dyn Random>);

impl TryRng for RandomBytes {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes((*self.0).bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes((*self.0).bytes()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}

/// A standard stream: each line of it becomes a line of the log.
#[derive(Clone)]
struct Stream {
    log: log::PerCall,
    account: Account,
    error: bool,
}

impl IsTerminal for Stream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(Lines::new(self))
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Lines::new(self))
    }
}

struct Lines {
    stream: Stream,
    unfinished: Vec<u8>,
    /// For the unfinished line: a guest may open a stream as often as it likes, and leave a line in each.
    charge: Option<Charge>,
}

impl Lines {
    fn new(stream: &Stream) -> Self {
        Self { stream: stream.clone(), unfinished: Vec::new(), charge: None }
    }

    fn take_in(&mut self, bytes: &[u8]) {
        let longest = self.stream.log.longest();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            // A line that is too long is cut when it is written; holding more of it is useless.
            let room = longest.saturating_add(1).saturating_sub(self.unfinished.len());
            let ends = part.last() == Some(&b'\n');
            self.unfinished.extend_from_slice(&part[..part.len().min(room)]);
            if ends {
                self.write_line();
            }
        }
        if self.charge.is_none() && !self.unfinished.is_empty() {
            // The room of a whole line, as it grows by doubling.
            self.charge = self.stream.account.charge(longest.saturating_mul(2)).ok();
            if self.charge.is_none() {
                self.write_line();
            }
        }
    }

    fn write_line(&mut self) {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.unfinished)).into_owned();
        self.charge = None;
        if self.stream.error {
            self.stream.log.write_error_output(&line);
        } else {
            self.stream.log.write(LogLevel::Info, &line);
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if !self.unfinished.is_empty() {
            self.write_line();
        }
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Lines {
    async fn ready(&mut self) {}
}

impl OutputStream for Lines {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take_in(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 << 10)
    }
}

impl AsyncWrite for Lines {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.take_in(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// For every world: these interfaces find their view of the store's data through traits.
pub(crate) fn link<T: WasiView + IoView + Send + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    wasmtime_wasi_io::add_to_linker_async(linker)?;
    clocks::wall_clock::add_to_linker::<T, WasiClocks>(linker, T::clocks)?;
    clocks::monotonic_clock::add_to_linker::<T, WasiClocks>(linker, T::clocks)?;
    random::random::add_to_linker::<T, WasiRandom>(linker, T::random)?;
    random::insecure::add_to_linker::<T, WasiRandom>(linker, T::random)?;
    random::insecure_seed::add_to_linker::<T, WasiRandom>(linker, T::random)?;
    cli::environment::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::exit::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::stdin::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::stdout::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::stderr::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_input::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_output::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_stdin::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_stdout::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_stderr::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    Ok(())
}

/// Nanoseconds of a step of a guest's clocks.
const STEP: u64 = 1_000_000;
/// The maximum number of random bytes of one request.
const MOST_RANDOM: u64 = 64 << 10;
