//! Reading a spec: the same sandbox, with a clock that stands still, random bytes that are always the same, and every
//! import of the contract refusing. So one component has one spec.

use std::sync::Arc;

use innkeeper_ambient::SeededRandom;
use innkeeper_spec::draft;

use crate::account::Account;
use crate::call::{bounded, store, table};
use crate::capabilities::{log, wasi};
use crate::contract::ConnectorPre;
use crate::convert;
use crate::deadline::CpuMeter;
use crate::engine::Runtime;
use crate::error::CallError;
use crate::guest::Guest;
use crate::limits::GrowthLimiter;
use crate::trap::Place;

impl Runtime {
    pub(crate) async fn read_spec(&self, pre: &ConnectorPre<Guest>) -> Result<draft::ConnectorSpec, CallError> {
        let place = Place { connector: "that is being loaded", action: "spec" };
        let sandbox = self.shared.sandbox.clone();
        let limits = &sandbox.limits;
        let meter = CpuMeter::start();
        let account = Account::new(limits.held);
        let guest = Guest {
            table: table(limits),
            growth: GrowthLimiter::new(limits),
            meter: meter.clone(),
            wasi: wasi::PerCall::new(wasi::Source::Frozen { random: Arc::new(SeededRandom::new(0)) }),
            log: log::PerCall::new(log::Origin::default(), limits, account.clone()),
            account,
            call: None,
            sandbox,
        };
        let mut store = store(&self.shared.engine, guest, MOST_LIFTED);
        let read = bounded(self, &mut store, async |store| {
            let connector = pre.instantiate_async(&mut *store).await?;
            connector.call_spec(store).await
        })
        .await;
        read.map(convert::spec).map_err(|problem| place.error(problem))
    }
}

/// Bytes of a spec as it is taken from the guest; the spec as JSON has its own, smaller limit.
const MOST_LIFTED: usize = 16 << 20;
