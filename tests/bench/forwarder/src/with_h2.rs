//! Forwards HTTP/2 on the crate h2: a task a stream, one connection to the server.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use h2::client::SendRequest;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::Mutex;

use crate::listen::{listener, loopback};
use crate::with_hyper::clean;

type Shared = Arc<Mutex<Option<SendRequest<Bytes>>>>;

/// Forwards until the process ends.
pub(crate) fn run(port: u16, upstream: u16) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let shared = Shared::default();
    runtime.block_on(async move {
        let listener = TcpListener::from_std(listener(port)?)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(serve(stream, upstream, Arc::clone(&shared)));
        }
    })
}

async fn serve(stream: TcpStream, upstream: u16, shared: Shared) {
    let mut builder = h2::server::Builder::new();
    builder
        .max_concurrent_streams(1000)
        .initial_window_size(1 << 18);
    builder.initial_connection_window_size(1 << 22);
    let Ok(mut connection) = builder.handshake::<_, Bytes>(stream).await else {
        return;
    };
    while let Some(Ok((request, respond))) = connection.accept().await {
        let Ok(sender) = sender(upstream, &shared).await else {
            return;
        };
        tokio::spawn(forward(request, respond, sender));
    }
}

async fn sender(upstream: u16, shared: &Shared) -> Result<SendRequest<Bytes>, h2::Error> {
    // Held while it is dialled, so that a burst of requests makes one connection.
    let mut held = shared.lock().await;
    if let Some(sender) = held.clone() {
        return Ok(sender);
    }
    let stream = TcpStream::connect(loopback(upstream))
        .await
        .map_err(|_| Reason::CONNECT_ERROR)?;
    stream
        .set_nodelay(true)
        .map_err(|_| Reason::CONNECT_ERROR)?;
    let mut builder = h2::client::Builder::new();
    builder
        .initial_window_size(1 << 18)
        .initial_connection_window_size(1 << 22);
    builder.initial_max_send_streams(1000);
    let (sender, connection) = builder.handshake(stream).await?;
    let forget = Arc::clone(shared);
    *held = Some(sender.clone());
    tokio::spawn(async move {
        let _ = connection.await;
        *forget.lock().await = None;
    });
    Ok(sender)
}

async fn forward(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    sender: SendRequest<Bytes>,
) {
    if let Err(error) = exchange(request, &mut respond, sender).await {
        respond.send_reset(error.reason().unwrap_or(Reason::INTERNAL_ERROR));
    }
}

async fn exchange(
    request: Request<RecvStream>,
    respond: &mut SendResponse<Bytes>,
    sender: SendRequest<Bytes>,
) -> Result<(), h2::Error> {
    let (mut parts, body) = request.into_parts();
    clean(&mut parts.headers);
    let end = body.is_end_stream();
    let mut sender = sender.ready().await?;
    let (response, to_server) = sender.send_request(Request::from_parts(parts, ()), end)?;
    if !end {
        tokio::spawn(copy(body, to_server));
    }
    let (mut parts, body) = response.await?.into_parts();
    clean(&mut parts.headers);
    let end = body.is_end_stream();
    let to_client = respond.send_response(Response::from_parts(parts, ()), end)?;
    if end {
        Ok(())
    } else {
        copy(body, to_client).await
    }
}

async fn copy(mut from: RecvStream, mut to: SendStream<Bytes>) -> Result<(), h2::Error> {
    while let Some(data) = from.data().await {
        let mut data = data?;
        let end = from.is_end_stream();
        from.flow_control().release_capacity(data.len())?;
        // The crate keeps what the other side does not take yet; waiting is for bodies that are long.
        to.reserve_capacity(data.len());
        while to.capacity() < data.len() {
            let Some(room) = poll_fn(|context| to.poll_capacity(context)).await else {
                return Ok(());
            };
            let now = data.split_to(room?.min(data.len()));
            let last = end && data.is_empty();
            to.send_data(now, last)?;
            if last {
                return Ok(());
            }
            to.reserve_capacity(data.len());
        }
        if end || !data.is_empty() {
            to.send_data(data, end)?;
        }
        if end {
            return Ok(());
        }
    }
    match from.trailers().await? {
        Some(trailers) => to.send_trailers(trailers),
        None => to.send_data(Bytes::new(), true),
    }
}
