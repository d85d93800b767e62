//! Labels on columns, and the masking of one value, typed.
//!
//! Knows PostgreSQL's type OIDs and value formats, no protocol framing, no policy.

mod catalog;
mod delivered;
pub mod detect;
mod json;
mod masking;
mod moment;
mod names;
mod number;
pub mod propose;
mod search;
mod secret;
mod text;
mod value;
mod within;
mod xml;

pub use catalog::{Classification, DataCatalog, DataCatalogError, PredicateUse, quoted, stricter};
pub use delivered::{Given, is_masked};
pub use json::mask_json;
pub use masking::Masking;
pub use search::{is_searchable, search_value};
pub use secret::MaskKey;
pub use value::mask_value;
pub use within::{Met, any_within};
pub use xml::mask_xml;
