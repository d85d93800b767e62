//! Who drives the protocol cores: one pump for byte-stream protocols, and one choreography per protocol for the way
//! from accept to a running session.

pub(crate) mod admission;
pub(crate) mod ending;
pub(crate) mod greet;
pub(crate) mod postgres;
mod side;
pub(crate) mod stream;
