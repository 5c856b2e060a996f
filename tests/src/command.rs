//! Commands of the program that have exited, and everything that they printed.

use std::process::Output;

use innkeeper::lock::Mutex;
use serde_json::Value;

/// Everything that some commands printed.
#[derive(Debug, Default)]
pub struct Printed(Mutex<Vec<u8>>);

impl Printed {
    /// Records what a command printed.
    pub fn record(&self, output: Output) -> Ran {
        let mut printed = self.0.lock();
        printed.extend_from_slice(&output.stdout);
        printed.extend_from_slice(&output.stderr);
        let text = |bytes| String::from_utf8(bytes).expect("it says UTF-8");
        Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// All of it so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().clone()
    }
}

/// A command that has exited.
#[derive(Debug)]
pub struct Ran {
    /// The exit status; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// It exited with 0.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// It exited with this status and printed each of these on standard error, and nothing on standard output.
    #[track_caller]
    pub fn failed(self, code: i32, says: &[&str]) -> Self {
        assert_eq!(self.out, "", "a failure leaves standard output alone: {self:#?}");
        self.exited(code, says)
    }

    /// It exited with this status and printed each of these on standard error.
    #[track_caller]
    pub fn exited(self, code: i32, says: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for words in says {
            assert!(self.err.contains(words), "{words:?} is not in {self:#?}");
        }
        self
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {self:#?}"))
    }

    /// The field `error` of standard error as one JSON document.
    #[track_caller]
    pub fn error(&self) -> Value {
        let document: Value = serde_json::from_str(&self.err).unwrap_or_else(|error| panic!("{error} in {self:#?}"));
        document["error"].clone()
    }
}
