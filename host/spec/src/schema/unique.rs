//! `uniqueItems` in time that grows only with the value. The library's own hashes `[1,[2]]` as it does `[[1],2]`, and
//! sums up the fields of an object: a list of items that all hash alike would be compared each with each.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError};
use serde_json::{Map, Number, Value};

/// Replaces the library's keyword.
#[allow(clippy::unnecessary_wraps, clippy::needless_pass_by_value, reason = "the library calls it so")]
pub(super) fn keyword<'a>(
    _schema: &'a Map<String, Value>,
    wanted: &'a Value,
    _path: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    Ok(Box::new(UniqueItems { wanted: wanted.as_bool().unwrap_or(false) }))
}

struct UniqueItems {
    wanted: bool,
}

impl<'i> Keyword<'i> for UniqueItems {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if Keyword::is_valid(self, instance) { Ok(()) } else { Err(ValidationError::custom("contains an item twice")) }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        !self.wanted || instance.as_array().is_none_or(|items| are_unique(items))
    }
}

/// Whether no item appears twice; numbers compare by value, so that 1 equals 1.0.
fn are_unique(items: &[Value]) -> bool {
    // Its keys are random in each process: values with equal hashes cannot be constructed.
    let hashes = RandomState::new();
    let mut seen = HashSet::with_capacity_and_hasher(items.len(), hashes.clone());
    items.iter().all(|item| seen.insert(Item { value: item, hashes: &hashes }))
}

struct Item<'a> {
    value: &'a Value,
    hashes: &'a RandomState,
}

impl PartialEq for Item<'_> {
    fn eq(&self, other: &Self) -> bool {
        equal(self.value, other.value)
    }
}

impl Eq for Item<'_> {}

impl Hash for Item<'_> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let inner = |value| Item { value, hashes: self.hashes };
        match self.value {
            Value::Null => 0_u8.hash(hasher),
            Value::Bool(value) => (1_u8, value).hash(hasher),
            Value::Number(number) => (2_u8, Worth::of(number)).hash(hasher),
            Value::String(text) => (3_u8, text).hash(hasher),
            Value::Array(items) => {
                (4_u8, items.len()).hash(hasher);
                for item in items {
                    inner(item).hash(hasher);
                }
            }
            Value::Object(fields) => {
                // Independent of order: the fields of an object have none.
                let sum = fields
                    .iter()
                    .fold(0_u64, |sum, (name, value)| sum.wrapping_add(self.hashes.hash_one((name, inner(value)))));
                (5_u8, fields.len(), sum).hash(hasher);
            }
        }
    }
}

fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => Worth::of(one) == Worth::of(other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| equal(value, other)))
        }
        (one, other) => one == other,
    }
}

/// The value of a number, however it is written.
#[derive(PartialEq, Eq, Hash)]
enum Worth {
    Whole(i128),
    /// The bits of a number that is not whole, or is beyond the whole numbers of JSON.
    Other(u64),
}

impl Worth {
    #[expect(clippy::cast_possible_truncation, reason = "only what lies within the bounds is turned into an integer")]
    fn of(number: &Number) -> Self {
        const BEYOND: f64 = 1e30;
        if let Some(whole) = number.as_i128() {
            return Self::Whole(whole);
        }
        let value = number.as_f64().unwrap_or(f64::NAN);
        if value.fract() == 0.0 && value.abs() < BEYOND {
            Self::Whole(value as i128)
        } else {
            Self::Other(value.to_bits())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn unique(value: &Value) -> bool {
        are_unique(value.as_array().expect("a list"))
    }

    #[test]
    fn items_are_what_they_mean() {
        for twice in [
            json!([1, 1.0]),
            json!([0, -0.0]),
            json!([{"a": 1, "b": 2}, {"b": 2, "a": 1.0}]),
            json!([[], []]),
            json!([null, null]),
            json!(["a", "b", "a"]),
            json!([1e15, 1_000_000_000_000_000_u64]),
        ] {
            assert!(!unique(&twice), "{twice}");
        }
        for once in [
            json!([1, true, "1", null, [1], {"1": 1}]),
            json!([[1, [2]], [[1], 2], [[1, 2]], [1, 2]]),
            json!([0, false, "", [], {}]),
            json!([{"a": 1}, {"a": 2}, {"b": 1}]),
            json!([9_007_199_254_740_992_u64, 9_007_199_254_740_993_u64]),
            json!([1.5, 1.25]),
        ] {
            assert!(unique(&once), "{once}");
        }
    }

    #[test]
    fn items_that_differ_in_their_brackets_alone_do_not_hash_alike() {
        let hashes = RandomState::new();
        let nested = |value| hashes.hash_one(Item { value, hashes: &hashes });
        let (one, other, third) = (json!([[], [[]]]), json!([[[]], []]), json!([[[], []]]));
        assert_ne!(nested(&one), nested(&other));
        assert_ne!(nested(&one), nested(&third));
        assert_eq!(nested(&json!({"a": 1, "b": 2})), nested(&json!({"b": 2.0, "a": 1})));
    }
}
