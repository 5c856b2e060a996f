//! An answer, from the bytes that arrive to what may be read.

pub(crate) mod body;
pub(crate) mod body_status;
pub(crate) mod coding;
pub(crate) mod incoming;
pub(crate) mod readable;
pub(crate) mod response;
