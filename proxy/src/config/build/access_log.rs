//! Reads access logs.

use serde_json::{Map, Value};

use super::{format, matcher, source};
use crate::config::cursor::Cursor;
use crate::config::model::access_log::{
    AccessLog, Comparison, JsonFormat, LogFilter, LogFormat, Operator, Sink,
};
use crate::config::model::format::Format;

/// The access logs of a list.
pub(super) fn access_logs(cursor: &Cursor<'_>, field: &str) -> Vec<AccessLog> {
    cursor
        .messages(field)
        .iter()
        .filter_map(access_log)
        .collect()
}

fn access_log(cursor: &Cursor<'_>) -> Option<AccessLog> {
    let log = cursor.message("typed_config")?;
    let sink = match log.message.schema.short_name() {
        "StdoutAccessLog" => Sink::Stdout,
        "StderrAccessLog" => Sink::Stderr,
        _ => Sink::File(log.text("path")?.into()),
    };
    let format = match log.member("access_log_format") {
        Some("format") => LogFormat::Text(format::format(&log.item("format")?)?),
        Some("json_format") if log.object("json_format").is_some() => {
            json(&log, "json_format", false)?
        }
        Some("typed_json_format") => json(&log, "typed_json_format", false)?,
        _ => match log.message("log_format") {
            Some(format) => substitution(&format)?,
            None => LogFormat::Text(format::parse(DEFAULT_FORMAT).ok()?),
        },
    };
    let filter = cursor
        .message("filter")
        .and_then(|filter| self::filter(&filter));
    Some(AccessLog {
        sink,
        format,
        filter,
        spot: cursor.spot("typed_config"),
    })
}

/// A `SubstitutionFormatString`.
fn substitution(cursor: &Cursor<'_>) -> Option<LogFormat> {
    match cursor.member("format")? {
        "json_format" => json(cursor, "json_format", cursor.flag("omit_empty_values")),
        "text_format" => Some(LogFormat::Text(format::format(
            &cursor.item("text_format")?,
        )?)),
        _ => {
            let outer = cursor.message("text_format_source")?;
            if let Some(text) = outer.item("inline_string") {
                return Some(LogFormat::Text(format::format(&text)?));
            }
            Some(LogFormat::Text(from_elsewhere(cursor)?))
        }
    }
}

/// A format that stands in a file or in the environment.
fn from_elsewhere(cursor: &Cursor<'_>) -> Option<Format> {
    let data = source::data(cursor, "text_format_source")?;
    let text = match data.read() {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => {
            cursor.refuse(
                "text_format_source",
                format!("this cannot be read: {error}"),
                "",
            );
            return None;
        }
    };
    match format::parse(&text) {
        Ok(format) => Some(format),
        Err((message, hint)) => {
            cursor.refuse("text_format_source", message, hint);
            None
        }
    }
}

fn json(cursor: &Cursor<'_>, field: &str, omit_empty: bool) -> Option<LogFormat> {
    match object(cursor.object(field)?) {
        Ok(fields) => Some(LogFormat::Json { fields, omit_empty }),
        Err((message, hint)) => {
            cursor.refuse(field, message, hint);
            None
        }
    }
}

fn object(fields: &Map<String, Value>) -> Result<Vec<(String, JsonFormat)>, (String, String)> {
    let mut found = Vec::new();
    for (key, value) in fields {
        found.push((key.clone(), json_value(value)?));
    }
    found.sort_by(|(left, _), (right, _)| left.cmp(right));
    Ok(found)
}

fn json_value(value: &Value) -> Result<JsonFormat, (String, String)> {
    Ok(match value {
        Value::String(text) => JsonFormat::Text(format::parse(text)?),
        Value::Object(fields) => JsonFormat::Object(object(fields)?),
        Value::Array(items) => {
            JsonFormat::List(items.iter().map(json_value).collect::<Result<_, _>>()?)
        }
        other => JsonFormat::Literal(other.clone()),
    })
}

fn filter(cursor: &Cursor<'_>) -> Option<LogFilter> {
    let kind = cursor
        .member("filter_specifier")
        .or_else(|| first(cursor))?;
    let inner = cursor.message(kind)?;
    let filters = || {
        inner
            .messages("filters")
            .iter()
            .filter_map(filter)
            .collect()
    };
    Some(match kind {
        "status_code_filter" => LogFilter::Status(comparison(&inner)?),
        "duration_filter" => LogFilter::Duration(comparison(&inner)?),
        "not_health_check_filter" => LogFilter::NotHealthCheck,
        "and_filter" => LogFilter::And(filters()),
        "or_filter" => LogFilter::Or(filters()),
        "header_filter" => LogFilter::Header(matcher::header(&inner.message("header")?)?),
        "response_flag_filter" => LogFilter::ResponseFlags(inner.strings("flags")),
        _ => LogFilter::GrpcStatus {
            statuses: inner.choices("statuses"),
            exclude: inner.flag("exclude"),
        },
    })
}

fn first(cursor: &Cursor<'_>) -> Option<&'static str> {
    cursor.message.set.first().map(|set| set.field.name)
}

fn comparison(cursor: &Cursor<'_>) -> Option<Comparison> {
    let comparison = cursor.message("comparison")?;
    Some(Comparison {
        operator: match comparison.choice("op") {
            0 => Operator::Equal,
            1 => Operator::GreaterOrEqual,
            2 => Operator::LessOrEqual,
            _ => Operator::NotEqual,
        },
        value: comparison
            .message("value")?
            .number("default_value")
            .unwrap_or(0),
    })
}

/// What Envoy writes without a format.
const DEFAULT_FORMAT: &str = "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% \
    %PROTOCOL%\" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% \
    %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" \
    \"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\"\n";

#[cfg(test)]
mod tests {
    #[test]
    fn the_default_can_be_read() {
        assert!(super::format::parse(super::DEFAULT_FORMAT).is_ok());
    }
}
