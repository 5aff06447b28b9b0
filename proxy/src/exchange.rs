//! Carries one request upstream and its response back, both ways at once.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use crate::http::headers::Headers;
use crate::http::message::{RequestHead, ResponseHead};
use crate::stream::{BodyEvent, Broken, Downstream, ResponseEvent, Upstream};

/// Which side a trouble came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble<T> {
    /// The client's side broke.
    Downstream(Broken),
    /// The upstream's side broke.
    Upstream(Broken),
    /// A limit of time was reached.
    Timeout(T),
}

/// The request's body on its way.
#[derive(Debug, Default)]
pub struct RequestBody {
    data: Vec<u8>,
    trailers: Headers,
    state: Progress,
    /// What came and was not sent yet, or what was sent and may have to be sent again.
    kept: Vec<u8>,
    keep: Keep,
    overflowed: bool,
    /// Nothing of it is sent before the response.
    held: bool,
    /// How many bytes of data came.
    pub bytes: u64,
}

/// What of a body is kept.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Keep {
    /// What no upstream was there for.
    #[default]
    Unsent,
    /// All of it, up to so many bytes.
    UpTo(u64),
}

/// How far a body is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// More is to come.
    #[default]
    Open,
    /// The end came.
    Done,
}

impl RequestBody {
    /// A body; `end` says that there is none. Up to `replay_limit` bytes are kept to be sent again, if there is one.
    pub fn new(end: bool, replay_limit: Option<u64>) -> Self {
        Self {
            state: if end { Progress::Done } else { Progress::Open },
            keep: replay_limit.map_or(Keep::Unsent, Keep::UpTo),
            ..Self::default()
        }
    }

    /// Whether all of it came.
    pub fn is_done(&self) -> bool {
        self.state == Progress::Done
    }

    /// Whether it became longer than what may be kept of it; says so once.
    pub fn overflows(&mut self) -> bool {
        std::mem::take(&mut self.overflowed)
    }

    /// The same, without saying it only once.
    pub fn has_overflowed(&self) -> bool {
        self.overflowed
    }

    /// Nothing of it is sent before [`RequestBody::release`]: what follows CONNECT is for whoever is behind the tunnel.
    pub fn hold(&mut self) {
        self.held = true;
    }

    /// Sends what was held back, and from now on what comes.
    pub fn release(&mut self, upstream: &mut impl Upstream) {
        if std::mem::take(&mut self.held) {
            self.send_kept(upstream);
        }
    }

    /// It will not be sent again.
    pub fn forget(&mut self) {
        self.keep = Keep::Unsent;
        if !self.held {
            self.kept = Vec::new();
        }
    }

    /// Sends the request's head and what is kept of the body to an upstream.
    pub fn begin(&mut self, head: &RequestHead, upstream: &mut impl Upstream) {
        let end = self.is_done();
        let trailers = end && !self.trailers.is_empty();
        if self.held {
            return upstream.send_head(head, false);
        }
        let bodiless = end && self.kept.is_empty() && !trailers;
        upstream.send_head(head, bodiless);
        if !bodiless {
            self.send_kept(upstream);
        }
    }

    fn send_kept(&mut self, upstream: &mut impl Upstream) {
        let end = self.is_done();
        let trailers = end && !self.trailers.is_empty();
        if !self.kept.is_empty() || (end && !trailers) {
            upstream.send_data(&self.kept, end && !trailers);
        }
        if trailers {
            upstream.send_trailers(&self.trailers);
        }
        if self.keep == Keep::Unsent {
            self.kept = Vec::new();
        }
    }

    /// Takes what comes while there is no upstream for it, as much as may be kept.
    ///
    /// # Errors
    /// The client's side broke.
    pub fn gather(
        &mut self,
        context: &mut Context<'_>,
        downstream: &mut impl Downstream,
    ) -> Result<(), Broken> {
        while !self.is_done() && (self.keep != Keep::Unsent || self.kept.len() < UNSENT) {
            match self.take(context, downstream) {
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(broken)) => return Err(broken),
                Poll::Pending => break,
            }
            if self.keep == Keep::Unsent {
                self.kept.append(&mut self.data);
            }
        }
        Ok(())
    }

    /// Moves the body on until it is over, or one side has to be waited for.
    fn poll<T>(
        &mut self,
        context: &mut Context<'_>,
        downstream: &mut impl Downstream,
        upstream: &mut impl Upstream,
    ) -> Poll<Result<(), Trouble<T>>> {
        loop {
            ready!(upstream.poll_room(context)).map_err(Trouble::Upstream)?;
            if self.held {
                return Poll::Pending;
            }
            if self.is_done() {
                return Poll::Ready(Ok(()));
            }
            let end = ready!(self.take(context, downstream)).map_err(Trouble::Downstream)?;
            if self.keep == Keep::Unsent {
                self.kept = Vec::new();
            }
            let trailers = end && !self.trailers.is_empty();
            if !self.data.is_empty() || (end && !trailers) {
                upstream.send_data(&self.data, end && !trailers);
            }
            if trailers {
                upstream.send_trailers(&self.trailers);
            }
        }
    }

    /// Takes what there is of it; true at its end.
    fn take(
        &mut self,
        context: &mut Context<'_>,
        downstream: &mut impl Downstream,
    ) -> Poll<Result<bool, Broken>> {
        self.data.clear();
        let event = ready!(downstream.poll_body(context, &mut self.data, &mut self.trailers));
        self.bytes += self.data.len() as u64;
        let event = event?;
        if let Keep::UpTo(limit) = self.keep {
            if self.bytes > limit {
                self.keep = Keep::Unsent;
                self.overflowed = true;
            } else {
                self.kept.extend_from_slice(&self.data);
            }
        }
        if event == BodyEvent::End {
            self.state = Progress::Done;
        }
        Poll::Ready(Ok(event == BodyEvent::End))
    }
}

/// Bytes of a body that are taken before there is an upstream for it, where it is not kept anyway.
const UNSENT: usize = 64 * 1024;

/// Who watches over the time that a request takes.
pub trait Watch {
    /// A limit.
    type Limit;

    /// Hears how far the request is, and how many bytes of the response came.
    fn note(&mut self, request: &RequestBody, response: u64);

    /// Ready when a limit is reached.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Self::Limit>;
}

/// Sends the request's body and waits for a head of the response.
///
/// # Errors
/// Which side broke, or which limit was reached.
pub async fn until_response<W: Watch>(
    downstream: &mut impl Downstream,
    upstream: &mut impl Upstream,
    body: &mut RequestBody,
    head: &mut ResponseHead,
    watch: &mut W,
) -> Result<ResponseEvent, Trouble<W::Limit>> {
    poll_fn(|context| {
        // An upstream may answer before it has the whole body, and may stop taking it then.
        let sending = body.poll(context, downstream, upstream);
        flush_upstream(upstream, context);
        watch.note(body, 0);
        match upstream.poll_response(context, head) {
            Poll::Ready(Ok(event)) => return Poll::Ready(Ok(event)),
            Poll::Ready(Err(broken)) => return Poll::Ready(Err(Trouble::Upstream(broken))),
            Poll::Pending => {}
        }
        if let Poll::Ready(Err(trouble)) = sending {
            return Poll::Ready(Err(trouble));
        }
        if let Poll::Ready(Err(broken)) = downstream.poll_flush(context) {
            return Poll::Ready(Err(Trouble::Downstream(broken)));
        }
        if let Poll::Ready(broken) = downstream.poll_gone(context) {
            return Poll::Ready(Err(Trouble::Downstream(broken)));
        }
        watch.poll(context).map(|it| Err(Trouble::Timeout(it)))
    })
    .await
}

/// Carries the response's body back, and what is left of the request's body up.
///
/// # Errors
/// Which side broke, or which limit was reached.
pub async fn until_end<W: Watch>(
    downstream: &mut impl Downstream,
    upstream: &mut impl Upstream,
    body: &mut RequestBody,
    response: &mut ResponseBody,
    watch: &mut W,
) -> Result<(), Trouble<W::Limit>> {
    poll_fn(|context| {
        let sending = body.poll(context, downstream, upstream);
        flush_upstream(upstream, context);
        // What ends the response is written by whoever goes on with the connection.
        if let Poll::Ready(result) = response.poll(context, downstream, upstream) {
            watch.note(body, response.bytes);
            return Poll::Ready(result);
        }
        if let Poll::Ready(Err(broken)) = downstream.poll_flush(context) {
            return Poll::Ready(Err(Trouble::Downstream(broken)));
        }
        if let Poll::Ready(Err(trouble)) = sending {
            return Poll::Ready(Err(trouble));
        }
        if let Poll::Ready(broken) = downstream.poll_gone(context) {
            return Poll::Ready(Err(Trouble::Downstream(broken)));
        }
        watch.note(body, response.bytes);
        watch.poll(context).map(|it| Err(Trouble::Timeout(it)))
    })
    .await
}

/// Writes what is queued. An upstream that no longer takes anything may still have answered: reading tells.
fn flush_upstream(upstream: &mut impl Upstream, context: &mut Context<'_>) {
    let _ = upstream.poll_flush(context);
}

/// The response's body on its way.
#[derive(Debug, Default)]
pub struct ResponseBody {
    data: Vec<u8>,
    /// The trailers, when it is over.
    pub trailers: Headers,
    state: Progress,
    /// How many bytes of data went down.
    pub bytes: u64,
}

impl ResponseBody {
    fn poll<T>(
        &mut self,
        context: &mut Context<'_>,
        downstream: &mut impl Downstream,
        upstream: &mut impl Upstream,
    ) -> Poll<Result<(), Trouble<T>>> {
        loop {
            ready!(downstream.poll_room(context)).map_err(Trouble::Downstream)?;
            if self.state == Progress::Done {
                return Poll::Ready(Ok(()));
            }
            self.data.clear();
            let event = ready!(upstream.poll_body(context, &mut self.data, &mut self.trailers));
            self.bytes += self.data.len() as u64;
            if event.is_err() && !self.data.is_empty() {
                downstream.send_data(&self.data, false);
            }
            let end = event.map_err(Trouble::Upstream)? == BodyEvent::End;
            let trailers = end && !self.trailers.is_empty();
            if !self.data.is_empty() || (end && !trailers) {
                downstream.send_data(&self.data, end && !trailers);
            }
            if trailers {
                downstream.send_trailers(&self.trailers);
            }
            if end {
                self.state = Progress::Done;
            }
        }
    }
}

#[cfg(test)]
mod tests;
