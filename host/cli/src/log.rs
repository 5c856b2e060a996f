//! The host's own log, on standard error.
//!
//! Events contain texts of connectors, services and people. A line of the log is one event whatever they contain:
//! nothing in it breaks the line, controls the terminal or is hidden. Each field is escaped separately, and each line
//! again when it is written, so that nothing depends on how a field was recorded.

use std::fmt;
use std::io::{self, IsTerminal as _, Write};

use innkeeper::shown::{json, line};
use tracing::field::Field;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::{Writer, debug_fn};

use crate::failure::{Failure, Outcome};

/// Writes events of `filter` and more severe ones (`warn`, `debug`, `innkeeper_egress=trace,warn`) to standard error
/// from now on.
pub(crate) fn start(filter: &str, json: bool) -> Outcome {
    let filter = EnvFilter::builder().parse(filter).map_err(|error| {
        Failure::usage(format!("the log filter {filter:?} is not valid: {error}")).hint(
            "write a level (off, error, warn, info, debug, trace), or levels by module such as `innkeeper_auth=debug,warn`",
        )
    })?;
    let form = match (json, io::stderr().is_terminal()) {
        (true, _) => Form::Json,
        (false, true) => Form::Styled,
        (false, false) => Form::Plain,
    };
    // A second start in one process has no effect: the first one stays.
    let _ = tracing::subscriber::set_global_default(subscriber(filter, form, io::stderr));
    Ok(())
}

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    /// With our own colours.
    Styled,
    Plain,
}

fn subscriber<M>(filter: EnvFilter, form: Form, target: M) -> Box<dyn tracing::Subscriber + Send + Sync>
where
    M: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(OneLineEach { target, form });
    match form {
        Form::Json => Box::new(builder.json().finish()),
        Form::Styled | Form::Plain => {
            let ansi = form == Form::Styled;
            Box::new(builder.compact().with_ansi(ansi).fmt_fields(debug_fn(write_field).delimited(" ")).finish())
        }
    }
}

/// `name=value`, the message without its name.
fn write_field(out: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug) -> fmt::Result {
    let value = line(&format!("{value:?}"));
    match field.name() {
        "message" => out.write_str(&value),
        name => write!(out, "{}={value}", name.strip_prefix("r#").unwrap_or(name)),
    }
}

/// Writes each event as one line without hidden characters.
struct OneLineEach<M> {
    target: M,
    form: Form,
}

impl<'w, M: MakeWriter<'w>> MakeWriter<'w> for OneLineEach<M> {
    type Writer = OneLineWriter<M::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        OneLineWriter { target: self.target.make_writer(), form: self.form }
    }
}

struct OneLineWriter<W> {
    target: W,
    form: Form,
}

impl<W: Write> Write for OneLineWriter<W> {
    /// Each event arrives complete, with its line feed at the end.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let (text, end) = text.strip_suffix('\n').map_or((&*text, ""), |text| (text, "\n"));
        let shown = match self.form {
            Form::Json => json(&text.replace('\n', " ")),
            Form::Plain => line(text),
            Form::Styled => text.split(STYLE).map(line).collect::<Vec<_>>().join(STYLE),
        };
        self.target.write_all(shown.as_bytes())?;
        self.target.write_all(end.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.target.flush()
    }
}

/// Starts a style of the formatter: fields cannot contain it, because each is escaped.
const STYLE: &str = "\x1b[";

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("nobody panicked").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Could control a terminal, forge a line and mislead a reader.
    const HOSTILE: &str =
        "a\n2026-01-01 ERROR innkeeper: forged\r\x1b[2J\x1b[31m\u{9b}8m\u{7f}\u{202e}\u{200b}\u{2028}\u{e0041}";

    fn logged(form: Form) -> String {
        let kept = Kept::default();
        let target = kept.clone();
        let filter = EnvFilter::new("trace");
        tracing::subscriber::with_default(subscriber(filter, form, move || target.clone()), || {
            let span = tracing::error_span!("call", connection = HOSTILE);
            let _entered = span.enter();
            let error = io::Error::other(HOSTILE);
            tracing::error!(text = HOSTILE, shown = %HOSTILE, told = ?HOSTILE, %error, "{HOSTILE}");
            tracing::error!(error = &error as &dyn std::error::Error, "second");
        });
        let bytes = kept.0.lock().expect("nobody panicked").clone();
        String::from_utf8(bytes).expect("UTF-8")
    }

    #[test]
    fn an_event_is_one_line_and_hides_nothing_whoever_wrote_its_fields() {
        for form in [Form::Json, Form::Plain] {
            let log = logged(form);
            assert_eq!(log.lines().count(), 2, "{log:?}");
            for text in log.lines() {
                assert_eq!(innkeeper::shown::hidden(text).next(), None, "{form:?}: {text:?}");
                assert!(text.contains("forged"), "{text}");
            }
        }
    }

    #[test]
    fn a_terminal_gets_the_styles_of_the_host_and_none_of_others() {
        let log = logged(Form::Styled);
        assert_eq!(log.lines().count(), 2, "{log:?}");
        assert!(log.contains(STYLE), "{log:?}");
        for style in log.split(STYLE).skip(1) {
            let end = style.find('m').expect("a style");
            assert!(style[..end].bytes().all(|byte| byte.is_ascii_digit() || byte == b';'), "{style:?}");
        }
        for begun in ["\x1b[2J", "\x1b[31m\u{9b}", "\u{202e}", "\u{9b}"] {
            assert!(!log.contains(begun), "{log:?}");
        }
    }

    #[test]
    fn json_keeps_what_was_recorded() {
        let log = logged(Form::Json);
        let event: serde_json::Value = serde_json::from_str(log.lines().next().expect("a line")).expect("JSON");
        assert_eq!(event["fields"]["text"], HOSTILE);
    }
}
