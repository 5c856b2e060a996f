//! A live token of a grant, from memory.

use std::hint::black_box;

use serde::Serialize;

use super::Effort;
use crate::bench_host::{BenchHost, head};
use crate::failure::Failure;
use crate::sample::{Stopwatch, median};

/// Tokens taken between two looks at the clock, which would cost as much as a token does.
const BATCH: u32 = 1000;

/// A live token of a grant, from memory.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Token {
    /// Asked for, and made ready to be put on a request, in the middle.
    pub(crate) live_ns: f64,
}

pub(super) async fn measure(stage: &BenchHost, effort: Effort) -> Result<Token, Failure> {
    let (credential, head) = (stage.token().await?, head());
    // The first one comes from the service.
    credential.attachment(&head, None).await?;
    let mut each = Vec::new();
    let watch = Stopwatch::start();
    while watch.elapsed() < effort.turn {
        let batch = Stopwatch::start();
        for _ in 0..BATCH {
            black_box(credential.attachment(&head, None).await?);
        }
        each.push(batch.elapsed().as_secs_f64() * 1e9 / f64::from(BATCH));
    }
    Ok(Token { live_ns: median(each).round() })
}
