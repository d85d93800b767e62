//! PostgreSQL's protocol, 3.0 and 3.2.
//!
//! Rooms: `frame` (lengths and types), `startup` (client side until the credential is in hand), `login` (upstream
//! side until ReadyForQuery), `session` (between the two), `rows` (masking), `inspect` (text to action),
//! `refuse` (what the gateway itself says).
