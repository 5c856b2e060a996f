//! The host's side of the world `connector`, generated from `wit/connector`.

#![allow(missing_docs, clippy::pedantic, reason = "generated")]

wasmtime::component::bindgen!({
    path: "../../wit/connector",
    world: "connector",
    imports: {
        "innkeeper:connector/http.send": async | trappable,
        "innkeeper:connector/http.send-all": async | trappable,
        "innkeeper:connector/http.[method]body.read": async | trappable,
        "innkeeper:connector/http.[method]body.read-all": async | trappable,
        "innkeeper:connector/connection.claim": async | trappable,
        "innkeeper:connector/state.get": async | trappable,
        "innkeeper:connector/state.set": async | trappable,
        "innkeeper:connector/state.delete": async | trappable,
        "innkeeper:connector/progress.emit": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: { "innkeeper:connector/http.body": crate::body::GuestBody },
});
