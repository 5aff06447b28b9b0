//! Holds what a scripted peer does: the steps of a client and the replies of an upstream.

use super::frames::PREFACE;

/// A step of a raw client. It has connections by number and starts with number 0.
#[derive(Clone)]
pub(crate) enum Step {
    /// Goes on with another connection, which is opened first if it is new.
    On(usize),
    Send(Vec<u8>),
    /// Reads one final HTTP/1 response.
    Response,
    /// Reads the response to a HEAD request.
    HeadResponse,
    /// Reads until this has been received since the last such reading.
    Read(&'static str),
    /// Reads until the proxy ends the connection.
    End,
    HalfClose,
    Reset,
    /// Closes the connection.
    Close,
    Wait(u64),
    /// Waits until an upstream has received so many requests.
    Arrived(&'static str, usize),
    /// Waits until an upstream has received this text on its first connection.
    Seen(&'static str, &'static str),
    /// Waits until so many connections of an upstream have ended.
    Ended(&'static str, usize),
    /// Lets an upstream go on that is held.
    Release(&'static str),
}

impl Step {
    /// Whether it is the beginning of a connection of HTTP/2.
    pub(crate) fn opens_h2(&self) -> bool {
        matches!(self, Self::Send(bytes) if bytes.starts_with(PREFACE))
    }
}

pub(crate) fn send(bytes: impl AsRef<[u8]>) -> Step {
    Step::Send(bytes.as_ref().to_vec())
}

/// What an upstream does, and when it starts.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) trigger: Trigger,
    pub(crate) acts: Vec<Act>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// A request has come, with its whole body.
    Request,
    /// The head of a request has come.
    Head,
    /// A connection was accepted.
    Connection,
}

#[derive(Clone)]
pub(crate) enum Act {
    Send(Vec<u8>),
    Wait(u64),
    /// Waits until the client releases this upstream once more.
    Held,
    /// Waits until so many bytes have come on this connection.
    Received(usize),
    /// Waits until the proxy has ended its side.
    Finished,
    HalfClose,
    Close,
    Reset,
}

/// A reply with these bytes, once the whole request is there.
pub(crate) fn raw(bytes: impl AsRef<[u8]>) -> Reply {
    Reply {
        trigger: Trigger::Request,
        acts: vec![Act::Send(bytes.as_ref().to_vec())],
    }
}

/// A reply that does this, once the whole request is there.
pub(crate) fn acts(acts: impl IntoIterator<Item = Act>) -> Reply {
    Reply {
        trigger: Trigger::Request,
        acts: acts.into_iter().collect(),
    }
}

/// An act that sends bytes.
pub(crate) fn give(bytes: impl AsRef<[u8]>) -> Act {
    Act::Send(bytes.as_ref().to_vec())
}

/// 200 with a body.
pub(crate) fn ok(body: &str) -> Reply {
    answer(200, "", body)
}

/// A response with a status, lines of headers and a body of known length.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Reply {
    let length = body.len();
    raw(format!(
        "HTTP/1.1 {status} Reason\r\n{headers}content-length: {length}\r\n\r\n{body}"
    ))
}

/// Never answers.
pub(crate) fn nothing() -> Reply {
    acts([])
}

/// Answers 200 after a while.
pub(crate) fn late(milliseconds: u64) -> Reply {
    ok("late").after(milliseconds)
}

impl Reply {
    pub(crate) fn on(mut self, trigger: Trigger) -> Self {
        self.trigger = trigger;
        self
    }

    /// Waits first.
    pub(crate) fn after(mut self, milliseconds: u64) -> Self {
        self.acts.insert(0, Act::Wait(milliseconds));
        self
    }

    /// Waits for the client first.
    pub(crate) fn held(mut self) -> Self {
        self.acts.insert(0, Act::Held);
        self
    }

    pub(crate) fn then(mut self, act: Act) -> Self {
        self.acts.push(act);
        self
    }
}
