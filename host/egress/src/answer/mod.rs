//! Answers: from the arriving bytes to readable content.

pub(crate) mod body;
pub(crate) mod body_status;
pub(crate) mod coding;
pub(crate) mod incoming;
pub(crate) mod readable;
pub(crate) mod response;
