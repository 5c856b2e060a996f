//! The service as a process, in a separate folder.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use url::Url;

use crate::upstreams::client_secret;

/// The environment variable of the service that has the client's secret.
pub(crate) const SECRET_VARIABLE: &str = "GOOGLE_CLIENT_SECRET";
/// The file for its standard error.
const LOG: &str = "log.txt";

/// A folder that the service runs in: its file, its keyring, its log.
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

    /// `innkeeper ears serve`, in an environment with nothing but this folder.
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

    /// Starts it with these arguments, and with its log at this level.
    pub(crate) fn start_with(&self, arguments: &[&str], log: &str) -> Service {
        self.start_in(&[], arguments, log)
    }

    /// Starts it with these arguments, and with more in its environment.
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

    /// Everything that was logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path().join(LOG)).expect("a log")
    }
}

/// A running service; it is killed when this is dropped.
pub(crate) struct Service {
    child: Child,
    base: Url,
    introduced: Value,
    /// Open, so that it can continue writing.
    _output: BufReader<ChildStdout>,
}

impl Service {
    /// The address for hosts and browsers.
    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// What it printed at the start.
    pub(crate) fn introduced(&self) -> &Value {
        &self.introduced
    }

    /// The address that it listens on.
    pub(crate) fn listening(&self) -> &str {
        self.introduced["listening"].as_str().expect("an address")
    }

    /// An address of it.
    pub(crate) fn url(&self, path: &str) -> Url {
        self.base.join(path).expect("a plain path joins any address")
    }

    /// Bytes of memory that it uses for itself: without the program's own file, of which more is read as it runs.
    pub(crate) fn own_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("Linux tells");
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("it is listed");
        let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().expect("a number");
        kibibytes * 1024
    }

    /// Asks it to stop (SIGTERM).
    pub(crate) fn tell_to_end(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it runs");
    }

    /// Waits until it has exited.
    pub(crate) fn ended(mut self) -> ExitStatus {
        self.child.wait().expect("it ends")
    }

    /// Asks it to stop and waits until it has exited.
    pub(crate) fn stop(self) -> ExitStatus {
        self.tell_to_end();
        self.ended()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have exited by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
