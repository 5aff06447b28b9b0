//! Asks an admin, one request a connection.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    /// The other fields that Envoy sets, but for the date.
    others: Vec<String>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn fields(&self) -> (&str, &[String]) {
        (&self.content_type, &self.others)
    }
}

pub(crate) fn get(address: &str, path: &str) -> Answer {
    request(address, "GET", path)
}

pub(crate) fn request(address: &str, method: &str, path: &str) -> Answer {
    try_request(address, method, path).unwrap_or_else(|| panic!("no answer to {method} {path}"))
}

pub(crate) fn try_request(address: &str, method: &str, path: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .ok()?;
    let length = if method == "GET" {
        ""
    } else {
        "Content-Length: 0\r\n"
    };
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: admin\r\n{length}Connection: close\r\n\r\n"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut fields: Vec<String> = lines
        .map(str::to_owned)
        .filter(|line| !line.starts_with("date:") && !line.starts_with("connection:"))
        .collect();
    fields.sort();
    // Envoy says twice that some of its refusals are not to be sniffed at.
    fields.dedup();
    let content_type = fields
        .iter()
        .find_map(|line| line.strip_prefix("content-type: "));
    let chunked = fields
        .iter()
        .any(|line| line == "transfer-encoding: chunked");
    Some(Answer {
        status,
        content_type: content_type.unwrap_or_default().to_owned(),
        body: if chunked {
            unchunked(body)?
        } else {
            body.to_owned()
        },
        others: fields,
    })
}

/// The status and the body of what is answered to bytes that may be no request. The version is left
/// out: Envoy answers 1.1 to 1.0.
pub(crate) fn raw(address: &str, bytes: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let limit = Some(Duration::from_secs(10));
    stream.set_read_timeout(limit).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let (_, status) = head.lines().next().unwrap().split_once(' ').unwrap();
    (status.to_owned(), body.to_owned())
}

fn unchunked(mut rest: &str) -> Option<String> {
    let mut body = String::new();
    while let Some((size, data)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        body.push_str(data.get(..size)?);
        rest = data[size..].trim_start_matches("\r\n");
    }
    Some(body)
}
