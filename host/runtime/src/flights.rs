//! Loads of the same component at the same time: the first one does the work, and the others take what came of it.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use innkeeper_ambient::lock::Mutex;
use innkeeper_store::ComponentDigest;

use crate::component::Connector;

/// What came of a load. Who holds the lock is loading; who gets it after a load that failed or was given up is the next to try.
pub(crate) type Flight = tokio::sync::Mutex<Option<Connector>>;

/// The loads under way.
#[derive(Debug, Default)]
pub(crate) struct Flights(Mutex<HashMap<ComponentDigest, Weak<Flight>>>);

impl Flights {
    /// The load of this component, which lasts as long as anybody takes part.
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
