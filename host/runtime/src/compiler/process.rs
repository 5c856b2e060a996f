//! The host's side of a compiling process. Its output is bounded and never trusted as text; its code is trusted
//! because it arrives over the pipe of a process that this host started.

use std::pin::pin;
use std::process::{ExitStatus, Stdio};

use futures::future::Either;
use innkeeper_ambient::Clock;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, sink};
use tokio::process::{Child, Command};

use super::wire::{self, Order, Outcome};
use super::{CompilerError, Program};
use crate::compile_limits::CompileLimits;
use crate::error::LoadError;

impl Program {
    /// Compiles in a fresh process, which is gone when this returns, fails or is dropped.
    pub(super) async fn compile(
        &self,
        component: &[u8],
        fingerprint: &str,
        limits: &CompileLimits,
        clock: &dyn Clock,
    ) -> Result<Vec<u8>, LoadError> {
        let mut child = self.start()?;
        let mut greeted = false;
        let answer = {
            let conversation = converse(&mut child, component, fingerprint, limits, &mut greeted);
            let mut deadline = clock.sleep(limits.wall);
            tokio::select! {
                biased;
                answer = conversation => Some(answer),
                () = &mut deadline => None,
            }
        };
        let answer = match answer {
            Some(answer) => answer,
            None if greeted => Err(Silence::TooLong),
            None => Err(Silence::NotACompiler("it did not start within the limit `compile_wall`")),
        };
        // Dropping it would kill it too, but leave it to be waited for. A process that has exited cannot be killed,
        // and need not be.
        let _ = child.start_kill();
        let _ = child.wait().await;
        Err(match answer {
            Ok(Answer::Code(code)) => return Ok(code),
            Ok(Answer::Invalid(reason)) => return Err(LoadError::invalid(reason)),
            Ok(Answer::Failed(reason)) => CompilerError::Ended(reason),
            Ok(Answer::NoMemory) => CompilerError::MemoryExceeded { limit: limits.memory },
            Err(Silence::Ended { status, complaint }) => explain(status, &complaint, limits),
            Err(Silence::TooLong) => CompilerError::TimedOut { seconds: limits.wall.as_secs_f64() },
            Err(Silence::TooMuchCode(size)) => CompilerError::CodeTooLarge { size, limit: limits.code as u64 },
            Err(Silence::NotACompiler(reason)) => CompilerError::NotACompiler { program: self.shown.clone(), reason },
        }
        .into())
    }

    fn start(&self) -> Result<Child, CompilerError> {
        let threads = std::thread::available_parallelism().map_or(1, |all| all.get().min(MOST_THREADS));
        Command::new(&self.path)
            .args(&self.arguments)
            .env_clear()
            .env("RAYON_NUM_THREADS", threads.to_string())
            // An allocator that reserves a gigabyte in advance would have it counted as used.
            .env("MIMALLOC_ARENA_RESERVE", "0")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| CompilerError::NotStarted { program: self.shown.clone(), reason: error.to_string() })
    }
}

fn explain(status: Option<ExitStatus>, complaint: &[u8], limits: &CompileLimits) -> CompilerError {
    let signal = status.and_then(signal);
    // The only thing taken from its words, because an allocator that gives up ends a process like any other crash.
    if complaint.windows(NO_MEMORY.len()).any(|words| words == NO_MEMORY) {
        return CompilerError::MemoryExceeded { limit: limits.memory };
    }
    match (signal, status.and_then(|status| status.code())) {
        (Some(SIGXCPU), _) => CompilerError::CpuExceeded { seconds: cpu_seconds(limits) },
        (Some(SIGKILL), _) => {
            CompilerError::Ended("was killed, by the system because memory is short, or by somebody".to_owned())
        }
        (Some(signal), _) => CompilerError::Ended(format!("was terminated by signal {signal}")),
        (None, Some(1)) => {
            CompilerError::Ended("could not start; usually the limit `compile_memory` is too low".to_owned())
        }
        (None, Some(status)) => CompilerError::Ended(format!("ended with status {status}")),
        (None, None) => CompilerError::Ended("ended".to_owned()),
    }
}

enum Answer {
    Code(Vec<u8>),
    Invalid(String),
    Failed(String),
    NoMemory,
}

/// Why there is no answer.
enum Silence {
    /// The process exited: how, and what it wrote to standard error.
    Ended {
        status: Option<ExitStatus>,
        complaint: Vec<u8>,
    },
    TooLong,
    TooMuchCode(u64),
    NotACompiler(&'static str),
}

async fn converse(
    child: &mut Child,
    component: &[u8],
    fingerprint: &str,
    limits: &CompileLimits,
    greeted: &mut bool,
) -> Result<Answer, Silence> {
    let streams = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(mut input), Some(mut output), Some(errors)) = streams else {
        return Err(Silence::NotACompiler("it has no streams"));
    };
    let mut complaint = Vec::new();
    let answered = {
        let listening = pin!(listen(errors, &mut complaint));
        let answering = pin!(async {
            greet(&mut output, fingerprint).await?;
            *greeted = true;
            let ordering = async {
                let length = component.len() as u64;
                let order = Order { memory: limits.memory, cpu_seconds: cpu_seconds(limits), length };
                // A process that accepts no more input gives the reason in its answer or in how it exits.
                let _ = send(&mut input, order, component).await;
                std::future::pending::<()>().await;
            };
            tokio::select! {
                answer = read_answer(&mut output, limits) => answer,
                () = ordering => Ok(None),
            }
        });
        match futures::future::select(answering, listening).await {
            // A process that broke off gives the reason in its last words.
            Either::Left((Ok(None), listening)) => {
                listening.await;
                None
            }
            Either::Left((answered, _)) => answered?,
            Either::Right(((), answering)) => answering.await?,
        }
    };
    // The process exits once this is closed.
    drop(input);
    match answered {
        Some(answer) => Ok(answer),
        None => Err(Silence::Ended { status: child.wait().await.ok(), complaint }),
    }
}

/// Fails if the process is not a compiler for this engine.
async fn greet(output: &mut (impl AsyncRead + Unpin), fingerprint: &str) -> Result<(), Silence> {
    let mut greeting = [0; wire::GREETING];
    if output.read_exact(&mut greeting).await.is_err() {
        return Err(Silence::NotACompiler("it exited without a greeting"));
    }
    match greeting.strip_prefix(wire::MAGIC.as_slice()) {
        Some(theirs) if theirs == fingerprint.as_bytes() => Ok(()),
        Some(_) => Err(Silence::NotACompiler("it compiles for another engine")),
        None => Err(Silence::NotACompiler("its greeting is not valid")),
    }
}

async fn send(input: &mut (impl AsyncWrite + Unpin), order: Order, component: &[u8]) -> std::io::Result<()> {
    input.write_all(&order.to_bytes()).await?;
    input.write_all(component).await?;
    input.flush().await
}

/// `None` if the stream ends before the answer does.
async fn read_answer(output: &mut (impl AsyncRead + Unpin), limits: &CompileLimits) -> Result<Option<Answer>, Silence> {
    let garbled = || Silence::NotACompiler("its answer is not valid");
    let mut head = [0; wire::ANSWER];
    if output.read_exact(&mut head).await.is_err() {
        return Ok(None);
    }
    let (outcome, length) = wire::answer(head).ok_or_else(garbled)?;
    let most = if outcome == Outcome::Code { limits.code } else { wire::LONGEST_TEXT };
    let length = match usize::try_from(length) {
        Ok(length) if length <= most => length,
        _ if outcome == Outcome::Code => return Err(Silence::TooMuchCode(length)),
        _ => return Err(garbled()),
    };
    let mut content = vec![0; length];
    if output.read_exact(&mut content).await.is_err() {
        return Ok(None);
    }
    if output.read(&mut [0]).await.is_ok_and(|more| more > 0) {
        return Err(garbled());
    }
    let text = |content: Vec<u8>| String::from_utf8_lossy(&content).into_owned();
    Ok(Some(match outcome {
        Outcome::Code => Answer::Code(content),
        Outcome::Invalid => Answer::Invalid(text(content)),
        Outcome::Failed => Answer::Failed(text(content)),
        Outcome::NoMemory => Answer::NoMemory,
    }))
}

/// Keeps the beginning and discards the rest, so that the process is not held up.
async fn listen(errors: impl AsyncRead + Unpin, complaint: &mut Vec<u8>) {
    let mut beginning = errors.take(LONGEST_COMPLAINT);
    let _ = beginning.read_to_end(complaint).await;
    let _ = copy(&mut beginning.into_inner(), &mut sink()).await;
}

fn cpu_seconds(limits: &CompileLimits) -> u64 {
    limits.cpu.as_secs().max(1)
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;
/// Compiling runs in parallel, and the host needs processors, too.
const MOST_THREADS: usize = 4;
/// What Rust prints when an allocator gives up.
const NO_MEMORY: &[u8] = b"memory allocation of ";
const LONGEST_COMPLAINT: u64 = 4 << 10;
