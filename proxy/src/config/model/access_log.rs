//! Access logs: where, when and what.

use std::path::PathBuf;

use super::format::Format;
use super::matcher::HeaderMatcher;
use crate::config::cursor::Spot;

/// An access log.
#[derive(Debug, Clone)]
pub struct AccessLog {
    /// Where lines go.
    pub sink: Sink,
    /// What a line says.
    pub format: LogFormat,
    /// Which requests or connections are logged; all without it.
    pub filter: Option<LogFilter>,
    /// Where it is configured.
    pub spot: Spot,
}

/// Where lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sink {
    /// Appended to a file.
    File(PathBuf),
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What a line says.
#[derive(Debug, Clone)]
pub enum LogFormat {
    /// Text; its line break is part of it.
    Text(Format),
    /// A JSON object and a line break.
    Json {
        /// The object, with its keys in the order in which Envoy writes them: sorted.
        fields: Vec<(String, JsonFormat)>,
        /// Values that turn out empty are left out.
        omit_empty: bool,
    },
}

/// A value of a JSON line.
#[derive(Debug, Clone)]
pub enum JsonFormat {
    /// A single operator keeps its type (a number stays a number); else text.
    Text(Format),
    /// As it is.
    Literal(serde_json::Value),
    /// An object.
    Object(Vec<(String, Self)>),
    /// A list.
    List(Vec<Self>),
}

/// Which requests or connections are logged.
#[derive(Debug, Clone)]
pub enum LogFilter {
    /// By the status code; 0 when there is none.
    Status(Comparison),
    /// By milliseconds from start to end.
    Duration(Comparison),
    /// Not those of health checks.
    NotHealthCheck,
    /// All of these say so.
    And(Vec<Self>),
    /// One of these says so.
    Or(Vec<Self>),
    /// By a header of the request.
    Header(HeaderMatcher),
    /// By response flags: one of these, or any when there are none.
    ResponseFlags(Vec<String>),
    /// By the status of a gRPC call.
    GrpcStatus {
        /// Statuses by number.
        statuses: Vec<i32>,
        /// All but these.
        exclude: bool,
    },
}

/// Compares with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    /// How.
    pub operator: Operator,
    /// With what.
    pub value: u32,
}

/// How numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// The same.
    Equal,
    /// The same or more.
    GreaterOrEqual,
    /// The same or less.
    LessOrEqual,
    /// Another.
    NotEqual,
}

impl Comparison {
    /// Whether a number passes.
    pub fn holds(self, number: u64) -> bool {
        let value = u64::from(self.value);
        match self.operator {
            Operator::Equal => number == value,
            Operator::GreaterOrEqual => number >= value,
            Operator::LessOrEqual => number <= value,
            Operator::NotEqual => number != value,
        }
    }
}
