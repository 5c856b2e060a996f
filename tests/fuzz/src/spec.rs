//! What a connector says of itself.

use innkeeper_egress::fuzzing as egress;
use innkeeper_spec::{ApprovedHost, ConnectorSpec, HostPattern, Mistakes, draft};
use serde_json::{Value, json};

use crate::shown::assert_one_plain_line;

/// The longest line that one mistake may become, in bytes.
const LONGEST_MISTAKE: usize = 8 * 1024;

/// A spec that is taken keeps what its types promise; of one that is not, every mistake is a line for people.
///
/// The input is the spec as a component answers it, in JSON.
pub fn spec(bytes: &[u8]) {
    let Ok(draft) = serde_json::from_slice::<draft::ConnectorSpec>(bytes) else { return };
    match ConnectorSpec::parse(&draft) {
        Err(mistakes) => told(&mistakes),
        Ok(spec) => keeps(&spec),
    }
}

fn told(mistakes: &Mistakes) {
    assert!(!mistakes.0.is_empty(), "a spec is refused without a reason");
    for mistake in &mistakes.0 {
        let line = mistake.to_string();
        assert_one_plain_line(&line);
        assert!(line.len() <= LONGEST_MISTAKE, "a mistake is told in {} bytes", line.len());
        assert!(mistake.place.is_empty() || mistake.place.starts_with('/'), "{:?} is no place", mistake.place);
    }
}

fn keeps(spec: &ConnectorSpec) {
    assert!(spec.differences(spec).is_empty(), "a spec differs from itself");
    assert!(spec.to_json().is_object());
    egress::add_defaults(&mut http::HeaderMap::new(), &spec.headers).expect("the headers of a spec can be sent");
    for rule in &spec.hosts {
        if let HostPattern::Name(pattern) = &rule.host {
            let approved = rule.resolve(&Value::Null, &|_| None).expect("a fixed host needs no config");
            let approved = approved.expect("a fixed host is always there");
            assert_eq!(approved.host, *pattern);
            let read: ApprovedHost = approved.to_string().parse().expect("what is shown can be read");
            assert!(read.covers(&approved) && approved.covers(&read), "{approved} is another rule when it is read");
        }
    }
    for declaration in &spec.auth_types {
        assert!(spec.auth_declaration(&declaration.auth_type).is_some());
    }
    for action in &spec.actions {
        assert_eq!(spec.action(action.name.as_str()).map(|found| &found.name), Some(&action.name));
        for value in [json!({}), json!([]), json!({ "a": "b" })] {
            if let Err(violations) = action.input.validate(&value) {
                assert!(!violations.0.is_empty(), "a value is refused without a reason");
            }
        }
    }
}
