//! Rules every store keeps.
