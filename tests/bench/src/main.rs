//! What a call costs, compared with the same work outside a sandbox.
//!
//! The program starts itself again: as the service that is fetched from, so that its work is not counted, as a fresh
//! host whose memory is measured while calls wait, and as an auth redirect service. See `docs/benchmarks.md` for how to
//! read the figures.

mod bench_host;
mod child;
mod failure;
mod machine;
mod measure;
mod plain;
mod redirect_service;
mod report;
mod sample;
mod upstream;

use std::process::ExitCode;

use clap::Parser;

use crate::failure::Failure;

/// The one that the command `innkeeper` has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures calls of a connector and the same work outside a sandbox
#[derive(Debug, Parser)]
struct Arguments {
    /// Print one JSON object instead of the tables
    #[arg(long)]
    json: bool,
    /// Measure for a shorter time, with less precise figures
    #[arg(long)]
    quick: bool,
    /// Measure only this, and print its figure as JSON: for a profiler, or to compare two builds
    #[arg(long, value_enum)]
    only: Option<measure::Only>,
    /// Run as the service that is fetched from
    #[arg(long, hide = true)]
    upstream: bool,
    /// Run as an auth redirect service in front of the service at this address
    #[arg(long, hide = true)]
    ears: Option<url::Url>,
    /// Run as the host whose memory is measured, which fetches in this way
    #[arg(long, hide = true, value_enum, requires_all = ["base", "count"])]
    parked: Option<measure::memory::Way>,
    /// The address of the service
    #[arg(long, hide = true)]
    base: Option<url::Url>,
    /// How many requests wait at once
    #[arg(long, hide = true)]
    count: Option<usize>,
}

fn main() -> ExitCode {
    // Started once more to compile, the program gets no further than here.
    let _ = innkeeper::Compiler::this_program();
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report::complain(&failure);
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.upstream {
        // One thread: the service has to leave the other processors to what is measured.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        return runtime.block_on(upstream::serve());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let Some(provider) = &arguments.ears {
        return runtime.block_on(redirect_service::serve(provider));
    }
    if let (Some(way), Some(base), Some(count)) = (arguments.parked, &arguments.base, arguments.count) {
        return runtime.block_on(measure::memory::park(way, base, count));
    }
    // What is measured runs on a worker, as the calls of a service do.
    let effort = if arguments.quick { measure::Effort::quick() } else { measure::Effort::full() };
    if let Some(only) = arguments.only {
        return runtime.block_on(on_worker(measure::only(only, effort)));
    }
    let figures = runtime.block_on(on_worker(measure::all(effort)))?;
    if arguments.json { report::json(&figures) } else { report::tables(&figures) }
}

async fn on_worker<T: Send + 'static>(
    work: impl Future<Output = Result<T, Failure>> + Send + 'static,
) -> Result<T, Failure> {
    tokio::spawn(work).await.map_err(|_| Failure::Child { role: "the measurement" })?
}
