//! Where components are compiled. A crafted input can make a code generator take any time and memory, and it cannot
//! be stopped from within: so it runs in a process that can be killed.

mod child;
mod error;
mod process;
mod queue;
mod wire;

use std::ffi::OsString;
use std::path::PathBuf;

pub use error::CompilerError;
pub(crate) use queue::Compilers;

/// Where components are compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiler {
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Thread,
    Process(Program),
}

/// A program that compiles.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
    /// Its name in errors.
    shown: String,
}

impl Compiler {
    /// In this program, started again for each component. **Call it first thing in `main`**: in a process that was
    /// started to compile, it does that and exits.
    ///
    /// The process has no environment, no files but its three streams, a low priority, and the time and memory of
    /// [`crate::CompileLimits`]. It is killed at those limits, and when the caller of [`crate::Runtime::load`] goes
    /// away. It exits when this process does.
    ///
    /// # Panics
    ///
    /// If the system does not report which program this is.
    pub fn this_program() -> Self {
        if child::is_asked_for() {
            child::run();
        }
        let path = std::env::current_exe().expect("the system tells which program runs");
        let shown = path.display().to_string();
        // An upgrade may have replaced the program's file.
        let running = PathBuf::from("/proc/self/exe");
        let path = if cfg!(target_os = "linux") && running.exists() { running } else { path };
        Self { place: Place::Process(Program { path, arguments: vec![child::ARGUMENT.into()], shown }) }
    }

    /// In another program, whose `main` calls [`Compiler::this_program`]. It must be built with the same version of
    /// this crate.
    pub fn program(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let shown = path.display().to_string();
        Self { place: Place::Process(Program { path, arguments: vec![child::ARGUMENT.into()], shown }) }
    }

    /// On a thread of this process. The weaker choice: the size of a component is limited, the memory for compiling
    /// it is not, and a thread that takes too long is abandoned but continues, in one of the places of
    /// [`crate::CompileLimits::at_once`].
    pub fn in_process() -> Self {
        Self { place: Place::Thread }
    }
}
