//! The one door: opens a session, admits an action, and mints the only [`Permit`].
//!
//! Nothing here knows a runtime, a socket, a database or a protocol. What the door needs from outside
//! it asks through the traits in [`ports`]. Order of one admission: policy, approval, journal, permit;
//! [`permit::Permit`] cannot be made any other way.

pub mod admit;
pub mod desk;
pub mod live;
pub mod open;
pub mod permit;
pub mod ports;

pub use admit::{Admission, Hold, HoldNotice, Session};
pub use live::{Live, StopReason};
pub use open::{ClientInfo, Gate, GateParts, Opening};
pub use permit::{Permit, Verdict};
