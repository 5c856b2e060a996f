//! A host with one process per command and a separate store: it knows the address of a service, and no OAuth client.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use innkeeper::lock::Mutex;
use innkeeper_fixtures::secrets::Secrets;
use innkeeper_tests::components;
use serde_json::Value;
use tempfile::TempDir;
use url::Url;

use crate::stage::Stage;

/// A folder that the command is run in.
pub(crate) struct Host {
    home: TempDir,
    ears_url: Option<String>,
    said: Mutex<Vec<u8>>,
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
        Self { home, ears_url: None, said: Mutex::default() }
    }

    /// With the connection `drive` to the stage's Drive, through the service.
    pub(crate) fn connected(ears_url: &Url, stage: &Stage) -> Self {
        let host = Self::new(ears_url);
        host.connect(stage, &["--yes"]).succeeded();
        host
    }

    /// Makes the connection `drive`.
    pub(crate) fn connect(&self, stage: &Stage, further: &[&str]) -> Ran {
        let config = format!("--config=baseUrl={}", stage.drive.base);
        // This authorization server does not have Google's scopes.
        let scope = "--field=scope=openid api.read";
        let create = ["connection", "create", "google_drive", "--id=drive", "--auth-type=ears", &config, scope];
        self.run(&[&create, further].concat())
    }

    /// Runs the command without any input.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.heard(self.command(arguments).stdin(Stdio::null()).output().expect("the command starts"))
    }

    /// Calls `listFiles` for a user: the id of the only file is the name of the token's owner.
    pub(crate) fn call(&self, user: &str) -> Ran {
        self.run(&["call", "drive", "listFiles", "--principal", user])
    }

    /// The status of a user's grant.
    pub(crate) fn status(&self, user: &str) -> Value {
        let ran = self.run(&["status", "drive", "--principal", user, "--json"]);
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error} in {ran:#?}"))
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
        self.heard(Output { stdout, stderr, ..ended })
    }

    /// Fails if any of these was printed, or is in the folder.
    pub(crate) fn assert_holds_none(&self, secrets: &Secrets) {
        secrets.assert_not_in("what the host said", &*self.said.lock());
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

    fn heard(&self, output: Output) -> Ran {
        let mut said = self.said.lock();
        said.extend_from_slice(&output.stdout);
        said.extend_from_slice(&output.stderr);
        let text = |bytes| String::from_utf8(bytes).expect("it says UTF-8");
        Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
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

/// A command that has exited.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// It exited with 0.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// It exited with this status and printed each of these.
    #[track_caller]
    pub(crate) fn failed(self, code: i32, says: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for words in says {
            assert!(self.err.contains(words), "{words:?} is not in {self:#?}");
        }
        self
    }

    /// The owner of the token that a call of `listFiles` used.
    #[track_caller]
    pub(crate) fn owner(&self) -> String {
        assert_eq!(self.code, Some(0), "{self:#?}");
        let listed: Value = serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {self:#?}"));
        listed["files"][0]["id"].as_str().unwrap_or_else(|| panic!("no file in {self:#?}")).to_owned()
    }
}
