//! One side of a session: its socket, what was read and not yet taken, and how it stands. Knows not which side it is.

use std::task::{Context, Poll};

use bytes::BytesMut;
use gate::admit::Journaled;

use crate::stream::Stream;

/// One side of a session.
pub(crate) struct Side {
    /// Its stream.
    pub(crate) stream: Stream,
    /// Bytes read and not yet taken by the core.
    pub(crate) received: BytesMut,
    /// Nothing more comes from it.
    pub(super) ended: bool,
    /// Nothing more can be sent to it.
    pub(super) broken: bool,
    /// Something written may still lie in the TLS layer.
    pub(super) unflushed: bool,
}

impl Side {
    /// A side whose login is over; `received` is what came after it.
    pub(crate) fn new(stream: Stream, received: BytesMut) -> Self {
        Self {
            stream,
            received,
            ended: false,
            broken: false,
            unflushed: false,
        }
    }

    /// Reads what there is. `None`: nothing now.
    pub(super) fn fill(&mut self, cx: &mut Context<'_>) -> Option<usize> {
        let result = self.stream.poll_fill(&mut self.received, cx);
        let Poll::Ready(result) = result else {
            return None;
        };
        let count = result.unwrap_or_else(|_| {
            self.broken = true;
            0
        });
        self.ended |= count == 0;
        Some(count)
    }

    /// Writes what the journal has. `None`: nothing went out.
    pub(super) fn forward(
        &mut self,
        bytes: &mut BytesMut,
        _: Journaled,
        cx: &mut Context<'_>,
    ) -> Option<usize> {
        let mut limit = bytes.len();
        self.drain(bytes, &mut limit, cx)
    }

    /// Writes the first `limit` bytes of `bytes` as far as possible. `None`: nothing went out.
    pub(super) fn drain(
        &mut self,
        bytes: &mut BytesMut,
        limit: &mut usize,
        cx: &mut Context<'_>,
    ) -> Option<usize> {
        if self.broken || (*limit == 0 && !self.unflushed) {
            return None;
        }
        match self.stream.poll_drain(bytes, limit, cx) {
            Poll::Pending => None,
            Poll::Ready(Ok(0)) => {
                self.unflushed = false;
                None
            }
            Poll::Ready(Ok(count)) => {
                self.unflushed = self.stream.is_tls();
                Some(count)
            }
            Poll::Ready(Err(_)) => {
                self.broken = true;
                Some(0)
            }
        }
    }
}
