//! The project's own commands, run as `cargo xtask <command>`.

#[cfg(test)]
mod arrows;
mod bench;
mod cargo_tool;
mod checks;
mod chromium;
mod demo;
mod dependencies;
mod failure;
mod fuzz;
mod guests;
mod npm;
mod step;
mod tests;
mod tool;
mod toolchain;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;
use workspace::{Lockfile, Workspace};

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what building and testing require: the wasm target, the packages of the test server, cargo-deny,
    /// cargo-machete, a browser
    Setup,
    /// Build every connector and test guest into target/connectors
    Guests,
    /// Build everything and run a connector with a token that it never sees
    Demo {
        /// Let a script sign in and consent instead of opening a browser
        #[arg(long)]
        headless: bool,
        /// Authorize through an auth redirect service
        #[arg(long)]
        ears: bool,
    },
    /// Run every check and test
    Test,
    /// Measure calls against the same work without a sandbox
    Bench {
        /// Print one JSON object instead of a table
        #[arg(long)]
        json: bool,
        /// Passed on to the benchmark
        #[arg(last = true)]
        rest: Vec<String>,
    },
    /// Format all code
    Fmt,
    /// Run clippy, and audit the dependencies
    Lint,
    /// Run fuzz targets under libFuzzer: all of them one after the other, or one
    Fuzz {
        /// The target, named like its folder below tests/fuzz/seeds
        target: Option<String>,
        /// How long each target runs
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        minutes: u32,
    },
}

fn main() -> ExitCode {
    match run(&Arguments::parse().command) {
        Ok(code) => code,
        Err(failure) => {
            step::report(&format!("\nfailed: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<ExitCode, Failure> {
    let workspace = Workspace::find()?;
    match command {
        Command::Setup => setup(&workspace)?,
        Command::Guests => {
            toolchain::ensure_wasm_target(&workspace)?;
            guests::build_all(&workspace, Lockfile::MayChange)?;
        }
        Command::Demo { headless, ears } => return demo::run(&workspace, *headless, *ears),
        Command::Test => tests::run(&workspace)?,
        Command::Bench { json, rest } => return bench::run(&workspace, *json, rest),
        Command::Fmt => checks::format(&workspace)?,
        Command::Lint => checks::lint(&workspace)?,
        Command::Fuzz { target, minutes } => fuzz::run(&workspace, target.as_deref(), *minutes)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn setup(workspace: &Workspace) -> Result<(), Failure> {
    toolchain::ensure_wasm_target(workspace)?;
    npm::ensure_test_server(workspace)?;
    cargo_tool::CARGO_DENY.ensure(workspace)?;
    cargo_tool::CARGO_MACHETE.ensure(workspace)?;
    let browser = chromium::ensure()?;
    step::report(&format!("ready; the browser is {}", browser.display()));
    Ok(())
}
