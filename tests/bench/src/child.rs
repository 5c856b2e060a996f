//! The program, started once more in another role.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use url::Url;

use crate::failure::Failure;
use crate::measure::memory::Way;

/// The service that is fetched from; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Upstream {
    base: Url,
    _process: Child,
}

impl Upstream {
    pub(crate) async fn start() -> Result<Self, Failure> {
        let (line, process) = first_line("the service", itself()?.arg("--upstream").stdin(Stdio::piped())).await?;
        let base = line.trim().parse().map_err(|_| Failure::Child { role: "the service" })?;
        Ok(Self { base, _process: process })
    }

    pub(crate) fn base(&self) -> &Url {
        &self.base
    }
}

/// An auth redirect service in front of the service that is fetched from; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct RedirectService {
    base: Url,
    _process: Child,
}

impl RedirectService {
    pub(crate) async fn start(provider: &Url) -> Result<Self, Failure> {
        let role = "the auth redirect service";
        let mut command = itself()?;
        command.args(["--ears", provider.as_str()]).stdin(Stdio::piped());
        let (line, process) = first_line(role, &mut command).await?;
        let base = line.trim().parse().map_err(|_| Failure::Child { role })?;
        Ok(Self { base, _process: process })
    }

    pub(crate) fn base(&self) -> &Url {
        &self.base
    }
}

/// Bytes that a fresh process needs for each of `count` requests that wait for the service, or in all.
pub(crate) async fn bytes(way: Way, upstream: &Upstream, count: usize) -> Result<u64, Failure> {
    let mut command = itself()?;
    command.args(["--parked", way.name(), "--base", upstream.base().as_str(), "--count", &count.to_string()]);
    let (line, _process) = first_line(way.name(), command.stdin(Stdio::null())).await?;
    line.trim().parse().map_err(|_| Failure::Child { role: way.name() })
}

fn itself() -> Result<Command, Failure> {
    Ok(Command::new(std::env::current_exe()?))
}

async fn first_line(role: &'static str, command: &mut Command) -> Result<(String, Child), Failure> {
    let mut process = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let output = process.stdout.take().ok_or(Failure::Child { role })?;
    let mut line = String::new();
    if BufReader::new(output).read_line(&mut line).await? == 0 {
        return Err(Failure::Child { role });
    }
    Ok((line, process))
}
