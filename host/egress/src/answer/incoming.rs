//! An answer: its head, and its body while it arrives: decoded, bounded in time, scrubbed, no faster than it is read.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode};
use innkeeper_ambient::{Clock, Timestamp};

use crate::EgressError;
use crate::answer::coding::{Coding, Source};
use crate::scrub::ScrubStream;
use crate::scrub::echoes::CallEchoes;

/// An answer whose body is still arriving.
pub(crate) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    /// The length of the body in bytes, if known.
    length: Option<u64>,
    /// A coding that stays on the body.
    foreign: Option<String>,
    source: Source,
    /// Bytes that were examined already and still have to be returned, not scrubbed yet.
    peeked: VecDeque<Bytes>,
    scrub: Option<Scrub>,
    timer: Timer,
    /// Set once the answer is returned to the caller.
    patience: Option<Duration>,
}

struct Scrub {
    stream: ScrubStream,
    /// Set until the first secret was counted.
    echoes: Option<CallEchoes>,
}

impl Answer {
    /// The answer to a request with this method. The timer is the one that waited for the head.
    pub(crate) fn new(
        method: &Method,
        mut response: reqwest::Response,
        mut timer: Timer,
        deadline: Option<Timestamp>,
    ) -> Self {
        timer.set(deadline);
        let status = response.status();
        let length = response.content_length();
        let mut headers = std::mem::take(response.headers_mut());
        let has_body = *method != Method::HEAD
            && !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
            && length != Some(0);
        let coding = if has_body { Coding::of(&headers) } else { Coding::Plain };
        let length = length.filter(|_| !matches!(coding, Coding::Gzip(_)));
        let (source, foreign) = match coding {
            Coding::Plain => (Source::Plain(response), None),
            Coding::Gzip(layers) => (Source::gzip(response, layers, &mut headers), None),
            Coding::Foreign(name) => (Source::Plain(response), Some(name)),
        };
        Self { status, headers, length, foreign, source, peeked: VecDeque::new(), scrub: None, timer, patience: None }
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) fn take_headers(&mut self) -> HeaderMap {
        std::mem::take(&mut self.headers)
    }

    /// The length of the body in bytes, if known, including examined bytes.
    pub(crate) const fn length(&self) -> Option<u64> {
        self.length
    }

    /// A coding that is still on the body, which therefore cannot be searched.
    pub(crate) fn foreign_coding(&self) -> Option<&str> {
        self.foreign.as_deref()
    }

    /// From here on, the returned bytes are scrubbed, and a secret in them counts as an echo.
    pub(crate) fn scrub(&mut self, stream: ScrubStream, echoes: Option<CallEchoes>) {
        self.length = None;
        self.scrub = Some(Scrub { stream, echoes });
    }

    /// The size of the blocks of a scrubbed body, in bytes.
    pub(crate) fn block(&self) -> Option<usize> {
        self.scrub.as_ref().map(|scrub| scrub.stream.block())
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, EgressError> {
        loop {
            let piece = match self.peeked.pop_front() {
                Some(piece) => Some(piece),
                None => self.arrive().await?,
            };
            let Some(scrub) = &mut self.scrub else { return Ok(piece) };
            let ended = piece.is_none();
            let clean = match piece {
                Some(piece) => scrub.stream.push(piece),
                None => scrub.stream.finish(),
            };
            if scrub.stream.has_redacted()
                && let Some(echoes) = scrub.echoes.take()
            {
                echoes.count()?;
            }
            if ended {
                self.scrub = None;
                return Ok(Some(clean).filter(|rest| !rest.is_empty()));
            }
            if !clean.is_empty() {
                return Ok(Some(clean));
            }
        }
    }

    /// The whole body, if it has at most `limit` bytes. It is still returned to the reader afterwards.
    pub(crate) async fn peek(&mut self, limit: usize) -> Result<Option<Bytes>, EgressError> {
        let mut seen = BytesMut::new();
        while let Some(piece) = self.arrive().await? {
            seen.extend_from_slice(&piece);
            self.peeked.push_back(piece);
            if seen.len() > limit {
                return Ok(None);
            }
        }
        Ok(Some(seen.freeze()))
    }

    /// The first `most` bytes of the body, or all of a shorter one. They are still returned to the reader afterwards.
    pub(crate) async fn start(&mut self, most: usize) -> Result<Vec<u8>, EgressError> {
        while self.peeked.iter().map(Bytes::len).sum::<usize>() < most {
            let Some(piece) = self.arrive().await? else { break };
            self.peeked.push_back(piece);
        }
        Ok(self.peeked.iter().flatten().copied().take(most).collect())
    }

    pub(crate) fn end_at(&mut self, end: Timestamp) {
        self.patience = None;
        self.timer.set(Some(end));
    }

    /// From here on, only each single piece has to arrive within `patience`.
    pub(crate) fn outlive_the_call(&mut self, patience: Duration) {
        self.patience = Some(patience);
    }

    async fn arrive(&mut self) -> Result<Option<Bytes>, EgressError> {
        if let Some(patience) = self.patience {
            self.timer.restart(patience);
        }
        let Self { source, timer, .. } = self;
        timer.bound(source.next()).await?
    }
}

/// A deadline for whatever is waited for.
pub(crate) struct Timer {
    clock: Arc<dyn Clock>,
    end: Option<Timestamp>,
    sleep: Option<Sleep>,
}

/// Ends at the timer's end, or before it: then another timer is started.
struct Sleep {
    until: Timestamp,
    running: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Timer {
    pub(crate) fn new(clock: Arc<dyn Clock>, end: Option<Timestamp>) -> Self {
        Self { clock, end, sleep: None }
    }

    fn restart(&mut self, patience: Duration) {
        self.set(Some(self.clock.now().plus(patience)));
    }

    /// Moves the deadline to this time. A running sleep is kept if it does not end later: starting one costs more than an
    /// unnecessary wake.
    fn set(&mut self, end: Option<Timestamp>) {
        self.sleep.take_if(|sleep| end.is_none_or(|end| end < sleep.until));
        self.end = end;
    }

    /// The result of `work`, or [`EgressError::Timeout`] after the deadline, even if `work` never has to wait.
    pub(crate) async fn bound<T>(&mut self, work: impl Future<Output = T>) -> Result<T, EgressError> {
        let Some(end) = self.end else { return Ok(work.await) };
        if self.clock.now() >= end {
            return Err(EgressError::Timeout);
        }
        let mut work = pin!(work);
        poll_fn(|context| {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(Ok(done));
            }
            loop {
                // Started at the first wait: an answer that is already there needs no timer.
                let sleep = self.sleep.get_or_insert_with(|| Sleep::new(&self.clock, end));
                ready!(sleep.running.as_mut().poll(context));
                if sleep.until >= end {
                    return Poll::Ready(Err(EgressError::Timeout));
                }
                self.sleep = None;
            }
        })
        .await
    }
}

impl Sleep {
    fn new(clock: &Arc<dyn Clock>, until: Timestamp) -> Self {
        let clock = Arc::clone(clock);
        Self { until, running: Box::pin(async move { clock.sleep(until.since(clock.now())).await }) }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures::FutureExt;
    use innkeeper_ambient::ManualClock;

    use super::*;

    #[tokio::test]
    async fn a_timer_ends_at_its_last_end_wherever_it_slept_to_before() {
        let start = Timestamp::from_secs(100);
        for (first, last) in [(10, 60), (60, 10), (10, 10)] {
            let clock = Arc::new(ManualClock::new(start));
            let end = |seconds| Some(start.plus(Duration::from_secs(seconds)));
            let mut timer = Timer::new(clock.clone(), end(first));
            assert!(timer.bound(pending::<()>()).now_or_never().is_none(), "it sleeps");
            timer.set(end(last));
            let mut waiting = Box::pin(timer.bound(pending::<()>()));
            clock.advance(Duration::from_secs(last - 1));
            assert!(waiting.as_mut().now_or_never().is_none(), "{first} {last}");
            clock.advance(Duration::from_secs(1));
            assert_eq!(waiting.as_mut().now_or_never(), Some(Err(EgressError::Timeout)), "{first} {last}");
        }
    }
}
