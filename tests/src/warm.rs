//! A host's folder with the hostile connector in it: compiled once for all tests of a process.

use std::fs::{self, Permissions};
use std::path::{Path, PathBuf};

use innkeeper_fixtures::files::files;
use tokio::sync::OnceCell;

use crate::components;
use crate::host::TestHost;

struct Entry {
    path: PathBuf,
    permissions: Permissions,
    bytes: Vec<u8>,
}

/// Puts the files of such a host into `folder`, keyring included.
pub(crate) async fn fill(folder: &Path) {
    static FILES: OnceCell<Vec<Entry>> = OnceCell::const_new();
    for entry in FILES.get_or_init(make).await {
        let path = folder.join(&entry.path);
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder can be made");
        fs::write(&path, &entry.bytes).expect("a file can be written");
        fs::set_permissions(&path, entry.permissions.clone()).expect("a file's mode can be set");
    }
}

async fn make() -> Vec<Entry> {
    let TestHost { host, folder } = TestHost::start().await;
    host.load(components::hostile()).await.expect("the hostile connector loads");
    host.close().await.expect("the host closes");
    drop(host);
    files(folder.path())
        .into_iter()
        .map(|path| Entry {
            permissions: fs::metadata(&path).expect("a file").permissions(),
            bytes: fs::read(&path).expect("a file can be read"),
            path: path.strip_prefix(folder.path()).expect("it lies in the folder").to_owned(),
        })
        .collect()
}
