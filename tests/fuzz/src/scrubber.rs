//! Bodies that repeat a secret, searched as they arrive.

use std::sync::LazyLock;

use bytes::Bytes;
use innkeeper_egress::fuzzing::Scrubbing;

/// Equally long in every coding, and alike for a while: a guess can be right about both, and then about one.
const SECRETS: [&str; 2] = ["ab12cd34ef56gh78ij90", "ab12cd34eX56Gh78iJ91"];
static SCRUBBING: LazyLock<[Scrubbing; 2]> = LazyLock::new(|| SECRETS.map(Scrubbing::of));

/// What comes out does not depend on where the pieces were cut, and neither it nor its sizes on which of two secrets the service
/// knows. Nothing of a secret comes out.
///
/// The first byte gives the block, a byte 1f cuts, and the bytes 10 to 17 stand for the secret in a coding each.
pub fn scrubber(bytes: &[u8]) {
    let Some((block, template)) = bytes.split_first() else { return };
    let block = usize::from(*block % 64) + 1;
    let texts = SECRETS.map(|secret| written(template, secret));
    // A guess that is right is seen to be right.
    let without: Vec<u8> =
        template.iter().copied().filter(|byte| !(0x10..=0x17).contains(byte) && *byte != 0x1f).collect();
    if SCRUBBING.iter().any(|scrubbing| scrubbing.scrubbed(&[&without], block).concat() != without) {
        return;
    }
    let mut seen = Vec::new();
    for ((secret, scrubbing), pieces) in SECRETS.iter().zip(&*SCRUBBING).zip(&texts) {
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let out = scrubbing.scrubbed(&pieces, block);
        let whole = scrubbing.scrubbed(&[&pieces.concat()], block).concat();
        assert_eq!(out.concat(), whole, "what comes out depends on how it arrived");
        let shows = whole.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!shows, "the secret comes out");
        let (_, at_once) = out.split_last().expect("the end is a piece");
        assert!(at_once.iter().all(|piece| piece.len() % block == 0), "a block is not whole");
        seen.push(out.iter().map(Bytes::clone).collect::<Vec<_>>());
    }
    assert_eq!(seen[0], seen[1], "what comes out depends on the secret");
}

/// The pieces of a template.
fn written(template: &[u8], secret: &str) -> Vec<Vec<u8>> {
    let each = |write: fn(u8) -> String| secret.bytes().map(write).collect::<String>().into_bytes();
    let mut pieces = vec![Vec::new()];
    for byte in template {
        let text = match byte {
            0x10 => secret.into(),
            0x11 => each(|byte| format!("%{byte:02X}")),
            0x12 => each(|byte| format!("%25{byte:02x}")),
            0x13 => each(|byte| format!("&#x{byte:x};")),
            0x14 => each(|byte| format!("\\u{byte:04x}")),
            0x15 => each(|byte| format!("{byte:02x}")),
            0x16 => each(|byte| format!("{}\0", char::from(byte))),
            0x17 => secret.as_bytes().chunks(7).collect::<Vec<_>>().join(&b"\r\n"[..]),
            0x1f => {
                pieces.push(Vec::new());
                continue;
            }
            other => vec![*other],
        };
        if let Some(piece) = pieces.last_mut() {
            piece.extend_from_slice(&text);
        }
    }
    pieces
}
