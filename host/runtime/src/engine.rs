//! The engine: how instances are allocated, and the ticks that bound a guest's time.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use innkeeper_ambient::{Clock, Random};
use secrecy::SecretSlice;
use wasmtime::component::Linker;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, WasmBacktraceDetails};

use crate::cache::{CodeCache, fingerprint};
use crate::checks::Checks;
use crate::compile_limits::CompileLimits;
use crate::compiler::{Compiler, Compilers};
use crate::deadline::Turns;
use crate::error::SetupError;
use crate::flights::Flights;
use crate::guest::Guest;
use crate::limits::{CORE_INSTANCES, Limits, MEMORIES, TABLES};
use crate::places::{Places, Sharing};
use crate::sandbox::Sandbox;

/// The settings of a [`Runtime`].
#[derive(Debug)]
pub struct RuntimeSettings {
    /// Limits of every call.
    pub limits: Limits,
    /// Calls that run at once; others wait for a place. Address space is reserved for each.
    pub calls_at_once: u32,
    /// How these places are shared, and how many calls may wait for one.
    pub sharing: Sharing,
    /// Where compiled code is stored, and the host key that authenticates it; `None`: each start compiles again.
    pub cache: Option<(PathBuf, SecretSlice<u8>)>,
    /// Where components are compiled.
    pub compiler: Compiler,
    /// Limits of compiling.
    pub compile_limits: CompileLimits,
}

impl Default for RuntimeSettings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            calls_at_once: 1000,
            sharing: Sharing::default(),
            cache: None,
            compiler: Compiler::in_process(),
            compile_limits: CompileLimits::default(),
        }
    }
}

/// How instances get their memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allocation {
    /// From slots reserved at the start: a fresh instance costs microseconds.
    Pooling {
        /// Calls that have a slot at once.
        calls: u32,
    },
    /// From the system for each call, if the address space is too small for slots.
    OnDemand,
}

/// Loads connectors and runs their calls. Cheap to clone.
#[derive(Clone)]
pub struct Runtime {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<Guest>,
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) cache: Option<CodeCache>,
    /// What compiled code has to match.
    pub(crate) fingerprint: String,
    pub(crate) compilers: Compilers,
    pub(crate) flights: Flights,
    pub(crate) places: Places,
    pub(crate) checks: Checks,
    pub(crate) turns: Turns,
    allocation: Allocation,
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("allocation", &self.shared.allocation).finish_non_exhaustive()
    }
}

impl Runtime {
    /// Makes the engine. If the kernel or the address space refuses the slots that `settings` request, fewer are
    /// tried, and finally none: [`Runtime::allocation`] reports the result.
    ///
    /// Fails if no engine can be made at all, or if the cache folder cannot be created.
    pub fn new(settings: RuntimeSettings, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self, SetupError> {
        let (engine, allocation) = engine(&settings)?;
        tick(&engine)?;
        let linker = Guest::linker(&engine).map_err(|error| SetupError::Engine(format!("{error:#}")))?;
        let cache = settings.cache.map(|(folder, key)| CodeCache::open(folder, key, &engine)).transpose()?;
        let places = match allocation {
            Allocation::Pooling { calls } => calls,
            Allocation::OnDemand => settings.calls_at_once,
        };
        let places = Places::new(places, &settings.sharing, clock.clone(), settings.limits.wall);
        Ok(Self {
            shared: Arc::new(Shared {
                fingerprint: fingerprint(&engine),
                engine,
                linker,
                sandbox: Arc::new(Sandbox { limits: settings.limits, clock, random }),
                cache,
                compilers: Compilers::new(settings.compiler, settings.compile_limits),
                flights: Flights::default(),
                places,
                checks: Checks::new(),
                turns: Turns::new(std::thread::available_parallelism().map_or(1, usize::from)),
                allocation,
            }),
        })
    }

    /// How instances get their memory.
    pub fn allocation(&self) -> Allocation {
        self.shared.allocation
    }

    /// The limits of every call.
    pub fn limits(&self) -> &Limits {
        &self.shared.sandbox.limits
    }

    /// The limits of compiling.
    pub fn compile_limits(&self) -> &CompileLimits {
        self.shared.compilers.limits()
    }
}

fn engine(settings: &RuntimeSettings) -> Result<(Engine, Allocation), SetupError> {
    let mut calls = settings.calls_at_once.max(1);
    if let Some(most) = most_mappings().map(slots_within).filter(|most| *most < calls) {
        tracing::warn!(
            calls,
            most,
            "the kernel's limit on mappings (vm.max_map_count) has room for fewer calls at once"
        );
        calls = most.max(1);
    }
    loop {
        let mut config = config();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(calls, &settings.limits)));
        match Engine::new(&config) {
            Ok(engine) => return Ok((engine, Allocation::Pooling { calls })),
            Err(error) if calls >= 20 => {
                tracing::debug!(calls, %error, "no room for that many slots");
                calls /= 4;
            }
            Err(error) => {
                tracing::warn!(%error, "there are no slots for instances; each call allocates its own memory");
                break;
            }
        }
    }
    let engine = Engine::new(&config()).map_err(|error| SetupError::Engine(format!("{error:#}")))?;
    Ok((engine, Allocation::OnDemand))
}

/// The number of calls that can have a slot if a process may have this number of mappings.
fn slots_within(mappings: u32) -> u32 {
    mappings.saturating_sub(OWN_MAPPINGS) / MAPPINGS_OF_A_CALL
}

/// Only Linux limits them.
fn most_mappings() -> Option<u32> {
    std::fs::read_to_string("/proc/sys/vm/max_map_count").ok()?.trim().parse().ok()
}

/// The same in every process that compiles for this one, whatever its environment.
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    config.wasm_backtrace_details(WasmBacktraceDetails::Disable);
    config.epoch_interruption(true).wasm_component_model(true).memory_init_cow(true);
    config
}

fn pool(calls: u32, limits: &Limits) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls)
        .total_core_instances(calls.saturating_mul(CORE_INSTANCES))
        .total_memories(calls.saturating_mul(MEMORIES))
        .total_tables(calls.saturating_mul(TABLES))
        .total_stacks(calls)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .table_elements(limits.table_elements)
        .max_memory_size(limits.memory)
        // The start of a memory is overwritten when its guest ends, and the rest is returned to the kernel. Asking
        // the kernel which pages were written would be as fast, but misses a page that is being moved or swapped out
        // at that moment (bytecodealliance/wasmtime#14357): the next guest would find it.
        .linear_memory_keep_resident(kept(calls))
        .table_keep_resident(64 << 10)
        .async_stack_keep_resident(0)
        .pagemap_scan(Enabled::No);
    pool
}

/// Bytes of each memory that stay with its slot and are overwritten. All slots together keep at most [`KEPT_BY_ALL`].
fn kept(calls: u32) -> usize {
    let memories = calls.saturating_mul(MEMORIES) as usize;
    if KEPT.saturating_mul(memories) <= KEPT_BY_ALL { KEPT } else { 0 }
}

/// Advances the engine's epoch for as long as the engine lives.
fn tick(engine: &Engine) -> Result<(), SetupError> {
    let engine = engine.weak();
    std::thread::Builder::new()
        .name("innkeeper-tick".to_owned())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        })
        .map(drop)
        .map_err(|error| SetupError::Engine(format!("the thread for the clock of calls cannot be started: {error}")))
}

/// How often a running guest is checked: its time is accurate to this.
const TICK: Duration = Duration::from_millis(5);
/// Mappings of a slot (its stack and that stack's guard) and of the instance in it (its initial memory, its grown
/// memory, and the memory it may still use; the used part of its stack). An instance cannot start beyond the kernel's
/// limit.
const MAPPINGS_OF_A_CALL: u32 = 6;
/// Mappings of everything else: code, libraries, threads, the heap.
const OWN_MAPPINGS: u32 = 4096;
/// Bytes of a memory that a slot keeps: usually all that a Rust guest with a small stack has. Page faults cost more
/// than overwriting them.
const KEPT: usize = 512 << 10;
/// Bytes that all slots keep at most, so that a host with many slots does not hold unused memory.
const KEPT_BY_ALL: usize = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_keep_memory_only_where_they_are_few() {
        assert_eq!(kept(RuntimeSettings::default().calls_at_once), KEPT);
        assert_eq!(kept(10_000), 0);
    }

    #[test]
    fn the_usual_limit_on_mappings_has_room_for_ten_thousand_calls() {
        assert_eq!(slots_within(65_530), 10_239);
        assert_eq!(slots_within(100), 0);
    }
}
