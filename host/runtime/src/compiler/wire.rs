//! The protocol between host and compiler, over the compiler's standard input and output.
//!
//! The compiler begins: `magic (8) | fingerprint of its engine (64)`. The host answers with an order: `bytes of
//! memory (8) | seconds of processor time (8) | length (8) | component`, all numbers little endian, and keeps the
//! pipe open for as long as it wants the answer: `outcome (1) | length (8) | code or text`. Then the compiler exits.

use std::io::{self, Read, Write};

pub(super) const MAGIC: &[u8; 8] = b"inkcomp1";
/// A fingerprint is SHA-256 in hexadecimal.
pub(super) const GREETING: usize = MAGIC.len() + 64;
pub(super) const ORDER: usize = 24;
pub(super) const ANSWER: usize = 9;
/// Bytes of an answer's text.
pub(super) const LONGEST_TEXT: usize = 4 << 10;

/// What a compiler may use, and the number of bytes to compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) memory: u64,
    pub(super) cpu_seconds: u64,
    pub(super) length: u64,
}

impl Order {
    pub(super) fn to_bytes(self) -> [u8; ORDER] {
        let mut bytes = [0; ORDER];
        for (place, number) in bytes.chunks_exact_mut(8).zip([self.memory, self.cpu_seconds, self.length]) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    pub(super) fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut number = || {
            let mut bytes = [0; 8];
            from.read_exact(&mut bytes).map(|()| u64::from_le_bytes(bytes))
        };
        Ok(Self { memory: number()?, cpu_seconds: number()?, length: number()? })
    }
}

/// The result of compiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Compiled code follows.
    Code = 0,
    /// The reason why the component is not valid follows.
    Invalid = 1,
    /// The reason why the compiler failed follows.
    Failed = 2,
    /// The compiler ran out of memory.
    NoMemory = 3,
}

/// The head of an answer: the outcome, and how many bytes follow.
pub(super) fn answer([outcome, length @ ..]: [u8; ANSWER]) -> Option<(Outcome, u64)> {
    let known = [Outcome::Code, Outcome::Invalid, Outcome::Failed, Outcome::NoMemory];
    let outcome = known.into_iter().find(|known| *known as u8 == outcome)?;
    Some((outcome, u64::from_le_bytes(length)))
}

pub(super) fn write_answer(to: &mut impl Write, outcome: Outcome, content: &[u8]) -> io::Result<()> {
    to.write_all(&[outcome as u8])?;
    to.write_all(&(content.len() as u64).to_le_bytes())?;
    to.write_all(content)?;
    to.flush()
}
