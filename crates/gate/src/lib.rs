//! The one door: opens a session, admits an action, and mints the only [`Permit`].
//!
//! Nothing here knows a runtime, a socket, a database or a protocol. What the door needs from outside
//! it asks through the traits in [`ports`]. Order of one admission: policy, approval, entry, permit, journal;
//! [`permit::Permit`] and [`admit::Journaled`] cannot be made any other way.

pub mod admit;
pub mod archive;
pub mod desk;
mod hold;
mod judge;
mod labels;
pub mod live;
mod oblige;
mod oblige_xml;
pub mod open;
pub mod permit;
pub mod ports;
mod record;
pub mod rehearse;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod words;
mod write_back;

pub use admit::{Admission, Completion, Hold, HoldEnd, HoldNotice, Session};
pub use hold::StoreAnswer;
pub use live::{Live, StopReason};
pub use open::{ClientInfo, Gate, GateParts, Opening};
pub use permit::{Permit, Verdict};
