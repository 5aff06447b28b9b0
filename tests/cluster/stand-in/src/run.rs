//! Relays redirected connections, and answers on the status port.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use mesh_api::ports::{INBOUND, INBOUND_SOURCE_V4, OUTBOUND, STATUS};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::signal::unix::{SignalKind, signal};

use crate::{fail, say};

/// How many connections went through, read from `/stand-in` on the status port.
#[derive(Debug, Default)]
struct Counters {
    inbound: AtomicU64,
    outbound: AtomicU64,
}

/// Relays until SIGTERM.
pub(crate) fn run() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime.and_then(|it| it.block_on(serve())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string(), 1),
    }
}

async fn serve() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let counters = Arc::new(Counters::default());
    let listen = |port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port));
    let (inbound, outbound, status) = (
        listen(INBOUND).await?,
        listen(OUTBOUND).await?,
        listen(STATUS).await?,
    );
    say("relays in plaintext; it has no identity");
    tokio::select! {
        result = relay(inbound, &counters, Direction::Inbound) => result,
        result = relay(outbound, &counters, Direction::Outbound) => result,
        result = answer(status, &counters) => result,
        _ = terminate.recv() => Ok(()),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Inbound,
    Outbound,
}

async fn relay(
    listener: TcpListener,
    counters: &Arc<Counters>,
    direction: Direction,
) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let counter = match direction {
            Direction::Inbound => &counters.inbound,
            Direction::Outbound => &counters.outbound,
        };
        counter.fetch_add(1, Relaxed);
        tokio::spawn(async move {
            if let Err(error) = carry(stream, direction).await {
                say(&format!("{direction:?}: {error}"));
            }
        });
    }
}

async fn carry(mut stream: TcpStream, direction: Direction) -> io::Result<()> {
    let original = SockRef::from(&stream).original_dst_v4()?;
    let original = original
        .as_socket()
        .ok_or_else(|| io::Error::other("no original destination"))?;
    let socket = TcpSocket::new_v4()?;
    if direction == Direction::Inbound {
        socket.bind(SocketAddr::from((INBOUND_SOURCE_V4, 0)))?;
    }
    let mut far = socket.connect(original).await?;
    copy_bidirectional(&mut stream, &mut far).await.map(|_| ())
}

/// Answers every request with 200 and the counters; one request a connection.
async fn answer(listener: TcpListener, counters: &Arc<Counters>) -> io::Result<()> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        let counters = Arc::clone(counters);
        tokio::spawn(async move {
            let mut head = [0; 4096];
            let read = stream.read(&mut head).await;
            let (inbound, outbound) = (
                counters.inbound.load(Relaxed),
                counters.outbound.load(Relaxed),
            );
            let body = serde_json::json!({"inbound": inbound, "outbound": outbound}).to_string();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            // A prober that has left is no trouble of ours.
            let _ = (read, stream.write_all(answer.as_bytes()).await);
        });
    }
}
