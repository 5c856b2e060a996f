//! Turns of callers that load the same connector.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use innkeeper_ambient::lock::Mutex;
use innkeeper_spec::ConnectorId;
use tokio::sync::OwnedMutexGuard;

type Turn = tokio::sync::Mutex<()>;

/// One turn at a time for each connector.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<ConnectorId, Weak<Turn>>>);

impl Turns {
    /// Waits until it is the caller's turn.
    pub(crate) async fn take(&self, id: &ConnectorId) -> OwnedMutexGuard<()> {
        self.of(id).lock_owned().await
    }

    fn of(&self, id: &ConnectorId) -> Arc<Turn> {
        let mut turns = self.0.lock();
        if let Some(turn) = turns.get(id).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::new(Turn::default());
        turns.insert(id.clone(), Arc::downgrade(&turn));
        turn
    }
}
