use std::path::PathBuf;
use std::{env, fs};

use super::*;
use crate::{Schema, draft};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../wit/schemas")
}

#[test]
fn the_published_files_are_up_to_date() {
    for (name, schema) in schemas() {
        let path = folder().join(name);
        let text = serde_json::to_string_pretty(&schema).expect("serializes") + "\n";
        if env::var_os("UPDATE_SCHEMAS").is_some() {
            fs::create_dir_all(folder()).expect("the folder can be made");
            fs::write(&path, text).expect("the file can be written");
            continue;
        }
        let there = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            there == text,
            "wit/schemas/{name} is out of date: run `UPDATE_SCHEMAS=1 cargo test -p innkeeper-spec`"
        );
    }
}

#[test]
fn a_printed_spec_fits_its_published_schema() {
    let spec = crate::ConnectorSpec::parse(&draft::ConnectorSpec {
        about: draft::About {
            id: "acme".to_owned(),
            version: "1.0.0".to_owned(),
            title: "Acme".to_owned(),
            description: "Files of Acme.".to_owned(),
            documentation: Some("https://example.com".to_owned()),
            icon: None,
        },
        hosts: vec![draft::HostRule {
            host: draft::HostPattern::Name("*.example.com".to_owned()),
            port: None,
            methods: Vec::new(),
            path_prefix: None,
            credential: draft::CredentialUse::Never,
            reason: None,
        }],
        headers: vec![("accept".to_owned(), "*/*".to_owned())],
        actions: vec![draft::ActionSpec {
            name: "list".to_owned(),
            title: "List".to_owned(),
            description: "Lists.".to_owned(),
            output: Some("true".to_owned()),
            ..draft::ActionSpec::default()
        }],
        policies: r#"{"retry":{},"pagination":{"strategy":"offset","offset_param":"skip"}}"#.to_owned(),
        ..draft::ConnectorSpec::default()
    })
    .expect("valid");
    let (_, published) = schemas().into_iter().find(|(name, _)| *name == "connector-spec.json").expect("published");
    let validator = jsonschema::draft202012::options().offline().build(&published).expect("valid");
    let errors: Vec<_> = validator.iter_errors(&spec.to_json()).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0]);
}

#[test]
fn the_schema_of_policies_refuses_what_the_host_refuses() {
    let (_, published) = schemas().swap_remove(0);
    let schema = Schema::parse(published).expect("valid");
    assert!(schema.validate(&json!({"retry": {"max_retries": 3}})).is_ok());
    assert!(schema.validate(&json!({"retry": {"maxRetries": 3}})).is_err());
}
