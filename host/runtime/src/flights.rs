//! Concurrent loads of the same component: the first one does the work, and the others share its result.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use innkeeper_ambient::lock::Mutex;
use innkeeper_store::ComponentDigest;

use crate::component::Connector;

/// The result of a load. The holder of the lock is loading; whoever gets the lock after a load that failed or was
/// abandoned tries next.
pub(crate) type Flight = tokio::sync::Mutex<Option<Connector>>;

/// The loads under way.
#[derive(Debug, Default)]
pub(crate) struct Flights(Mutex<HashMap<ComponentDigest, Weak<Flight>>>);

impl Flights {
    /// The load of this component, which lasts for as long as anyone takes part in it.
    pub(crate) fn join(&self, digest: &ComponentDigest) -> Arc<Flight> {
        let mut flights = self.0.lock();
        if let Some(flight) = flights.get(digest).and_then(Weak::upgrade) {
            return flight;
        }
        flights.retain(|_, flight| flight.strong_count() > 0);
        let flight = Arc::new(Flight::default());
        flights.insert(digest.clone(), Arc::downgrade(&flight));
        flight
    }
}
