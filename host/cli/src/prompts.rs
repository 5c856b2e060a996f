//! Questions at the terminal, on standard error.

use std::io::{self, IsTerminal, Write as _};

use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{Confirm, Input, Password, Select};
use futures::FutureExt as _;
use innkeeper::shown::{OneLine, Quoted, hidden};
use secrecy::SecretString;

use crate::failure::{Failure, Outcome};

/// The exit status of a process that Ctrl-C interrupted, as shells report it.
const INTERRUPTED: i32 = 130;

/// Whether there is a user to answer.
pub(crate) fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// A line of text. An empty answer is the default, or `None` if it is optional.
pub(crate) fn text(label: &str, default: Option<&str>, required: bool) -> Outcome<String> {
    let label = one_line(label);
    // The default is shown as if typed, so a default with hidden characters is shown next to the question.
    if let Some(default) = default.filter(|default| hidden(default).next().is_some()) {
        let label = format!("{label} (default: {})", Quoted::new(default));
        let given =
            ask(|theme| Input::<String>::with_theme(theme).with_prompt(label).allow_empty(true).interact_text())?;
        return Ok(if given.is_empty() { default.to_owned() } else { given });
    }
    ask(|theme| {
        let mut input = Input::<String>::with_theme(theme).with_prompt(label).allow_empty(!required);
        if let Some(default) = default {
            input = input.default(default.to_owned());
        }
        input.interact_text()
    })
}

/// A text that is not shown.
pub(crate) fn secret(label: &str, required: bool) -> Outcome<SecretString> {
    let label = if required { one_line(label) } else { format!("{} (empty: none)", one_line(label)) };
    let text = ask(|theme| Password::with_theme(theme).with_prompt(label).allow_empty_password(!required).interact())?;
    Ok(SecretString::from(text))
}

/// One of several.
pub(crate) fn choice(label: &str, items: &[String], default: usize) -> Outcome<usize> {
    let items: Vec<String> = items.iter().map(|item| one_line(item)).collect();
    ask(|theme| Select::with_theme(theme).with_prompt(one_line(label)).items(items).default(default).interact())
}

/// Yes or no.
pub(crate) fn confirm(label: &str, default: bool) -> Outcome<bool> {
    ask(|theme| Confirm::with_theme(theme).with_prompt(one_line(label)).default(default).interact())
}

fn one_line(text: &str) -> String {
    OneLine::new(text).to_string()
}

/// A list of choices hides the cursor. Ctrl-C must show it again.
fn give_the_cursor_back() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let mut pressed = Box::pin(tokio::signal::ctrl_c());
        // Polled once, so that the signal is caught from here on, and not only from when the task begins.
        let already = pressed.as_mut().now_or_never();
        tokio::spawn(async move {
            let pressed = match already {
                Some(pressed) => pressed,
                None => pressed.await,
            };
            if pressed.is_ok() {
                interrupt();
            }
        });
    });
}

fn interrupt() -> ! {
    // If this cannot be written, there is no one to report it to.
    let _ = io::stderr().write_all(b"\x1b[?25h\n");
    std::process::exit(INTERRUPTED)
}

fn ask<T>(question: impl FnOnce(&dyn Theme) -> dialoguer::Result<T>) -> Outcome<T> {
    if !is_possible() {
        return Err(Failure::usage("an answer is required and there is no terminal to ask at")
            .hint("set everything with flags or a file (`--from`)"));
    }
    give_the_cursor_back();
    let colourful = ColorfulTheme::default();
    let plain = std::env::var_os("NO_COLOR").is_some();
    let theme: &dyn Theme = if plain { &SimpleTheme } else { &colourful };
    question(theme).map_err(|dialoguer::Error::IO(error)| match error.kind() {
        io::ErrorKind::Interrupted => interrupt(),
        _ => Failure::failed(format!("there was no answer: {error}")),
    })
}
