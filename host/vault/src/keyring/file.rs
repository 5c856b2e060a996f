//! A keyring in a file that only its owner may access.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use innkeeper_ambient::Random;

use super::source::read_text;
use super::{Keyring, KeyringError};

impl Keyring {
    /// Creates a keyring with one fresh key in a new file with mode 0600. The file is either complete and on the disk, or does
    /// not exist.
    pub fn create_file(path: &Path, random: &dyn Random) -> Result<Self, KeyringError> {
        let keyring = Self::generate(random);
        let written = Written::beside(path, &keyring, random)?;
        // Unlike a rename, a hard link does not replace an existing file.
        match fs::hard_link(&written.0, path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(KeyringError::Exists(path.to_owned()));
            }
            Err(error) => return Err(not_written(path, error)),
        }
        drop(written);
        sync_folder(path)?;
        Ok(keyring)
    }

    /// Puts a fresh key first in the file. Everything sealed before still opens; a reader sees the old file or the new one.
    pub fn rotate_file(path: &Path, random: &dyn Random) -> Result<Self, KeyringError> {
        let mut keyring = load(path)?;
        keyring.add_first(random);
        replace(path, &keyring, random)?;
        Ok(keyring)
    }

    /// Drops all keys but the first from the file. Only call it after a complete rotation ([`crate::Vault::rotate`]): data
    /// wrapped under the other keys can never be opened again.
    pub fn retire_file(path: &Path, random: &dyn Random) -> Result<Self, KeyringError> {
        let mut keyring = load(path)?;
        keyring.keep_first();
        replace(path, &keyring, random)?;
        Ok(keyring)
    }
}

pub(super) fn load(path: &Path) -> Result<Keyring, KeyringError> {
    let not_read = |error| KeyringError::File { path: path.to_owned(), verb: "read", error };
    let file = File::open(path).map_err(not_read)?;
    refuse_exposed(path, &file.metadata().map_err(not_read)?)?;
    Keyring::parse(&read_text(file, not_read)?)
}

#[cfg(unix)]
fn refuse_exposed(path: &Path, metadata: &fs::Metadata) -> Result<(), KeyringError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyringError::Exposed { path: path.to_owned(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_exposed(_: &Path, _: &fs::Metadata) -> Result<(), KeyringError> {
    Ok(())
}

fn replace(path: &Path, keyring: &Keyring, random: &dyn Random) -> Result<(), KeyringError> {
    // The name may be a symbolic link to the real file; a rename over it would leave the real file unchanged.
    let path = &fs::canonicalize(path).map_err(|error| not_written(path, error))?;
    let written = Written::beside(path, keyring, random)?;
    fs::rename(&written.0, path).map_err(|error| not_written(path, error))?;
    sync_folder(path)
}

/// A temporary file beside the target, complete and on the disk. It is removed when it goes out of scope, if it still exists.
struct Written(PathBuf);

impl Written {
    fn beside(path: &Path, keyring: &Keyring, random: &dyn Random) -> Result<Self, KeyringError> {
        let name = path.file_name().ok_or_else(|| not_written(path, io::ErrorKind::InvalidFilename.into()))?;
        let mut beside = std::ffi::OsString::from(".");
        beside.push(name);
        beside.push(format!(".{:016x}", u64::from_be_bytes(random.bytes())));
        let beside = path.with_file_name(beside);

        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside).map_err(|error| not_written(path, error))?;
        let written = Self(beside);
        file.write_all(keyring.to_text().as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(|error| not_written(path, error))?;
        Ok(written)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        // After a rename there is nothing to remove; a failure could not be handled anyway.
        let _ = fs::remove_file(&self.0);
    }
}

/// Makes the file's name durable.
fn sync_folder(path: &Path) -> Result<(), KeyringError> {
    innkeeper_ambient::sync_folder(path).map_err(|error| not_written(path, error))
}

fn not_written(path: &Path, error: io::Error) -> KeyringError {
    KeyringError::File { path: path.to_owned(), verb: "written", error }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::keyring::KeyringSource;
    use innkeeper_ambient::SeededRandom;
    use std::os::unix::fs::PermissionsExt as _;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_new_keyring_file_is_for_its_owner_alone_and_never_replaces_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keyring");
        let made = Keyring::create_file(&path, &SeededRandom::new(1)).expect("made");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        let loaded = Keyring::load(&KeyringSource::File(path.clone())).expect("loads");
        assert!(loaded.ids().eq(made.ids()));

        let before = fs::read(&path).expect("reads");
        let again = Keyring::create_file(&path, &SeededRandom::new(2));
        assert!(matches!(again, Err(KeyringError::Exists(_))), "{again:?}");
        assert_eq!(fs::read(&path).expect("reads"), before);
        assert_eq!(names(folder.path()), ["keyring"]);
    }

    #[test]
    fn a_file_that_others_may_use_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keyring");
        Keyring::create_file(&path, &SeededRandom::new(1)).expect("made");
        for mode in [0o640, 0o604, 0o620, 0o666] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode is set");
            let error = Keyring::load(&KeyringSource::File(path.clone())).expect_err("exposed");
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
    }

    #[test]
    fn rotating_puts_a_key_first_and_retiring_leaves_it_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keyring");
        let made = Keyring::create_file(&path, &SeededRandom::new(1)).expect("made");
        let rotated = Keyring::rotate_file(&path, &SeededRandom::new(2)).expect("rotated");
        assert_eq!(rotated.ids().nth(1), Some(made.first_id()));
        assert_ne!(rotated.first_id(), made.first_id());
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);

        let retired = Keyring::retire_file(&path, &SeededRandom::new(3)).expect("retired");
        assert!(retired.ids().eq([rotated.first_id()]));
        assert!(load(&path).expect("loads").ids().eq(retired.ids()));
        assert_eq!(names(folder.path()), ["keyring"]);
    }
}
