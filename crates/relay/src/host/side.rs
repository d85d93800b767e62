//! One side of a session: its socket, what was read and not yet taken, and how it stands. What can be sent differs by
//! side: towards the target only what the journal has.

use std::io;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use bytes::BytesMut;
use gate::admit::Journaled;

use crate::stream::Stream;

/// Whoever asks.
pub(crate) enum Client {}

/// What is asked.
pub(crate) enum Target {}

/// One side of a session.
pub(crate) struct Side<Of> {
    stream: Stream,
    /// Bytes read and not yet taken by the core.
    pub(crate) received: BytesMut,
    /// Nothing more comes from it.
    pub(super) ended: bool,
    /// Nothing more can be sent to it.
    pub(super) broken: bool,
    /// Something written may still lie in the TLS layer.
    pub(super) unflushed: bool,
    of: PhantomData<Of>,
}

impl<Of> Side<Of> {
    /// A side whose login is over; `received` is what came after it.
    pub(crate) fn new(stream: Stream, received: BytesMut) -> Self {
        Self {
            stream,
            received,
            ended: false,
            broken: false,
            unflushed: false,
            of: PhantomData,
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

    /// Says the transport's own goodbye.
    pub(super) async fn shut_down(&mut self) -> io::Result<()> {
        tokio::io::AsyncWriteExt::shutdown(&mut self.stream).await
    }

    /// Writes the first `limit` bytes of `bytes` as far as possible. `None`: nothing went out.
    fn drain(
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

impl Side<Client> {
    /// Writes the first `limit` bytes, those that are recorded, as far as possible. `None`: nothing went out.
    pub(super) fn deliver(
        &mut self,
        bytes: &mut BytesMut,
        limit: &mut usize,
        cx: &mut Context<'_>,
    ) -> Option<usize> {
        self.drain(bytes, limit, cx)
    }

    /// Whether the client is known to have gone.
    pub(super) fn has_hung_up(&self) -> bool {
        self.stream.has_hung_up()
    }

    /// Reads until nothing more comes, and forgets it.
    pub(super) async fn read_out(&mut self) {
        let mut rest = BytesMut::with_capacity(1024);
        while self.stream.receive(&mut rest).await.unwrap_or(0) > 0 {
            rest.clear();
        }
    }
}

impl Side<Target> {
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
}
