//! The composition root: reads configuration, composes the parts, runs and drains them.
//!
//! Holds no logic of its own: what decides, masks, records or speaks a protocol lives below.

pub mod begin;
pub mod command;
pub mod compose;
pub mod config;
mod convert;
pub mod credentials;
pub mod demo;
mod explain;
mod grants;
pub mod master;
pub mod rehearse;
mod retention;
pub mod rules;
pub mod scan;
mod searching;
pub mod simulate;
mod sink;
#[cfg(feature = "unrecorded")]
mod unrecorded;
mod witness;
