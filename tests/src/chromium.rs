//! A headless Chromium, driven through its `DevTools` protocol: what a person with a browser sees and does.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

/// How often something that should appear on a page is looked for, and the time in between.
const LOOKS: u32 = 600;
const PAUSE: Duration = Duration::from_millis(100);

/// A browser with one page open.
#[derive(Debug)]
pub struct Chromium {
    process: Child,
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    session: String,
    sent: u64,
    /// Removed when this is dropped.
    _profile: TempDir,
}

impl Chromium {
    /// Starts the browser that `INNKEEPER_CHROMIUM` names, otherwise `chromium`.
    pub fn start() -> Self {
        let program = std::env::var_os("INNKEEPER_CHROMIUM").unwrap_or_else(|| "chromium".into());
        let profile = tempfile::tempdir().expect("there is room for a folder");
        let mut command = Command::new(program);
        // Containers have no room for the browser's own sandbox, and it opens pages of these tests alone.
        command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]);
        command.args(["--no-default-browser-check", "--disable-background-networking", "--disable-component-update"]);
        command.args(["--remote-debugging-port=0", "--window-size=900,1000"]);
        command.arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap_or_else(|error| {
            panic!(
                "Chromium does not start ({error}): run `cargo xtask setup`, which finds or installs one, or set INNKEEPER_CHROMIUM"
            )
        });
        let stderr = process.stderr.take().expect("a pipe");
        let mut lines = BufReader::new(stderr).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("DevTools listening on ").map(str::to_owned))
            .expect("it says where it listens");
        // It goes on to complain, and must not wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let (socket, _) = tungstenite::connect(address).expect("it takes a connection");
        let mut chromium = Self { process, socket, session: String::new(), sent: 0, _profile: profile };
        let page = chromium.ask("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": page["targetId"], "flatten": true });
        let session = chromium.ask("Target.attachToTarget", &attach);
        session["sessionId"].as_str().expect("a session").clone_into(&mut chromium.session);
        chromium
    }

    /// Goes to an address.
    pub fn open(&mut self, address: &str) {
        let answer = self.ask("Page.navigate", &json!({ "url": address }));
        assert!(answer.get("errorText").is_none(), "{address}: {answer}");
    }

    /// The text of the first element that this selector finds, as soon as there is one.
    #[track_caller]
    pub fn text(&mut self, selector: &str) -> String {
        let text = self.when_there(selector, "element.innerText");
        text.as_str().unwrap_or_default().trim().to_owned()
    }

    /// Clicks the first element that this selector finds, as soon as there is one.
    #[track_caller]
    pub fn click(&mut self, selector: &str) {
        self.when_there(selector, "(element.click(), true)");
    }

    /// The page as a PNG, in base64.
    pub fn screenshot(&mut self) -> String {
        let picture = self.ask("Page.captureScreenshot", &json!({ "captureBeyondViewport": true }));
        picture["data"].as_str().expect("a picture").to_owned()
    }

    #[track_caller]
    fn when_there(&mut self, selector: &str, what: &str) -> Value {
        let selector = json!(selector);
        let expression = format!(
            "(() => {{ const element = document.readyState === 'complete' && document.querySelector({selector}); \
             return element ? {what} : null; }})()"
        );
        for _ in 0..LOOKS {
            let seen = self.ask("Runtime.evaluate", &json!({ "expression": expression, "returnByValue": true }));
            let value = seen["result"]["value"].clone();
            if !value.is_null() {
                return value;
            }
            std::thread::sleep(PAUSE);
        }
        panic!("the page never had a {selector}")
    }

    /// Sends a command and waits for its answer. Null while the browser is between two pages.
    fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        self.sent += 1;
        let mut command = json!({ "id": self.sent, "method": method, "params": parameters });
        if !self.session.is_empty() {
            command["sessionId"] = json!(self.session);
        }
        self.socket.send(Message::text(command.to_string())).expect("the browser takes a command");
        loop {
            let Message::Text(text) = self.socket.read().expect("the browser answers") else { continue };
            let answer: Value = serde_json::from_str(&text).expect("it answers JSON");
            if answer["id"] == json!(self.sent) {
                return answer["result"].clone();
            }
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
