//! Reads what a request asks to go wrong: the header `x-fault`, or `fault=` in the query.
//!
//! `status=503,delay=100,first=2,key=a` answers the first two requests of key `a` after 100 ms with 503.
//! Without `first` or `every`, each request gets the fault.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::Request;

/// A fault.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The HTTP status in place of 200.
    pub(crate) status: Option<u16>,
    /// The gRPC status in place of 0.
    pub(crate) grpc_status: Option<u8>,
    /// How long the answer waits.
    pub(crate) delay: Duration,
    /// Where the connection breaks.
    pub(crate) abort: Option<Abort>,
    first: Option<u64>,
    every: Option<u64>,
    key: String,
}

/// Where an answer breaks off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Abort {
    /// Before the first byte of the answer.
    Head,
    /// In the middle of the body.
    Body,
}

/// How many requests each key has had.
#[derive(Debug, Default, Clone)]
pub(crate) struct Memory(Arc<Mutex<HashMap<String, u64>>>);

impl Memory {
    /// The fault that a request gets, if any.
    ///
    /// # Errors
    /// The part of the wish that cannot be understood.
    pub(crate) fn of<B>(&self, request: &Request<B>) -> Result<Option<Fault>, String> {
        let Some(wish) = wish(request) else {
            return Ok(None);
        };
        let fault = parse(&wish)?;
        let mut counts = self.0.lock().map_err(|error| error.to_string())?;
        let count = counts.entry(fault.key.clone()).or_default();
        *count += 1;
        let hit = match (fault.first, fault.every) {
            (Some(first), _) => *count <= first,
            (None, Some(every)) => count.is_multiple_of(every),
            (None, None) => true,
        };
        Ok(hit.then_some(fault))
    }
}

fn wish<B>(request: &Request<B>) -> Option<String> {
    if let Some(header) = request.headers().get("x-fault") {
        return Some(String::from_utf8_lossy(header.as_bytes()).into_owned());
    }
    let mut pairs = request.uri().query()?.split('&');
    pairs.find_map(|pair| pair.strip_prefix("fault=").map(str::to_owned))
}

fn parse(wish: &str) -> Result<Fault, String> {
    let mut fault = Fault::default();
    for part in wish.split(',') {
        let refused = || format!("cannot understand '{part}' of the fault '{wish}'");
        let (name, value) = part.split_once('=').ok_or_else(refused)?;
        let number = || value.parse::<u64>().map_err(|_| refused());
        match name {
            "status" => fault.status = Some(value.parse().map_err(|_| refused())?),
            "grpc-status" => fault.grpc_status = Some(value.parse().map_err(|_| refused())?),
            "delay" => fault.delay = Duration::from_millis(number()?),
            "first" => fault.first = Some(number()?),
            "every" => fault.every = Some(number()?.max(1)),
            "key" => value.clone_into(&mut fault.key),
            "abort" => {
                fault.abort = Some(match value {
                    "head" => Abort::Head,
                    "body" => Abort::Body,
                    _ => return Err(refused()),
                });
            }
            _ => return Err(refused()),
        }
    }
    Ok(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(fault: &str) -> Request<()> {
        Request::builder()
            .uri(format!("http://app/?fault={fault}"))
            .body(())
            .expect("a request")
    }

    fn hits(fault: &str, requests: usize) -> Vec<bool> {
        let memory = Memory::default();
        (0..requests)
            .map(|_| memory.of(&request(fault)).expect("understood").is_some())
            .collect()
    }

    #[test]
    fn a_fault_may_hit_all_the_first_or_every_nth() {
        assert_eq!(hits("status=503", 2), [true, true]);
        assert_eq!(hits("status=503,first=1", 3), [true, false, false]);
        assert_eq!(hits("status=503,every=2", 4), [false, true, false, true]);
    }

    #[test]
    fn keys_are_counted_apart() {
        let memory = Memory::default();
        for key in ["a", "b"] {
            let fault = request(&format!("status=503,first=1,key={key}"));
            assert!(memory.of(&fault).expect("understood").is_some());
        }
    }

    #[test]
    fn the_header_says_the_same_as_the_query() {
        let header = Request::builder()
            .uri("http://app/")
            .header("x-fault", "abort=body,delay=5")
            .body(())
            .expect("a request");
        let memory = Memory::default();
        let found = memory.of(&header).expect("understood");
        assert_eq!(
            found,
            memory
                .of(&request("abort=body,delay=5"))
                .expect("understood")
        );
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let error = Memory::default().of(&request("status=503,abort=tail"));
        assert_eq!(
            error,
            Err("cannot understand 'abort=tail' of the fault 'status=503,abort=tail'".to_owned())
        );
    }
}
