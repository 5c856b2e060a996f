//! PNG pictures without compression.

use super::crc32;

/// Width and height of the pictures, in pixels.
const SIDE: u8 = 96;

/// A picture of a sun over water; `seed` moves the sun.
pub(crate) fn png(seed: &str) -> Vec<u8> {
    let sun = 20 + i32::from(seed.bytes().fold(0_u8, u8::wrapping_add) % 56);
    let mut pixels = Vec::new();
    for y in 0..SIDE {
        // Each line begins with its filter: none.
        pixels.push(0);
        for x in 0..SIDE {
            let (dx, dy) = (i32::from(x) - sun, i32::from(y) - 44);
            pixels.extend_from_slice(&match (dx * dx + dy * dy < 180, y < SIDE / 2) {
                (true, true) => [255, 214, 120],
                (_, true) => [220 - y, 150 + y, 180],
                (_, false) => [30, 90 + (y - SIDE / 2), 120 + (x ^ y) % 24],
            });
        }
    }
    let mut header = vec![0, 0, 0, SIDE, 0, 0, 0, SIDE];
    // Eight bits per channel, RGB, deflate, usual filters, not interlaced.
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, content) in [(b"IHDR", header), (b"IDAT", stored(&pixels)), (b"IEND", Vec::new())] {
        let mut chunk = kind.to_vec();
        chunk.extend_from_slice(&content);
        file.extend_from_slice(&u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
        file.extend_from_slice(&chunk);
        file.extend_from_slice(&crc32(&chunk).to_be_bytes());
    }
    file
}

/// A zlib stream (RFC 1950) of one stored block (RFC 1951, section 3.2.4): the pixels are fewer than 65,536 bytes.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let mut stream = vec![0x78, 0x01, 1];
    stream.extend_from_slice(&length.to_le_bytes());
    stream.extend_from_slice(&(!length).to_le_bytes());
    stream.extend_from_slice(bytes);
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    stream.extend_from_slice(&((high << 16) | low).to_be_bytes());
    stream
}
