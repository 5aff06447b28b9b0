//! Serves clients of the h2 crate.

use super::driver::{Driver, pattern};
use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Reason, RecvStream};
use http::{HeaderMap, Request, Response};
use mesh_proxy::http::headers::Headers;
use mesh_proxy::http::message::{RequestHead, ResponseHead};
use mesh_proxy::http2::{Cause, Connection, ErrorCode, Event, Settings, StreamId};
use proptest::prelude::*;
use std::collections::HashMap;
use tokio::task::JoinHandle;

/// An h2 client, its connection, and our server.
struct Client {
    sender: SendRequest<Bytes>,
    connection: JoinHandle<Result<(), h2::Error>>,
    server: JoinHandle<()>,
}

impl Client {
    /// Closes the connection; nothing may be left of it then.
    async fn close(self) {
        drop(self.sender);
        self.connection.await.unwrap().unwrap();
        self.server.await.unwrap();
    }
}

/// Windows so small that every larger body fills them.
fn small() -> Settings {
    Settings {
        initial_stream_window_size: 65_535,
        initial_connection_window_size: 65_535,
        max_concurrent_streams: 20,
        output_limit: 10_000,
        ..Settings::default()
    }
}

fn ok() -> ResponseHead {
    ResponseHead {
        status: 200,
        headers: Headers::from([("content-type", "text/plain")]),
        ..ResponseHead::default()
    }
}

/// Answers each request by its path: `/echo` with its body and trailers, `/large` with much, `/reset` not at all.
fn answer(driver: &mut Driver, paths: &mut HashMap<StreamId, Vec<u8>>, event: &Event<'_>) {
    match *event {
        Event::Request { stream, end } => {
            let mut head = RequestHead::default();
            driver.connection.take_request(&mut head);
            if head.path == b"/reset" {
                driver.connection.reset(stream, ErrorCode::REFUSED_STREAM);
                return;
            }
            let mut response = ok();
            response.headers.push(b"x-path", &head.path);
            driver
                .connection
                .send_response(stream, &response, false)
                .unwrap();
            if head.path == b"/large" {
                driver.send(stream, &pattern(1_000_000), true);
            } else if end {
                driver.send(stream, b"", true);
            }
            paths.insert(stream, head.path);
        }
        Event::Data { stream, data, end } => {
            driver.connection.release(stream, data.len());
            driver.send(stream, data, end);
        }
        Event::Trailers { stream } => {
            let mut trailers = Headers::new();
            driver.connection.take_trailers(&mut trailers);
            driver.send_trailers(stream, trailers);
        }
        _ => {}
    }
}

/// An h2 client whose connection is served until it closes.
async fn client(builder: &h2::client::Builder, settings: Settings) -> Client {
    let (near, far) = tokio::io::duplex(8000);
    let server = tokio::spawn(async move {
        let mut driver = Driver::new(Connection::server(settings), far);
        let mut paths = HashMap::new();
        driver
            .run(|driver, event| {
                answer(driver, &mut paths, &event);
                false
            })
            .await;
        assert_eq!(driver.failure(), None);
        assert_eq!(driver.connection.open_streams(), 0);
        assert_eq!(driver.connection.statistics().pending_send_bytes, 0);
    });
    let (sender, connection) = builder.handshake(near).await.unwrap();
    Client {
        sender,
        connection: tokio::spawn(connection),
        server,
    }
}

fn request(path: &str) -> Request<()> {
    let uri = format!("http://example.com{path}");
    Request::post(uri).header("x-a", "b").body(()).unwrap()
}

async fn read(body: &mut RecvStream) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(data) = body.data().await {
        let data = data.unwrap();
        all.extend_from_slice(&data);
        body.flow_control().release_capacity(data.len()).unwrap();
    }
    all
}

async fn echo(mut sender: SendRequest<Bytes>, length: usize) -> Response<RecvStream> {
    sender = sender.ready().await.unwrap();
    let (response, mut body) = sender.send_request(request("/echo"), false).unwrap();
    body.send_data(pattern(length).into(), false).unwrap();
    let mut trailers = HeaderMap::new();
    trailers.insert("x-trailer", "t".parse().unwrap());
    body.send_trailers(trailers).unwrap();
    response.await.unwrap()
}

#[tokio::test]
async fn bodies_larger_than_the_windows_come_back_with_their_trailers() {
    let client = client(&h2::client::Builder::new(), small()).await;
    for length in [0, 1, 16_384, 65_535, 65_536, 500_000] {
        let mut response = echo(client.sender.clone(), length).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["x-path"], "/echo");
        let body = read(response.body_mut()).await;
        assert!(body == pattern(length), "{length}");
        let trailers = response.body_mut().trailers().await.unwrap().unwrap();
        assert_eq!(trailers["x-trailer"], "t");
    }
    client.close().await;
}

#[tokio::test]
async fn many_streams_at_once_within_the_limit() {
    let client = client(&h2::client::Builder::new(), small()).await;
    let tasks = (0..200).map(|number| {
        let sender = client.sender.clone();
        tokio::spawn(async move {
            let length = number * 500;
            let mut response = echo(sender, length).await;
            assert!(read(response.body_mut()).await == pattern(length));
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    client.close().await;
}

#[tokio::test]
async fn large_response_waits_for_a_slow_reader() {
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(10_000).max_frame_size(20_000);
    let mut client = client(&builder, Settings::default()).await;
    let (first, _) = client.sender.send_request(request("/large"), true).unwrap();
    let mut first = first.await.unwrap();
    // The first is not read yet; others are not held up by it.
    let mut second = echo(client.sender.clone(), 5000).await;
    assert!(read(second.body_mut()).await == pattern(5000));
    assert!(read(first.body_mut()).await == pattern(1_000_000));
    drop((first, second));
    client.close().await;
}

#[tokio::test]
async fn resets_end_their_stream_only() {
    let mut client = client(&h2::client::Builder::new(), small()).await;
    let (response, _) = client.sender.send_request(request("/reset"), true).unwrap();
    let reason = response.await.unwrap_err().reason();
    assert_eq!(reason, Some(Reason::REFUSED_STREAM));
    let (response, mut body) = client
        .sender
        .send_request(request("/large"), false)
        .unwrap();
    let response = response.await.unwrap();
    body.send_reset(Reason::CANCEL);
    drop(response);
    let mut third = echo(client.sender.clone(), 100_000).await;
    assert!(read(third.body_mut()).await == pattern(100_000));
    drop((body, third));
    client.close().await;
}

#[tokio::test]
async fn server_drains_in_two_steps() {
    let (near, far) = tokio::io::duplex(8000);
    let mut driver = Driver::new(Connection::server(small()), far);
    let server = tokio::spawn(async move {
        let mut first = None;
        driver
            .run(|driver, event| {
                if let Event::Request { stream, .. } = event {
                    driver.connection.announce_shutdown();
                    first = Some(stream);
                }
                first.is_some()
            })
            .await;
        let stream = first.unwrap();
        driver.connection.go_away();
        driver
            .connection
            .send_response(stream, &ok(), false)
            .unwrap();
        driver.send(stream, b"late", true);
        driver.run(|_, _| false).await;
        assert_eq!(driver.connection.open_streams(), 0);
    });
    let (mut sender, connection) = h2::client::handshake(near).await.unwrap();
    let connection = tokio::spawn(connection);
    let (response, _) = sender.send_request(request("/"), true).unwrap();
    let mut response = response.await.unwrap();
    assert_eq!(read(response.body_mut()).await, b"late");
    assert!(sender.ready().await.is_err());
    connection.await.unwrap().unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn pings_are_answered() {
    let (near, far) = tokio::io::duplex(8000);
    let mut driver = Driver::new(Connection::server(small()), far);
    let server = tokio::spawn(async move { driver.run(|_, _| false).await });
    let (sender, mut connection) = h2::client::Builder::new()
        .handshake::<_, Bytes>(near)
        .await
        .unwrap();
    let mut pinger = connection.ping_pong().unwrap();
    let connection = tokio::spawn(connection);
    pinger.ping(h2::Ping::opaque()).await.unwrap();
    drop((sender, pinger));
    connection.await.unwrap().unwrap();
    assert!(!server.await.unwrap());
}

#[tokio::test]
async fn reset_by_the_client_is_told_with_its_code() {
    let (near, far) = tokio::io::duplex(8000);
    let mut driver = Driver::new(Connection::server(small()), far);
    let server = tokio::spawn(async move {
        let mut found = None;
        driver
            .run(|_, event| {
                if let Event::Reset { code, cause, .. } = event {
                    found = Some((code, cause));
                }
                found.is_some()
            })
            .await;
        found
    });
    let (mut sender, connection) = h2::client::handshake(near).await.unwrap();
    tokio::spawn(connection);
    let (_response, mut body) = sender.send_request(request("/"), false).unwrap();
    body.send_data("x".into(), false).unwrap();
    body.send_reset(Reason::INADEQUATE_SECURITY);
    let expected = (ErrorCode::INADEQUATE_SECURITY, Cause::Peer);
    assert_eq!(server.await.unwrap(), Some(expected));
}

fn any_headers() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = prop_oneof!["x-[a-c]", "[a-z][a-z0-9-]{0,12}"];
    let value = prop_oneof!["[a-c]{0,2}", "[ -~]{0,60}"];
    let taken = [
        "te",
        "host",
        "connection",
        "upgrade",
        "content-length",
        "cookie",
    ];
    let field = (name, value).prop_filter("has a meaning of its own", move |(name, _)| {
        !taken.contains(&name.as_str())
    });
    prop::collection::vec(field, 0..10)
}

/// What came, sorted: h2 does not keep the order of different names.
fn sorted(headers: &Headers) -> Vec<(String, String)> {
    let text = |it: &[u8]| String::from_utf8(it.to_vec()).unwrap();
    let mut all: Vec<_> = headers
        .iter()
        .map(|(name, value)| (text(name), text(value)))
        .collect();
    all.sort();
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Headers go to the server and come back, many times over one connection, so that both tables are in use.
    #[test]
    fn headers_come_through_in_both_directions(
        lists in prop::collection::vec(any_headers(), 1..20),
        table in prop::sample::select(vec![0, 100, 4096]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(reflected(lists, table));
    }
}

async fn reflected(lists: Vec<Vec<(String, String)>>, table: u32) {
    let (near, far) = tokio::io::duplex(8000);
    let settings = Settings {
        hpack_table_size: table,
        ..Settings::default()
    };
    let mut driver = Driver::new(Connection::server(settings), far);
    let expected = lists.clone();
    let server = tokio::spawn(async move {
        let mut expected = expected.into_iter();
        driver
            .run(|driver, event| {
                if let Event::Request { stream, .. } = event {
                    let mut head = RequestHead::default();
                    driver.connection.take_request(&mut head);
                    let mut list = expected.next().unwrap();
                    list.sort();
                    assert_eq!(sorted(&head.headers), list);
                    let mut response = ok();
                    response.headers = head.headers;
                    driver
                        .connection
                        .send_response(stream, &response, true)
                        .unwrap();
                }
                false
            })
            .await;
    });
    let (mut sender, connection) = h2::client::handshake(near).await.unwrap();
    let connection = tokio::spawn(connection);
    for list in lists {
        let mut request = Request::get("http://example.com/some/path");
        for (name, value) in &list {
            request = request.header(name, value);
        }
        sender = sender.ready().await.unwrap();
        let request = request.body(()).unwrap();
        let (response, _) = sender.send_request(request, true).unwrap();
        let response = response.await.unwrap();
        let mut back = Headers::new();
        for (name, value) in response.headers() {
            back.push(name.as_str().as_bytes(), value.as_bytes());
        }
        let mut list = list;
        list.sort();
        assert_eq!(sorted(&back), list);
    }
    drop(sender);
    connection.await.unwrap().unwrap();
    server.await.unwrap();
}
