//! Feeds connections with any bytes and any frames, in any pieces; nothing of it may panic or grow without bounds.

use super::*;
use proptest::prelude::*;

/// Feeds a server in pieces of the given sizes; says what the events and the answers are, and reacts to requests.
fn serve(input: &[u8], sizes: &[usize]) -> (String, Vec<u8>) {
    let mut connection = Connection::server(Settings {
        max_concurrent_streams: 10,
        ..lenient()
    });
    react(&mut connection, input, sizes)
}

fn react(connection: &mut Connection, input: &[u8], sizes: &[usize]) -> (String, Vec<u8>) {
    let mut text = Text::default();
    let mut output = Vec::new();
    let mut kept = Vec::new();
    let mut rest = input;
    let mut sizes = sizes.iter().copied().cycle();
    while !rest.is_empty() {
        let size = sizes.next().unwrap_or(rest.len()).clamp(1, rest.len());
        kept.extend_from_slice(&rest[..size]);
        rest = &rest[size..];
        let mut front = &kept[..];
        while let Some(event) = connection.receive(&mut front) {
            text.add(&event);
            answer(connection, &event);
        }
        let left = front.len();
        assert!(left <= frame::HEAD + 16_384);
        kept.drain(..kept.len() - left);
        output.extend_from_slice(connection.output());
        connection.wrote(connection.output().len());
    }
    assert!(connection.open_streams() <= 10);
    assert!(connection.carry.capacity() <= 256 * 1024);
    (text.done(), output)
}

/// The events, with the pieces of a body joined.
#[derive(Default)]
struct Text {
    lines: Vec<String>,
    body: Option<(StreamId, usize)>,
}

impl Text {
    fn add(&mut self, event: &Event<'_>) {
        if let Event::Data {
            stream,
            data,
            end: false,
        } = event
        {
            match &mut self.body {
                Some((own, length)) if own == stream => *length += data.len(),
                _ => {
                    self.flush();
                    self.body = Some((*stream, data.len()));
                }
            }
            return;
        }
        if let Event::Data { stream, data, .. } = event {
            let before = match self.body.take() {
                Some((own, length)) if own == *stream => length,
                other => {
                    self.body = other;
                    self.flush();
                    0
                }
            };
            let all = before + data.len();
            self.lines
                .push(format!("Data {} {all} end", stream.number()));
            return;
        }
        self.flush();
        self.lines.push(event_text(event));
    }

    fn flush(&mut self) {
        if let Some((stream, length)) = self.body.take() {
            self.lines
                .push(format!("Data {} {length}", stream.number()));
        }
    }

    fn done(mut self) -> String {
        self.flush();
        self.lines.join("; ")
    }
}

fn answer(connection: &mut Connection, event: &Event<'_>) {
    match *event {
        Event::Request { stream, end } => {
            let mut head = RequestHead::default();
            connection.take_request(&mut head);
            assert!(!head.method.is_empty());
            if end {
                let _ = connection.send_response(stream, &response(200), true);
            }
        }
        Event::Data { stream, data, end } => {
            connection.release(stream, data.len());
            if end {
                let _ = connection.send_response(stream, &response(200), false);
                let _ = connection.send_data(stream, &[0; 1000], true);
            }
        }
        Event::Trailers { stream } => {
            let _ = connection.send_response(stream, &response(200), true);
        }
        Event::Writable { stream } => {
            let _ = connection.send_data(stream, &[0; 1000], true);
        }
        _ => {}
    }
}

fn any_fields() -> impl Strategy<Value = Vec<u8>> {
    let field = prop_oneof![prop::sample::select(vec![
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/"),
        (":authority", "a"),
        ("content-length", "3"),
        ("cookie", "a=b"),
        ("x-a", "b"),
        ("X-A", "b"),
        ("te", "gzip"),
    ]),];
    prop_oneof![
        4 => Just(block(&GET)),
        2 => prop::collection::vec(field, 0..6).prop_map(|it| block(&it)),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let stream = prop_oneof![0_u32..12, Just(frame::LARGEST)];
    let flags = prop::sample::select(vec![0, 1, 4, 5, 8, 9, 12, 13, 0x24, 0x2d, 0xff]);
    let payload = prop_oneof![
        any_fields(),
        prop::collection::vec(any::<u8>(), 0..12),
        (0_u32..70_000).prop_map(|it| it.to_be_bytes().to_vec()),
        (0_usize..5000).prop_map(|it| vec![0; it]),
    ];
    let own = (0_u8..12, flags, stream, payload)
        .prop_map(|(kind, flags, stream, payload)| frame(kind, flags, stream, &payload));
    let request = (
        0_u32..6,
        prop::sample::select(vec![HEAD, WHOLE]),
        any_fields(),
    )
        .prop_map(|(stream, flags, block)| frame(kind::HEADERS, flags, stream * 2 + 1, &block));
    prop_oneof![own, request]
}

/// The target of the fuzzer for servers: any bytes behind a proper beginning.
fn server_target(input: &[u8]) {
    let begin = [frame::PREFACE, &settings_frame(&[])].concat();
    serve(&[&begin, input].concat(), &[1_000_000]);
    serve(input, &[7]);
}

/// The target of the fuzzer for clients: any bytes from a server, with a few requests under way.
fn client_target(input: &[u8]) {
    let (mut connection, _) = client(lenient(), "GET", true);
    for method in ["HEAD", "CONNECT", "POST"] {
        connection.open(&request(method), method == "HEAD").unwrap();
    }
    react(&mut connection, input, &[100, 3]);
}

#[test]
fn seeds_of_the_fuzzer_do_no_harm() {
    let seeds = [
        Vec::new(),
        headers(1, WHOLE, &GET),
        [headers(1, HEAD, &POST), frame(kind::DATA, 1, 1, b"abc")].concat(),
        [headers(1, 0, &GET), frame(kind::CONTINUATION, 5, 1, &[])].concat(),
        [headers(1, HEAD, &OK), headers(1, WHOLE, &[("t", "1")])].concat(),
        settings_frame(&[(1, 0), (2, 0), (3, 1), (4, 0), (5, 16_384), (8, 1)]),
        frame(kind::GOAWAY, 0, 0, &[0; 20]),
        frame(kind::WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]),
    ];
    for seed in &seeds {
        for cut in 0..=seed.len() {
            server_target(&seed[..cut]);
            client_target(&seed[..cut]);
        }
        for place in 0..seed.len() {
            for bit in 0..8 {
                let mut changed = seed.clone();
                changed[place] ^= 1 << bit;
                server_target(&changed);
                client_target(&changed);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_bytes_do_no_harm(input in prop::collection::vec(any::<u8>(), 0..2000)) {
        server_target(&input);
        client_target(&input);
    }

    #[test]
    fn any_frames_do_no_harm(frames in prop::collection::vec(any_frame(), 0..30)) {
        server_target(&frames.concat());
        client_target(&frames.concat());
    }

    #[test]
    fn pieces_make_no_difference(
        frames in prop::collection::vec(any_frame(), 0..20),
        sizes in prop::collection::vec(1_usize..100, 1..10),
    ) {
        let begin = [frame::PREFACE, &settings_frame(&[])].concat();
        let input = [begin, frames.concat()].concat();
        let (whole, _) = serve(&input, &[1_000_000]);
        let (pieces, _) = serve(&input, &sizes);
        prop_assert_eq!(whole, pieces);
    }
}
