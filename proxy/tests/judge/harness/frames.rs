//! Writes frames of HTTP/2 one by one, right or wrong, and reads those that come back.

/// What a client of HTTP/2 says first.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const NAMES: [&str; 10] = [
    "DATA",
    "HEADERS",
    "PRIORITY",
    "RST_STREAM",
    "SETTINGS",
    "PUSH_PROMISE",
    "PING",
    "GOAWAY",
    "WINDOW_UPDATE",
    "CONTINUATION",
];

/// The preface with settings that keep the proxy from compressing by a table.
pub(crate) fn opening() -> Vec<u8> {
    [PREFACE, &frame(4, 0, 0, &[0, 1, 0, 0, 0, 0])].concat()
}

/// A frame of this type, with these flags, on this stream.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The headers of a GET of the root of `h`.
pub(crate) fn get() -> Vec<u8> {
    b"\x82\x86\x84\x01\x01h".to_vec()
}

/// What came back, a line for each frame.
pub(crate) fn lines(mut bytes: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    while bytes.len() >= 9 {
        let length =
            usize::from(bytes[0]) << 16 | usize::from(bytes[1]) << 8 | usize::from(bytes[2]);
        let (head, rest) = bytes.split_at(9);
        let payload = &rest[..length.min(rest.len())];
        lines.push(line(head, payload));
        bytes = &rest[payload.len()..];
    }
    if !bytes.is_empty() {
        lines.push(format!("{} bytes more", bytes.len()));
    }
    lines
}

fn line(head: &[u8], payload: &[u8]) -> String {
    let kind = usize::from(head[3]);
    let name = NAMES.get(kind).copied().unwrap_or("UNKNOWN");
    let stream = number(&head[5..9]);
    let flags = head[4];
    let what = match name {
        "SETTINGS" => {
            let pairs = payload.chunks_exact(6);
            let pairs = pairs.map(|pair| format!("{}={}", number(&pair[..2]), number(&pair[2..])));
            pairs.collect::<Vec<_>>().join(" ")
        }
        "GOAWAY" => format!(
            "last {} code {} {}",
            number(&payload[..4]),
            number(&payload[4..8]),
            payload[8..].escape_ascii()
        ),
        "RST_STREAM" => format!("code {}", number(payload)),
        "WINDOW_UPDATE" => format!("by {}", number(payload)),
        // Indexed names of the static table; anything else is the encoder's choice.
        "HEADERS" => match payload.first() {
            Some(first @ 0x88..=0x8e) => {
                format!(
                    "status {}",
                    [200, 204, 206, 304, 400, 404, 500][usize::from(first - 0x88)]
                )
            }
            _ => "another status".to_owned(),
        },
        _ => payload.escape_ascii().to_string(),
    };
    format!("{name} on {stream} flags {flags:#x} {what}")
        .trim_end()
        .to_owned()
}

fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
