//! Compiled code as it lies on disk, where others may write.

use std::sync::LazyLock;

use innkeeper_runtime::fuzzing::CodeEntries;

const COMPONENT: &str = "sha256:11";
const OTHER: &str = "sha256:12";

/// An entry verifies only if this host wrote it for this component, and a right MAC makes no body of it dangerous to read.
///
/// The input is the body of an entry. It is also taken for a whole entry, and as changes to one: three bytes each, two of place and
/// one to put there.
pub fn code_entry(bytes: &[u8]) {
    static KEYS: LazyLock<[CodeEntries; 2]> = LazyLock::new(|| [1, 2].map(|byte| CodeEntries::new(vec![byte; 32])));
    let [entries, strangers] = &*KEYS;
    assert!(!entries.verifies(COMPONENT, bytes), "an entry was made without the key");

    let entry = entries.entry(COMPONENT, bytes);
    let is_read = entries.verifies(COMPONENT, &entry);
    assert!(!entries.verifies(OTHER, &entry), "an entry is taken for another component");
    assert!(!strangers.verifies(COMPONENT, &entry), "an entry of another host is taken");
    if !is_read {
        return;
    }
    assert!(!entries.verifies(COMPONENT, &entry[..entry.len() - 1]), "an entry that was cut short is taken");
    let mut changed = entry.clone();
    for change in bytes.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([change[0], change[1]])) % changed.len();
        changed[place] = change[2];
    }
    assert!(changed == entry || !entries.verifies(COMPONENT, &changed), "an entry that was changed is taken");
}
