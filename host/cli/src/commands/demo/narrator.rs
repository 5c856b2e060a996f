//! Prints the demo: each step with its name and what it showed.

use serde_json::{Value, json};

use crate::failure::{Exit, Failure, Outcome};
use crate::output::{Listing, Output, say};

/// Prints the demo step by step, or at its end as one JSON document.
pub(super) struct Narrator {
    output: Output,
    steps: Vec<(String, Vec<String>)>,
    next: Vec<String>,
}

impl Narrator {
    pub(super) fn new(output: Output) -> Self {
        Self { output, steps: Vec::new(), next: Vec::new() }
    }

    /// Begins a step.
    pub(super) fn step(&mut self, name: &str) -> Outcome {
        self.steps.push((name.to_owned(), Vec::new()));
        if self.output.is_json() {
            return Ok(());
        }
        if self.steps.len() > 1 {
            self.output.gap()?;
        }
        self.output.heading(format!("{}. {name}", self.steps.len()))
    }

    /// Something that the step showed.
    pub(super) fn seen(&mut self, what: impl Into<String>) -> Outcome {
        let what = what.into();
        let shown = if self.output.is_json() { Ok(()) } else { self.output.line(format!("   {what}")) };
        if let Some((_, seen)) = self.steps.last_mut() {
            seen.push(what);
        }
        shown
    }

    /// The same as a table.
    pub(super) fn table(&mut self, listing: &Listing) -> Outcome {
        if self.output.is_json() { Ok(()) } else { self.output.indented(listing) }
    }

    /// Asks the person for something.
    pub(super) fn ask(what: &str) {
        say(&format!("   {what}"));
    }

    /// Stops the demo if a check fails.
    pub(super) fn check(&self, holds: bool, otherwise: &str) -> Outcome {
        if holds {
            return Ok(());
        }
        let step = self.steps.last().map_or("", |(name, _)| name.as_str());
        let message = format!("the demo failed at {step:?}: {otherwise}");
        Err(Failure::new(Exit::Failed, "demo", message))
    }

    pub(super) fn heading(&self, text: &str) -> Outcome {
        if self.output.is_json() {
            return Ok(());
        }
        self.output.gap()?;
        self.output.heading(text)
    }

    pub(super) fn aside(&self, text: &str) -> Outcome {
        if self.output.is_json() { Ok(()) } else { self.output.line(text) }
    }

    /// A command to try.
    pub(super) fn command(&mut self, command: &str) -> Outcome {
        self.next.push(command.to_owned());
        if self.output.is_json() { Ok(()) } else { self.output.line(format!("  {command}")) }
    }

    /// All checks passed.
    pub(super) fn ok(&mut self) -> Outcome {
        if !self.output.is_json() {
            self.output.gap()?;
            return self.output.line("demo: ok");
        }
        let steps: Vec<Value> = self.steps.iter().map(|(name, seen)| json!({ "step": name, "seen": seen })).collect();
        self.output.json(&json!({ "ok": true, "steps": steps, "next": self.next }))
    }
}
