//! Audit records.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use innkeeper_ambient::Timestamp;
use innkeeper_runtime::GuestContext;
use innkeeper_store::{AuditFilter, AuditRecord, ConnectionRecord, Page, Paged, PrincipalId};
use tracing::Instrument as _;

use crate::error::Error;
use crate::host::Innkeeper;
use crate::policy::{AccessRequest, Verb};

/// Something done with a connection, for the access policy and the audit trail.
#[derive(Clone)]
pub(crate) struct Event {
    pub(crate) verb: Verb,
    /// The action of a call.
    pub(crate) action: Option<String>,
    pub(crate) principal: Option<PrincipalId>,
}

impl Event {
    pub(crate) fn new(verb: Verb, principal: Option<PrincipalId>) -> Self {
        Self { verb, action: None, principal }
    }
}

impl Innkeeper {
    /// A page of the audit records of a space that match the filter, newest first.
    pub async fn audit(&self, filter: &AuditFilter, page: &Page) -> Result<Paged<AuditRecord>, Error> {
        let request = AccessRequest {
            connection: filter.connection.as_ref(),
            principal: filter.principal.as_ref(),
            ..AccessRequest::in_space(Verb::ReadAudit, &filter.space)
        };
        self.allow(request).await?;
        Ok(self.parts.audit.read(filter, page).await?)
    }

    pub(crate) async fn record(&self, record: AuditRecord) -> Result<(), Error> {
        if self.parts.strict_audit {
            self.parts.audit.record_strictly(record).await?;
        } else {
            self.parts.audit.record(record);
        }
        Ok(())
    }

    pub(crate) fn underway<'a>(
        &'a self,
        record: &'a ConnectionRecord,
        event: Event,
        context: &GuestContext,
    ) -> Underway<'a> {
        let (began, sent) = (self.parts.clock.now(), context.http.sent.clone());
        Underway { host: self, record, event: Some(event), began, sent }
    }

    /// Runs work that changes something to its end, even if the caller stops waiting: the change is then recorded, too.
    /// [`Innkeeper::close`] waits for it, for some time.
    pub(crate) async fn to_the_end<T, F>(&self, work: impl FnOnce(Self) -> F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let task = self.parts.auth.task(work(self.clone()).in_current_span());
        task.await.unwrap_or_else(|ended| match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Error::Stopping),
        })
    }

    /// Records what was done with a connection outside a call.
    pub(crate) async fn note(
        &self,
        record: &ConnectionRecord,
        verb: Verb,
        principal: Option<PrincipalId>,
    ) -> Result<(), Error> {
        let event = Event::new(verb, principal);
        self.record(self.audit_record(record, event, "ok")).await
    }

    /// A record of something that took no time, for the caller to complete.
    pub(crate) fn audit_record(&self, record: &ConnectionRecord, event: Event, outcome: &'static str) -> AuditRecord {
        AuditRecord {
            at: self.parts.clock.now(),
            space: record.space.clone(),
            connection: record.id.clone(),
            connector: record.connector.clone(),
            event: event.verb.as_str().into(),
            action: event.action,
            principal: event.principal,
            outcome: outcome.into(),
            duration: 0,
            requests: 0,
        }
    }
}

/// A call that runs. Dropping it leaves a record, too: requests may have left the host.
pub(crate) struct Underway<'a> {
    host: &'a Innkeeper,
    record: &'a ConnectionRecord,
    /// `None` once it is recorded.
    event: Option<Event>,
    began: Timestamp,
    sent: Arc<AtomicU32>,
}

impl Underway<'_> {
    pub(crate) async fn finish(mut self, outcome: &'static str, duration: Duration) -> Result<(), Error> {
        match self.record(outcome, duration) {
            Some(record) => self.host.record(record).await,
            None => Ok(()),
        }
    }

    fn record(&mut self, outcome: &'static str, duration: Duration) -> Option<AuditRecord> {
        let event = self.event.take()?;
        Some(AuditRecord {
            at: self.host.parts.clock.now().minus(duration),
            duration: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            requests: self.sent.load(Ordering::Relaxed),
            ..self.host.audit_record(self.record, event, outcome)
        })
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        let duration = self.host.parts.clock.now().since(self.began);
        if let Some(record) = self.record("cancelled", duration) {
            self.host.parts.audit.record(record);
        }
    }
}
