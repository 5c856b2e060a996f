//! `innkeeper completion SHELL`

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Context;
use crate::failure::Outcome;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Which shell
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut crate::Arguments::command(), "innkeeper", &mut script);
    context.output.bytes(&script)
}
