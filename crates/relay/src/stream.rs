//! One connected byte stream: TCP, unix socket, or TLS over TCP. Knows no protocol.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, Interest, ReadBuf, Ready};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsStream;

use crate::buffers;

/// A stream towards a client or a target.
pub(crate) enum Stream {
    /// Plain TCP.
    Tcp(TcpStream),
    /// A unix socket.
    Unix(UnixStream),
    /// TLS, on either side.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Reads what there is, once, into a buffer lent for it; `Ready(0)` is the end of the stream.
    pub(crate) fn poll_fill(
        &mut self,
        buffer: &mut BytesMut,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        buffers::lend(buffer);
        // The future holds nothing between polls, so a fresh one each time loses nothing.
        let result = pin!(self.read_buf(buffer)).poll(cx);
        buffers::reclaim(buffer);
        result
    }

    /// Writes as much as the socket takes of the first `limit` bytes and drops it from the front. `Ready` when
    /// none of them is left, here and in the TLS layer.
    pub(crate) fn poll_drain(
        &mut self,
        buffer: &mut BytesMut,
        limit: &mut usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut written = 0;
        while *limit > 0 {
            let bytes = buffer.get(..*limit).unwrap_or_default();
            match Pin::new(&mut *self).poll_write(cx, bytes) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => {
                    buffer.advance(count);
                    *limit -= count;
                    written += count;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending if written == 0 => return Poll::Pending,
                Poll::Pending => return Poll::Ready(Ok(written)),
            }
        }
        match Pin::new(self).poll_flush(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending if written == 0 => Poll::Pending,
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(written)),
        }
    }

    /// Writes all of `buffer`.
    ///
    /// # Errors
    /// The socket's.
    ///
    /// # Cancel safety
    /// Cancel safe: what was written is gone from the buffer.
    pub(crate) async fn send(&mut self, buffer: &mut BytesMut) -> io::Result<()> {
        let mut left = buffer.len();
        while left > 0 {
            std::future::poll_fn(|cx| self.poll_drain(buffer, &mut left, cx)).await?;
        }
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_flush(cx)).await
    }

    /// Reads something into `buffer`; 0 is the end of the stream.
    ///
    /// # Errors
    /// The socket's.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(crate) async fn receive(&mut self, buffer: &mut BytesMut) -> io::Result<usize> {
        self.read_buf(buffer).await
    }

    /// Whether the peer has hung up, told without reading: what it sent before may still lie unread.
    pub(crate) fn has_hung_up(&self) -> bool {
        match self {
            Self::Tcp(stream) => is_closed(stream.ready(Interest::READABLE)),
            Self::Unix(stream) => is_closed(stream.ready(Interest::READABLE)),
            Self::Tls(stream) => is_closed(stream.get_ref().0.ready(Interest::READABLE)),
        }
    }

    /// Whether TLS protects it.
    pub(crate) fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// TLS version and cipher, or `none`; for the record.
    pub(crate) fn tls_text(&self) -> String {
        let Self::Tls(stream) = self else {
            return "none".to_owned();
        };
        let (_, state) = stream.get_ref();
        let version = state.protocol_version().and_then(|one| one.as_str());
        let suite = state.negotiated_cipher_suite();
        let suite = suite.and_then(|one| one.suite().as_str());
        format!(
            "{} {}",
            version.unwrap_or("TLS"),
            suite.unwrap_or("unknown")
        )
    }
}

/// Looks at a socket's readiness once, and leaves no waker behind.
fn is_closed(readiness: impl Future<Output = io::Result<Ready>>) -> bool {
    match pin!(readiness).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(ready)) => ready.is_read_closed(),
        Poll::Ready(Err(_)) => true,
        Poll::Pending => false,
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
