//! Tests how requests share connections, wait for them and get none.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, LocalSet, spawn_local, yield_now};

use super::{Lease, Pool};
use crate::config::model::cluster::{Cluster as Config, Policy};
use crate::config::model::protocol::UpstreamProtocol;
use crate::config::model::route::Priority;
use crate::http::message::{Protocol, RequestHead, ResponseHead};
use crate::http2;
use crate::multiplex::{self, Driver, Shared};
use crate::stream::{Downstream as _, ResponseEvent, Upstream as _};
use crate::upstream::{Host, fixture};
use crate::wire::{Scratch, Transport, Wire};
use crate::worker::{ConnectFailure, Upstream};

type Leased = Result<Lease, ConnectFailure>;

/// A cluster with one host.
struct Setting {
    upstream: Rc<Upstream>,
    host: Arc<Host>,
}

impl Setting {
    fn new(port: u16, change: impl FnOnce(&mut Config)) -> Self {
        let endpoints = fixture::locality(0, vec![fixture::endpoint(port)]);
        let mut config = fixture::config(fixture::assignment(vec![endpoints]), Policy::RoundRobin);
        change(&mut config);
        let cluster = fixture::cluster(config);
        let host = Arc::clone(cluster.snapshot().hosts().next().unwrap());
        let upstream = Upstream::new(cluster, 0, Scratch::default());
        let upstream = Rc::new(upstream);
        Self { upstream, host }
    }

    /// Asks for a stream, and waits until that has had its effect.
    async fn ask(&self) -> JoinHandle<Leased> {
        self.ask_at(Priority::Default).await
    }

    async fn ask_at(&self, priority: Priority) -> JoinHandle<Leased> {
        let (upstream, host) = (Rc::clone(&self.upstream), Arc::clone(&self.host));
        let mut lease = Box::pin(async move {
            Pool::lease(&upstream, &host, priority, Protocol::Http11, None).await
        });
        match poll_fn(|context| Poll::Ready(lease.as_mut().poll(context))).await {
            Poll::Ready(outcome) => spawn_local(async move { outcome }),
            Poll::Pending => spawn_local(lease),
        }
    }

    fn pending(&self) -> u64 {
        self.upstream.stats.upstream_rq_pending_active.value()
    }

    fn connections(&self) -> u64 {
        self.upstream.stats.upstream_cx_total.value()
    }
}

/// Runs on a worker of its own, with a listener.
fn on_worker<F: Future<Output = ()>>(test: impl FnOnce(Rc<TcpListener>, u16) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    LocalSet::new().block_on(&runtime, async {
        let listener = Rc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let port = listener.local_addr().unwrap().port();
        test(Rc::clone(&listener), port).await;
    });
}

fn request() -> RequestHead {
    RequestHead {
        method: b"GET".to_vec(),
        scheme: b"http".to_vec(),
        authority: b"host".to_vec(),
        path: b"/".to_vec(),
        ..RequestHead::default()
    }
}

/// Sends a request and gives the status of the answer.
async fn exchange(lease: &mut Lease) -> u16 {
    lease.send_head(&request(), true);
    let mut head = ResponseHead::default();
    loop {
        let event = poll_fn(|context| {
            let _ = lease.poll_flush(context);
            lease.poll_response(context, &mut head)
        });
        if let ResponseEvent::Head(_) = event.await.unwrap() {
            return head.status;
        }
    }
}

/// Answers one request of HTTP/1.
async fn answer(stream: &mut TcpStream) {
    let mut read = [0; 1024];
    assert!(stream.read(&mut read).await.unwrap() > 0);
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    stream.write_all(answer).await.unwrap();
}

/// Answers all requests of a connection of HTTP/2 that takes so many at once.
fn answer_http2(stream: TcpStream, streams: u32) {
    let settings = http2::Settings {
        max_concurrent_streams: streams,
        ..http2::Settings::default()
    };
    let wire = Wire::new(Transport::Plain(stream), Scratch::default());
    let codec = http2::Connection::server(settings);
    let shared = Rc::new(RefCell::new(Shared::new(codec, wire)));
    let mut driver = Driver::new(Rc::clone(&shared));
    spawn_local(poll_fn(move |context| {
        let begin = |id, head, _| {
            let mut stream = multiplex::server::Stream::new(Rc::clone(&shared), id, &head);
            spawn_local(async move {
                let head = ResponseHead {
                    status: 200,
                    ..ResponseHead::default()
                };
                stream.send_head(&head, true);
            });
        };
        driver.poll(context, begin).map(|_| ())
    }));
}

#[test]
fn a_burst_on_a_cold_pool_shares_one_connection_of_http2() {
    on_worker(|listener, port| async move {
        let protocol = UpstreamProtocol::Http2(fixture::http2());
        let setting = Setting::new(port, |config| config.protocol = protocol);
        let mut asked = Vec::new();
        for _ in 0..400 {
            asked.push(setting.ask().await);
        }
        assert_eq!(setting.pending(), 400);
        let (stream, _) = listener.accept().await.unwrap();
        // Fewer streams than are taken for granted before its settings come.
        answer_http2(stream, 101);
        let answers = asked.into_iter().map(|lease| {
            spawn_local(async move {
                let mut lease = lease.await.unwrap().ok().unwrap();
                exchange(&mut lease).await
            })
        });
        for answer in answers.collect::<Vec<_>>() {
            assert_eq!(answer.await.unwrap(), 200);
        }
        assert_eq!(setting.connections(), 1);
        assert_eq!(setting.upstream.stats.upstream_rq_total.value(), 400);
        assert_eq!(setting.upstream.stats.upstream_rq_active.value(), 0);
    });
}

#[test]
fn requests_wait_in_turn_where_no_connection_may_be_made() {
    on_worker(|listener, port| async move {
        let setting = Setting::new(port, |config| config.limits.default.max_connections = 1);
        let first = setting.ask().await;
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut first = first.await.unwrap().ok().unwrap();
        let second = setting.ask().await;
        let third = setting.ask().await;
        assert_eq!((setting.pending(), setting.connections()), (2, 1));
        let _open = spawn_local(async move {
            answer(&mut stream).await;
            answer(&mut stream).await;
            stream
        });
        assert_eq!(exchange(&mut first).await, 200);
        drop(first);
        let mut second = second.await.unwrap().ok().unwrap();
        assert!(!third.is_finished());
        assert_eq!(exchange(&mut second).await, 200);
        drop(second);
        assert!(third.await.unwrap().is_ok());
        assert_eq!((setting.pending(), setting.connections()), (0, 1));
    });
}

#[test]
fn a_connection_that_fails_takes_all_down_that_wait() {
    on_worker(|_, _| async move {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        let protocol = UpstreamProtocol::Http2(fixture::http2());
        let setting = Setting::new(port, |config| config.protocol = protocol);
        let asked = [setting.ask().await, setting.ask().await];
        for asked in asked {
            let failure = asked.await.unwrap().err();
            assert!(matches!(failure, Some(ConnectFailure::Refused(_))));
        }
        let stats = &setting.upstream.stats;
        assert_eq!(stats.upstream_rq_pending_failure_eject.value(), 2);
        assert_eq!(stats.upstream_cx_connect_fail.value(), 1);
        assert_eq!((setting.pending(), setting.connections()), (0, 1));
    });
}

#[test]
fn a_connection_outlives_the_request_that_it_was_made_for() {
    on_worker(|listener, port| async move {
        let setting = Setting::new(port, |_| {});
        let asked = setting.ask().await;
        asked.abort();
        assert!(asked.await.is_err());
        assert_eq!(setting.pending(), 0);
        assert_eq!(setting.upstream.stats.upstream_rq_cancelled.value(), 1);
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut lease = setting.ask().await.await.unwrap().ok().unwrap();
        spawn_local(async move { answer(&mut stream).await });
        assert_eq!(exchange(&mut lease).await, 200);
        assert_eq!(setting.connections(), 1);
    });
}

#[test]
fn no_more_wait_than_may() {
    on_worker(|_, port| async move {
        let setting = Setting::new(port, |config| {
            config.limits.default.max_pending_requests = 1;
        });
        let first = setting.ask().await;
        let second = setting.ask().await.await.unwrap().err();
        assert_eq!(second, Some(ConnectFailure::Overflow));
        // The other priority has connections and limits of its own.
        let important = setting.ask_at(Priority::High).await;
        assert!(first.await.unwrap().is_ok());
        assert!(important.await.unwrap().is_ok());
        assert_eq!(setting.connections(), 2);
    });
}

#[test]
fn no_more_are_asked_at_once_than_may() {
    on_worker(|_, port| async move {
        let setting = Setting::new(port, |config| config.limits.default.max_requests = 1);
        let first = setting.ask().await.await.unwrap().ok().unwrap();
        let second = setting.ask().await.await.unwrap().err();
        assert_eq!(second, Some(ConnectFailure::Overflow));
        drop(first);
        assert!(setting.ask().await.await.unwrap().is_ok());
        // The connection of the one that was refused is there for the next.
        assert_eq!(setting.connections(), 2);
    });
}

#[test]
fn a_host_may_be_connected_to_so_often() {
    on_worker(|_, port| async move {
        let setting = Setting::new(port, |config| config.max_connections_per_host = Some(1));
        let first = setting.ask().await.await.unwrap().ok().unwrap();
        let second = setting.ask().await;
        assert_eq!(setting.upstream.stats.upstream_cx_overflow.value(), 1);
        drop(first);
        assert!(second.await.unwrap().is_ok());
        assert_eq!(setting.connections(), 1);
    });
}

#[test]
fn more_is_connected_when_a_connection_carries_less_than_was_hoped() {
    on_worker(|_, port| async move {
        let protocol = UpstreamProtocol::Auto(fixture::http1(), fixture::http2());
        let setting = Setting::new(port, |config| config.protocol = protocol);
        let asked = [setting.ask().await, setting.ask().await];
        // Envoy counts a connection that is negotiated about twice in all, and once among those that are there.
        let active = &setting.upstream.stats.upstream_cx_active;
        assert_eq!(active.value(), 1);
        let mut leases = Vec::new();
        for asked in asked {
            leases.push(asked.await.unwrap().ok().unwrap());
        }
        assert_eq!(active.value(), 2);
        assert_eq!(leases[1].protocol(), Some(Protocol::Http11));
    });
}

#[test]
fn an_idle_connection_that_its_host_ends_is_noticed_at_once() {
    on_worker(|listener, port| async move {
        let setting = Setting::new(port, |_| {});
        let lease = setting.ask().await;
        let (stream, _) = listener.accept().await.unwrap();
        drop(lease.await.unwrap());
        drop(stream);
        let stats = &setting.upstream.stats;
        while stats.upstream_cx_destroy_remote.value() == 0 {
            yield_now().await;
        }
        assert_eq!(stats.upstream_cx_active.value(), 0);
    });
}
