//! Whose fault an error is.

/// Blame decides metric label, log level and close reason.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fault {
    /// The client broke the protocol or sent what cannot be served.
    Client,
    /// The target did.
    Upstream,
    /// Policy ended it.
    Policy,
    /// A named limit was reached.
    Limit,
    /// The gateway itself failed.
    Gateway,
}

impl Fault {
    /// The metric label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Upstream => "upstream",
            Self::Policy => "policy",
            Self::Limit => "limit",
            Self::Gateway => "gateway",
        }
    }
}
