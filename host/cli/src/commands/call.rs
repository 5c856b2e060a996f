//! `innkeeper call CONNECTION ACTION`

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use innkeeper::{
    CallRequest, CallResult, CallResultView, ConnectionId, FileView, Innkeeper, PrincipalId, Progress as Told,
};
use serde_json::Value;
use tokio::sync::mpsc;

use super::Context;
use crate::failure::{Failure, Outcome};
use crate::files::{self, Folder, Saved};
use crate::progress::{PATIENCE, Progress};
use crate::time::{size, span};

/// The longest input, in bytes: larger inputs belong in a file.
const LONGEST_INPUT: u64 = 32 << 20;
/// Streamed results that are held for one JSON document, in bytes.
const MOST_EVENTS: usize = 256 << 20;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Which connection
    connection: ConnectionId,
    /// Which action
    action: String,
    /// The input: JSON, `@FILE`, or `-` for standard input
    #[arg(long, short, value_name = "JSON|@FILE|-", default_value = "{}", hide_default_value = true)]
    input: String,
    /// A file for the action, followed by `;type=MEDIA/TYPE` if that matters
    #[arg(long, short, value_name = "[NAME=]PATH")]
    file: Vec<String>,
    /// The folder for files of the result
    #[arg(long, short, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Replace files of the same name there
    #[arg(long)]
    overwrite: bool,
    /// The user that the call is for, if each principal has a separate grant
    #[arg(long, value_name = "NAME")]
    principal: Option<PrincipalId>,
    /// Show what the connector logs
    #[arg(long)]
    logs: bool,
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    let input = input(&arguments.input)?;
    context.with_host(async |host| call(&arguments, input, host, context).await).await
}

async fn call(arguments: &Arguments, input: Value, host: &Innkeeper, context: &Context) -> Outcome {
    let output = context.output;
    let (listener, told) = mpsc::channel(64);
    let space = context.settings.space.clone();
    let mut request =
        CallRequest::new(space, arguments.connection.clone(), arguments.action.as_str(), input).listener(listener);
    for file in &arguments.file {
        request = request.file(files::open(file).await?);
    }
    request.principal.clone_from(&arguments.principal);
    let what = format!("{} {}", arguments.connection, arguments.action);
    let progress = Progress::new(&what, !output.is_json());
    let worked = work(host, request, told, &progress, arguments, context).await;
    progress.end();
    let (result, saved, events) = match worked {
        Ok(worked) => worked,
        Err(failure) => {
            if let (Failure::Reported(report), true) = (&failure, arguments.logs) {
                output.logs(&report.logs);
            }
            return Err(failure.authorizing(&arguments.connection, arguments.principal.as_ref()));
        }
    };
    if arguments.logs {
        output.logs(&result.logs);
    }
    if output.is_json() {
        return output.json(&view(&result, &saved, events, arguments.logs));
    }
    if !result.value.is_null() {
        output.json(&result.value)?;
    }
    for file in &saved {
        output.note(format!("wrote {} ({})", file.path.display(), size(file.size)));
    }
    output.note(format!("in {}, {} request(s)", span(result.duration), result.requests));
    Ok(())
}

type Worked = (CallResult, Vec<Saved>, Vec<Value>);

/// Runs the call, shows what it reports meanwhile, and writes its files.
async fn work(
    host: &Innkeeper,
    request: CallRequest,
    mut told: mpsc::Receiver<Told>,
    progress: &Progress,
    arguments: &Arguments,
    context: &Context,
) -> Outcome<Worked> {
    let mut events = Events { kept: Vec::new(), size: 0 };
    let calling = host.call(request);
    tokio::pin!(calling);
    let patience = tokio::time::sleep(PATIENCE);
    tokio::pin!(patience);
    let mut waiting = true;
    let called = loop {
        tokio::select! {
            biased;
            Some(news) = told.recv() => events.take(news, progress, context)?,
            called = &mut calling => break called,
            () = &mut patience, if waiting => {
                waiting = false;
                progress.appear();
            }
        }
    };
    while let Ok(news) = told.try_recv() {
        events.take(news, progress, context)?;
    }
    let mut result = called?;
    let folder = Folder::new(arguments.out.clone(), arguments.overwrite);
    let mut saved = Vec::new();
    for file in std::mem::take(&mut result.files) {
        progress.file(&file.name, file.content.length());
        let saving = folder.save(file, |bytes| progress.arrived(bytes));
        tokio::pin!(saving);
        let file = loop {
            tokio::select! {
                biased;
                file = &mut saving => break file?,
                () = &mut patience, if waiting => {
                    waiting = false;
                    progress.appear();
                }
            }
        };
        saved.push(file);
    }
    Ok((result, saved, events.kept))
}

/// Streamed results: one line each for people, collected in the one document that programs get.
struct Events {
    kept: Vec<Value>,
    size: usize,
}

impl Events {
    fn take(&mut self, news: Told, progress: &Progress, context: &Context) -> Outcome {
        match news {
            Told::Report { done, total, message } => progress.report(done, total, &message),
            Told::Event(value) if context.output.is_json() => {
                self.size += value.to_string().len();
                if self.size > MOST_EVENTS {
                    let message = format!("the streamed results together are larger than {MOST_EVENTS} bytes");
                    return Err(Failure::failed(message)
                        .hint("without `--json`, they are printed as JSON lines without this limit"));
                }
                self.kept.push(value);
            }
            Told::Event(value) => progress.aside(|| context.output.json_line(&value))?,
        }
        Ok(())
    }
}

fn view(result: &CallResult, saved: &[Saved], events: Vec<Value>, logs: bool) -> CallResultView {
    let mut view = result.view();
    view.files = saved
        .iter()
        .map(|file| {
            FileView::new(&file.name, Some(file.size), file.content_type.clone()).at(file.path.to_string_lossy())
        })
        .collect();
    view.events = events;
    view.logs = logs.then(|| result.logs.clone());
    view
}

fn input(argument: &str) -> Outcome<Value> {
    let parse = |text: &str, place: &str| {
        serde_json::from_str(text).map_err(|error| Failure::invalid(format!("the input{place} is not JSON: {error}")))
    };
    match argument.strip_prefix('@') {
        Some(path) => {
            let path = Path::new(path);
            let not_read = |error: std::io::Error| Failure::file("read", path, &error);
            let file = std::fs::File::open(path).map_err(not_read)?;
            parse(&read(file).map_err(not_read)?, &format!(" in {}", path.display()))
        }
        None if argument == "-" => {
            let not_read = |error: std::io::Error| Failure::file("read", Path::new("standard input"), &error);
            parse(&read(std::io::stdin().lock()).map_err(not_read)?, " on standard input")
        }
        None => parse(argument, "").map_err(|failure: Failure| {
            failure.hint("in a shell, put it in single quotes: --input '{\"name\": \"value\"}'")
        }),
    }
}

fn read(source: impl std::io::Read) -> std::io::Result<String> {
    let mut text = String::new();
    let length = source.take(LONGEST_INPUT + 1).read_to_string(&mut text)?;
    if length as u64 > LONGEST_INPUT {
        let reason = format!("the input is longer than {LONGEST_INPUT} bytes; pass it as a file");
        return Err(std::io::Error::other(reason));
    }
    Ok(text)
}
