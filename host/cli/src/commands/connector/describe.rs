//! What a connector says of itself, for people.

use innkeeper::spec::{ActionSpec, ConnectorSpec, CredentialUse, HostRule, Standing};

use crate::failure::Outcome;
use crate::output::{Listing, Output};

/// Actions, hosts and auth types in a few lines.
pub(super) fn overview(spec: &ConnectorSpec, output: Output) -> Outcome {
    for (index, action) in spec.actions.iter().enumerate() {
        let label = if index == 0 { "actions:" } else { "" };
        output.line(format!("  {label:<10} {} ({})", action.name, action.scope))?;
    }
    for (index, rule) in spec.hosts.iter().enumerate() {
        let label = if index == 0 { "asks for:" } else { "" };
        output.line(format!("  {label:<10} {}", host(rule)))?;
    }
    output.line(format!("  {:<10} {}", "auth:", auth_types(spec).join(", ")))
}

/// All of it but the schemas, which `--json` prints.
pub(super) fn whole(spec: &ConnectorSpec, output: Output) -> Outcome {
    let about = &spec.about;
    output.heading(format!("{} {}: {}", about.id, about.version, about.title))?;
    output.line(&about.description)?;
    if let Some(address) = &about.documentation {
        output.line(format!("documentation: {address}"))?;
    }
    output.line("")?;
    output.heading("Actions")?;
    let mut actions = Listing::new(["NAME", "SCOPE", "INPUT (* required)", "WHAT IT DOES"]);
    for action in &spec.actions {
        actions.row([action.name.to_string(), scope(action), inputs(action), action.description.clone()]);
    }
    output.table(&actions, "none")?;
    output.heading("\nHosts that it asks for")?;
    let mut hosts = Listing::new(["HOST", "WHY"]);
    for rule in &spec.hosts {
        hosts.row([host(rule), rule.reason.clone().unwrap_or_default()]);
    }
    output.table(&hosts, "none")?;
    output.heading("\nAuth types")?;
    output.line(format!("  {}", auth_types(spec).join(", ")))?;
    let config = properties(spec.config.as_value());
    if !config.is_empty() {
        output.heading("\nConfig (* required)")?;
        output.line(format!("  {config}"))?;
    }
    let placeholders: Vec<String> = spec.placeholder_uses().iter().map(ToString::to_string).collect();
    for (name, list) in [("Claims that it reads", &spec.claims), ("Secrets that requests may name", &placeholders)] {
        if !list.is_empty() {
            output.heading(format!("\n{name}"))?;
            output.line(format!("  {}", list.join(", ")))?;
        }
    }
    Ok(())
}

/// The interfaces that it can call: `http, state, wasi:cli/stderr`.
pub(super) fn imports(imports: &[String], output: Output) -> Outcome {
    let name = |import: &String| {
        let interface = import.split('@').next().unwrap_or(import);
        interface.strip_prefix("innkeeper:connector/").unwrap_or(interface).to_owned()
    };
    let mut callable: Vec<_> = imports.iter().map(name).collect();
    callable.dedup();
    output.heading("\nInterfaces that it can call")?;
    output.line(format!("  {}", callable.join(", ")))
}

/// One rule: `api.example.com:443/v1 (GET), no credential`.
pub(super) fn host(rule: &HostRule) -> String {
    let mut text = rule.host.to_string();
    if let Some(port) = rule.port {
        text = format!("{text}:{port}");
    }
    if let Some(prefix) = &rule.path_prefix {
        let gap = if text.contains(' ') { ", path " } else { "" };
        text = format!("{text}{gap}{prefix}");
    }
    if !rule.methods.is_empty() {
        text = format!("{text} ({})", rule.methods.join(", "));
    }
    if rule.credential == CredentialUse::Never {
        text.push_str(", no credential");
    }
    text
}

fn auth_types(spec: &ConnectorSpec) -> Vec<String> {
    let standing = |standing| match standing {
        Standing::Standard => "",
        Standing::Recommended => " (recommended)",
        Standing::Legacy => " (legacy)",
        Standing::Experimental => " (experimental)",
    };
    spec.auth_types.iter().map(|taken| format!("{}{}", taken.auth_type, standing(taken.standing))).collect()
}

fn scope(action: &ActionSpec) -> String {
    let mut text = action.scope.to_string();
    if action.streaming {
        text.push_str(", streams");
    }
    text
}

fn inputs(action: &ActionSpec) -> String {
    properties(action.input.as_value())
}

/// Names of an object's properties, required ones first and with a star.
fn properties(schema: &serde_json::Value) -> String {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
    let Some(properties) = schema["properties"].as_object() else { return String::new() };
    let (mut first, mut rest) = (Vec::new(), Vec::new());
    for name in properties.keys() {
        if required.contains(&name.as_str()) { first.push(format!("{name}*")) } else { rest.push(name.clone()) }
    }
    first.append(&mut rest);
    first.join(", ")
}
