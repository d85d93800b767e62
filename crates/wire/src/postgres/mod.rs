//! PostgreSQL's protocol, 3.0 and 3.2.
//!
//! Rooms: `frame` (lengths and types), `startup` (client side until the credential is in hand), `login` (upstream
//! side until ReadyForQuery), `session` (between the two), `action` (message to action), `inspect` (text to effects),
//! `forward` (permitted message to upstream), `fail` (ends without success), `rows` (masking), `words` (what the target
//! says itself), `origin` (the second wall), `refuse` (what the gateway itself says), `question` and `reader` (what it
//! asks itself).

mod action;
mod bound;
mod broken;
mod client;
mod copy;
mod copy_in;
#[cfg(any(test, feature = "testing"))]
pub mod exercise;
mod fail;
mod forward;
pub mod frame;
mod freed;
pub mod inspect;
pub mod login;
mod origin;
mod portal;
mod question;
mod queue;
pub mod reader;
mod recent;
pub mod refuse;
mod resolve;
mod rows;
mod server;
pub mod session;
mod settings;
pub mod startup;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod words;

pub use inspect::Inspector;
pub use login::{CancelKey, Login, LoginEffect, LoginParts, UpstreamReady};
pub use session::{Session, SessionParts};
pub use startup::{ClientTls, LoginRequest, Startup, StartupEffect, StartupOptions};
