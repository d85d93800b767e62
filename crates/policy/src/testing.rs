//! What several of this crate's tests ask about.

#![allow(clippy::unwrap_used)]

use model::{Resource, ResourceName};

use crate::PolicySet;

/// The database `shop` of the resource `orders`.
pub(crate) fn resource() -> Resource {
    Resource {
        name: ResourceName::new("orders").unwrap(),
        protocol: "postgres".into(),
        database: "shop".into(),
        tags: Default::default(),
    }
}

/// The set of one file.
pub(crate) fn set(policies: &str) -> PolicySet {
    PolicySet::load(&[("a.cedar".to_owned(), policies.to_owned())]).unwrap()
}
