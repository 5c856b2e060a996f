//! ZIP archives without compression.

use super::crc32;

/// An archive of these files: names and contents. Far below the sizes and counts for which ZIP needs its 64-bit
/// format.
pub(super) fn archive(files: &[(&str, String)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in files {
        let offset = word(bytes.len());
        let entry = entry(name, content.as_bytes());
        bytes.extend_from_slice(b"PK\x03\x04");
        bytes.extend_from_slice(&entry);
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(content.as_bytes());
        directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        directory.extend_from_slice(&entry);
        // No comment, first disk, no attributes.
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&offset);
        directory.extend_from_slice(name.as_bytes());
    }
    let start = word(bytes.len());
    let count = u16::try_from(files.len()).unwrap_or(u16::MAX).to_le_bytes();
    bytes.extend_from_slice(&directory);
    bytes.extend_from_slice(b"PK\x05\x06\x00\x00\x00\x00");
    bytes.extend_from_slice(&count);
    bytes.extend_from_slice(&count);
    bytes.extend_from_slice(&word(directory.len()));
    bytes.extend_from_slice(&start);
    bytes.extend_from_slice(&[0; 2]);
    bytes
}

/// What the local header and the directory have in common: from the version needed to the lengths.
fn entry(name: &str, content: &[u8]) -> Vec<u8> {
    // Version 2.0, no flags, stored, 1980-01-01 00:00.
    let mut entry = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
    entry.extend_from_slice(&crc32(content).to_le_bytes());
    entry.extend_from_slice(&word(content.len()));
    entry.extend_from_slice(&word(content.len()));
    entry.extend_from_slice(&u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes());
    entry.extend_from_slice(&[0; 2]);
    entry
}

fn word(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}
