//! What the host keeps for one instance while it lives.

use std::sync::Arc;

use innkeeper_spec::ConnectorSpec;
use innkeeper_store::ConnectionRecord;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtxView, WasiView};
use wasmtime_wasi_io::IoView;

use crate::capabilities::account::Account;
use crate::capabilities::state::GuestMemory;
use crate::capabilities::{connection, http, log, progress, wasi};
use crate::deadline::CpuMeter;
use crate::engine::Shared;
use crate::limits::GrowthLimiter;

/// The store's data: each capability's part of this call.
pub(crate) struct Guest {
    /// The runtime's own parts. One pointer to all: whoever counts at a pointer waits for the others who do.
    pub(crate) shared: Arc<Shared>,
    pub(crate) table: ResourceTable,
    pub(crate) growth: GrowthLimiter,
    /// What the host holds for it.
    pub(crate) account: Account,
    pub(crate) meter: Arc<CpuMeter>,
    pub(crate) wasi: wasi::PerCall,
    pub(crate) log: log::PerCall,
    /// None while the spec is read: then every import of the contract refuses.
    pub(crate) working: Option<Working>,
}

/// The capabilities of a call; a spec run has none of them.
pub(crate) struct Working {
    pub(crate) spec: Arc<ConnectorSpec>,
    pub(crate) record: Arc<ConnectionRecord>,
    pub(crate) connection: connection::PerCall,
    pub(crate) http: http::PerCall,
    pub(crate) memory: Arc<GuestMemory>,
    pub(crate) progress: progress::PerCall,
}

/// Why the host itself ended a guest.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ended {
    #[error("the guest used up its computing time")]
    Cpu,
    #[error("{0} is not there while the spec is read")]
    Impure(&'static str),
    #[error("not JSON: {0}")]
    EventNotJson(String),
    #[error("more than {limit} bytes of streamed results")]
    EventsTooLarge { size: usize, limit: usize },
    #[error("{what} would make more than {limit} bytes that the host holds")]
    HeldTooMuch { what: &'static str, limit: usize },
}

impl Guest {
    /// The working capabilities, or the end of a guest that reaches for `import` while its spec is read.
    pub(crate) fn working(&mut self, import: &'static str) -> wasmtime::Result<&mut Working> {
        self.working.as_mut().ok_or_else(|| Ended::Impure(import).into())
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: self.wasi.context(&self.shared, &self.log, &self.account), table: &mut self.table }
    }
}

impl IoView for Guest {
    fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }
}
