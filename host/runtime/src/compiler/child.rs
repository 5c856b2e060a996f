//! The process that compiles: what it denies itself, and the single order that it takes.

use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::exit;

use wasmtime::Engine;
use wasmtime::error::OutOfMemory;

use super::wire::{self, Order, Outcome};
use crate::cache::fingerprint;
use crate::engine::config;
use crate::stack::on_deep_stack;
use crate::text::cut;

/// The only argument of a program that is started to compile.
pub(super) const ARGUMENT: &str = "innkeeper-compile-component";

/// Whether this process was started to compile.
pub(super) fn is_asked_for() -> bool {
    let mut arguments = std::env::args_os().skip(1);
    arguments.next().is_some_and(|argument| argument == ARGUMENT) && arguments.next().is_none()
}

/// Compiles one component from standard input to standard output, and exits.
pub(super) fn run() -> ! {
    // The parent process learns the reason from the missing answer.
    exit(i32::from(serve().is_err()))
}

fn serve() -> io::Result<()> {
    confine::streams_only();
    let engine = Engine::new(&config()).map_err(|error| io::Error::other(error.to_string()))?;
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    output.write_all(wire::MAGIC)?;
    output.write_all(fingerprint(&engine).as_bytes())?;
    output.flush()?;
    let order = Order::read(&mut input)?;
    confine::to(&order);
    let mut component = Vec::new();
    input.by_ref().take(order.length).read_to_end(&mut component)?;
    drop(input);
    end_with_the_host()?;
    let compiled = on_deep_stack("innkeeper-compile", || {
        catch_unwind(AssertUnwindSafe(|| engine.precompile_component(&component)))
    });
    let text = |reason: String| cut(&reason, wire::LONGEST_TEXT / 2).into_bytes();
    let (outcome, content) = match compiled {
        Ok(Ok(Ok(code))) => (Outcome::Code, code),
        Ok(Ok(Err(error))) if error.is::<OutOfMemory>() => (Outcome::NoMemory, Vec::new()),
        Ok(Ok(Err(error))) => (Outcome::Invalid, text(format!("{error:#}"))),
        Ok(Err(_)) => (Outcome::Failed, text("panicked".to_owned())),
        Err(error) => (Outcome::Failed, text(format!("has no thread to run on: {error}"))),
    };
    wire::write_answer(&mut output, outcome, &content)
}

/// The host keeps standard input open while it waits. If the host goes away for any reason, this process is no longer
/// needed.
fn end_with_the_host() -> io::Result<()> {
    let watch = || {
        // Nothing more is sent: an answer means the end of input.
        let _ = io::stdin().lock().read(&mut [0]);
        exit(1)
    };
    std::thread::Builder::new().name("innkeeper-watch".to_owned()).spawn(watch).map(drop)
}

#[cfg(unix)]
mod confine {
    use rustix::process::{Resource, Rlimit, getrlimit, nice, setrlimit};

    use super::Order;

    /// Low priority, no core dumps, no file writes. The system may refuse these restrictions; they are a precaution
    /// only.
    pub(super) fn streams_only() {
        let _ = nice(10);
        lower(Resource::Core, 0);
        lower(Resource::Fsize, 0);
    }

    /// The memory that it may write to, and the time that it may take.
    pub(super) fn to(order: &Order) {
        lower(Resource::Data, order.memory);
        lower(Resource::As, order.memory.saturating_add(RESERVED));
        lower(Resource::Cpu, order.cpu_seconds);
        lower(Resource::Nofile, 64);
    }

    fn lower(resource: Resource, most: u64) {
        // At the hard limit of the time, the signal would not show the reason.
        let hard = if resource == Resource::Cpu { most.saturating_add(1) } else { most };
        let hard = getrlimit(resource).maximum.map_or(hard, |before| before.min(hard));
        // The host watches the time as well.
        let _ = setrlimit(resource, Rlimit { current: Some(most.min(hard)), maximum: Some(hard) });
    }

    /// Address space that is reserved and not written to.
    const RESERVED: u64 = 4 << 30;
}

#[cfg(not(unix))]
mod confine {
    use super::Order;

    pub(super) fn streams_only() {}

    pub(super) fn to(_: &Order) {}
}
