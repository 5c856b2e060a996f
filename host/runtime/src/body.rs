//! A body that a guest holds by handle: its bytes stay in the host until it reads them.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use innkeeper_ambient::Timestamp;
use innkeeper_egress::{Body, EgressError};

use crate::account::{Account, Charge};

/// A body that the guest holds by handle.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct GuestBody {
    body: Body,
    /// Read from the body, but not yet by the guest.
    pending: Bytes,
    /// Where it is scrubbed: the block size in bytes, and how much of a block the guest has read.
    block: Option<usize>,
    into_block: usize,
    /// For the handle, and for its media type if the guest set one.
    _charge: Option<Charge>,
    /// The limit of bytes held for the guest, if these were too many: the body is then empty, and every use reports
    /// it.
    refused: Option<u64>,
}

impl GuestBody {
    pub(crate) fn new(body: Body) -> Self {
        let block = body.block();
        Self { body, pending: Bytes::new(), block, into_block: 0, _charge: None, refused: None }
    }

    /// A body with bytes that the guest made, within its room.
    pub(crate) fn from_guest(account: &Account, content: Vec<u8>, content_type: Option<String>) -> Self {
        let named = account.charge(content_type.as_ref().map_or(0, String::len));
        match named.and_then(|charge| Ok((charge, account.bytes(content)?))) {
            Ok((charge, bytes)) => Self { _charge: Some(charge), ..Self::new(Body::from_bytes(bytes, content_type)) },
            Err(_) => Self { refused: Some(account.limit()), ..Self::new(Body::empty()) },
        }
    }

    /// The body of an answer; its handle takes room, too.
    pub(crate) fn of_answer(account: &Account, body: Body) -> Result<Self, EgressError> {
        Ok(Self { _charge: Some(account.charge(0)?), ..Self::new(body) })
    }

    /// The number of bytes left, if known.
    pub(crate) fn length(&self) -> Option<u64> {
        if self.refused.is_some() {
            return None;
        }
        self.body.length().map(|length| length.saturating_add(self.pending.len() as u64))
    }

    pub(crate) fn content_type(&self) -> Option<&str> {
        self.body.content_type()
    }

    fn usable(&self) -> Result<(), EgressError> {
        self.refused.map_or(Ok(()), |limit| Err(EgressError::TooLarge { limit }))
    }

    /// The rest of the body, for a request: its connection may hold it after the call is gone, until `end`.
    pub(crate) fn hand_over(mut self, end: Timestamp) -> Result<Body, EgressError> {
        self.usable()?;
        self.body.end_at(end);
        Ok(self.into_body())
    }

    /// The rest of the body.
    fn into_body(self) -> Body {
        let Self { body, pending, .. } = self;
        if pending.is_empty() {
            return body;
        }
        let length = body.length().map(|length| length.saturating_add(pending.len() as u64));
        let content_type = body.content_type().map(str::to_owned);
        let bytes = futures::stream::iter([Ok(pending)]).chain(body.into_stream());
        Body::from_stream(bytes, length, content_type)
    }

    /// The rest of the body, for the caller: a download outlives its call for as long as bytes keep arriving.
    pub(crate) fn hand_out(mut self, patience: Duration) -> Body {
        if let Err(refused) = self.usable() {
            return Body::from_stream(futures::stream::iter([Err(refused)]), None, None);
        }
        self.body.outlive_the_call(patience);
        self.into_body()
    }

    pub(crate) async fn read(&mut self, most: usize) -> Result<Bytes, EgressError> {
        self.usable()?;
        let mut most = most;
        while self.pending.is_empty() {
            match self.body.next().await? {
                Some(chunk) => self.pending = chunk,
                None => return Ok(Bytes::new()),
            }
        }
        // How much has arrived depends on where the secrets are; how much of it is read does not.
        if let Some(block) = self.block {
            most = most.min(block - self.into_block);
        }
        let read = self.pending.split_to(most.min(self.pending.len()));
        if let Some(block) = self.block {
            self.into_block = (self.into_block + read.len()) % block;
        }
        Ok(read)
    }

    pub(crate) async fn read_all(&mut self, limit: u64) -> Result<Vec<u8>, EgressError> {
        let too_large = || EgressError::TooLarge { limit };
        if self.body.length().is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        self.usable()?;
        let mut all = Vec::new();
        let mut next = Some(std::mem::take(&mut self.pending));
        loop {
            let Some(chunk) = next else { return Ok(all) };
            if (all.len() + chunk.len()) as u64 > limit {
                return Err(too_large());
            }
            all.extend_from_slice(&chunk);
            next = self.body.next().await?;
        }
    }
}
