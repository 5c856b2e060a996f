//! Why the host itself stops a guest.

/// Why the host itself stopped a guest.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ended {
    #[error("the guest used up its computing time")]
    Cpu,
    #[error("{0} is not there while the spec is read")]
    Impure(&'static str),
    #[error("not JSON: {0}")]
    EventNotJson(String),
    #[error("more than {limit} bytes of streamed results")]
    EventsTooLarge { size: usize, limit: usize },
    #[error("{what} would make more than {limit} bytes that the host holds")]
    HeldTooMuch { what: &'static str, limit: usize },
}
