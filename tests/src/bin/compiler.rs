//! The compiler of the tests' hosts: a program that only compiles.

fn main() {
    let _ = innkeeper::Compiler::this_program();
}
