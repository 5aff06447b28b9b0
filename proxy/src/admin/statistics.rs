//! Answers `/stats` and `/stats/prometheus`.

use regex::Regex;

use super::query::Query;
use super::reply::Reply;
use super::server::Shared;
use crate::stats::{BucketMode, Filter, Kinds, json, prometheus as as_prometheus, text};

pub(super) fn answer(shared: &Shared, query: &Query) -> Reply {
    reply(shared, query).unwrap_or_else(|error| Reply::bad_request(error.to_string()))
}

pub(super) fn prometheus(shared: &Shared, query: &Query) -> Reply {
    let reply = filter(query).and_then(|filter| exposed(shared, query, &filter));
    reply.unwrap_or_else(|error| Reply::bad_request(error.to_string()))
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("Invalid re2 regex: {0}")]
    Pattern(String),
    #[error(
        "usage: /stats?histogram_buckets=(cumulative|disjoint|detailed|summary|prometheusnative)\n"
    )]
    Buckets,
    #[error("Invalid histogram_buckets type for non prometheus stats type")]
    NativeBuckets,
    #[error("unsupported prometheus histogram bucket mode")]
    PrometheusBuckets,
    #[error("invalid &type= param")]
    Kind,
    #[error("usage: /stats?format=(json|prometheus|text)\n\n")]
    Format,
}

fn reply(shared: &Shared, query: &Query) -> Result<Reply, Error> {
    let mut filter = filter(query)?;
    let mode = buckets(query)?;
    filter.kinds = query.get("type").map_or(Ok(Kinds::All), kinds)?;
    let answer = match query.get("format") {
        None | Some("text") => text,
        Some("json") => json,
        Some("prometheus") => {
            // It shows all kinds, whichever are asked for.
            filter.kinds = Kinds::All;
            return exposed(shared, query, &filter);
        }
        Some(_) => return Err(Error::Format),
    };
    let mode = match mode {
        Buckets::Default => BucketMode::default(),
        Buckets::Mode(mode) => mode,
        Buckets::Native => return Err(Error::NativeBuckets),
    };
    let body = answer(&shared.snapshot(), &filter, mode);
    Ok(match query.get("format") {
        Some("json") => Reply::compact(body),
        _ => Reply::text(body),
    })
}

fn exposed(shared: &Shared, query: &Query, filter: &Filter) -> Result<Reply, Error> {
    let mode = match buckets(query)? {
        Buckets::Default => BucketMode::Cumulative,
        Buckets::Mode(mode @ (BucketMode::Cumulative | BucketMode::Summary)) => mode,
        Buckets::Mode(_) | Buckets::Native => return Err(Error::PrometheusBuckets),
    };
    let texts = query.has("text_readouts");
    let snapshot = shared.snapshot();
    Ok(Reply::text(as_prometheus(&snapshot, filter, texts, mode)))
}

fn filter(query: &Query) -> Result<Filter, Error> {
    let pattern = query.get("filter").filter(|pattern| !pattern.is_empty());
    Ok(Filter {
        kinds: Kinds::All,
        used_only: query.has("usedonly"),
        pattern: pattern.map(compiled).transpose()?,
        invert: query.has("invert_filter"),
    })
}

fn compiled(pattern: &str) -> Result<Regex, Error> {
    Regex::new(pattern).map_err(|error| {
        let text = error.to_string();
        // The last line says what is wrong; those before it draw where.
        let reason = text.lines().last().unwrap_or_default();
        let reason = reason.trim_start_matches("error: ");
        Error::Pattern(format!("{reason}: {pattern}"))
    })
}

/// What is asked of histograms.
enum Buckets {
    Default,
    Mode(BucketMode),
    /// Of Prometheus' native histograms, which are not text.
    Native,
}

fn buckets(query: &Query) -> Result<Buckets, Error> {
    let mode = match query.get("histogram_buckets") {
        None | Some("") => return Ok(Buckets::Default),
        Some("prometheusnative") => return Ok(Buckets::Native),
        Some("none" | "summary") => BucketMode::Summary,
        Some("cumulative") => BucketMode::Cumulative,
        Some("disjoint") => BucketMode::Disjoint,
        Some("detailed") => BucketMode::Detailed,
        Some(_) => return Err(Error::Buckets),
    };
    Ok(Buckets::Mode(mode))
}

fn kinds(name: &str) -> Result<Kinds, Error> {
    match name {
        "All" => Ok(Kinds::All),
        "Counters" => Ok(Kinds::Counters),
        "Gauges" => Ok(Kinds::Gauges),
        "Histograms" => Ok(Kinds::Histograms),
        "TextReadouts" => Ok(Kinds::TextReadouts),
        _ => Err(Error::Kind),
    }
}
