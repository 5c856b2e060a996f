//! Why a component was not compiled.

/// Why a component was not compiled. The host itself is not affected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompilerError {
    /// Too many components wait.
    #[error(
        "{waiting} components are already being compiled or waiting, which is this host's limit; try again in {retry_after} s"
    )]
    Busy {
        /// The number of waiting components.
        waiting: usize,
        /// Seconds until it is worth trying again.
        retry_after: u64,
    },
    /// The program that compiles cannot be started.
    #[error("the compiler {program} cannot be started: {reason}")]
    NotStarted {
        /// The path of the program.
        program: String,
        /// The system's error.
        reason: String,
    },
    /// The program that was started does not compile for this host.
    #[error(
        "{program} is not a compiler for this host: {reason}; it has to be built with the same version of this crate, for the same \
         machine, and call `Compiler::this_program` before anything else"
    )]
    NotACompiler {
        /// The path of the program.
        program: String,
        /// What it did.
        reason: &'static str,
    },
    /// It took too long.
    #[error("compiling this component takes more than {seconds} s; compiling was stopped (the limit `compile_wall`)")]
    TimedOut {
        /// The limit.
        seconds: f64,
    },
    /// It took too much processor time.
    #[error(
        "compiling this component takes more than {seconds} s of processor time; compiling was stopped (the limit `compile_cpu`)"
    )]
    CpuExceeded {
        /// The limit.
        seconds: u64,
    },
    /// It requested too much memory.
    #[error(
        "compiling this component takes more than {limit} bytes of memory; compiling was stopped (the limit `compile_memory`)"
    )]
    MemoryExceeded {
        /// The limit in bytes.
        limit: u64,
    },
    /// There is too much compiled code.
    #[error(
        "this component compiles to {size} bytes of code; this host accepts at most {limit} (the limit `compile_code`)"
    )]
    CodeTooLarge {
        /// Bytes of code.
        size: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// The compiler crashed, or something else stopped it.
    #[error("compiling this component gave no result: the compiler {0}")]
    Ended(String),
}
