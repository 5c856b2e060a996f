//! Progress of work that takes a while.

use std::convert::Infallible;
use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use innkeeper::shown::{OneLine, Quoted, Said};

/// After this long, a user should see that something happens.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);
/// The longest message next to a bar, in characters.
const LONGEST_MESSAGE: usize = 100;

/// A bar on standard error that appears after [`PATIENCE`] and only at a terminal.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    wanted: bool,
}

impl Progress {
    /// `wanted`: whether a person reads the output.
    pub(crate) fn new(what: &str, wanted: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_style(style("{spinner:.green} {msg} [{elapsed}]"));
        bar.set_message(OneLine::new(what).at_most(LONGEST_MESSAGE).to_string());
        Self { bar, wanted: wanted && io::stderr().is_terminal() }
    }

    /// Does `work`; if that takes longer than [`PATIENCE`], the user sees that something happens.
    pub(crate) async fn during<T>(what: &str, wanted: bool, work: impl Future<Output = T>) -> T {
        let progress = Self::new(what, wanted);
        let patience = async {
            tokio::time::sleep(PATIENCE).await;
            progress.appear();
            std::future::pending::<Infallible>().await
        };
        let done = tokio::select! {
            biased;
            done = work => done,
            never = patience => match never {},
        };
        progress.end();
        done
    }

    /// Shows itself from now on.
    pub(crate) fn appear(&self) {
        if self.wanted && self.bar.is_hidden() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.enable_steady_tick(Duration::from_millis(120));
        }
    }

    /// What the guest reports about its work.
    pub(crate) fn report(&self, done: u64, total: Option<u64>, message: &str) {
        if let Some(total) = total {
            self.bar.set_style(style("{spinner:.green} {msg} [{bar:30}] {pos}/{len} [{elapsed}]"));
            self.bar.set_length(total);
        } else {
            self.bar.set_style(style("{spinner:.green} {msg} {pos} [{elapsed}]"));
        }
        self.bar.set_position(done);
        if !message.is_empty() {
            self.bar.set_message(Said::connector(message).at_most(LONGEST_MESSAGE).to_string());
        }
    }

    /// A file that begins to arrive.
    pub(crate) fn file(&self, name: &str, length: Option<u64>) {
        let (rest, plain) = ("{bytes}/{total_bytes} [{bytes_per_sec}]", "{bytes} [{bytes_per_sec}]");
        let template = match length {
            Some(_) => format!("{{spinner:.green}} {{msg}} [{{bar:30}}] {rest}"),
            None => format!("{{spinner:.green}} {{msg}} {plain}"),
        };
        self.bar.set_style(style(&template));
        self.bar.set_length(length.unwrap_or_default());
        self.bar.set_position(0);
        self.bar.set_message(Quoted::new(name).at_most(LONGEST_MESSAGE).to_string());
    }

    /// Bytes of that file that have arrived.
    pub(crate) fn arrived(&self, bytes: u64) {
        self.bar.set_position(bytes);
    }

    /// Writes something else meanwhile.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Goes away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .map_or_else(|_| ProgressStyle::default_spinner(), |style| style.progress_chars("=> "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_takes_whatever_a_guest_reports() {
        let progress = Progress::new("call", false);
        progress.appear();
        progress.report(u64::MAX, Some(0), "\x1b[2J{msg}");
        progress.report(0, None, "");
        progress.file("a", Some(3));
        progress.arrived(9);
        progress.end();
    }
}
