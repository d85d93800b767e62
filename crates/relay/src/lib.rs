//! All sockets: listen, TLS, dial, pump, supervise.
//!
//! Decides nothing and parses no protocol: bytes go into `wire`'s cores, actions to the `gate`, and only what these
//! give back goes out again. Threads and tasks are born in `supervise` alone.

mod buffers;
mod cancel;
mod catalog;
mod context;
mod control;
mod dial;
mod doorway;
mod error;
mod host;
mod listen;
pub mod metrics;
mod parse;
mod parts;
mod relay;
mod stream;
mod supervise;
mod tls;
mod workers;

pub use catalog::{ask, definitions};
pub use error::Error;
pub use metrics::Metrics;
pub use parts::{
    ClientTls, ListenAddress, Listener, RelayParts, ResourceTarget, ServerTls, TargetAddress,
    UpstreamTls, UpstreamTlsMode,
};
pub use relay::{Relay, Running};
