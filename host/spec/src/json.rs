//! JSON from a third party. Its tree can take a hundred times the memory of its text: `{"":0}` is six bytes of text
//! and more than six hundred of memory. So the tree is measured while it is built, and building it stops at a limit.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Why a text has no tree.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// It is not JSON; the reason names the place and never repeats the text.
    #[error("{0}")]
    Syntax(String),
    /// Its tree would take too much memory.
    #[error("it takes more than {limit} bytes of memory when it is read: return less data, or fewer small objects")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
}

/// The tree of a text, and how many bytes of memory it takes, as far as this can be known: at most `limit`. Nothing
/// beyond the limit is allocated. Nesting deeper than 128 is not accepted as JSON.
pub fn parse(text: &str, limit: usize) -> Result<(Value, usize), ParseError> {
    let mut budget = Budget { left: limit, exceeded: false };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = Tree(&mut budget).deserialize(&mut deserializer);
    let read = read.and_then(|value| deserializer.end().map(|()| value));
    match read {
        Ok(value) => Ok((value, limit - budget.left)),
        Err(_) if budget.exceeded => Err(ParseError::TooLarge { limit }),
        Err(error) => Err(ParseError::Syntax(error.to_string())),
    }
}

struct Budget {
    left: usize,
    exceeded: bool,
}

impl Budget {
    fn take<E: serde::de::Error>(&mut self, size: usize) -> Result<(), E> {
        if let Some(left) = self.left.checked_sub(size) {
            self.left = left;
            Ok(())
        } else {
            self.exceeded = true;
            Err(E::custom("the tree is too large"))
        }
    }

    fn text<E: serde::de::Error>(&mut self, text: &str) -> Result<String, E> {
        self.take(text.len().next_multiple_of(ALIGNMENT))?;
        Ok(text.to_owned())
    }
}

struct Tree<'b>(&'b mut Budget);

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        self.0.text(text).map(Value::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let Self(budget) = self;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(Tree(&mut *budget))? {
            if array.len() == array.capacity() {
                // While it grows, the old one exists next to the new one.
                budget.take(array.capacity().max(FIRST_ITEMS) * size_of::<Value>())?;
            }
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let Self(budget) = self;
        let mut object = Map::new();
        let mut read: usize = 0;
        while let Some(name) = fields.next_key_seed(Name(&mut *budget))? {
            budget.take(node_of_field(read))?;
            read += 1;
            let value = fields.next_value_seed(Tree(&mut *budget))?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

struct Name<'b>(&'b mut Budget);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<String, E> {
        self.0.text(text)
    }
}

/// The growth of the object by its field number `read`, counted from 0. It is a B-tree of nodes with room for 11
/// fields: one for the first 11, and as each has at least 5 and one more between it and the next, one for each 6
/// after them.
const fn node_of_field(read: usize) -> usize {
    match read {
        0 => LEAF,
        NODE_FIELDS => LEAF + INNER,
        1..NODE_FIELDS => 0,
        _ if (read - NODE_FIELDS).is_multiple_of(6) => LEAF + INNER / 6,
        _ => 0,
    }
}

/// Allocators return multiples of it.
const ALIGNMENT: usize = 16;
/// Items that an array has room for as soon as it has one.
const FIRST_ITEMS: usize = 4;
/// Fields that a node of an object has room for.
const NODE_FIELDS: usize = 11;
const LEAF: usize =
    (NODE_FIELDS * (size_of::<String>() + size_of::<Value>()) + 2 * size_of::<usize>()).next_multiple_of(ALIGNMENT);
const INNER: usize = LEAF + ((NODE_FIELDS + 1) * size_of::<usize>()).next_multiple_of(ALIGNMENT);

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    fn size(text: &str) -> usize {
        parse(text, usize::MAX).expect("JSON").1
    }

    #[test]
    fn the_tree_is_the_one_that_everybody_reads() {
        for text in [
            r#"{"a":[1,-2,3.5,1e300,null,true,"x\n\u00fc"],"b":{"c":{}},"":[[]],"a2":18446744073709551615}"#,
            r#"{"a":1,"a":2}"#,
            " 7 ",
            "\"\"",
        ] {
            let (value, _) = parse(text, MIB).expect(text);
            assert_eq!(value, serde_json::from_str::<Value>(text).expect(text));
        }
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place_and_without_its_text() {
        for text in ["", "{", "[1,]", "{\"a\" 1}", "1 2", "secret", "\"\u{1}\"", "[1e999]"] {
            let Err(ParseError::Syntax(reason)) = parse(text, MIB) else { panic!("{text} is JSON") };
            assert!(reason.contains("line 1") && !reason.contains("secret"), "{reason}");
        }
        let deep = "[".repeat(100_000);
        assert!(matches!(parse(&deep, MIB), Err(ParseError::Syntax(reason)) if reason.contains("recursion")));
    }

    #[test]
    fn a_small_text_with_a_huge_tree_ends_at_the_limit() {
        for piece in [r#"{"":0}"#, "[0]", "{}", "[[]]", "\"a\"", "0", r#"{"a":[{"b":[{}]}]}"#] {
            let text = format!("[{}{piece}]", format!("{piece},").repeat(10 * MIB / (piece.len() + 1)));
            let parsed = parse(&text, 16 * MIB);
            assert!(matches!(parsed, Err(ParseError::TooLarge { limit }) if limit == 16 * MIB), "{piece}");
        }
        let names: Vec<_> = (0..MIB).map(|n| format!("\"{n}\":0")).collect();
        assert!(matches!(parse(&format!("{{{}}}", names.join(",")), 16 * MIB), Err(ParseError::TooLarge { .. })));
    }

    #[test]
    fn a_long_text_counts_as_its_bytes() {
        let text = format!("\"{}\"", "x".repeat(MIB));
        assert_eq!(size(&text), MIB);
        assert!(parse(&text, MIB).is_ok());
        assert!(matches!(parse(&text, MIB - 1), Err(ParseError::TooLarge { .. })));
    }

    #[test]
    fn an_object_costs_its_nodes_and_an_array_its_room() {
        assert_eq!(size("{}"), 0);
        assert_eq!(size(r#"{"":0}"#), LEAF);
        assert_eq!(size("[0]"), FIRST_ITEMS * size_of::<Value>());
        assert_eq!(size("[0,0,0,0,0]"), 2 * FIRST_ITEMS * size_of::<Value>());
    }
}
