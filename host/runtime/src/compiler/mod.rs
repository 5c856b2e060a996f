//! Where components are compiled. A code generator can be made to take any time and memory by what it is fed, and nothing ends it
//! from within: so it runs in a process that can be killed.

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
    /// As errors name it.
    shown: String,
}

impl Compiler {
    /// In this same program, started once more for each component. **Call it first thing in `main`**: in a process that was
    /// started to compile, it does that and ends the process.
    ///
    /// The process has no environment, no files but its three streams, a low priority, and the time and memory of
    /// [`crate::CompileLimits`]. It is killed at those limits, and when the caller of [`crate::Runtime::load`] goes away. It ends by itself when
    /// this process does.
    ///
    /// # Panics
    ///
    /// Where the system does not tell which program this is.
    pub fn this_program() -> Self {
        if child::is_asked_for() {
            child::run();
        }
        let path = std::env::current_exe().expect("the system tells which program runs");
        let shown = path.display().to_string();
        // An upgrade may have put another program into the file's place.
        let running = PathBuf::from("/proc/self/exe");
        let path = if cfg!(target_os = "linux") && running.exists() { running } else { path };
        Self { place: Place::Process(Program { path, arguments: vec![child::ARGUMENT.into()], shown }) }
    }

    /// In another program, whose `main` calls [`Compiler::this_program`]. It has to be built with the same version of this crate.
    pub fn program(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let shown = path.display().to_string();
        Self { place: Place::Process(Program { path, arguments: vec![child::ARGUMENT.into()], shown }) }
    }

    /// On a thread of this process. The weaker choice: the size of a component is bounded, the memory for compiling it is not, and
    /// a thread that takes too long is given up but goes on, in one of the places of [`crate::CompileLimits::at_once`].
    pub fn in_process() -> Self {
        Self { place: Place::Thread }
    }
}
