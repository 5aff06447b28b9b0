//! Ends a connection: warns the peer, takes no more streams, writes what is left, waits for the other end.

use std::task::{Context, Poll, ready};

use super::shared::Shared;

impl Shared {
    /// Warns the client that the connection will be drained; says whether that is news.
    pub fn announce(&mut self) -> bool {
        let is_news = !std::mem::replace(&mut self.announced, true);
        if is_news {
            self.codec.announce_shutdown();
            self.wake_driver();
        }
        is_news
    }

    /// Whether the client was warned.
    pub fn is_announced(&self) -> bool {
        self.announced
    }

    /// Takes no more streams; the open ones go on.
    pub fn drain(&mut self) {
        self.codec.go_away();
        self.wake_driver();
    }

    /// Writes what is left when the connection has ended for us.
    pub fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while !self.codec.output().is_empty() {
            match ready!(self.wire.poll_write(self.codec.output(), context)) {
                Ok(count) => self.codec.wrote(count),
                Err(_) => break,
            }
        }
        Poll::Ready(())
    }

    /// Ready when the peer has ended a connection of which we want nothing more.
    pub fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let came = ready!(self.wire.poll_fill(context));
            if !matches!(came, Ok(1..)) {
                return Poll::Ready(());
            }
            let count = self.wire.input.bytes().len();
            self.wire.input.take(count);
        }
    }
}
