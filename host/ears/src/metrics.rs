//! The metrics of the service, in the text format of Prometheus and `OpenMetrics`.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::observe::Seen;

/// Seconds: the service itself takes a fraction of a millisecond, a provider takes seconds.
const BUCKETS: [f64; 11] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0];

pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    own: Family<Endpoint, Histogram>,
    provider: Family<Provider, Histogram>,
}

/// The values are names of routes, outcomes and configured providers, never text from a caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    provider: String,
    endpoint: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Endpoint {
    endpoint: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Provider {
    provider: String,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("innkeeper_ears");
        let requests = Family::default();
        let histogram = || Histogram::new(BUCKETS);
        let own = Family::new_with_constructor(histogram as fn() -> Histogram);
        let provider = Family::new_with_constructor(histogram as fn() -> Histogram);
        registry.register("requests", "Requests by provider, endpoint and outcome", requests.clone());
        let help = "Time of a request without the provider's time";
        registry.register_with_unit("own_time", help, Unit::Seconds, own.clone());
        registry.register_with_unit("provider_time", "The provider's time", Unit::Seconds, provider.clone());
        Self { registry, requests, own, provider }
    }

    pub(crate) fn count(&self, endpoint: &'static str, seen: &Seen, whole: Duration) {
        let provider = seen.provider.as_deref().unwrap_or("unknown").to_owned();
        let own = whole.saturating_sub(seen.provider_time);
        self.own.get_or_create(&Endpoint { endpoint }).observe(own.as_secs_f64());
        if !seen.provider_time.is_zero() {
            let time = seen.provider_time.as_secs_f64();
            self.provider.get_or_create(&Provider { provider: provider.clone() }).observe(time);
        }
        self.requests.get_or_create(&Request { provider, endpoint, outcome: seen.outcome }).inc();
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
