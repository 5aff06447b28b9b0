//! Sends HTTP requests and reports what it saw: one line of JSON each, then a summary.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{Failure, report};

/// The requests to send.
#[derive(Debug, clap::Args)]
pub(crate) struct Get {
    /// Where to, as `http://host:port/path`.
    url: Uri,
    /// How many requests, one after the other.
    #[arg(long, default_value_t = 1)]
    count: u64,
    /// How long to wait between them, in milliseconds.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
    interval: u64,
    /// How long each may take, in milliseconds.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 5000)]
    timeout: u64,
    /// First asks until anybody answers, for as long as this, in milliseconds: a Service takes a moment to be routed.
    #[arg(long = "await", value_name = "MILLISECONDS", default_value_t = 0)]
    patience: u64,
    /// Speaks HTTP/2 with prior knowledge.
    #[arg(long)]
    http2: bool,
    /// A header, as `name: value`.
    #[arg(long = "header", value_name = "HEADER", value_parser = header)]
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The body; with one, the method is POST.
    #[arg(long)]
    body: Option<String>,
    /// Only the summary.
    #[arg(long)]
    summary: bool,
}

impl Get {
    /// Sends them. Whether all were answered with 200 is the result.
    pub(crate) async fn run(self) -> Result<bool, Failure> {
        let client = Client::builder(TokioExecutor::new())
            .http2_only(self.http2)
            .build_http::<Full<Bytes>>();
        let patience = Duration::from_millis(self.patience);
        // What comes of it is seen by the requests that count.
        let _ = tokio::time::timeout(patience, self.answered(&client)).await;
        let mut counts = BTreeMap::<String, u64>::new();
        for number in 0..self.count {
            if number > 0 {
                tokio::time::sleep(Duration::from_millis(self.interval)).await;
            }
            let start = Instant::now();
            let mut seen = self.send(&client).await?;
            seen["milliseconds"] = json!(start.elapsed().as_millis());
            let key = seen.get("status").or(seen.get("error")).map(plain);
            *counts.entry(key.unwrap_or_default()).or_default() += 1;
            if !self.summary {
                report::line(&seen);
            }
        }
        let succeeded = counts.get("200").copied().unwrap_or_default();
        report::line(&json!({"requests": self.count, "succeeded": succeeded, "counts": counts}));
        Ok(succeeded == self.count)
    }

    /// Returns when a request was answered, with whatever status.
    async fn answered(&self, client: &Client<HttpConnector, Full<Bytes>>) -> Result<(), Failure> {
        while self.send(client).await?.get("status").is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    async fn send(&self, client: &Client<HttpConnector, Full<Bytes>>) -> Result<Value, Failure> {
        let body = Full::new(Bytes::from(self.body.clone().unwrap_or_default()));
        let mut request = Request::new(body);
        *request.uri_mut() = self.url.clone();
        if self.body.is_some() {
            *request.method_mut() = hyper::Method::POST;
        }
        request.headers_mut().extend(self.headers.iter().cloned());
        let limit = Duration::from_millis(self.timeout);
        Ok(
            match tokio::time::timeout(limit, exchange(client, request)).await {
                Ok(Ok(seen)) => seen,
                Ok(Err(error)) => json!({"error": error}),
                Err(_) => json!({"error": "timeout"}),
            },
        )
    }
}

async fn exchange(
    client: &Client<HttpConnector, Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<Value, String> {
    let response = client.request(request).await.map_err(|it| chain(&it))?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(|it| chain(&it))?;
    let trailers = object(&body.trailers().cloned().unwrap_or_default());
    let body = body.to_bytes();
    // The test application answers in JSON; others in whatever they like.
    let body = serde_json::from_slice(&body)
        .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&body).into_owned()));
    Ok(json!({
        "status": head.status.as_u16(),
        "protocol": format!("{:?}", head.version),
        "headers": object(&head.headers),
        "body": body,
        "trailers": trailers,
    }))
}

fn object(headers: &HeaderMap) -> Value {
    headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), Value::from(value))
        })
        .collect()
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("expected `name: value`")?;
    let name = name.trim().parse().map_err(|_| "bad header name")?;
    let value = value.trim().parse().map_err(|_| "bad header value")?;
    Ok((name, value))
}
