//! Holds a connection of a pool, of HTTP/1 or HTTP/2, with its place in the books.

use std::cell::{Cell, OnceCell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Waker};

use tokio::task::AbortHandle;

use super::super::connection::{Connected, Counted};
use super::life::Life;
use super::{count, kilobytes, settings};
use crate::config::model::cluster::Cluster;
use crate::config::model::protocol::HeaderCase;
use crate::facts;
use crate::http1::{self, head::Limits};
use crate::http2;
use crate::multiplex::{Shared, client};

/// A connection of HTTP/1.
pub(super) struct Http1 {
    pub(super) connection: http1::client::Connection,
    pub(super) counted: Counted,
    pub(super) life: Life,
    /// How often the connections of the pool had been given up when this one was made.
    pub(super) born: u32,
    pub(super) tls: Option<Rc<facts::Tls>>,
}

/// A connection of HTTP/2; what moves its bytes has its place in the books.
pub(super) struct Http2 {
    pub(super) shared: Rc<RefCell<Shared>>,
    /// Our end of it.
    pub(super) local: Option<SocketAddr>,
    /// Requests that are on it.
    pub(super) active: Cell<u32>,
    /// It stands among those that are ready.
    pub(super) is_ready: Cell<bool>,
    pub(super) tls: Option<Rc<facts::Tls>>,
    pub(super) life: Life,
    /// How often the connections of the pool had been given up when this one was made.
    pub(super) born: u32,
    pub(super) keeper: OnceCell<Task>,
}

/// A task that ends with who holds this.
pub(super) struct Task(pub(super) AbortHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What carries one request.
pub(super) enum Carrier {
    /// A whole connection.
    Http1(Box<Http1>),
    /// A stream.
    Http2(client::Stream, Rc<Http2>),
}

impl Http1 {
    pub(super) fn new(made: Connected, cluster: &Cluster, born: u32) -> Self {
        let options = cluster.protocol.http1();
        let settings = http1::Settings {
            head_size: kilobytes(cluster.common.max_response_headers_kb.unwrap_or(60)),
            limits: Limits {
                headers: count(cluster.common.max_headers_count),
                allow_chunked_length: options.is_some_and(|it| it.allow_chunked_length),
                allow_custom_methods: options.is_some_and(|it| it.allow_custom_methods),
            },
            trailers: options.is_some_and(|it| it.enable_trailers),
            capitals: options.is_some_and(|it| it.header_case == HeaderCase::ProperCaseWords),
        };
        Self {
            connection: http1::client::Connection::new(made.wire, settings),
            counted: made.counted,
            life: Life::new(&cluster.common),
            born,
            tls: made.tls,
        }
    }

    /// Whether the host has ended an idle connection, or sent what nobody asked for. It stays watched by `context`.
    pub(super) fn has_ended(&mut self, context: &mut Context<'_>) -> bool {
        let ended = self.connection.poll_idle_end(context).is_ready();
        if ended {
            self.counted.note(&self.connection.wire);
            if self.connection.broke_protocol() {
                self.counted.broke_protocol();
            }
            if self.connection.wire.has_ended() {
                self.counted.ended_by_host();
            }
        }
        ended
    }

    /// The same, of one that nobody watches any more.
    pub(super) fn is_dead(&mut self) -> bool {
        self.has_ended(&mut Context::from_waker(Waker::noop()))
    }
}

impl Http2 {
    /// The connection, and what is counted of it.
    pub(super) fn new(made: Connected, cluster: &Cluster, born: u32) -> (Rc<Self>, Counted) {
        let mut settings = cluster
            .protocol
            .http2()
            .map_or_else(Default::default, settings);
        let common = &cluster.common;
        settings.max_headers_bytes = kilobytes(common.max_response_headers_kb.unwrap_or(60));
        settings.max_headers_count = count(common.max_headers_count);
        let codec = http2::Connection::client(settings);
        let connection = Self {
            shared: Rc::new(RefCell::new(Shared::new(codec, made.wire))),
            local: made.counted.local(),
            active: Cell::new(0),
            is_ready: Cell::new(false),
            life: Life::new(common),
            keeper: OnceCell::new(),
            born,
            tls: made.tls,
        };
        (Rc::new(connection), made.counted)
    }

    /// Whether one more request may be put on it.
    pub(super) fn has_room(&self) -> bool {
        !self.life.is_over() && self.active.get() < self.shared.borrow().stream_limit()
    }

    /// One more request.
    pub(super) fn stream(self: &Rc<Self>) -> Carrier {
        self.active.set(self.active.get() + 1);
        let stream = client::Stream::new(Rc::clone(&self.shared));
        Carrier::Http2(stream, Rc::clone(self))
    }
}

impl Carrier {
    /// The life of the connection.
    pub(super) fn life(&self) -> &Life {
        match self {
            Self::Http1(http1) => &http1.life,
            Self::Http2(_, connection) => &connection.life,
        }
    }
}
