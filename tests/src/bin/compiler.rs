//! The compiler of the tests' hosts: a program that compiles where it is started to, and does nothing else.

fn main() {
    let _ = innkeeper::Compiler::this_program();
}
