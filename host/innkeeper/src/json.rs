//! How values are written in JSON.

use std::fmt::Display;

use innkeeper_ambient::Timestamp;
use serde::{Serialize, Serializer};

/// The text of its `Display`.
pub(crate) fn as_text<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// The text of each one's `Display`.
pub(crate) fn as_texts<T: Display, S: Serializer>(values: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(ToString::to_string))
}

/// RFC 3339 in UTC, or null.
#[expect(clippy::ref_option, reason = "serde passes the field by reference")]
pub(crate) fn optional_time<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.to_string()).serialize(serializer)
}
