//! Compiling a component cannot hurt the host: what is large is counted before, the rest is ended at its limit.

mod bombs;
mod counted;
mod faulty;
mod killed;
mod program;

use innkeeper::{CompileLimits, Compiler, CompilerError, Error, LoadError};
use innkeeper_tests::components::{component, folder, hostile};
use innkeeper_tests::host::TestHost;

async fn host(compiler: Compiler, limits: CompileLimits) -> TestHost {
    TestHost::start_with(|builder| builder.compiler(compiler).compile_limits(limits)).await
}

fn own() -> Compiler {
    Compiler::program(env!("CARGO_BIN_EXE_innkeeper-test-compiler"))
}

fn compiler_error(error: Error) -> CompilerError {
    match error {
        Error::Load(LoadError::Compiler(error)) => error,
        other => panic!("another error: {other}"),
    }
}

#[tokio::test]
async fn every_connector_is_compiled_in_a_process_of_its_own() {
    let host = host(own(), CompileLimits::default()).await;
    let mut loaded = 0;
    for entry in std::fs::read_dir(folder()).expect("the connectors are built") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if path.extension().is_some_and(|ending| ending == "wasm") {
            host.host.inspect(component(&name)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
            loaded += 1;
        }
    }
    assert!(loaded > 3, "{loaded}");
}

#[tokio::test]
async fn a_process_and_a_thread_give_the_same_connector() {
    let process = host(own(), CompileLimits::default()).await;
    let thread = host(Compiler::in_process(), CompileLimits::default()).await;
    let (one, other) = tokio::join!(process.host.load(hostile()), thread.host.load(hostile()));
    let (one, other) = (one.expect("by a process").connector, other.expect("by a thread").connector);
    assert_eq!(one.draft(), other.draft());
    assert_eq!(one.digest(), other.digest());
}

#[tokio::test]
async fn many_first_loads_of_one_component_compile_it_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let starts = folder.path().join("starts");
    let compiler = program::script(&format!("echo started >> {}; exec {}", starts.display(), program::REAL));
    // A host without a queue: only one may compile, and the others are no further components.
    let mut limits = CompileLimits::default();
    limits.at_once = 1;
    let host = host(compiler.compiler(), limits).await;
    let loads = (0..8).map(|_| host.host.inspect(hostile()));
    for loaded in futures::future::join_all(loads).await {
        loaded.expect("it loads");
    }
    assert_eq!(std::fs::read_to_string(starts).expect("it was started").lines().count(), 1);
}
