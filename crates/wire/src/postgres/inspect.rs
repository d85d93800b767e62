//! From statement text to analysed statements, with a cache shared by the sessions of one database.

/// Analyses texts against one database's catalog; shared by its sessions.
#[derive(Default)]
pub struct Inspector {}

impl Inspector {
    /// An inspector that knows no catalog: everything that names an object is refused until
    /// `set_catalog`.
    pub fn new() -> Self {
        Self::default()
    }
}
