//! The rules that every store must follow, each as one function over a fresh store.
//!
//! ```ignore
//! #[tokio::test(flavor = "multi_thread")]
//! async fn the_store_keeps_the_rules() {
//!     innkeeper_store::conformance::check(async |clock| Arc::new(open_a_fresh_store(clock).await)).await;
//! }
//! ```

mod records;
mod rules;

use std::pin::Pin;
use std::sync::Arc;

use innkeeper_ambient::{ManualClock, Timestamp};
use tokio::task::LocalSet;

use crate::repositories::Store;

/// Checks every rule on a separate store, which `open` creates; its leases expire by the clock that it is given.
///
/// # Panics
/// After all rules were checked, with the names of the rules that failed.
pub async fn check(open: impl AsyncFn(Arc<ManualClock>) -> Arc<dyn Store>) {
    let mut broken = Vec::new();
    for rule in rules::all() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_secs(100)));
        let fresh = Fresh { store: open(clock.clone()).await, clock };
        // In a separate task, so that the remaining rules are checked even if this one panics.
        let tasks = LocalSet::new();
        let tried = tasks.spawn_local((rule.run)(fresh));
        if let Err(error) = tasks.run_until(tried).await {
            let reason = error.try_into_panic().ok().and_then(|panic| {
                let text = panic.downcast_ref::<String>().cloned();
                text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            });
            broken.push(format!("{}: {}", rule.name, reason.unwrap_or_default()));
        }
    }
    assert!(broken.is_empty(), "the store breaks these rules:\n{}", broken.join("\n"));
}

/// The context of a rule.
struct Fresh {
    store: Arc<dyn Store>,
    /// The store's clock.
    clock: Arc<ManualClock>,
}

/// A rule, as [`list!`] lists it.
struct Rule {
    name: &'static str,
    run: fn(Fresh) -> Pin<Box<dyn Future<Output = ()>>>,
}

/// The rules of a file. They are private to it, so a rule that is missing here is dead code, which the lints reject.
macro_rules! list {
    ($($rule:ident),* $(,)?) => {
        pub(super) const RULES: &[$crate::conformance::Rule] = &[
            $($crate::conformance::Rule { name: stringify!($rule), run: |fresh| Box::pin($rule(fresh)) },)*
        ];
    };
}
use list;
