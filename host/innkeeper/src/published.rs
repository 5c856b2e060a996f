//! JSON Schemas of the host's views: `wit/schemas/*.json`.

use innkeeper_spec::published::printed;
use serde_json::Value;

use crate::connections::ConnectionView;
use crate::connector_plan::ConnectorPlanView;
use crate::connectors::ConnectorView;
use crate::plan::PlanView;
use crate::views::{AuditView, CallResultView, CheckResultView, ErrorView, StatusView};

/// The file name and JSON Schema (2020-12) of each view. The files in `wit/schemas` are the same.
pub fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("connector.json", printed::<ConnectorView>("Connector", "A connector that a host has stored.")),
        ("connector-plan.json", printed::<ConnectorPlanView>("Connector plan", "What adding a connector changes.")),
        ("connection.json", printed::<ConnectionView>("Connection", "A connection, without its secrets.")),
        ("plan.json", printed::<PlanView>("Plan", "What creating or changing a connection would result in.")),
        ("status.json", printed::<StatusView>("Status", "The status of a connection for one owner of its grants.")),
        ("call-result.json", printed::<CallResultView>("Call result", "The result of a call.")),
        ("check-result.json", printed::<CheckResultView>("Check result", "The result of checking a connection.")),
        ("audit-record.json", printed::<AuditView>("Audit record", "A record of an operation.")),
        ("error.json", printed::<ErrorView>("Error", "Why an operation failed.")),
    ]
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::{env, fs};

    use super::*;

    #[test]
    fn the_published_files_are_up_to_date() {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../wit/schemas");
        for (name, schema) in schemas() {
            let path = folder.join(name);
            let text = serde_json::to_string_pretty(&schema).expect("serializes") + "\n";
            if env::var_os("UPDATE_SCHEMAS").is_some() {
                fs::write(&path, text).expect("the file can be written");
                continue;
            }
            let there = fs::read_to_string(&path).unwrap_or_default();
            assert!(there == text, "wit/schemas/{name} is out of date: run `UPDATE_SCHEMAS=1 cargo test -p innkeeper`");
        }
    }
}
