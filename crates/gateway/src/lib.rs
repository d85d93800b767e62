//! The composition root: reads configuration, composes the parts, runs and drains them.
//!
//! Holds no logic of its own: what decides, masks, records or speaks a protocol lives below.

pub mod config;
