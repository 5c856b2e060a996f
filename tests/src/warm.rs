//! A host's folder with the hostile connector in it: compiled once for all tests of a process.

use std::path::Path;

use innkeeper_fixtures::files::Snapshot;
use tokio::sync::OnceCell;

use crate::components;
use crate::host::TestHost;

/// Puts the files of such a host into `folder`, keyring included.
pub(crate) async fn fill(folder: &Path) {
    static FILES: OnceCell<Snapshot> = OnceCell::const_new();
    FILES.get_or_init(make).await.write_to(folder);
}

async fn make() -> Snapshot {
    let TestHost { host, folder, .. } = TestHost::start().await;
    host.load(components::hostile()).await.expect("the hostile connector loads");
    host.close().await.expect("the host closes");
    drop(host);
    Snapshot::of(folder.path())
}
