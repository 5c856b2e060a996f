//! Compiling a connector, and taking its compiled code from the cache.

use std::sync::Arc;

use innkeeper::{Code, SystemClock, SystemRandom};
use innkeeper_runtime::{Runtime, RuntimeSettings};
use secrecy::SecretSlice;
use serde::Serialize;

use super::Effort;
use crate::bench_host::component;
use crate::failure::Failure;
use crate::sample::{Stopwatch, median, millis, tenths};

/// How long a connector takes to load, in the middle.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Loading {
    /// Bytes of the component.
    pub(crate) component_bytes: usize,
    /// Compiled, its spec read and checked, its code written to the cache.
    pub(crate) compiled_ms: f64,
    /// From the cache: its MAC verified, its spec checked.
    pub(crate) cached_ms: f64,
}

pub(super) async fn measure(effort: Effort) -> Result<Loading, Failure> {
    let component = component()?;
    let (mut compiled, mut cached) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        let folder = tempfile::tempdir()?;
        for (code, times) in [(Code::Compiled, &mut compiled), (Code::Cached, &mut cached)] {
            let settings = RuntimeSettings {
                cache: Some((folder.path().to_owned(), SecretSlice::from(vec![7; 32]))),
                ..RuntimeSettings::default()
            };
            let runtime = Runtime::new(settings, Arc::new(SystemClock), Arc::new(SystemRandom))?;
            let watch = Stopwatch::start();
            let connector = runtime.load(component.clone()).await?;
            times.push(millis(watch.elapsed()));
            if connector.code() != code {
                return Err(Failure::Egress(format!("the connector was to be {code:?} and is {:?}", connector.code())));
            }
        }
    }
    let (compiled_ms, cached_ms) = (tenths(median(compiled)), tenths(median(cached)));
    Ok(Loading { component_bytes: component.len(), compiled_ms, cached_ms })
}
