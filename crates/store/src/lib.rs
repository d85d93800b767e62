//! The gate's ports on SQLite and local files.
