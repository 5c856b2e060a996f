//! A connector's spec, for people.

use innkeeper::shown::{OneLine, Said, address, host_warning};
use innkeeper::spec::{ActionSpec, ApprovedHost, ConnectorSpec, HostPattern, HostRule, Standing};

use crate::failure::Outcome;
use crate::output::{Listing, Output};

/// Actions, hosts and auth types in a few lines.
pub(super) fn overview(spec: &ConnectorSpec, output: Output) -> Outcome {
    for (index, action) in spec.actions.iter().enumerate() {
        let label = if index == 0 { "actions:" } else { "" };
        output.line(format!("  {label:<10} {} ({})", action.name, action.scope))?;
    }
    for (index, rule) in spec.hosts.iter().enumerate() {
        let label = if index == 0 { "requests:" } else { "" };
        output.line(format!("  {label:<10} {}", host(rule)))?;
    }
    output.line(format!("  {:<10} {}", "auth:", auth_types(spec).join(", ")))
}

/// The whole spec except the schemas, which `--json` prints.
pub(super) fn whole(spec: &ConnectorSpec, output: Output) -> Outcome {
    let about = &spec.about;
    output.heading(format!("{} {}: {}", about.id, about.version, OneLine::new(&about.title)))?;
    output.line("The connector says:")?;
    for line in about.description.lines() {
        output.line(format!("  | {}", OneLine::new(line).at_most(LONGEST_DESCRIPTION)))?;
    }
    if let Some(documentation) = &about.documentation {
        output.line(format!("documentation: {}", address(documentation.as_str())))?;
    }
    output.gap()?;
    output.heading("Actions")?;
    let mut actions = Listing::new(["NAME", "SCOPE", "INPUT (* required)", "WHAT IT DOES"]);
    for action in &spec.actions {
        let said = Said::connector(&action.description).at_most(LONGEST_DESCRIPTION).to_string();
        actions.row([action.name.to_string(), scope(action), inputs(action), said]);
    }
    output.table(&actions, "none")?;
    heading("Hosts that it requests", output)?;
    let mut hosts = Listing::new(["HOST", "WHY"]);
    for rule in &spec.hosts {
        let reason = rule.reason.as_ref().map(|reason| Said::connector(reason).to_string());
        hosts.row([host(rule), reason.unwrap_or_default()]);
    }
    output.table(&hosts, "none")?;
    heading("Auth types", output)?;
    output.line(format!("  {}", auth_types(spec).join(", ")))?;
    let config = properties(spec.config.as_value());
    if !config.is_empty() {
        heading("Config (* required)", output)?;
        output.line(format!("  {config}"))?;
    }
    let placeholders: Vec<String> = spec.placeholder_uses().iter().map(ToString::to_string).collect();
    for (name, list) in [("Claims that it reads", &spec.claims), ("Secrets that requests may name", &placeholders)] {
        if !list.is_empty() {
            heading(name, output)?;
            output.line(format!("  {}", list.join(", ")))?;
        }
    }
    Ok(())
}

/// The interfaces that it can call: `http, state, wasi:cli/stderr`.
pub(super) fn imports(imports: &[String], output: Output) -> Outcome {
    let name = |import: &String| {
        let interface = import.split('@').next().unwrap_or(import);
        OneLine::new(interface.strip_prefix("innkeeper:connector/").unwrap_or(interface)).to_string()
    };
    let mut callable: Vec<_> = imports.iter().map(name).collect();
    callable.dedup();
    heading("Interfaces that it can call", output)?;
    output.line(format!("  {}", callable.join(", ")))
}

fn heading(text: &str, output: Output) -> Outcome {
    output.gap()?;
    output.heading(text)
}

/// An approved host, with a warning about its name if there is one.
pub(in crate::commands) fn with_warning(host: &ApprovedHost) -> String {
    warned(host.to_string(), &host.host.to_string())
}

fn warned(mut text: String, name: &str) -> String {
    if let Some(warning) = host_warning(name) {
        text.push_str(" (");
        text.push_str(&warning);
        text.push(')');
    }
    text
}

/// A rule, with a warning about its host's name if there is one.
pub(super) fn host(rule: &HostRule) -> String {
    let text = rule.to_string();
    match &rule.host {
        HostPattern::Name(pattern) | HostPattern::Claim { pattern, .. } => warned(text, &pattern.to_string()),
        HostPattern::Config { .. } => text,
    }
}

/// The longest description of an action or a connector that is shown, in characters.
const LONGEST_DESCRIPTION: usize = 16 * 1024;

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
        let shown = OneLine::new(name).at_most(100);
        if required.contains(&name.as_str()) { first.push(format!("{shown}*")) } else { rest.push(shown.to_string()) }
    }
    first.append(&mut rest);
    first.join(", ")
}
