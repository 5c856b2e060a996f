//! What the host holds for one instance while it lives, and which part of it each import of the contract uses.

use std::sync::Arc;

use innkeeper_spec::ConnectorSpec;
use wasmtime::Engine;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi::{WasiCtxView, WasiView};
use wasmtime_wasi_io::IoView;

use crate::account::Account;
use crate::capabilities::connection::ConnectionView;
use crate::capabilities::http::{HttpView, WayOut};
use crate::capabilities::log::LogView;
use crate::capabilities::progress::ProgressView;
use crate::capabilities::state::StateView;
use crate::capabilities::{connection, http, log, progress, state, wasi};
use crate::deadline::CpuMeter;
use crate::limits::GrowthLimiter;
use crate::sandbox::Sandbox;

/// The store's data of the world `connector`: what bounds the guest, and each capability's part of this call.
pub(crate) struct Guest {
    /// One pointer to everything that guests share: threads that count references on a pointer wait for each other.
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) table: ResourceTable,
    pub(crate) growth: GrowthLimiter,
    /// What the host holds for the guest.
    pub(crate) account: Account,
    pub(crate) meter: Arc<CpuMeter>,
    pub(crate) wasi: wasi::PerCall,
    pub(crate) log: log::PerCall,
    /// `None` while the spec is read: every import of the contract then refuses.
    pub(crate) call: Option<Capabilities>,
}

/// The capabilities of a call; a spec run has none of them.
pub(crate) struct Capabilities {
    pub(crate) spec: Arc<ConnectorSpec>,
    pub(crate) connection: connection::PerCall,
    pub(crate) http: http::PerCall,
    pub(crate) state: state::PerCall,
    pub(crate) progress: progress::PerCall,
}

impl Guest {
    /// A linker with every import of the world `connector`, and nothing else.
    pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Self>> {
        let mut linker = Linker::new(engine);
        wasi::link(&mut linker)?;
        log::link(&mut linker, Self::log)?;
        connection::link(&mut linker, Self::connection)?;
        state::link(&mut linker, Self::state)?;
        progress::link(&mut linker, Self::progress)?;
        http::link(&mut linker, Self::http)?;
        Ok(linker)
    }

    fn log(&mut self) -> LogView<'_> {
        LogView { call: self.call.is_some().then_some(&self.log) }
    }

    fn connection(&mut self) -> ConnectionView<'_> {
        let call = self.call.as_ref();
        ConnectionView { call: call.map(|call| &call.connection), claims: call.map_or(&[], |call| &call.spec.claims) }
    }

    fn state(&mut self) -> StateView<'_> {
        StateView {
            call: self.call.as_ref().map(|call| (&call.state, call.connection.record())),
            account: &self.account,
            limits: &self.sandbox.limits,
        }
    }

    fn progress(&mut self) -> ProgressView<'_> {
        ProgressView {
            call: self.call.as_mut().map(|call| &mut call.progress),
            account: &self.account,
            limits: &self.sandbox.limits,
        }
    }

    fn http(&mut self) -> HttpView<'_> {
        let way_out = self.call.as_mut().map(|Capabilities { http, spec, .. }| WayOut {
            call: http,
            headers: &spec.headers,
            policies: &spec.policies,
        });
        HttpView { way_out, table: &mut self.table, account: &self.account, limits: &self.sandbox.limits }
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: self.wasi.context(&self.sandbox, &self.log, &self.account), table: &mut self.table }
    }
}

impl IoView for Guest {
    fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }
}
