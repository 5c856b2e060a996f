//! Why the host itself stops a guest.

/// Why the host itself stopped a guest.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ended {
    #[error("the guest used up its computing time")]
    Cpu,
    #[error("{0} is not available while the spec is read")]
    Impure(&'static str),
    #[error("not JSON: {0}")]
    EventNotJson(String),
    #[error("more than {limit} bytes of streamed results")]
    EventsTooLarge { size: usize, limit: usize },
    #[error("with {what}, the host would hold more than {limit} bytes")]
    HeldTooMuch { what: &'static str, limit: usize },
}
