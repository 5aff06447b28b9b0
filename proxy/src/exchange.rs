//! Carries one request upstream and its response back, both ways at once.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use crate::http::headers::Headers;
use crate::http::message::ResponseHead;
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
    /// There is one at all.
    exists: bool,
    /// What was sent already, to be sent again; nothing once it does not fit.
    replay: Option<Vec<u8>>,
    replay_limit: usize,
}

/// How far a body is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// More is to come.
    #[default]
    Open,
    /// The end is sent.
    Done,
}

impl RequestBody {
    /// A body; `end` says that there is none. Up to `replay_limit` bytes are kept to be sent again.
    pub fn new(end: bool, replay_limit: usize) -> Self {
        Self {
            state: if end { Progress::Done } else { Progress::Open },
            exists: !end,
            replay: (replay_limit > 0).then(Vec::new),
            replay_limit,
            ..Self::default()
        }
    }

    /// Whether the whole of what was sent can be sent once more.
    pub fn can_replay(&self) -> bool {
        self.replay.is_some()
    }

    /// Whether all of it is sent.
    pub fn is_done(&self) -> bool {
        self.state == Progress::Done
    }

    /// Forgets what was kept: the response has begun.
    pub fn forget(&mut self) {
        self.replay = None;
        self.replay_limit = 0;
    }

    /// Sends what was sent already to another upstream.
    pub fn again(&mut self, upstream: &mut impl Upstream) {
        let Some(replay) = &self.replay else { return };
        let end = self.exists && self.state == Progress::Done;
        let trailers = end && !self.trailers.is_empty();
        if !replay.is_empty() || (end && !trailers) {
            upstream.send_data(replay, end && !trailers);
        }
        if trailers {
            upstream.send_trailers(&self.trailers);
        }
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
            if self.state == Progress::Done {
                return Poll::Ready(Ok(()));
            }
            self.data.clear();
            let event = ready!(downstream.poll_body(context, &mut self.data, &mut self.trailers));
            let end = event.map_err(Trouble::Downstream)? == BodyEvent::End;
            let trailers = end && !self.trailers.is_empty();
            if !self.data.is_empty() || (end && !trailers) {
                self.keep();
                upstream.send_data(&self.data, end && !trailers);
            }
            if trailers {
                upstream.send_trailers(&self.trailers);
            }
            if end {
                self.state = Progress::Done;
            }
        }
    }

    fn keep(&mut self) {
        if let Some(replay) = &mut self.replay {
            if replay.len() + self.data.len() > self.replay_limit {
                self.replay = None;
            } else {
                replay.extend_from_slice(&self.data);
            }
        }
    }
}

/// Sends the request's body and waits for the response's head. `clock` says when a limit of
/// time is reached; it hears whether the whole request is sent.
///
/// # Errors
/// Which side broke, or which limit was reached.
pub async fn until_response<T>(
    downstream: &mut impl Downstream,
    upstream: &mut impl Upstream,
    body: &mut RequestBody,
    head: &mut ResponseHead,
    mut clock: impl FnMut(&mut Context<'_>, bool) -> Poll<T>,
) -> Result<bool, Trouble<T>> {
    poll_fn(|context| {
        loop {
            // An upstream may answer before it has the whole body, and may stop taking it then.
            let sending = body.poll(context, downstream, upstream);
            flush_upstream(upstream, context);
            match upstream.poll_response(context, head) {
                Poll::Ready(Ok(ResponseEvent::Head(end))) => return Poll::Ready(Ok(end)),
                Poll::Ready(Ok(ResponseEvent::Informational)) => {
                    downstream.send_informational(head);
                    continue;
                }
                Poll::Ready(Err(broken)) => {
                    return Poll::Ready(Err(Trouble::Upstream(broken)));
                }
                Poll::Pending => {}
            }
            if let Poll::Ready(Err(trouble)) = sending {
                return Poll::Ready(Err(trouble));
            }
            if let Poll::Ready(broken) = downstream.poll_gone(context) {
                return Poll::Ready(Err(Trouble::Downstream(broken)));
            }
            return clock(context, body.is_done()).map(|it| Err(Trouble::Timeout(it)));
        }
    })
    .await
}

/// Carries the response's body back, and what is left of the request's body up.
///
/// # Errors
/// Which side broke, or which limit was reached.
pub async fn until_end<T>(
    downstream: &mut impl Downstream,
    upstream: &mut impl Upstream,
    body: &mut RequestBody,
    response: &mut ResponseBody,
    mut clock: impl FnMut(&mut Context<'_>, bool) -> Poll<T>,
) -> Result<(), Trouble<T>> {
    poll_fn(|context| {
        let before = response.bytes;
        let sending = body.poll(context, downstream, upstream);
        flush_upstream(upstream, context);
        // What ends the response is written by whoever goes on with the connection.
        if let Poll::Ready(result) = response.poll(context, downstream, upstream) {
            return Poll::Ready(result);
        }
        if let Poll::Ready(Err(broken)) = downstream.poll_flush(context) {
            return Poll::Ready(Err(Trouble::Downstream(broken)));
        }
        if let Poll::Ready(Err(trouble)) = sending {
            return Poll::Ready(Err(trouble));
        }
        clock(context, response.bytes != before).map(|it| Err(Trouble::Timeout(it)))
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
