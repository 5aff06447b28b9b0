//! Serves HTTP: answers a request with what it saw of it, and with the faults that it asks for.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::answer::Answer;
use crate::fault::{Abort, Fault, Memory};
use crate::{grpc, report};

/// Serves until the program ends.
pub(crate) async fn serve(listener: TcpListener, faults: Memory) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                report::complain(&error.to_string());
                continue;
            }
        };
        let faults = faults.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| answer(request, peer, faults.clone()));
            let connection = auto::Builder::new(TokioExecutor::new());
            // A client that breaks off, or a fault that was asked for, is no trouble of ours.
            let _ = connection
                .serve_connection_with_upgrades(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    peer: SocketAddr,
    faults: Memory,
) -> Result<Response<Answer>, io::Error> {
    let fault = match faults.of(&request) {
        Ok(fault) => fault,
        Err(problem) => return Ok(refuse(problem)),
    };
    if let Some(fault) = &fault {
        tokio::time::sleep(fault.delay).await;
        if fault.abort == Some(Abort::Head) {
            return Err(io::Error::other("the request asked for no answer"));
        }
    }
    if grpc::is_grpc(&request) {
        return Ok(grpc::answer(request, fault.as_ref()));
    }
    let seen = seen(request, peer).await.map_err(io::Error::other)?;
    Ok(echo(&seen, fault.as_ref()))
}

fn echo(seen: &Value, fault: Option<&Fault>) -> Response<Answer> {
    let text = format!("{seen}\n");
    let broken = fault.is_some_and(|it| it.abort == Some(Abort::Body));
    let body = if broken {
        Answer::Broken(Some(Bytes::from(text)))
    } else {
        Answer::text(text)
    };
    let mut response = Response::new(body);
    let status = fault.and_then(|it| it.status).unwrap_or(200);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    response
}

/// The request as the application saw it.
async fn seen(request: Request<Incoming>, peer: SocketAddr) -> Result<Value, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?;
    let trailers = body.trailers().cloned().unwrap_or_default();
    let pairs = |headers: &hyper::HeaderMap| {
        let pair = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
            json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())])
        };
        headers.iter().map(pair).collect::<Value>()
    };
    Ok(json!({
        "server": std::env::var("HOSTNAME").unwrap_or_default(),
        "peer": peer.ip().to_canonical().to_string(),
        "protocol": format!("{:?}", head.version),
        "method": head.method.as_str(),
        "target": head.uri.to_string(),
        "headers": pairs(&head.headers),
        "body": String::from_utf8_lossy(&body.to_bytes()),
        "trailers": pairs(&trailers),
    }))
}

fn refuse(problem: String) -> Response<Answer> {
    let mut response = Response::new(Answer::text(problem));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}
