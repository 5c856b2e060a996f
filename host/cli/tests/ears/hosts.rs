//! A host with one process per command and a separate store: it knows the address of a service, and no OAuth client.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use innkeeper_fixtures::secrets::Secrets;
use innkeeper_tests::command::{Printed, Ran};
use innkeeper_tests::components;
use serde_json::Value;
use tempfile::TempDir;
use url::Url;

use crate::upstreams::Upstreams;

/// A folder that the command is run in.
pub(crate) struct Host {
    home: TempDir,
    ears_url: Option<String>,
    said: Printed,
}

impl Host {
    /// With the connector `google_drive`, and the address of a service in its environment.
    pub(crate) fn new(ears_url: &Url) -> Self {
        let host = Self { ears_url: Some(ears_url.to_string()), ..Self::without_service() };
        let component = components::folder().join("google_drive.wasm");
        host.run(&["connector", "add", &component.display().to_string()]).succeeded();
        host
    }

    /// An empty folder, and no service.
    pub(crate) fn without_service() -> Self {
        let home = tempfile::tempdir().expect("there is room for a folder");
        Self { home, ears_url: None, said: Printed::default() }
    }

    /// With the connection `drive` to the Drive of the upstreams, through the service.
    pub(crate) fn connected(ears_url: &Url, upstreams: &Upstreams) -> Self {
        let host = Self::new(ears_url);
        host.connect(upstreams, &["--yes"]).succeeded();
        host
    }

    /// Makes the connection `drive`.
    pub(crate) fn connect(&self, upstreams: &Upstreams, further: &[&str]) -> Ran {
        let config = format!("--config=baseUrl={}", upstreams.drive.base);
        // This authorization server does not have Google's scopes.
        let scope = "--field=scope=openid api.read";
        let create = ["connection", "create", "google_drive", "--id=drive", "--auth-type=ears", &config, scope];
        self.run(&[&create, further].concat())
    }

    /// Runs the command without any input.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.said.record(self.command(arguments).stdin(Stdio::null()).output().expect("the command starts"))
    }

    /// Calls `listFiles` for a user.
    pub(crate) fn call(&self, user: &str) -> Ran {
        self.run(&["call", "drive", "listFiles", "--principal", user])
    }

    /// The owner of the token that such a call used: the id of the only file.
    #[track_caller]
    pub(crate) fn owner(&self, user: &str) -> String {
        let ran = self.call(user).succeeded();
        ran.json()["files"][0]["id"].as_str().unwrap_or_else(|| panic!("no file in {ran:#?}")).to_owned()
    }

    /// The status of a user's grant.
    pub(crate) fn status(&self, user: &str) -> Value {
        self.run(&["status", "drive", "--principal", user, "--json"]).json()
    }

    /// Starts `authorize` for a user.
    pub(crate) fn begin_authorization(&self, user: &str) -> Waiting {
        let arguments = ["authorize", "drive", "--no-browser", "--json", "--principal", user];
        let mut command = self.command(&arguments);
        // Its log goes to a file, because its pipe is not read while it waits.
        let log = self.home.path().join(format!("authorize-{user}.log"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(&log).expect("a file"));
        let mut child = command.spawn().expect("the command starts");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        output.read_line(&mut line).expect("its output can be read");
        let begun: Value = serde_json::from_str(&line).unwrap_or_default();
        let address = begun["authorization_url"].as_str().unwrap_or_default().to_owned();
        Waiting { child, output, line, address, log }
    }

    /// Waits until it has exited.
    pub(crate) fn end_authorization(&self, waiting: Waiting) -> Ran {
        let Waiting { child, mut output, line, log, .. } = waiting;
        let mut stdout = line.into_bytes();
        output.read_to_end(&mut stdout).expect("its output can be read");
        let ended = child.wait_with_output().expect("it ends");
        let stderr = std::fs::read(log).expect("a log");
        self.said.record(Output { stdout, stderr, ..ended })
    }

    /// Fails if any of these was printed, or is in the folder.
    pub(crate) fn assert_holds_none(&self, secrets: &Secrets) {
        secrets.assert_not_in("what the host said", self.said.bytes());
        secrets.assert_not_on_disk(self.home.path());
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_innkeeper"));
        command.args(arguments).current_dir(self.home.path()).env_clear();
        command.env("HOME", self.home.path()).env("INNKEEPER_FOLDER", self.home.path().join("inn"));
        command.env("INNKEEPER_ALLOW_LOOPBACK", "true").env("INNKEEPER_LOG", "trace");
        command.envs(self.ears_url.as_ref().map(|url| ("INNKEEPER_EARS_URL", url)));
        command
    }
}

/// `authorize`, which waits for the browser.
pub(crate) struct Waiting {
    child: Child,
    output: BufReader<ChildStdout>,
    line: String,
    address: String,
    log: PathBuf,
}

impl Waiting {
    /// The address that the user opens.
    pub(crate) fn address(&self) -> &str {
        assert!(!self.address.is_empty(), "it began nothing: {:?}", self.line);
        &self.address
    }
}
