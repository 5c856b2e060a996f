//! What must survive a loss of power.

use std::fs::File;
use std::io;
use std::path::Path;

/// Makes the name of a new or renamed file durable. The file's own content is for its writer to sync.
pub fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // Elsewhere a folder cannot be opened as a file, and the file's own sync is all there is.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
