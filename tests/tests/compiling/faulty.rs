//! Programs that are no compiler, or answer what no compiler does.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use innkeeper::{CompileLimits, Compiler, CompilerError};
use innkeeper_tests::components::hostile;

use crate::program::{GREETING, REAL, Script, greeting, script};
use crate::{compiler_error, host};

async fn failure(compiler: Compiler) -> CompilerError {
    let host = host(compiler, CompileLimits::default()).await;
    compiler_error(host.host.load(hostile()).await.expect_err("it does not compile"))
}

async fn refused(program: Script, reason: &str) {
    let error = failure(program.compiler()).await;
    assert!(matches!(error, CompilerError::NotACompiler { .. }), "{error}");
    let error = error.to_string();
    assert!(error.contains(reason) && error.contains("Compiler::this_program"), "{error}");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named_and_no_thread_takes_its_place() {
    let error = failure(Compiler::program("/no/compiler")).await;
    assert!(matches!(error, CompilerError::NotStarted { .. }), "{error}");
    assert!(error.to_string().starts_with("the compiler /no/compiler cannot be started: "), "{error}");
}

#[tokio::test]
async fn another_program_is_told_from_a_compiler() {
    refused(script("exit 3"), "it exited without a greeting").await;
    refused(script("cat /dev/zero"), "its greeting is not valid").await;
    refused(script("echo 'error: unrecognized subcommand' >&2; exit 2"), "it exited without a greeting").await;
}

#[tokio::test]
async fn a_compiler_of_another_version_is_refused() {
    let other = format!("{REAL} </dev/null 2>/dev/null | head -c 70; printf 'xx'; exec cat >/dev/null");
    refused(script(&other), "it compiles for another engine").await;
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_refused() {
    refused(greeting(r"printf '\377\1\0\0\0\0\0\0\0x'"), "its answer is not valid").await;
    refused(greeting(r"printf '\1\0\0\0\1\0\0\0\0x'"), "its answer is not valid").await;
    refused(script(&format!("{REAL}; echo more")), "its answer is not valid").await;
}

#[tokio::test]
async fn an_answer_longer_than_code_may_be_is_not_read() {
    let error = failure(greeting(r"printf '\0\0\0\0\0\377\0\0\0'; exec cat /dev/zero").compiler()).await;
    assert!(matches!(error, CompilerError::CodeTooLarge { .. }), "{error}");
}

#[tokio::test]
async fn half_an_answer_is_none() {
    // Not `head`, which keeps the greeting until it has all.
    let half = format!("{REAL} | dd bs=1 count={} 2>/dev/null", GREETING + 500);
    let error = failure(script(&half).compiler()).await;
    assert!(matches!(error, CompilerError::Ended(_)), "{error}");
}

#[tokio::test]
async fn what_a_compiler_complains_of_without_end_is_not_kept() {
    let error = failure(greeting("head -c 50000000 /dev/zero >&2; exit 9").compiler()).await.to_string();
    assert!(error.ends_with("ended with status 9"), "{error}");
}

#[test]
fn a_compiler_whose_host_goes_away_ends() {
    let (program, argument) = REAL.split_once(' ').expect("two words");
    let mut compiler =
        Command::new(program).arg(argument).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut input = compiler.stdin.take().expect("it is piped");
    compiler.stdout.take().expect("it is piped").read_exact(&mut [0; GREETING]).expect("it greets");
    let component = crate::bombs::slow();
    for number in [2 << 30, 3600, component.len() as u64] {
        input.write_all(&number.to_le_bytes()).expect("it takes its order");
    }
    input.write_all(&component).expect("it takes its order");
    drop(input);
    assert_eq!(compiler.wait().expect("it ends").code(), Some(1));
}
