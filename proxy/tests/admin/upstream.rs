//! Answers HTTP/1 with the status that the path names.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// Starts a server that runs until the tests end; tells its port.
pub(crate) fn start() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(stream));
        }
    });
    port
}

fn serve(mut stream: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let mut first = String::new();
        reader.read_line(&mut first).ok()?;
        let path = first.split(' ').nth(1)?.to_owned();
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
        }
        let status = match path.as_str() {
            "/404" | "/503" => &path[1..],
            _ => "200",
        };
        if path == "/slow" {
            std::thread::sleep(Duration::from_millis(30));
        }
        write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\nhi").ok()?;
    }
}
