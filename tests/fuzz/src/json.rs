//! JSON whose tree is counted while it is built.

use std::mem::size_of;

use innkeeper_spec::json::{ParseError, parse};
use serde_json::Value;

use crate::shown::assert_one_plain_line;

/// More than the tree of any input that a run makes.
const ROOM: usize = 256 << 20;

/// A tree is the one that the text stands for, is counted at what it takes at least, and is built with exactly so much room.
pub fn json(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let plain = serde_json::from_str::<Value>(text);
    match parse(text, ROOM) {
        Err(error) => {
            assert_one_plain_line(&error.to_string());
            assert!(plain.is_err(), "{error}, and it is JSON");
        }
        Ok((value, counted)) => {
            assert_eq!(plain.ok().as_ref(), Some(&value));
            assert!(counted >= least(&value), "{counted} bytes are counted of at least {}", least(&value));
            let again = parse(text, counted).expect("it fits into what it was counted at");
            assert_eq!(again, (value, counted));
            if let Some(less) = counted.checked_sub(1) {
                let refused = parse(text, less);
                assert!(matches!(refused, Err(ParseError::TooLarge { limit }) if limit == less), "{refused:?}");
            }
        }
    }
}

/// What a tree takes beside its root, without what its parts leave unused.
fn least(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(|item| size_of::<Value>() + least(item)).sum(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| size_of::<String>() + name.len() + size_of::<Value>() + least(value))
            .sum(),
        _ => 0,
    }
}
