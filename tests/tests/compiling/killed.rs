//! A compiler that is ended: by the host at a limit, by the system, by somebody, or with its caller.

use std::time::Duration;

use innkeeper::{CompileLimits, CompilerError};
use innkeeper_tests::components::hostile;
use innkeeper_tests::host::{TestHost, clock};

use crate::bombs;
use crate::program::{Script, gone, greeting, process_of, script};
use crate::{compiler_error, host, own};

#[tokio::test]
async fn compiling_is_ended_at_its_time() {
    let (_folder, marker) = Script::marker();
    let program = greeting(&format!("echo $$ > {}; exec sleep 1000", marker.display()));
    let clock = clock();
    let host = TestHost::start_with(|builder| builder.compiler(program.compiler()).clock(clock.clone())).await;
    let later = async {
        let process = process_of(&marker).await;
        clock.advance(CompileLimits::default().wall);
        process
    };
    let (loaded, process) = tokio::join!(host.host.load(hostile()), later);
    let error = compiler_error(loaded.expect_err("it never answers"));
    assert_eq!(
        error.to_string(),
        "compiling this component takes more than 60 s; compiling was stopped (the limit `compile_wall`)"
    );
    gone(process).await;
}

#[tokio::test]
async fn compiling_is_ended_at_its_processor_time() {
    let mut limits = CompileLimits::default();
    limits.cpu = Duration::from_secs(1);
    limits.wall = Duration::from_mins(10);
    let host = host(own(), limits).await;
    let error = compiler_error(host.host.load(bombs::slow()).await.expect_err("it takes longer"));
    assert!(matches!(error, CompilerError::CpuExceeded { seconds: 1 }), "{error}");
}

#[tokio::test]
async fn compiling_is_ended_at_its_memory() {
    let mut limits = CompileLimits::default();
    limits.memory = 96 << 20;
    limits.wall = Duration::from_mins(10);
    let host = host(own(), limits).await;
    let error = compiler_error(host.host.load(bombs::slow()).await.expect_err("it takes more"));
    assert!(matches!(error, CompilerError::MemoryExceeded { .. }), "{error}");
    let error = error.to_string();
    assert!(error.contains("more than 100663296 bytes of memory"), "{error}");
}

#[tokio::test]
async fn code_that_is_too_large_is_not_taken() {
    let mut limits = CompileLimits::default();
    limits.code = 1000;
    let host = host(own(), limits).await;
    let error = compiler_error(host.host.load(hostile()).await.expect_err("it is larger"));
    assert!(matches!(error, CompilerError::CodeTooLarge { limit: 1000, .. }), "{error}");
}

#[tokio::test]
async fn a_compiler_that_somebody_kills_is_told_so() {
    for (signal, told) in [("KILL", "was killed"), ("SEGV", "was terminated by signal 11")] {
        let program = greeting(&format!("kill -{signal} $$"));
        let host = host(program.compiler(), CompileLimits::default()).await;
        let error = compiler_error(host.host.load(hostile()).await.expect_err("it is dead")).to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[tokio::test]
async fn nothing_compiles_for_a_caller_who_went_away() {
    let (_folder, marker) = Script::marker();
    let program = script(&format!("echo $$ > {}; exec sleep 1000", marker.display()));
    let host = host(program.compiler(), CompileLimits::default()).await;
    let process = tokio::select! {
        loaded = host.host.load(hostile()) => panic!("it never answers: {loaded:?}"),
        process = process_of(&marker) => process,
    };
    gone(process).await;
}

#[tokio::test]
async fn who_waits_beyond_the_queue_is_refused_and_the_place_comes_back() {
    let (_folder, marker) = Script::marker();
    let program = script(&format!("echo $$ > {}; exec sleep 1000", marker.display()));
    let mut limits = CompileLimits::default();
    limits.at_once = 1;
    limits.waiting = 1;
    let host = host(program.compiler(), limits).await;
    let ask = async |component| match host.host.inspect(component).await {
        Ok(loaded) => panic!("it never answers: {loaded:?}"),
        Err(error) => compiler_error(error),
    };
    // One of two gets the place to wait in, the other one none.
    let full = async {
        process_of(&marker).await;
        tokio::select! {
            error = ask(bombs::connector_with(&bombs::module(&[]))) => error,
            error = ask(bombs::connector_with(&bombs::functions(1, &[0, 0x0b]))) => error,
        }
    };
    tokio::select! {
        first = host.host.inspect(hostile()) => panic!("it never answers: {first:?}"),
        error = full => {
            assert!(matches!(error, CompilerError::Busy { waiting: 2, .. }), "{error}");
            assert!(error.to_string().contains("try again in 10 s"), "{error}");
        }
    }
    // Both went away, and left nobody in their places.
    std::fs::remove_file(&marker).expect("it was started");
    tokio::select! {
        again = host.host.inspect(hostile()) => panic!("it never answers: {again:?}"),
        _ = process_of(&marker) => {}
    }
}
