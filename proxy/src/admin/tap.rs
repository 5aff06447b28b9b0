//! Answers `/tap`: a stream of lines of JSON, one for each request.

use hyper::StatusCode;

use super::query::Query;
use super::reply::Reply;
use super::server::Shared;
use crate::tap::{Expression, Options};

/// Lines a second where nothing else is said.
const RATE: u32 = 100;

pub(super) fn answer(shared: &Shared, query: &Query) -> Reply {
    let Some(tap) = shared.source.tap() else {
        return Reply::text("no requests are shown here\n").with(StatusCode::NOT_FOUND);
    };
    let options = match options(query) {
        Ok(options) => options,
        Err(problem) => return Reply::bad_request(problem + "\n"),
    };
    match tap.watch(options) {
        Some(watching) => Reply::lines(watching),
        None => Reply::text("too many watch already\n").with(StatusCode::SERVICE_UNAVAILABLE),
    }
}

fn options(query: &Query) -> Result<Options, String> {
    let mut options = Options {
        rate: RATE,
        ..Options::default()
    };
    for (name, value) in query.pairs() {
        match (name.as_str(), value.as_str()) {
            ("filter", text) => {
                options.filter = Some(Expression::parse(text).map_err(|it| it.to_string())?);
            }
            ("header", name) => options.headers.push(name.to_ascii_lowercase()),
            ("events", "all") => options.begins = true,
            ("events", "end") => options.begins = false,
            ("rate", text) => {
                let rate = text.parse().ok().filter(|it| (1..=10_000).contains(it));
                options.rate = rate.ok_or("rate is a number from 1 to 10000")?;
            }
            ("events", _) => return Err("events is `end` or `all`".to_owned()),
            (name, _) => return Err(format!("there is no parameter {name}")),
        }
    }
    Ok(options)
}
