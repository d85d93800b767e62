//! What can be done through the API, once, for programs and for people alike: the JSON routes and the page call
//! the same functions.
//!
//! Knows neither JSON nor HTML.

pub(crate) mod approvals;
pub(crate) mod archive;
pub(crate) mod keys;
pub(crate) mod recordings;
