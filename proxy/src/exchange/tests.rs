//! Carries requests over real connections, in every pairing of versions.

use std::cell::RefCell;
use std::rc::Rc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{LocalSet, spawn_local};

use super::*;
use crate::config::model::protocol::Underscores;
use crate::http::message::RequestHead;
use crate::http1::{self, head::Limits};
use crate::http2::{Connection, Settings};
use crate::multiplex::{self, Driver, Shared};
use crate::wire::{Scratch, Transport, Wire};

const LIMITS: Limits = Limits {
    headers: 100,
    allow_chunked_length: false,
    allow_custom_methods: false,
};
const SETTINGS: http1::Settings = http1::Settings {
    head_size: 60 * 1024,
    limits: LIMITS,
    trailers: true,
    capitals: false,
};
const TAKEN: http1::head::Taken = http1::head::Taken {
    http_10: true,
    underscores: Underscores::Allow,
};

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
    (near.unwrap(), far.unwrap().0)
}

fn wire(stream: TcpStream) -> Wire {
    Wire::new(Transport::Plain(stream), Scratch::default())
}

/// A connection of HTTP/2 with its task.
fn multiplexed(codec: Connection, stream: TcpStream) -> Rc<RefCell<Shared>> {
    let shared = Rc::new(RefCell::new(Shared::new(codec, wire(stream))));
    let mut driver = Driver::new(shared.clone());
    spawn_local(async move {
        poll_fn(|it| driver.poll(it, |_, _, _| {})).await;
    });
    shared
}

/// No limits of time.
struct Never;

impl Watch for Never {
    type Limit = ();

    fn note(&mut self, _: &RequestBody, _: u64) {}

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

/// What the proxy does with one request, without routes, retries and limits of time.
async fn forward(
    down: &mut impl Downstream,
    up: &mut impl Upstream,
    head: &RequestHead,
    end: bool,
) -> Result<(), Trouble<()>> {
    let mut body = RequestBody::new(end, None);
    let mut response = ResponseHead::default();
    body.begin(head, up);
    let bodiless = loop {
        match until_response(down, up, &mut body, &mut response, &mut Never).await? {
            ResponseEvent::Informational => down.send_informational(&response),
            ResponseEvent::Head(end) => break end,
        }
    };
    response.headers.remove(b"connection");
    response.headers.remove(b"transfer-encoding");
    down.send_head(&response, bodiless);
    let mut back = ResponseBody::default();
    if !bodiless {
        until_end(down, up, &mut body, &mut back, &mut Never).await?;
    }
    Ok(())
}

/// Serves one connection of HTTP/1 by an upstream of HTTP/1, request by request.
async fn serve(down: TcpStream, up: TcpStream) {
    let mut down = http1::server::Connection::new(wire(down), SETTINGS, TAKEN);
    let mut up = http1::client::Connection::new(wire(up), SETTINGS);
    let mut head = RequestHead::default();
    while let Ok(end) = poll_fn(|it| down.poll_request(it, &mut head)).await {
        head.headers.remove(b"transfer-encoding");
        if forward(&mut down, &mut up, &head, end).await.is_err() {
            break;
        }
        if !down.may_go_on() {
            break;
        }
        assert!(up.may_go_on());
    }
    let _ = poll_fn(|it| down.poll_flush(it)).await;
}

/// What a client gets that sends `request` to a proxy before an upstream that answers with `response`, and what the
/// upstream got. The client says when it has all by closing its side.
async fn exchanged(request: &[u8], response: &[u8], heads: usize) -> (String, String) {
    let ((mut client, down), (up, mut server)) = (pair().await, pair().await);
    let proxy = serve(down, up);
    let upstream = async {
        let (mut got, mut seen) = (Vec::new(), 0);
        while seen < heads {
            assert!(server.read_buf(&mut got).await.unwrap() > 0);
            let ends = got.windows(4).filter(|it| it == b"\r\n\r\n").count();
            for _ in seen..ends.min(heads) {
                server.write_all(response).await.unwrap();
            }
            seen = ends;
        }
        (server, got)
    };
    let outside = async {
        client.write_all(request).await.unwrap();
        let (mut server, mut got) = upstream.await;
        client.shutdown().await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        drop(client);
        server.shutdown().await.unwrap();
        (answer, server.read_to_end(&mut got).await.map(|_| got))
    };
    let ((), (answer, got)) = tokio::join!(proxy, outside);
    (answer, String::from_utf8(got.unwrap()).unwrap())
}

#[tokio::test]
async fn http1_to_http1_with_lengths() {
    let request = b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody";
    let response = b"HTTP/1.1 201 Whatever\r\nContent-Length: 2\r\nX-A: b\r\n\r\nok";
    let (answer, got) = exchanged(request, response, 1).await;
    assert_eq!(
        got,
        "POST /a HTTP/1.1\r\nhost: h\r\ncontent-length: 4\r\n\r\nbody"
    );
    assert_eq!(
        answer,
        "HTTP/1.1 201 Created\r\ncontent-length: 2\r\nx-a: b\r\n\r\nok"
    );
}

#[tokio::test]
async fn http1_to_http1_with_chunks_and_trailers() {
    let request = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nt: 1\r\n\r\n";
    let response =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nu: 2\r\n\r\n";
    let (answer, got) = exchanged(request, response, 1).await;
    assert_eq!(
        got,
        "POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nt: 1\r\n\r\n"
    );
    assert_eq!(
        answer,
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nu: 2\r\n\r\n"
    );
}

#[tokio::test]
async fn an_early_head_reaches_a_client_that_waits_for_it() {
    let ((mut client, down), (up, mut server)) = (pair().await, pair().await);
    let outside = async {
        let request = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n";
        client.write_all(request).await.unwrap();
        let mut seen = [0; 1];
        server.read_exact(&mut seen).await.unwrap();
        let early = b"HTTP/1.1 100 Continue\r\n\r\n";
        server.write_all(early).await.unwrap();
        let mut got = vec![0; early.len()];
        client.read_exact(&mut got).await.unwrap();
        assert_eq!(got, early);
        client.write_all(b"body").await.unwrap();
        let response = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        server.write_all(response).await.unwrap();
        client.shutdown().await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    };
    tokio::join!(serve(down, up), outside);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_their_order() {
    let request = b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n";
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
    let (answer, got) = exchanged(request, response, 2).await;
    assert_eq!(
        got,
        "GET /1 HTTP/1.1\r\nhost: h\r\n\r\nGET /2 HTTP/1.1\r\nhost: h\r\n\r\n"
    );
    assert_eq!(
        answer,
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx".repeat(2)
    );
}

#[tokio::test]
async fn an_end_of_the_connection_ends_the_body() {
    let request = b"GET / HTTP/1.0\r\nHost: h\r\n\r\n";
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nend";
    let (answer, _) = exchanged(request, response, 1).await;
    assert_eq!(
        answer,
        "HTTP/1.0 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\r\nend"
    );
}

/// A client of HTTP/2 asks a proxy whose upstream speaks HTTP/2 too; the server echoes body and trailers.
async fn echoed(windows: u32, size: usize) {
    LocalSet::new()
        .run_until(async {
            let ((client, down), (up, server)) = (pair().await, pair().await);
            let settings = Settings {
                initial_stream_window_size: windows,
                initial_connection_window_size: windows,
                ..Settings::default()
            };
            echo_server(Connection::server(settings.clone()), server);
            let upstream = multiplexed(Connection::client(settings.clone()), up);
            proxy(Connection::server(settings.clone()), down, upstream);
            let client = multiplexed(Connection::client(settings), client);
            let sent: Vec<u8> = (0..251).cycle().take(size).collect();
            let trailers = Headers::from([("t", "1")]);
            let (status, body, got) = ask(client, &sent, &trailers).await;
            assert_eq!(status, 200);
            assert!(body == sent, "{} of {} bytes", body.len(), sent.len());
            assert_eq!(got, trailers);
        })
        .await;
}

#[tokio::test]
async fn http2_to_http2_with_a_body_larger_than_every_window() {
    echoed(65_535, 1_000_000).await;
}

/// Nothing but the socket then says that there is room for more.
#[tokio::test]
async fn http2_to_http2_with_windows_larger_than_every_buffer() {
    echoed(1 << 26, 20_000_000).await;
}

/// The codec gives the place of a stream that is over to the next one.
#[tokio::test]
async fn an_answer_waits_for_its_reader_while_other_streams_come_and_go() {
    LocalSet::new()
        .run_until(async {
            let (client, server) = pair().await;
            echo_server(Connection::server(Settings::default()), server);
            let client = multiplexed(Connection::client(Settings::default()), client);
            let late = begin(client.clone(), b"late", &Headers::new());
            ask(client.clone(), b"early", &Headers::new()).await;
            let next = [b"1", b"2"].map(|it| begin(client.clone(), it, &Headers::new()));
            assert_eq!(answer(late).await.1, b"late");
            for (stream, body) in next.into_iter().zip([b"1", b"2"]) {
                assert_eq!(answer(stream).await.1, body);
            }
        })
        .await;
}

/// A proxy for every request of one connection.
fn proxy(codec: Connection, stream: TcpStream, upstream: Rc<RefCell<Shared>>) {
    accept(codec, stream, move |shared, id, head, end| {
        let upstream = upstream.clone();
        async move {
            let mut down = multiplex::server::Stream::new(shared, id, &head);
            let mut up = multiplex::client::Stream::new(upstream);
            forward(&mut down, &mut up, &head, end).await.unwrap();
        }
    });
}

fn echo_server(codec: Connection, stream: TcpStream) {
    accept(codec, stream, |shared, id, head, _| async move {
        let mut stream = multiplex::server::Stream::new(shared, id, &head);
        let head = ResponseHead {
            status: 200,
            ..ResponseHead::default()
        };
        stream.send_head(&head, false);
        let (mut data, mut trailers) = (Vec::new(), Headers::new());
        loop {
            data.clear();
            poll_fn(|it| stream.poll_room(it)).await.unwrap();
            let event = poll_fn(|it| stream.poll_body(it, &mut data, &mut trailers)).await;
            if !data.is_empty() {
                stream.send_data(&data, false);
            }
            if event.unwrap() == BodyEvent::End {
                break;
            }
        }
        stream.send_trailers(&trailers);
    });
}

fn accept<F: Future<Output = ()> + 'static>(
    codec: Connection,
    stream: TcpStream,
    mut handle: impl FnMut(Rc<RefCell<Shared>>, crate::http2::StreamId, RequestHead, bool) -> F
    + 'static,
) {
    let shared = Rc::new(RefCell::new(Shared::new(codec, wire(stream))));
    let mut driver = Driver::new(shared.clone());
    spawn_local(async move {
        poll_fn(|it| {
            driver.poll(it, |id, head, end| {
                spawn_local(handle(shared.clone(), id, head, end));
            })
        })
        .await;
    });
}

async fn ask(
    client: Rc<RefCell<Shared>>,
    body: &[u8],
    trailers: &Headers,
) -> (u16, Vec<u8>, Headers) {
    answer(begin(client, body, trailers)).await
}

fn begin(
    client: Rc<RefCell<Shared>>,
    body: &[u8],
    trailers: &Headers,
) -> multiplex::client::Stream {
    let mut stream = multiplex::client::Stream::new(client);
    let head = RequestHead {
        method: b"POST".to_vec(),
        scheme: b"http".to_vec(),
        authority: b"h".to_vec(),
        path: b"/".to_vec(),
        ..RequestHead::default()
    };
    stream.send_head(&head, false);
    stream.send_data(body, false);
    stream.send_trailers(trailers);
    stream
}

async fn answer(mut stream: multiplex::client::Stream) -> (u16, Vec<u8>, Headers) {
    let mut response = ResponseHead::default();
    poll_fn(|it| stream.poll_response(it, &mut response))
        .await
        .unwrap();
    let (mut data, mut got) = (Vec::new(), Headers::new());
    while poll_fn(|it| stream.poll_body(it, &mut data, &mut got))
        .await
        .unwrap()
        != BodyEvent::End
    {}
    (response.status, data, got)
}
