//! The command `innkeeper`: connectors, connections and calls at a terminal.

mod authorization;
mod commands;
mod config;
mod ending;
mod failure;
mod files;
mod listener;
mod log;
mod loopback;
mod names;
mod output;
mod parameters;
mod progress;
mod prompts;
mod secrets;
mod time;
mod toml_text;

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser};

use commands::{Command, Context};
use config::{Globals, Settings};
use failure::{EXIT_CODES, Exit, Failure, Outcome};
use innkeeper::Compiler;
use innkeeper::shown::OneLine;
use output::{Output, say};

/// A call allocates and frees many small objects on whichever thread it runs: the system's allocator takes twice as
/// long for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs third-party connectors in a sandbox and keeps every credential that they use.
///
/// A connector is a WebAssembly component that talks to one service. Add one, create a connection with it, authorize
/// the connection if necessary, and call its actions. The connector never sees a token.
#[derive(Parser, Debug)]
#[command(name = "innkeeper", version, max_term_width = 110, after_help = EXIT_CODES, subcommand_required = true,
          arg_required_else_help = true, propagate_version = true)]
struct Arguments {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    // If the program was started again to compile a connector, it gets no further than this.
    let compiler = Compiler::this_program();
    let matches = match Arguments::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return refuse(&shown(without_secrets(error))),
    };
    let arguments = match Arguments::from_arg_matches(&matches) {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&shown(error.format(&mut Arguments::command()))),
    };
    let output = Output::new(arguments.globals.json);
    match run(arguments, &matches, output, compiler) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.code())
        }
    }
}

fn run(arguments: Arguments, matches: &ArgMatches, output: Output, compiler: Compiler) -> Outcome {
    let settings = Settings::resolve(&arguments.globals, matches, compiler)?;
    log::start(&settings.log, output.is_json())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("no threads can be started: {error}")))?;
    let outcome = runtime.block_on(arguments.command.run(&Context { settings, output }));
    // Tasks that still wait for a terminal or a browser must not keep the process running.
    runtime.shutdown_background();
    outcome
}

/// Flags whose value may be a secret in the wrong place.
const MAY_HOLD_SECRETS: &[&str] = &["--keyring", "--field", "--secret-file", "--secret-env"];

/// The same, without the value that it quotes.
fn without_secrets(mut error: clap::Error) -> clap::Error {
    let flag = error.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
    if MAY_HOLD_SECRETS.iter().any(|name| flag.starts_with(name)) && error.get(ContextKind::InvalidValue).is_some() {
        error.insert(ContextKind::InvalidValue, ContextValue::String("(not shown)".to_owned()));
    }
    error
}

/// The same, with the given arguments on one line: an argument may be text from another party.
fn shown(mut error: clap::Error) -> clap::Error {
    let text = |text: &str| OneLine::new(text).at_most(200).to_string();
    let shown: Vec<(ContextKind, ContextValue)> = error
        .context()
        .filter_map(|(kind, value)| {
            let value = match value {
                ContextValue::String(given) => ContextValue::String(text(given)),
                ContextValue::Strings(given) => ContextValue::Strings(given.iter().map(|given| text(given)).collect()),
                _ => return None,
            };
            matches!(
                kind,
                ContextKind::InvalidValue
                    | ContextKind::InvalidArg
                    | ContextKind::InvalidSubcommand
                    | ContextKind::TrailingArg
            )
            .then_some((kind, value))
        })
        .collect();
    for (kind, value) in shown {
        error.insert(kind, value);
    }
    error
}

/// Help and version go to standard output, mistakes to standard error, as JSON if the command line requests it.
fn refuse(error: &clap::Error) -> ExitCode {
    let is_mistake = error.use_stderr() && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if is_mistake && std::env::args_os().any(|argument| argument == "--json") {
        let text = error.render().to_string();
        let message = text.strip_prefix("error: ").unwrap_or(&text).trim();
        let failure = Failure::of_lines(Exit::Usage, "usage", message.split('\n'));
        Output::new(true).failure(&failure);
        return ExitCode::from(failure.code());
    }
    if is_mistake {
        // It quotes the given arguments.
        for text in error.render().to_string().trim_end().split('\n') {
            say(text);
        }
    } else {
        // If this cannot be written, there is no one to report it to.
        let _ = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_contradict_nowhere() {
        Arguments::command().debug_assert();
    }
}
