//! A terminal with the command in it and a user who reads and types. The terminal is that of `script` (util-linux),
//! which every Linux has.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use crate::cli::Cli;

/// How long a user waits for a question, on a machine busy with compiling.
const PATIENCE: Duration = Duration::from_mins(2);

/// The key that moves down in a list.
pub(crate) const DOWN: &str = "\x1b[B";
/// Ctrl-C.
pub(crate) const INTERRUPT: &str = "\x03";

/// A command at a terminal of 110 columns.
pub(crate) struct Session {
    child: Child,
    keyboard: ChildStdin,
    screen: Receiver<Vec<u8>>,
    /// Everything that was received, unchanged.
    raw: Vec<u8>,
    /// The position up to which the user has read.
    read: usize,
}

impl Session {
    /// Starts the command with these arguments; none may need quoting.
    pub(crate) fn start(inn: &Cli, arguments: &[&str]) -> Self {
        let line =
            format!("tty; stty cols 110 rows 40; exec {} {}", env!("CARGO_BIN_EXE_innkeeper"), arguments.join(" "));
        let mut command = inn.command_of("script");
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).env("TERM", "xterm");
        command.env("SHELL", "/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("there is a `script`, of util-linux");
        let keyboard = child.stdin.take().expect("a pipe");
        let mut output = child.stdout.take().expect("a pipe");
        let (sender, screen) = channel();
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut piece) {
                if sender.send(piece[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, keyboard, screen, raw: Vec::new(), read: 0 }
    }

    /// Reads on until these words appear.
    #[track_caller]
    pub(crate) fn sees(&mut self, words: &str) {
        loop {
            let shown = self.shown();
            if let Some(at) = shown.get(self.read..).and_then(|new| new.find(words)) {
                self.read += at + words.len();
                return;
            }
            match self.screen.recv_timeout(PATIENCE) {
                Ok(piece) => self.raw.extend(piece),
                Err(RecvTimeoutError::Timeout) => panic!("{words:?} did not come in time: {shown}"),
                Err(RecvTimeoutError::Disconnected) => panic!("it ended without {words:?}: {shown}"),
            }
        }
    }

    /// Types this and presses return.
    pub(crate) fn types(&mut self, text: &str) {
        self.presses(&format!("{text}\r"));
    }

    /// Types this once the terminal no longer echoes: what is typed before that is lost.
    pub(crate) fn types_unseen(&mut self, text: &str) {
        let shown = self.shown();
        let terminal = shown.lines().next().expect("the terminal says its name first").to_owned();
        for _ in 0..1200 {
            let settings = Command::new("stty").args(["-a", "-F", &terminal]).output().expect("there is a `stty`");
            if String::from_utf8_lossy(&settings.stdout).contains(" -echo ") {
                return self.types(text);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the terminal shows what is typed: {shown}")
    }

    /// Presses these keys.
    pub(crate) fn presses(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).and_then(|()| self.keyboard.flush()).expect("the terminal takes keys");
    }

    /// Waits until it has exited; returns its status and everything that was received, unchanged.
    pub(crate) fn ends(mut self) -> (Option<i32>, String) {
        while let Ok(piece) = self.screen.recv_timeout(PATIENCE) {
            self.raw.extend(piece);
        }
        let status = self.child.wait().expect("it ends");
        (status.code(), String::from_utf8_lossy(&self.raw).into_owned())
    }

    fn shown(&self) -> String {
        plain(&String::from_utf8_lossy(&self.raw))
    }
}

/// Without the control sequences of a terminal (ECMA-48), with one kind of line break.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\x1b' if letters.next_if_eq(&'[').is_some() => {
                // An incomplete sequence is complete the next time.
                while letters.next().is_some_and(|letter| !('@'..='~').contains(&letter)) {}
            }
            '\x1b' | '\r' => {}
            letter => plain.push(letter),
        }
    }
    plain
}
