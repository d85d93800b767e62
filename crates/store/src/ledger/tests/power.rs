//! The power fails at every step of every write.
