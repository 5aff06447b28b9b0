//! Sends requests from a client to a server of our own, in memory, so that their cost can be counted.
//!
//! ```console
//! $ cargo build --release --package mesh-proxy --example http2_requests
//! $ valgrind --tool=callgrind target/release/examples/http2_requests 32000
//! ```
//!
//! The difference between 64,000 and 32,000 requests, divided by 32,000, is what one request costs both sides. The
//! second argument is the length of the response's body. The number of allocations, which valgrind alone tells, must
//! not depend on the number of requests.

use mesh_proxy::http::headers::Headers;
use mesh_proxy::http::message::{RequestHead, ResponseHead};
use mesh_proxy::http2::{Connection, Event, SendError, Settings};

/// How many requests are under way at once.
const STREAMS: usize = 32;

fn main() -> Result<(), SendError> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default| {
        arguments
            .next()
            .and_then(|it| it.parse().ok())
            .unwrap_or(default)
    };
    let (requests, body) = (number(100_000), vec![b'x'; number(0)]);
    let mut client = Connection::client(Settings::default());
    let mut server = Connection::server(Settings::default());
    let mut request = RequestHead {
        method: b"GET".to_vec(),
        scheme: b"http".to_vec(),
        authority: b"service.example.com:8080".to_vec(),
        path: b"/some/path?with=query".to_vec(),
        ..RequestHead::default()
    };
    let response = ResponseHead {
        status: 200,
        headers: Headers::from([
            ("content-type", "text/plain"),
            ("date", "Tue, 24 Nov 2026 22:00:00 GMT"),
            ("server", "envoy"),
            ("x-envoy-upstream-service-time", "1"),
        ]),
        ..ResponseHead::default()
    };
    let mut head = RequestHead::default();
    let mut answer = ResponseHead::default();
    let mut identifier = String::new();
    for round in 0..requests / STREAMS {
        for stream in 0..STREAMS {
            identifier.clear();
            let unique = round * STREAMS + stream;
            std::fmt::Write::write_fmt(
                &mut identifier,
                format_args!("{unique:08x}-7c1b-4e8f-9c55-{unique:012x}"),
            )
            .unwrap_or_default();
            request.headers.clear();
            request.headers.push(b"user-agent", b"curl/8.5.0");
            request.headers.push(b"accept", b"*/*");
            request.headers.push(b"x-forwarded-proto", b"http");
            request.headers.push(b"x-request-id", identifier.as_bytes());
            client.open(&request, true)?;
        }
        serve(&mut client, &mut server, &mut head, &response, &body)?;
        let mut input = server.output();
        while let Some(event) = client.receive(&mut input) {
            match event {
                Event::Response { .. } => client.take_response(&mut answer),
                Event::Data { stream, data, .. } => client.release(stream, data.len()),
                _ => {}
            }
        }
        let written = server.output().len();
        server.wrote(written);
    }
    Ok(())
}

/// Takes what the client has sent and answers every request.
fn serve(
    client: &mut Connection,
    server: &mut Connection,
    head: &mut RequestHead,
    response: &ResponseHead,
    body: &[u8],
) -> Result<(), SendError> {
    let mut input = client.output();
    while let Some(event) = server.receive(&mut input) {
        if let Event::Request { stream, .. } = event {
            server.take_request(head);
            server.send_response(stream, response, body.is_empty())?;
            if !body.is_empty() {
                server.send_data(stream, body, true)?;
            }
        }
    }
    let written = client.output().len();
    client.wrote(written);
    Ok(())
}
