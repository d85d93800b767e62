//! The gateway's own questions on its own upstream connection: one text at a time, text rows back.
//!
//! Knows nothing of clients; no client byte ever comes here.

use bytes::BytesMut;

/// Why a question got no answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReadError {
    /// The server refused it.
    #[error("the target refused the gateway's own query: {sqlstate} {message}")]
    Refused {
        /// The SQLSTATE.
        sqlstate: String,
        /// The server's words.
        message: String,
    },
    /// The server broke the protocol.
    #[error("the target broke the protocol: {0}")]
    Protocol(#[from] super::frame::FrameError),
}

/// The rows of one answer, in text form; `None` is NULL.
pub type TextRows = Vec<Vec<Option<String>>>;

/// One question under way on a connection that was ready for queries.
pub struct Rows {
    to_upstream: BytesMut,
}

impl Rows {
    /// Asks: the Query message is in [`Rows::to_upstream`].
    ///
    /// # Errors
    /// [`ReadError::Protocol`] for a text too long to be sent.
    pub fn new(sql: &str) -> Result<Self, ReadError> {
        let _ = sql;
        todo!("wire")
    }

    /// Takes bytes the upstream sent; consumes whole messages and leaves the rest.
    pub fn on_bytes(&mut self, bytes: &mut BytesMut) {
        let _ = bytes;
        todo!("wire")
    }

    /// The answer, once the server is ready for the next question.
    pub fn poll(&mut self) -> Option<Result<TextRows, ReadError>> {
        todo!("wire")
    }

    /// Bytes for the upstream; the host drains them.
    pub fn to_upstream(&mut self) -> &mut BytesMut {
        &mut self.to_upstream
    }
}
