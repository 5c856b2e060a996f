//! The host's own log, on standard error.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::failure::{Failure, Outcome};

/// Writes events of `filter` and graver (`warn`, `debug`, `innkeeper_egress=trace,warn`) to standard error from now on.
pub(crate) fn start(filter: &str, json: bool) -> Outcome {
    let filter = EnvFilter::builder().parse(filter).map_err(|error| {
        Failure::usage(format!("the log filter {filter:?} is not valid: {error}")).hint(
            "write a level (off, error, warn, info, debug, trace), or levels by module such as `innkeeper_auth=debug,warn`",
        )
    })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // A second start in one process is none: the first one stays.
    if json {
        let _ = builder.json().try_init();
    } else {
        let _ = builder.compact().with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init();
    }
    Ok(())
}
