//! Sessions played from transcripts.
