//! Makes other inputs of the seeds: the same ones each time, without a fuzzer.

use std::ops::Range;

use innkeeper_ambient::{Random, SeededRandom};

/// Longest input that is made, in bytes. A seed may be longer.
const LONGEST: usize = 64 * 1024;
/// Bytes that mean something to one parser or another.
const TELLING: &[u8] = b"\0\t\n\r \"#%&'()*,./:;<=>?@[\\]^`{|}~\x7f\x80\xc0\xe2\xff";
const NUMBERS: [&str; 7] = ["0", "-1", "1e309", "65536", "4294967296", "18446744073709551616", "0.5"];

/// Makes inputs of seeds and words.
pub struct Mutator<'s> {
    seeds: &'s [Vec<u8>],
    words: &'s [Vec<u8>],
    random: SeededRandom,
}

impl<'s> Mutator<'s> {
    /// Makes the same inputs for the same `seed` of randomness. There must be at least one of `seeds`.
    pub fn new(seeds: &'s [Vec<u8>], words: &'s [Vec<u8>], seed: u64) -> Self {
        assert!(!seeds.is_empty(), "inputs are made of seeds");
        Self { seeds, words, random: SeededRandom::new(seed) }
    }

    /// The next input: a seed after one to eight changes.
    pub fn next_input(&self) -> Vec<u8> {
        let mut input = self.seed().clone();
        for _ in 0..=self.below(8) {
            self.change(&mut input);
        }
        input.truncate(LONGEST.max(self.longest_seed()));
        input
    }

    fn change(&self, input: &mut Vec<u8>) {
        let range = self.range(input.len());
        match self.below(11) {
            0 => self.overwrite(input, |mutator, byte| byte ^ (1 << mutator.below(8))),
            1 => self.overwrite(input, |mutator, _| TELLING[mutator.below(TELLING.len())]),
            2 => {
                let telling = TELLING[self.below(TELLING.len())];
                input.insert(range.start, telling);
            }
            3 => replace(input, range.start..range.start, self.word()),
            4 => replace(input, range, self.word()),
            5 => replace(input, range, &[]),
            6 => {
                let again = input[range.clone()].to_vec();
                replace(input, range.end..range.end, &again);
            }
            7 => {
                let (piece, times) = (input[range.clone()].to_vec(), self.below(64));
                let piece = &piece[..piece.len().min(64)];
                replace(input, range.end..range.end, &piece.repeat(times));
            }
            8 => input.truncate(range.start),
            9 => {
                let other = self.seed();
                let from = self.range(other.len());
                replace(input, range, &other[from]);
            }
            _ => self.renumber(input),
        }
    }

    fn overwrite(&self, input: &mut [u8], with: impl Fn(&Self, u8) -> u8) {
        if !input.is_empty() {
            let place = self.below(input.len());
            input[place] = with(self, input[place]);
        }
    }

    /// Puts another number in the place of one.
    fn renumber(&self, input: &mut Vec<u8>) {
        let Some(start) = (self.below(input.len() + 1)..input.len()).find(|&at| input[at].is_ascii_digit()) else {
            return;
        };
        let length = input[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        replace(input, start..start + length, NUMBERS[self.below(NUMBERS.len())].as_bytes());
    }

    fn word(&self) -> &[u8] {
        if self.words.is_empty() { b"\0" } else { &self.words[self.below(self.words.len())] }
    }

    fn seed(&self) -> &Vec<u8> {
        &self.seeds[self.below(self.seeds.len())]
    }

    fn longest_seed(&self) -> usize {
        self.seeds.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// Short ones are more frequent.
    fn range(&self, length: usize) -> Range<usize> {
        let start = self.below(length + 1);
        let most = if self.below(4) == 0 { length - start } else { (length - start).min(8) };
        start..start + self.below(most + 1)
    }

    fn below(&self, bound: usize) -> usize {
        let bytes: [u8; 8] = (&self.random as &dyn Random).bytes();
        usize::try_from(u64::from_le_bytes(bytes) % bound as u64).expect("it is below a bound that is one")
    }
}

fn replace(input: &mut Vec<u8>, range: Range<usize>, with: &[u8]) {
    drop(input.splice(range, with.iter().copied()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_inputs_come_for_the_same_seed_and_they_differ_from_each_other() {
        let (seeds, words) = (vec![b"{\"a\": 10}".to_vec(), b"x".to_vec()], vec![b"word".to_vec()]);
        let inputs = |seed| {
            let mutator = Mutator::new(&seeds, &words, seed);
            (0..200).map(|_| mutator.next_input()).collect::<Vec<_>>()
        };
        assert_eq!(inputs(1), inputs(1));
        assert_ne!(inputs(1), inputs(2));
        let distinct: std::collections::BTreeSet<_> = inputs(1).into_iter().collect();
        assert!(distinct.len() > 100, "{}", distinct.len());
    }

    #[test]
    fn an_empty_seed_is_no_trouble() {
        let seeds = vec![Vec::new()];
        let mutator = Mutator::new(&seeds, &[], 3);
        assert!((0..2_000).map(|_| mutator.next_input()).any(|input| !input.is_empty()));
    }
}
