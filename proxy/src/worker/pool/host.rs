//! Shares the connections to one host among the requests to it.

use std::cell::{RefCell, RefMut};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Waker};

use tokio::task::spawn_local;
use tokio::time::Instant;

use super::super::connection::{ConnectFailure, Connected, Counted};
use super::super::secure::ServerName;
use super::super::upstream::Upstream;
use super::Spoken;
use super::carrier::{Carrier, Http1, Http2, Task};
use super::in_use::InUse;
use super::lease::Lease;
use super::life::{keep, keep_http2};
use super::queue::{Place, Queue};
use crate::config::model::route::Priority;
use crate::http::message::Protocol;
use crate::multiplex::{Books, Driver, Ended};
use crate::stats::ClusterStats;
use crate::upstream::{Host, Resource};

/// The most connections that are begun because of one event; with one for each request that waits it is never reached.
const CONNECTIONS_AT_ONCE: usize = 3;

/// The connections to one host that requests of one priority share, and the requests that wait for one.
pub(super) struct HostPool {
    pub(super) host: Arc<Host>,
    pub(super) priority: Priority,
    spoken: Spoken,
    name: Option<ServerName>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// Connections of HTTP/1 without a request; the last is taken first.
    #[expect(
        clippy::vec_box,
        reason = "handed to requests and back without being moved"
    )]
    idle: Vec<Box<Http1>>,
    /// Connections of HTTP/2 that take another request; the last is taken first.
    multiplexed: Vec<Rc<Http2>>,
    queue: Queue,
    /// How many requests the connections can carry that are being made.
    promised: u64,
    /// All connections, also those that are being made.
    connections: usize,
    /// It counts as in use while it has connections.
    in_use: Option<InUse>,
    /// How often the connections of until then were given up.
    drains: u32,
    keeper: Option<Keeper>,
}

/// What watches the idle connections of HTTP/1.
struct Keeper {
    _task: Task,
    waker: Waker,
    /// When it looks next, if nothing happens.
    next: Option<Instant>,
}

impl State {
    /// So many connections are no more.
    fn ended(&mut self, count: usize) {
        self.connections -= count;
        if self.connections == 0 {
            self.in_use = None;
        }
    }
}

impl HostPool {
    pub(super) fn new(
        host: Arc<Host>,
        priority: Priority,
        spoken: Spoken,
        name: Option<ServerName>,
    ) -> Self {
        Self {
            host,
            priority,
            spoken,
            name,
            state: RefCell::default(),
        }
    }

    /// Nobody waits in it, and it has no connections.
    pub(super) fn is_unused(&self) -> bool {
        let state = self.state.borrow();
        state.connections == 0 && state.queue.is_empty()
    }

    pub(super) fn queue(&self) -> RefMut<'_, Queue> {
        RefMut::map(self.state.borrow_mut(), |it| &mut it.queue)
    }

    /// A connection that takes another request now.
    pub(super) fn ready(&self) -> Option<Carrier> {
        let state = &mut *self.state.borrow_mut();
        while let Some(connection) = state.multiplexed.last() {
            let carrier = connection.has_room().then(|| connection.stream());
            if carrier.is_none() || !connection.has_room() {
                connection.is_ready.set(false);
                state.multiplexed.pop();
            }
            if carrier.is_some() {
                return carrier;
            }
        }
        while let Some(mut idle) = state.idle.pop() {
            if !idle.is_dead() {
                return Some(Carrier::Http1(idle));
            }
            state.ended(1);
        }
        None
    }

    /// Gives a connection to a request, if there may be one more.
    pub(super) fn admit(
        self: &Rc<Self>,
        upstream: &Rc<Upstream>,
        carrier: Carrier,
    ) -> Result<Lease, ConnectFailure> {
        if upstream.take(self.priority, Resource::Requests) {
            carrier.life().begin_request(&upstream.stats);
            upstream.begin_request(&self.host);
            return Ok(Lease::new(carrier, upstream, self));
        }
        upstream.stats.upstream_rq_active_overflow.increment();
        match carrier {
            Carrier::Http1(idle) => self.state.borrow_mut().idle.push(idle),
            Carrier::Http2(_, connection) => self.left(&connection),
        }
        Err(ConnectFailure::Overflow)
    }

    /// Waits for a connection.
    pub(super) async fn wait(
        self: &Rc<Self>,
        upstream: &Rc<Upstream>,
    ) -> Result<Lease, ConnectFailure> {
        if !upstream.take(self.priority, Resource::Pending) {
            upstream.stats.upstream_rq_pending_overflow.increment();
            return Err(ConnectFailure::Overflow);
        }
        upstream.begin_waiting(&self.host);
        let (ticket, outcome) = self.queue().push();
        let place = Place {
            ticket,
            upstream: Rc::clone(upstream),
            pool: Rc::clone(self),
        };
        self.connect(upstream);
        let outcome = outcome.await;
        drop(place);
        outcome.unwrap_or(Err(ConnectFailure::Unreachable))
    }

    pub(super) fn end_waiting(&self, upstream: &Upstream) {
        upstream.end_waiting(&self.host);
        upstream.give(self.priority, Resource::Pending);
    }

    /// Connects until what is being connected can carry all that wait.
    fn connect(self: &Rc<Self>, upstream: &Rc<Upstream>) {
        for _ in 0..CONNECTIONS_AT_ONCE {
            let state = self.state.borrow();
            if state.queue.len() as u64 <= state.promised {
                return;
            }
            let may = upstream.may_connect(&self.host, self.priority);
            if !may {
                upstream.stats.upstream_cx_overflow.increment();
            }
            // Without any connection those that wait would wait for ever.
            if !may && state.connections > 0 {
                return;
            }
            drop(state);
            self.dial(upstream);
            if !may {
                return;
            }
        }
    }

    fn dial(self: &Rc<Self>, upstream: &Rc<Upstream>) {
        let counted = Counted::begin(upstream, &self.host, self.priority);
        if self.spoken != Spoken::Negotiated {
            count_version(upstream, self.spoken == Spoken::Http2);
        }
        let promised = self.carries(upstream);
        let mut state = self.state.borrow_mut();
        state.promised += promised;
        state.connections += 1;
        let in_use = &mut state.in_use;
        in_use.get_or_insert_with(|| InUse::begin(upstream, self.priority));
        let (pool, upstream) = (Rc::clone(self), Rc::clone(upstream));
        spawn_local(async move {
            let outcome = upstream
                .establish(counted, Some(pool.spoken), pool.name.as_ref())
                .await;
            pool.state.borrow_mut().promised -= promised;
            match outcome {
                Ok(made) => pool.made(&upstream, made),
                Err(failure) => pool.failed(&upstream, &failure),
            }
        });
    }

    /// How many requests a connection is expected to carry at once before it is there.
    fn carries(&self, upstream: &Upstream) -> u64 {
        let options = upstream.cluster().config().protocol.http2();
        match (self.spoken, options) {
            (Spoken::Http1, _) | (_, None) => 1,
            (_, Some(options)) => options.max_concurrent_streams.into(),
        }
    }

    fn made(self: &Rc<Self>, upstream: &Rc<Upstream>, made: Connected) {
        let config = upstream.cluster().config();
        let is_http2 = match self.spoken {
            Spoken::Http1 => false,
            Spoken::Http2 => true,
            Spoken::Negotiated => made.agreed == Some(Protocol::Http2),
        };
        if self.spoken == Spoken::Negotiated {
            count_version(upstream, is_http2);
            // Envoy counts it once as TCP and once as HTTP.
            upstream.stats.upstream_cx_total.increment();
            self.host.traffic(upstream.worker()).cx_total.increment();
        }
        if is_http2 {
            let drains = self.state.borrow().drains;
            let (connection, counted) = Http2::new(made, config, drains);
            self.drive(upstream, &connection, counted);
            let keeper = keep_http2(Rc::downgrade(&connection), Rc::downgrade(upstream));
            let _ = connection.keeper.set(spawn(keeper));
            self.became_ready(upstream, &connection);
        } else {
            let http1 = Http1::new(made, config, self.state.borrow().drains);
            self.give_back(upstream, Box::new(http1));
        }
    }

    /// No connection came to be: nobody who waits is left waiting, as another try would most likely fail as well.
    fn failed(self: &Rc<Self>, upstream: &Rc<Upstream>, failure: &ConnectFailure) {
        self.state.borrow_mut().ended(1);
        loop {
            let Some(waiter) = self.queue().pop() else {
                break;
            };
            self.end_waiting(upstream);
            upstream.stats.upstream_rq_pending_failure_eject.increment();
            // Nobody drops the other end without leaving the queue.
            let _ = waiter.send(Err(failure.clone()));
        }
    }

    /// Gives up all connections: those without a request end now, the others when they have none.
    pub(super) fn drain(self: &Rc<Self>, upstream: &Rc<Upstream>) {
        let mut state = self.state.borrow_mut();
        state.drains += 1;
        let idle = std::mem::take(&mut state.idle);
        state.ended(idle.len());
        let multiplexed = std::mem::take(&mut state.multiplexed);
        drop(state);
        drop(idle);
        for connection in multiplexed {
            connection.is_ready.set(false);
            if connection.active.get() == 0 {
                connection.shared.borrow_mut().close();
            }
        }
        self.connect(upstream);
    }

    /// Whether a connection was given up.
    fn is_given_up(&self, born: u32) -> bool {
        born != self.state.borrow().drains
    }

    /// A connection is no more.
    pub(super) fn lost(self: &Rc<Self>, upstream: &Rc<Upstream>) {
        self.state.borrow_mut().ended(1);
        self.connect(upstream);
    }

    /// A connection of HTTP/1 is ready for the next request.
    pub(super) fn give_back(self: &Rc<Self>, upstream: &Rc<Upstream>, mut http1: Box<Http1>) {
        http1.life.rest();
        let given_up = self.is_given_up(http1.born);
        let watched = !given_up && self.watch(upstream, &mut http1);
        if watched {
            self.state.borrow_mut().idle.push(http1);
            self.serve(upstream);
        } else {
            drop(http1);
            self.lost(upstream);
        }
    }

    /// Has an idle connection watched, unless it has ended.
    fn watch(self: &Rc<Self>, upstream: &Rc<Upstream>, http1: &mut Http1) -> bool {
        let state = &mut *self.state.borrow_mut();
        let keeper = state.keeper.get_or_insert_with(|| Keeper {
            _task: spawn(keep(Rc::downgrade(self), Rc::downgrade(upstream))),
            waker: Waker::noop().clone(),
            next: None,
        });
        // It looks at all of them when it is woken.
        let next = http1.life.deadline(true);
        if next.is_some_and(|it| keeper.next.is_none_or(|next| it < next)) {
            keeper.next = next;
            keeper.waker.wake_by_ref();
        }
        !http1.has_ended(&mut Context::from_waker(&keeper.waker))
    }

    /// Lets go of idle connections of HTTP/1 that have ended, or whose time is over; says when to look next.
    pub(super) fn look_after(
        &self,
        counters: &ClusterStats,
        context: &mut Context<'_>,
    ) -> Option<Instant> {
        let state = &mut *self.state.borrow_mut();
        let before = state.idle.len();
        let idle = &mut state.idle;
        idle.retain_mut(|it| !it.has_ended(context) && !it.life.ends(true, counters));
        let gone = before - idle.len();
        let next = idle.iter().filter_map(|it| it.life.deadline(true)).min();
        state.ended(gone);
        if let Some(keeper) = &mut state.keeper {
            keeper.waker.clone_from(context.waker());
            keeper.next = next;
        }
        next
    }

    /// A request on a connection of HTTP/2 is over. `answered`: the end of its response is its end.
    pub(super) fn stream_over(
        self: &Rc<Self>,
        upstream: &Rc<Upstream>,
        connection: &Rc<Http2>,
        answered: bool,
    ) {
        self.left(connection);
        let last = connection.life.is_over() && connection.active.get() == 0;
        if answered && last && !connection.shared.borrow().is_leaving() {
            // As in Envoy, whose codec is closed while it reads.
            upstream.stats.upstream_cx_protocol_error.increment();
        }
        self.serve(upstream);
    }

    fn left(&self, connection: &Rc<Http2>) {
        connection.active.set(connection.active.get() - 1);
        let given_up = self.is_given_up(connection.born);
        if connection.active.get() == 0 {
            connection.life.rest();
            let leaves = given_up || connection.shared.borrow().is_leaving();
            if leaves || connection.life.is_over() {
                connection.shared.borrow_mut().close();
            }
        }
        self.note_room(connection);
    }

    /// A connection of HTTP/2 is there, or takes more requests than before.
    fn became_ready(self: &Rc<Self>, upstream: &Rc<Upstream>, connection: &Rc<Http2>) {
        self.note_room(connection);
        self.serve(upstream);
    }

    fn note_room(&self, connection: &Rc<Http2>) {
        let given_up = self.is_given_up(connection.born);
        if !given_up && !connection.is_ready.get() && connection.has_room() {
            connection.is_ready.set(true);
            let mut state = self.state.borrow_mut();
            state.multiplexed.push(Rc::clone(connection));
        }
    }

    /// Gives those that wait what is ready, and connects for the rest.
    fn serve(self: &Rc<Self>, upstream: &Rc<Upstream>) {
        while !self.queue().is_empty() {
            let Some(carrier) = self.ready() else {
                return self.connect(upstream);
            };
            let Some(waiter) = self.queue().pop() else {
                return;
            };
            self.end_waiting(upstream);
            let outcome = self.admit(upstream, carrier);
            let _ = waiter.send(outcome);
        }
    }

    /// Moves the bytes of a connection of HTTP/2 until it ends.
    fn drive(
        self: &Rc<Self>,
        upstream: &Rc<Upstream>,
        connection: &Rc<Http2>,
        mut counted: Counted,
    ) {
        let books = Books::upstream(upstream.http2_stats().clone());
        let mut driver = Driver::new(Rc::clone(&connection.shared)).counted(books);
        let (pool, upstream) = (Rc::downgrade(self), Rc::downgrade(upstream));
        let connection = Rc::clone(connection);
        spawn_local(async move {
            let mut limit = connection.shared.borrow().stream_limit();
            let mut leaving = false;
            let ended = poll_fn(|context| {
                let ended = driver.poll(context, |_, _, _| {});
                let shared = connection.shared.borrow();
                shared.note(&mut counted);
                let before = std::mem::replace(&mut limit, shared.stream_limit());
                let notified = !std::mem::replace(&mut leaving, shared.is_leaving()) && leaving;
                drop(shared);
                if notified && let Some(upstream) = upstream.upgrade() {
                    upstream.stats.upstream_cx_close_notify.increment();
                }
                if limit > before
                    && let (Some(pool), Some(upstream)) = (pool.upgrade(), upstream.upgrade())
                {
                    pool.became_ready(&upstream, &connection);
                }
                ended
            })
            .await;
            finish(&connection, &mut counted, ended);
            drop(counted);
            if let (Some(pool), Some(upstream)) = (pool.upgrade(), upstream.upgrade()) {
                pool.forget(&connection);
                pool.lost(&upstream);
            }
        });
    }

    fn forget(&self, connection: &Rc<Http2>) {
        let mut state = self.state.borrow_mut();
        state.multiplexed.retain(|it| !Rc::ptr_eq(it, connection));
    }
}

/// Counts a connection by what it speaks.
fn count_version(upstream: &Upstream, is_http2: bool) {
    let stats = &upstream.stats;
    if is_http2 {
        stats.upstream_cx_http2_total.increment();
        let codec = upstream.http2_stats();
        codec.nghttp2_upstream_connections.increment();
    } else {
        stats.upstream_cx_http1_total.increment();
    }
}

/// Books how a connection of HTTP/2 has ended.
fn finish(connection: &Http2, counted: &mut Counted, ended: Ended) {
    let by_host = ended == Ended::Closed;
    if connection.active.get() > 0 && !matches!(ended, Ended::Left(_)) {
        counted.breaks_request();
    }
    if by_host {
        counted.ended_by_host();
    }
    // As in Envoy, whose codec is closed while it reads.
    if matches!(ended, Ended::Failed(_) | Ended::Left(true)) {
        counted.broke_protocol();
    }
}

fn spawn(task: impl Future<Output = ()> + 'static) -> Task {
    Task(spawn_local(task).abort_handle())
}
