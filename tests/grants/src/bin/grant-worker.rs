//! A process that uses grants under load until it is killed: `grant-worker FOLDER USER...`.
//!
//! It opens the store of the folder, says `ready`, and from then on asks for every user's token again and again. A user who
//! must authorize is named in a line `lost USER REASON`, once.

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use innkeeper_ambient::{Clock, SystemClock};
use innkeeper_auth::AuthError;
use innkeeper_grant_tests::replica::{Replica, owner};
use innkeeper_store::ConnectionRecord;

/// Callers at once of each user.
const CALLERS: usize = 3;
/// Between two calls of one caller.
const PAUSE: Duration = Duration::from_millis(2);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let folder = PathBuf::from(arguments.next().expect("the folder is the first argument"));
    let replica = Replica::open(&folder, Arc::new(SystemClock)).await.map_err(io::Error::other)?;
    let connection = replica.connection().await.expect("the folder's store has the connection");
    writeln!(io::stdout(), "ready")?;
    let callers = arguments.flat_map(|user| (0..CALLERS).map(move |number| (user.clone(), number == 0)));
    let tasks: Vec<_> =
        callers.map(|(user, speaks)| tokio::spawn(call(replica.clone(), connection.clone(), user, speaks))).collect();
    for task in tasks {
        task.await.map_err(io::Error::other)??;
    }
    Ok(())
}

/// Ends when its user must authorize.
async fn call(replica: Replica, connection: Arc<ConnectionRecord>, user: String, speaks: bool) -> io::Result<()> {
    let owner = owner(&user);
    loop {
        match replica.token(&connection, &owner).await {
            Err(AuthError::NeedsAuthorization { reason, .. }) => {
                return if speaks { writeln!(io::stdout(), "lost {user} {reason}") } else { Ok(()) };
            }
            Ok(_) | Err(AuthError::Unavailable { .. }) => SystemClock.sleep(PAUSE).await,
            Err(error) => return writeln!(io::stdout(), "failed {user} {error}"),
        }
    }
}
