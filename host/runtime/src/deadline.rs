//! The time that a guest itself computes.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// How long a guest has computed: the time inside polls of its call, waiting left out.
#[derive(Debug)]
pub(crate) struct CpuMeter {
    origin: Instant,
    spent_nanos: AtomicU64,
    poll_began_nanos: AtomicU64,
}

impl CpuMeter {
    pub(crate) fn start() -> Arc<Self> {
        Arc::new(Self { origin: now(), spent_nanos: AtomicU64::new(0), poll_began_nanos: AtomicU64::new(0) })
    }

    /// Up to now, the poll under way included.
    pub(crate) fn spent(&self) -> Duration {
        let running = self.elapsed_nanos().saturating_sub(self.poll_began_nanos.load(Ordering::Relaxed));
        Duration::from_nanos(self.spent_nanos.load(Ordering::Relaxed).saturating_add(running))
    }

    /// Time since the call began.
    pub(crate) fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.elapsed_nanos())
    }

    fn elapsed_nanos(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[expect(clippy::disallowed_methods, reason = "what a guest has computed is measured, no expiry hangs on it")]
fn now() -> Instant {
    Instant::now()
}

/// A future whose polls are timed.
pub(crate) struct Metered<'a, F> {
    pub(crate) inner: Pin<&'a mut F>,
    pub(crate) meter: Arc<CpuMeter>,
}

impl<F: Future> Future for Metered<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let began = self.meter.elapsed_nanos();
        self.meter.poll_began_nanos.store(began, Ordering::Relaxed);
        let polled = self.inner.as_mut().poll(cx);
        let took = self.meter.elapsed_nanos().saturating_sub(began);
        self.meter.spent_nanos.fetch_add(took, Ordering::Relaxed);
        polled
    }
}
