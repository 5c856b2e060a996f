//! Standard output and standard error, and an environment without variables.
//!
//! The C library's own `write` and `getenv` import nineteen functions of WASI, for files and terminals that no
//! connector has, and a host links them into each instance. These replacements use four of them.

#![expect(unsafe_code, reason = "functions that the C library is asked for have fixed symbol names")]

use std::ffi::{c_char, c_int};
use std::sync::OnceLock;

use wasip2::cli::{stderr, stdout};
use wasip2::io::streams::OutputStream;

/// The most that is written at once (`wasi:io/streams`, `blocking-write-and-flush`).
const MOST: usize = 4096;

// Kept open, because a line may arrive in several pieces.
static OUTPUT: OnceLock<OutputStream> = OnceLock::new();
static ERROR: OnceLock<OutputStream> = OnceLock::new();

/// `write` of POSIX, for the only two descriptors; nothing opens another. It does not set `errno`, because the host
/// takes everything that is written.
#[unsafe(no_mangle)]
unsafe extern "C" fn write(descriptor: c_int, bytes: *const u8, length: usize) -> isize {
    let stream = match descriptor {
        1 => OUTPUT.get_or_init(stdout::get_stdout),
        2 => ERROR.get_or_init(stderr::get_stderr),
        _ => return -1,
    };
    if length == 0 {
        return 0;
    }
    let length = length.min(MOST);
    // SAFETY: the caller of `write` promises `length` readable bytes.
    let bytes = unsafe { std::slice::from_raw_parts(bytes, length) };
    match stream.blocking_write_and_flush(bytes) {
        Ok(()) => length.cast_signed(),
        Err(_) => -1,
    }
}

/// `getenv` of POSIX, for an environment that is always empty.
#[unsafe(no_mangle)]
extern "C" fn getenv(_name: *const c_char) -> *mut c_char {
    std::ptr::null_mut()
}
