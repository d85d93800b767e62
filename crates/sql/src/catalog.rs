//! An immutable snapshot of one database's definitions.
//!
//! Built from the answers to [`QUERIES`]; never asks by itself.

use model::CatalogVersion;

use crate::{Error, View};

/// One question to the server.
#[derive(Clone, Copy, Debug)]
pub struct Query {
    /// Names its answer's rows for [`Builder::row`].
    pub name: &'static str,
    /// The statement; one result set, all cells text.
    pub sql: &'static str,
}

/// Everything to ask, in this order, on a fresh connection of the gateway's own, logged in as the sessions will be.
pub const QUERIES: &[Query] = &[];

/// One cheap query whose single text cell changes whenever any definition that the catalog holds changes.
pub const FINGERPRINT: &str = "SELECT ''";

/// The snapshot.
#[derive(Debug)]
pub struct Catalog {
    version: CatalogVersion,
    login: View,
}

impl Catalog {
    /// Which snapshot it is.
    pub fn version(&self) -> CatalogVersion {
        self.version
    }

    pub(crate) fn login(&self) -> &View {
        &self.login
    }
}

/// Collects the answers.
#[derive(Debug)]
pub struct Builder {
    version: CatalogVersion,
}

impl Builder {
    /// A builder for the snapshot called `version`.
    pub fn new(version: CatalogVersion) -> Self {
        Self { version }
    }

    /// Takes one row of the answer to the query called `query`.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn row(&mut self, query: &str, cells: &[Option<&str>]) -> Result<(), Error> {
        let _ = (query, cells);
        Ok(())
    }

    /// Finishes the snapshot.
    ///
    /// # Errors
    /// [`Error::Missing`] when a query was not answered.
    pub fn build(self) -> Result<Catalog, Error> {
        Ok(Catalog {
            version: self.version,
            login: View::default(),
        })
    }
}
