//! The service as a process, in a folder of its own.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use url::Url;

use crate::stage::client_secret;

/// Where the client's secret stands in the service's environment.
pub(crate) const SECRET_VARIABLE: &str = "GOOGLE_CLIENT_SECRET";
/// What it writes to standard error lies here.
const LOG: &str = "log.txt";

/// A folder that the service is run in: its file, its keyring, its log.
pub(crate) struct Place(TempDir);

impl Place {
    /// With this service file.
    pub(crate) fn with(file: &str) -> Self {
        let place = Self(tempfile::tempdir().expect("there is room for a folder"));
        fs::write(place.path().join("ears.toml"), file).expect("a file can be written");
        place
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// `innkeeper ears serve`, in an environment of nothing but this folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_innkeeper"));
        command.args(["ears", "serve"]).args(arguments).current_dir(self.path()).env_clear();
        command.env("HOME", self.path()).env("INNKEEPER_FOLDER", self.path().join("inn"));
        command.env("INNKEEPER_ALLOW_LOOPBACK", "true").env(SECRET_VARIABLE, client_secret());
        command
    }

    /// Starts the service on a free port.
    pub(crate) fn start(&self) -> Service {
        self.start_with(&["--listen", "127.0.0.1:0"], "trace")
    }

    /// Starts it so, with its log at this level.
    pub(crate) fn start_with(&self, arguments: &[&str], log: &str) -> Service {
        self.start_in(&[], arguments, log)
    }

    /// Starts it so, with more in its environment.
    pub(crate) fn start_in(&self, environment: &[(&str, &str)], arguments: &[&str], log: &str) -> Service {
        let log_file = File::options().create(true).append(true).open(self.path().join(LOG)).expect("a file");
        let mut command = self.command(&[arguments, &["--json", "--log", log]].concat());
        command.envs(environment.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log_file);
        let mut child = command.spawn().expect("it starts");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        output.read_line(&mut line).expect("its output can be read");
        let introduced: Value =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}; its log:\n{}", self.log()));
        let base = introduced["ears_url"].as_str().expect("an address").parse().expect("an address");
        Service { child, base, introduced, _output: output }
    }

    /// All that was logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path().join(LOG)).expect("a log")
    }
}

/// A running service; it ends at once when this is dropped.
pub(crate) struct Service {
    child: Child,
    base: Url,
    introduced: Value,
    /// Open, so that it may go on writing.
    _output: BufReader<ChildStdout>,
}

impl Service {
    /// Where hosts and browsers find it.
    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// What it said of itself.
    pub(crate) fn introduced(&self) -> &Value {
        &self.introduced
    }

    /// Where it listens.
    pub(crate) fn listening(&self) -> &str {
        self.introduced["listening"].as_str().expect("an address")
    }

    /// An address of it.
    pub(crate) fn url(&self, path: &str) -> Url {
        self.base.join(path).expect("a plain path joins any address")
    }

    /// Bytes of memory that it has in use for itself: without the program's own file, of which more is read as it runs.
    pub(crate) fn own_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("Linux tells");
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("it is listed");
        let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().expect("a number");
        kibibytes * 1024
    }

    /// Tells it to end (SIGTERM).
    pub(crate) fn tell_to_end(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it runs");
    }

    /// Waits until it has ended.
    pub(crate) fn ended(mut self) -> ExitStatus {
        self.child.wait().expect("it ends")
    }

    /// Tells it to end and waits until it has.
    pub(crate) fn stop(self) -> ExitStatus {
        self.tell_to_end();
        self.ended()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
