//! Asks servers of the h2 crate.

use super::driver::{Driver, pattern};
use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{Request, Response};
use mesh_proxy::http::headers::Headers;
use mesh_proxy::http::message::{RequestHead, ResponseHead};
use mesh_proxy::http2::{Cause, Connection, ErrorCode, Event, SendError, Settings, StreamId};
use std::collections::HashMap;
use tokio::io::DuplexStream;

fn small() -> Settings {
    Settings {
        initial_stream_window_size: 65_535,
        initial_connection_window_size: 65_535,
        output_limit: 10_000,
        ..Settings::default()
    }
}

fn request(path: &str) -> RequestHead {
    RequestHead {
        method: b"POST".to_vec(),
        scheme: b"http".to_vec(),
        authority: b"example.com".to_vec(),
        path: path.into(),
        headers: Headers::from([("x-a", "b"), ("connection", "close")]),
        ..RequestHead::default()
    }
}

/// Answers as `answer` does for every request, until the client closes the connection.
async fn serve(stream: DuplexStream, builder: h2::server::Builder) {
    let mut connection = builder.handshake::<_, Bytes>(stream).await.unwrap();
    while let Some(accepted) = connection.accept().await {
        let Ok((request, respond)) = accepted else {
            return;
        };
        if request.uri().path() == "/last" {
            connection.graceful_shutdown();
        }
        tokio::spawn(answer(request, respond));
    }
}

async fn answer(request: Request<RecvStream>, mut respond: SendResponse<Bytes>) {
    assert_eq!(request.headers()["x-a"], "b");
    assert!(!request.headers().contains_key("connection"));
    assert_eq!(request.uri().authority().unwrap(), "example.com");
    if request.uri().path() == "/reset" {
        respond.send_reset(Reason::ENHANCE_YOUR_CALM);
        return;
    }
    let response = Response::builder().header("x-b", "c").body(()).unwrap();
    let mut writer = respond.send_response(response, false).unwrap();
    let mut reader = request.into_body();
    let mut all = Vec::new();
    while let Some(data) = reader.data().await {
        let Ok(data) = data else { return };
        reader.flow_control().release_capacity(data.len()).unwrap();
        all.extend_from_slice(&data);
    }
    writer.send_data(all.into(), false).unwrap();
    let trailers = reader.trailers().await.unwrap().unwrap_or_default();
    writer.send_trailers(trailers).unwrap();
}

fn start(settings: Settings, builder: h2::server::Builder) -> Driver {
    let (near, far) = tokio::io::duplex(8000);
    tokio::spawn(serve(far, builder));
    Driver::new(Connection::client(settings), near)
}

/// What came for each stream.
#[derive(Default)]
struct Answers {
    bodies: HashMap<StreamId, Vec<u8>>,
    statuses: HashMap<StreamId, u16>,
    trailers: HashMap<StreamId, Headers>,
    resets: HashMap<StreamId, (ErrorCode, Cause)>,
    ended: usize,
}

impl Answers {
    fn take(&mut self, driver: &mut Driver, event: &Event<'_>) {
        match *event {
            Event::Response { stream, end } => {
                let mut head = ResponseHead::default();
                driver.connection.take_response(&mut head);
                assert_eq!(head.headers, Headers::from([("x-b", "c")]));
                self.statuses.insert(stream, head.status);
                self.bodies.insert(stream, Vec::new());
                self.ended += usize::from(end);
            }
            Event::Data { stream, data, end } => {
                driver.connection.release(stream, data.len());
                self.bodies
                    .get_mut(&stream)
                    .unwrap()
                    .extend_from_slice(data);
                self.ended += usize::from(end);
            }
            Event::Trailers { stream } => {
                let mut trailers = Headers::new();
                driver.connection.take_trailers(&mut trailers);
                self.trailers.insert(stream, trailers);
                self.ended += 1;
            }
            Event::Reset {
                stream,
                code,
                cause,
            } => {
                self.resets.insert(stream, (code, cause));
                self.ended += 1;
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn bodies_larger_than_the_windows_come_back_with_their_trailers() {
    let mut driver = start(small(), h2::server::Builder::new());
    let trailers = Headers::from([("x-trailer", "t")]);
    for length in [0, 1, 16_384, 65_535, 65_536, 500_000] {
        let stream = driver.connection.open(&request("/echo"), false).unwrap();
        driver.send(stream, &pattern(length), false);
        driver.send_trailers(stream, trailers.clone());
        let mut answers = Answers::default();
        let finished = driver
            .run(|driver, event| {
                answers.take(driver, &event);
                answers.ended == 1
            })
            .await;
        assert!(finished);
        assert_eq!(answers.statuses[&stream], 200);
        assert!(answers.bodies[&stream] == pattern(length), "{length}");
        assert_eq!(answers.trailers[&stream], trailers);
        assert_eq!(driver.connection.open_streams(), 0);
    }
    assert_eq!(driver.connection.statistics().pending_send_bytes, 0);
}

#[tokio::test]
async fn many_streams_within_the_limit_of_the_server() {
    let mut builder = h2::server::Builder::new();
    builder.max_concurrent_streams(10).initial_window_size(3000);
    let mut driver = start(Settings::default(), builder);
    // The limit is known when the settings have come.
    assert!(driver.run(|_, event| event == Event::Settings).await);
    let mut answers = Answers::default();
    let mut streams = Vec::new();
    while answers.ended < 200 {
        while streams.len() < 200 {
            match driver.connection.open(&request("/echo"), false) {
                Ok(stream) => {
                    driver.send(stream, &pattern(streams.len() * 100), true);
                    streams.push(stream);
                }
                Err(error) => {
                    assert_eq!(error, SendError::TooManyStreams);
                    assert_eq!(driver.connection.open_streams(), 10);
                    break;
                }
            }
        }
        let before = answers.ended;
        let going_on = driver.run(|driver, event| {
            answers.take(driver, &event);
            answers.ended > before
        });
        assert!(going_on.await);
    }
    for (number, stream) in streams.iter().enumerate() {
        assert!(answers.bodies[stream] == pattern(number * 100));
    }
}

#[tokio::test]
async fn resets_end_their_stream_only() {
    let mut driver = start(small(), h2::server::Builder::new());
    let first = driver.connection.open(&request("/reset"), true).unwrap();
    let second = driver.connection.open(&request("/echo"), false).unwrap();
    driver.connection.reset(second, ErrorCode::CANCEL);
    let third = driver.connection.open(&request("/echo"), false).unwrap();
    driver.send(third, b"third", true);
    let mut answers = Answers::default();
    driver
        .run(|driver, event| {
            answers.take(driver, &event);
            answers.ended == 2
        })
        .await;
    let expected = (ErrorCode::ENHANCE_YOUR_CALM, Cause::Peer);
    assert_eq!(answers.resets[&first], expected);
    assert_eq!(answers.bodies[&third], b"third");
    assert!(!answers.bodies.contains_key(&second));
}

#[tokio::test]
async fn server_that_shuts_down_finishes_what_it_has_begun() {
    let mut driver = start(small(), h2::server::Builder::new());
    let last = driver.connection.open(&request("/last"), false).unwrap();
    let mut answers = Answers::default();
    let warned = driver
        .run(|_, event| matches!(event, Event::GoAway { .. }))
        .await;
    assert!(warned);
    let refused = driver.connection.open(&request("/echo"), true);
    assert_eq!(refused, Err(SendError::GoingAway));
    driver.send(last, b"last", true);
    driver
        .run(|driver, event| {
            answers.take(driver, &event);
            answers.ended == 1
        })
        .await;
    assert_eq!(answers.bodies[&last], b"last");
    assert!(!driver.run(|_, _| false).await);
}

#[tokio::test]
async fn pings_are_answered() {
    let mut driver = start(small(), h2::server::Builder::new());
    driver.connection.ping(*b"12345678");
    let pong = Event::Pong {
        payload: *b"12345678",
    };
    assert!(driver.run(|_, event| event == pong).await);
}
