//! Sends and takes bytes over TCP, and counts them: both ends of the TCP rows.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::listen::loopback;

/// Asks the server for bytes without end.
const STREAM: u8 = b'S';
/// Asks it for one byte.
const PING: u8 = b'P';
const PIECE: usize = 64 * 1024;
/// How long a server may stay silent.
const PATIENCE: Duration = Duration::from_secs(5);

/// Serves until the process ends, a thread a connection.
pub(crate) fn serve(port: u16) -> io::Result<()> {
    let listener = TcpListener::bind(loopback(port))?;
    for stream in listener.incoming() {
        let stream = stream?;
        thread::Builder::new()
            .stack_size(PIECE * 4)
            .spawn(move || answer(stream))?;
    }
    Ok(())
}

/// Answers one client, until it goes.
fn answer(mut stream: TcpStream) -> io::Result<()> {
    let mut wish = [0];
    stream.set_nodelay(true)?;
    stream.read_exact(&mut wish)?;
    let piece = vec![b'm'; PIECE];
    if wish == [STREAM] {
        loop {
            stream.write_all(&piece)?;
        }
    }
    stream.write_all(&wish)
}

/// Takes bytes for some seconds over some connections; returns how many.
pub(crate) fn take(port: u16, seconds: u64, connections: u64) -> io::Result<u64> {
    let end = Instant::now() + Duration::from_secs(seconds);
    each(connections, move || {
        let mut stream = dial(port)?;
        stream.write_all(&[STREAM])?;
        let mut piece = vec![0; PIECE];
        let mut taken = 0;
        while Instant::now() < end {
            let count = stream.read(&mut piece)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            taken += count as u64;
        }
        Ok(taken)
    })
}

/// Opens connections for some seconds, so many at a time; returns how many were answered.
pub(crate) fn knock(port: u16, seconds: u64, connections: u64) -> io::Result<u64> {
    let end = Instant::now() + Duration::from_secs(seconds);
    each(connections, move || {
        let mut answered = 0;
        while Instant::now() < end {
            let mut stream = dial(port)?;
            stream.write_all(&[PING])?;
            stream.read_exact(&mut [0])?;
            answered += 1;
        }
        Ok(answered)
    })
}

fn dial(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(loopback(port))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// The sum of what so many threads count.
fn each(
    count: u64,
    work: impl Fn() -> io::Result<u64> + Clone + Send + 'static,
) -> io::Result<u64> {
    let threads: Vec<_> = (0..count).map(|_| thread::spawn(work.clone())).collect();
    threads
        .into_iter()
        .map(|thread| {
            thread
                .join()
                .map_err(|_| io::Error::other("a thread panicked"))?
        })
        .sum()
}
