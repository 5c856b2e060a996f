//! The contract's types and functions, generated from `wit/connector`.
#![allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    reason = "generated: calls across the component's border are unsafe by nature"
)]

wit_bindgen::generate!({
    path: "../../wit/connector",
    world: "connector",
    pub_export_macro: true,
    export_macro_name: "export_world",
    default_bindings_module: "innkeeper_guest::component::bindings",
    runtime_path: "wit_bindgen::rt",
});
