//! The exports `call` and `check` of a component, looked up once. The generated bindings look up and type-check every
//! export in each new instance, including the large record of the spec: that took a tenth of an empty call.

use wasmtime::component::{ComponentExportIndex, ComponentNamedList, InstancePre, Lift, Lower, TypedFunc};
use wasmtime::{Store, error::Context as _};

use crate::contract::ConnectorPre;
use crate::contract::innkeeper::connector::types as wit;
use crate::guest::Guest;

type CallExport<'a> = TypedFunc<(&'a str, &'a str, &'a [wit::File]), (Result<wit::Output, wit::ActionError>,)>;
type CheckExport = TypedFunc<(), (Result<String, wit::ActionError>,)>;

/// A linked component, and the positions of its exports.
pub(crate) struct Exports {
    pre: InstancePre<Guest>,
    call: ComponentExportIndex,
    check: ComponentExportIndex,
}

impl Exports {
    pub(crate) fn new(connector: &ConnectorPre<Guest>) -> wasmtime::Result<Self> {
        let pre = connector.instance_pre().clone();
        let index = |name| pre.component().get_export_index(None, name).context("an export of the contract is missing");
        let (call, check) = (index("call")?, index("check")?);
        Ok(Self { pre, call, check })
    }

    /// Runs `call` in a fresh instance.
    pub(crate) async fn call(
        &self,
        store: &mut Store<Guest>,
        action: &str,
        input: &str,
        files: &[wit::File],
    ) -> wasmtime::Result<Result<wit::Output, wit::ActionError>> {
        let call: CallExport<'_> = self.instantiated(store, &self.call).await?;
        Ok(call.call_async(store, (action, input, files)).await?.0)
    }

    /// Runs `check` in a fresh instance.
    pub(crate) async fn check(&self, store: &mut Store<Guest>) -> wasmtime::Result<Result<String, wit::ActionError>> {
        let check: CheckExport = self.instantiated(store, &self.check).await?;
        Ok(check.call_async(store, ()).await?.0)
    }

    async fn instantiated<P, R>(
        &self,
        store: &mut Store<Guest>,
        export: &ComponentExportIndex,
    ) -> wasmtime::Result<TypedFunc<P, R>>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift,
    {
        let instance = self.pre.instantiate_async(&mut *store).await?;
        instance.get_typed_func(store, export)
    }
}
