//! What the gateway itself says in PostgreSQL's own words.
