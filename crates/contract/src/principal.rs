//! Who is who, and what one may connect to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// An actor.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Principal {
    /// `issuer|subject`; what `revoke` takes.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// The e-mail address, where the issuer vouches for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// `human`, `agent` or `workload`.
    pub kind: String,
    /// Group names.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The human on whose behalf it acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acts_for: Option<Box<Principal>>,
}

/// Answer of `GET /whoami`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WhoAmI {
    /// The caller.
    pub principal: Principal,
    /// The credential's id; never the credential.
    pub credential: String,
    /// What policy lets the caller do here: `view_recordings`, `administer`.
    #[serde(default)]
    pub permissions: Vec<String>,
}

/// A target that the caller may connect to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Resource {
    /// The registered name; what goes into `PGDATABASE`.
    pub name: String,
    /// `postgres`.
    pub protocol: String,
    /// The default database.
    pub database: String,
    /// Databases that `name/database` may name.
    #[serde(default)]
    pub databases: Vec<String>,
    /// Tags from configuration.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Whether connecting itself waits for approval.
    #[serde(default)]
    pub held: bool,
}

/// Answer of `GET /resources`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ResourceList {
    /// By name, ascending.
    pub resources: Vec<Resource>,
}
