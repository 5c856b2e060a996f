//! All targets, and what belongs to each.

use std::path::Path;
use std::{fs, io};

/// A promise about every input, and how often a test tries it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Also the name of its folder below `seeds`, its dictionary and its binary.
    pub name: &'static str,
    /// Panics where the promise is broken.
    pub run: fn(&[u8]),
    /// So many mutations of the seeds a test tries: a second's work or two.
    pub mutations: usize,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "addresses", run: crate::addresses, mutations: 20_000 },
    Target { name: "callback", run: crate::callback, mutations: 20_000 },
    #[cfg(feature = "runtime")]
    Target { name: "code_entry", run: crate::code_entry, mutations: 20_000 },
    Target { name: "headers", run: crate::headers, mutations: 20_000 },
    Target { name: "json", run: crate::json, mutations: 20_000 },
    Target { name: "metadata", run: crate::metadata, mutations: 20_000 },
    Target { name: "multipart", run: crate::multipart, mutations: 20_000 },
    Target { name: "scrubber", run: crate::scrubber, mutations: 300 },
    Target { name: "sealed", run: crate::sealed, mutations: 10_000 },
    Target { name: "spec", run: crate::spec, mutations: 2_000 },
    Target { name: "tokens", run: crate::tokens, mutations: 20_000 },
    #[cfg(feature = "runtime")]
    Target { name: "vet", run: crate::vet, mutations: 20_000 },
];

impl Target {
    /// The inputs it starts from, by file name.
    pub fn seeds(&self) -> io::Result<Vec<(String, Vec<u8>)>> {
        let mut seeds = Vec::new();
        for entry in fs::read_dir(folder().join("seeds").join(self.name))? {
            let entry = entry?;
            seeds.push((entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?));
        }
        seeds.sort();
        Ok(seeds)
    }

    /// The words of its dictionary, in the format of libFuzzer: a line each, in quotes, with `\"`, `\\` and `\xNN`.
    pub fn words(&self) -> io::Result<Vec<Vec<u8>>> {
        let text = fs::read_to_string(folder().join("dictionaries").join(format!("{}.dict", self.name)))?;
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines
            .map(|line| word(line).ok_or_else(|| io::Error::other(format!("no word of a dictionary: {line}"))))
            .collect()
    }
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn word(line: &str) -> Option<Vec<u8>> {
    let inner = line.strip_prefix('"')?.strip_suffix('"')?;
    let mut word = Vec::new();
    let mut rest = inner.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        (word, rest) = match (byte, after) {
            (b'\\', [escaped @ (b'"' | b'\\'), after @ ..]) => (with(word, *escaped), after),
            (b'\\', [b'x', high, low, after @ ..]) => {
                let digits = [*high, *low];
                let value = u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?;
                (with(word, value), after)
            }
            (b'\\', _) => return None,
            _ => (with(word, byte), after),
        };
    }
    Some(word)
}

fn with(mut word: Vec<u8>, byte: u8) -> Vec<u8> {
    word.push(byte);
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_dictionary_are_read_with_their_escapes() {
        assert_eq!(word(r#""a\"b\\c\x0d\xff""#), Some(b"a\"b\\c\x0d\xff".to_vec()));
        for bad in ["a", "\"a", r#""\q""#, r#""\x4""#, r#""\xzz""#] {
            assert_eq!(word(bad), None, "{bad}");
        }
    }
}
