//! The applications behind the sidecars, and what is asked of them.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// What the database says first.
pub(crate) const GREETING: &[u8] = b"\x4a\x00\x00\x00\x0a8.0.36";

/// A connection to a port of this machine.
pub(crate) fn dial(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
}

/// The whole answer to a request.
pub(crate) fn ask(port: u16, path: &str, header: &str) -> String {
    let mut stream = dial(port);
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: cart\r\n{header}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// What comes back for these bytes.
pub(crate) fn echo(port: u16, bytes: &[u8]) -> Vec<u8> {
    let mut stream = dial(port);
    let mut writer = stream.try_clone().unwrap();
    let sent = bytes.to_vec();
    let writing = thread::spawn(move || writer.write_all(&sent));
    let mut answer = vec![0; bytes.len()];
    stream.read_exact(&mut answer).unwrap();
    writing.join().unwrap().unwrap();
    answer
}

fn serve(each: fn(TcpStream) -> std::io::Result<()>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || stream.and_then(each));
        }
    });
    port
}

/// An application that tells HTTP what it saw and sends other bytes back; its port.
pub(crate) fn application() -> u16 {
    serve(|mut stream| {
        let mut seen = Vec::new();
        let mut buffer = vec![0; 65536];
        loop {
            let count = stream.read(&mut buffer)?;
            seen.extend_from_slice(&buffer[..count]);
            if count == 0 {
                return stream.shutdown(Shutdown::Write);
            }
            if !seen.starts_with(b"GET ") {
                stream.write_all(&seen)?;
                seen.clear();
            } else if seen.ends_with(b"\r\n\r\n") {
                let body = String::from_utf8_lossy(&seen).into_owned();
                let length = body.len();
                write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"
                )?;
                seen.clear();
            }
        }
    })
}

/// An application that speaks first; its port.
pub(crate) fn database() -> u16 {
    serve(|mut stream| {
        stream.write_all(GREETING)?;
        let mut question = [0; 4];
        stream.read_exact(&mut question)?;
        stream.write_all(if &question == b"quit" { b"bye" } else { b"huh" })
    })
}
