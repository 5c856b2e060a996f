//! A folder for the command to run in, a practice provider, and everything that the command printed.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, LazyLock};

use innkeeper::{SystemClock, SystemRandom};
use innkeeper_fixtures::files::{Snapshot, files};
use innkeeper_practice::{Decision, PUBLIC_CLIENT, Practice, Running, ScriptedUser, Settings};
use innkeeper_tests::command::{Printed, Ran};
use innkeeper_tests::components;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The runtime of practice providers; tests themselves wait for processes.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime can be made"));

/// A folder of the command that has the connectors of the practice provider, compiled: created once.
static WITH_CONNECTORS: LazyLock<Snapshot> = LazyLock::new(|| {
    let cli = Cli::empty();
    for library in ["google_drive", "practice_echo", "fixture_hostile"] {
        cli.run(&["connector", "add", &component(library)]).succeeded();
    }
    Snapshot::of(&cli.store())
});

/// The path of a built component.
pub(crate) fn component(library: &str) -> String {
    let path = components::folder().join(format!("{library}.wasm"));
    let path = path.canonicalize().unwrap_or_else(|error| {
        panic!("the component {} is not there ({error}): build it with `cargo xtask guests`", path.display())
    });
    path.display().to_string()
}

/// The command in a home of its own, removed at the end of the test.
pub(crate) struct Cli {
    home: TempDir,
    provider: Option<Running>,
    said: Printed,
}

impl Cli {
    /// An empty home.
    pub(crate) fn empty() -> Self {
        let home = tempfile::tempdir().expect("there is room for a folder");
        Self { home, provider: None, said: Printed::default() }
    }

    /// With the connectors `google_drive`, `practice_echo` and `hostile_connector`.
    pub(crate) fn with_connectors() -> Self {
        let cli = Self::empty();
        WITH_CONNECTORS.write_to(&cli.store());
        cli
    }

    /// With those and a practice provider.
    pub(crate) fn with_practice() -> Self {
        Self::with_practice_of(Settings::default())
    }

    /// With those and a practice provider with these settings.
    pub(crate) fn with_practice_of(settings: Settings) -> Self {
        let started = RUNTIME.block_on(Practice::start(settings, Arc::new(SystemClock), Arc::new(SystemRandom)));
        Self { provider: Some(started.expect("the practice provider starts")), ..Self::with_connectors() }
    }

    /// With the connection `drive` to the practice provider, and Ada's consent.
    pub(crate) fn authorized() -> Self {
        let cli = Self::with_practice();
        cli.connect_drive(&[]).succeeded();
        cli.authorize("drive", Decision::Allow).succeeded();
        cli
    }

    /// The practice provider.
    pub(crate) fn provider(&self) -> &Running {
        self.provider.as_ref().expect("this test has a practice provider")
    }

    /// The address of the provider.
    pub(crate) fn base(&self) -> &str {
        &self.provider().base_url
    }

    /// The folder that the command runs in.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> String {
        self.home().join(name).display().to_string()
    }

    /// Writes a file there and returns its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.home().join(name), content).expect("a file can be written");
        self.path(name)
    }

    /// The folder of the command's store.
    pub(crate) fn store(&self) -> PathBuf {
        self.home().join("inn")
    }

    /// The command with these arguments, in an environment with nothing but its folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.command_of(env!("CARGO_BIN_EXE_innkeeper"));
        command.args(arguments);
        command
    }

    /// Any program in the same environment.
    pub(crate) fn command_of(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.home()).env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.env("HOME", self.home()).env("INNKEEPER_FOLDER", self.store());
        command.env("INNKEEPER_ALLOW_LOOPBACK", "true");
        command
    }

    /// Runs it without any input.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.finish(self.command(arguments))
    }

    /// Runs it with changes to its environment.
    pub(crate) fn run_in(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        command.envs(environment.iter().copied());
        self.finish(command)
    }

    /// Runs it with this on its standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.command(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        // A command that needs no input closes it.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        self.heard(child.wait_with_output().expect("it ends"))
    }

    /// Runs a prepared command without any input.
    pub(crate) fn finish(&self, mut command: Command) -> Ran {
        self.heard(command.stdin(Stdio::null()).output().expect("the command starts"))
    }

    /// Makes the connection `drive` of `google_drive` to the practice provider.
    pub(crate) fn connect_drive(&self, further: &[&str]) -> Ran {
        let drive = ["connection", "create", "google_drive", "--id", "drive"];
        self.run(&[&drive, &*self.oauth().iter().map(String::as_str).collect::<Vec<_>>(), further].concat())
    }

    /// Flags of a connection that the practice provider authorizes.
    pub(crate) fn oauth(&self) -> Vec<String> {
        let base = self.base();
        [
            "--yes".to_owned(),
            "--auth-type=oauth_authorization_code".to_owned(),
            format!("--config=baseUrl={base}"),
            format!("--field=authorizationUrl={base}/authorize"),
            format!("--field=tokenUrl={base}/token"),
            format!("--field=revocationUrl={base}/revoke"),
            format!("--field=clientId={PUBLIC_CLIENT}"),
        ]
        .into()
    }

    /// Runs `authorize` for a connection and lets a scripted Ada decide; her browser comes back to the command.
    pub(crate) fn authorize(&self, connection: &str, decision: Decision) -> Ran {
        let mut waiting = self.begin(&["authorize", connection, "--no-browser", "--json"]);
        let callback = waiting.consent(decision);
        visit(&callback);
        self.heard(waiting.end())
    }

    /// Starts a command that waits for a user.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Waiting {
        Waiting::start(self.command(arguments))
    }

    /// Everything that the command printed so far, and the content of every file in its home.
    pub(crate) fn everything(&self) -> Vec<u8> {
        let mut everything = self.said.bytes();
        for path in files(self.home()) {
            everything.extend(fs::read(path).expect("a file can be read"));
        }
        everything
    }

    /// Records what a command printed.
    pub(crate) fn heard(&self, output: std::process::Output) -> Ran {
        self.said.record(output)
    }
}

/// A command that is still running.
pub(crate) struct Waiting {
    child: Option<Child>,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    read: String,
}

impl Waiting {
    /// Starts a prepared command.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let stdin = child.stdin.take();
        Self { child: Some(child), stdin, stdout, read: String::new() }
    }

    /// The next line of its standard output.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("its output can be read");
        self.read.push_str(&line);
        line
    }

    /// Writes a line to its standard input.
    pub(crate) fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("its input is open");
        writeln!(stdin, "{line}").expect("it reads its input");
    }

    /// Takes the address that `authorize --json` prints, and returns the address that a scripted Ada arrives at.
    pub(crate) fn consent(&mut self, decision: Decision) -> String {
        let line = self.line();
        let begun: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        let address = begun["authorization_url"].as_str().expect("an address").to_owned();
        let ada = ScriptedUser { decision, ..ScriptedUser::default() };
        RUNTIME.block_on(ada.visit(&address)).expect("the provider sends Ada back")
    }

    /// Waits until it has exited. Its input stays open until then.
    pub(crate) fn end(mut self) -> std::process::Output {
        let mut stdout = std::mem::take(&mut self.read).into_bytes();
        self.stdout.read_to_end(&mut stdout).expect("its output can be read");
        let output = self.child.take().expect("it was not waited for").wait_with_output().expect("it ends");
        std::process::Output { stdout, ..output }
    }

    /// Kills it at once, unlike Ctrl-C.
    pub(crate) fn kill(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have exited by itself.
            let _ = child.kill();
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.kill();
        if let Some(mut child) = self.child.take() {
            // Only so that it does not stay as a zombie.
            let _ = child.wait();
        }
    }
}

/// Opens an address as a browser would; returns head and body unchanged.
pub(crate) fn visit(address: &str) -> String {
    let url = url::Url::parse(address).expect("an address");
    let target = &url[url::Position::BeforePath..];
    request(&url, &format!("GET {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", url.authority()))
}

/// Sends these bytes to the address's host; returns the whole answer.
pub(crate) fn request(url: &url::Url, request: &str) -> String {
    let mut stream = TcpStream::connect(url.socket_addrs(|| None).expect("it is an address")[0]).expect("it listens");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

/// Whether these bytes appear somewhere in those.
pub(crate) fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

/// The names of an object, in order.
#[track_caller]
pub(crate) fn keys(object: &Value) -> Vec<&str> {
    let object = object.as_object().unwrap_or_else(|| panic!("no object: {object}"));
    object.keys().map(String::as_str).collect()
}
