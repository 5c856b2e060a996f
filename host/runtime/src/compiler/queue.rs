//! Who compiles when: a limited number at once, a limited number waiting, and everything beyond that is refused.

use std::sync::Arc;

use innkeeper_ambient::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use wasmtime::Engine;

use super::{Compiler, CompilerError, Place};
use crate::compile_limits::CompileLimits;
use crate::error::LoadError;
use crate::stack;

/// The compilers of a host.
#[derive(Debug)]
pub(crate) struct Compilers {
    compiler: Compiler,
    limits: CompileLimits,
    queue: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Compilers {
    pub(crate) fn new(compiler: Compiler, limits: CompileLimits) -> Self {
        let at_once = limits.at_once.clamp(1, MOST);
        let queue = Arc::new(Semaphore::new(at_once.saturating_add(limits.waiting).min(MOST)));
        Self { compiler, limits, queue, places: Arc::new(Semaphore::new(at_once)) }
    }

    pub(crate) fn limits(&self) -> &CompileLimits {
        &self.limits
    }

    /// A place in the queue for one more component.
    pub(crate) fn queue(&self) -> Result<OwnedSemaphorePermit, CompilerError> {
        self.queue.clone().try_acquire_owned().map_err(|_| CompilerError::Busy {
            waiting: self.limits.at_once.saturating_add(self.limits.waiting),
            retry_after: RETRY_AFTER,
        })
    }

    /// Compiles as soon as there is a place for it.
    pub(crate) async fn compile(
        &self,
        component: Vec<u8>,
        (engine, fingerprint): (&Engine, &str),
        clock: &dyn Clock,
    ) -> Result<Vec<u8>, LoadError> {
        let limits = &self.limits;
        let place =
            self.places.clone().acquire_owned().await.map_err(|_| CompilerError::Ended("is gone".to_owned()))?;
        match &self.compiler.place {
            Place::Process(program) => {
                let code = program.compile(&component, fingerprint, limits, clock).await;
                drop(place);
                code
            }
            Place::Thread => {
                let mut deadline = clock.sleep(limits.wall);
                let code = tokio::select! {
                    biased;
                    code = on_thread(component, engine.clone(), place) => code?,
                    () = &mut deadline => {
                        return Err(CompilerError::TimedOut { seconds: limits.wall.as_secs_f64() }.into());
                    }
                };
                let (size, limit) = (code.len() as u64, limits.code as u64);
                if size > limit { Err(CompilerError::CodeTooLarge { size, limit }.into()) } else { Ok(code) }
            }
        }
    }
}

/// A thread cannot be stopped. Its place is free again when it is done, not when its result is no longer needed.
async fn on_thread(component: Vec<u8>, engine: Engine, place: OwnedSemaphorePermit) -> Result<Vec<u8>, LoadError> {
    let (done, doing) = oneshot::channel();
    let work = move || {
        let code = engine.precompile_component(&component);
        drop(place);
        // The caller may have given up.
        let _ = done.send(code);
    };
    stack::deep("innkeeper-compile")
        .spawn(work)
        .map_err(|error| CompilerError::Ended(format!("has no thread to run on: {error}")))?;
    let code = doing.await.map_err(|_| CompilerError::Ended("panicked".to_owned()))?;
    code.map_err(|error| LoadError::invalid(format_args!("{error:#}")))
}

/// Seconds until it is worth trying a full queue again.
const RETRY_AFTER: u64 = 10;
/// The most permits that a semaphore takes.
const MOST: usize = Semaphore::MAX_PERMITS;
