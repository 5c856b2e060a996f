//! Durability across a loss of power.

use std::fs::File;
use std::io;
use std::path::Path;

/// Makes the name of a new or renamed file durable. The writer must sync the file's content itself.
pub fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // On other systems a folder cannot be opened as a file, and only the file's own sync is possible.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
