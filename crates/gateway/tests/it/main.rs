//! The whole thing, end to end: the real binary, real PostgreSQL servers, a real OpenID provider, real clients.
//!
//! Needs what `scripts/setup.sh test` installs. Servers are shared by the tests of one run; each test has a gateway of
//! its own.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its stage does not hold"
)]

mod approving;
mod bearer;
mod beginning;
mod browser;
mod clients;
mod copying;
mod defining;
mod detecting;
mod drivers;
mod enduring;
mod entering;
mod exporting;
mod generate;
mod grants;
mod holding;
mod hostile;
mod identity;
mod interference;
mod journal;
mod leaks;
mod ledger;
mod migrating;
mod moving;
mod oracle;
mod portals;
mod procedures;
mod reading;
mod reconciling;
mod refusing;
mod replaying;
mod scanning;
mod searching;
mod simulating;
mod sinking;
mod stage;
mod startup;
mod targets;
mod tools;
mod vault;
mod writing;
