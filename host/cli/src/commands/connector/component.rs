//! The file of a component.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::failure::{Failure, Outcome};

/// The bytes of a component's file: at most one more than `most`, which the host then refuses.
pub(crate) fn read(path: &Path, most: usize) -> Outcome<Vec<u8>> {
    let not_read = |error| Failure::file("read", path, &error);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(not_read)?;
    file.take((most as u64).saturating_add(1)).read_to_end(&mut bytes).map_err(not_read)?;
    Ok(bytes)
}
