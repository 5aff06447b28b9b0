//! Reads and evaluates conditions such as `status >= 500 && method == "GET"`.
//!
//! ```text
//! condition  = all *( "||" all )
//! all        = one *( "&&" one )
//! one        = "!" one | "(" condition ")" | field [ operator value ]
//! operator   = "==" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~"
//! ```
//!
//! A field is a name of the line that is shown; `request_headers.x-id` is within another. Alone it holds if it is there.
//! A value is quoted, or has no blanks, brackets and operators in it; behind `~` it is a regular expression.

use std::cmp::Ordering;
use std::fmt;

use regex::Regex;
use serde_json::Value;

/// A condition.
#[derive(Debug, Clone)]
pub struct Expression(Node);

#[derive(Debug, Clone)]
enum Node {
    Any(Vec<Self>),
    All(Vec<Self>),
    Not(Box<Self>),
    Present(String),
    Compared(String, &'static str, String),
    Found(String, Regex),
}

/// What cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misread {
    at: usize,
    what: String,
}

impl fmt::Display for Misread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "filter, character {}: {}",
            self.at + 1,
            self.what
        )
    }
}

/// Conditions within conditions, at most.
const DEEPEST: usize = 32;

impl Expression {
    /// Reads a condition.
    ///
    /// # Errors
    /// The first thing that cannot be read.
    pub fn parse(text: &str) -> Result<Self, Misread> {
        let mut reader = Reader {
            text,
            at: 0,
            depth: 0,
        };
        let node = reader.any()?;
        reader.skip_blanks();
        if reader.at < text.len() {
            return Err(reader.misread("`&&`, `||` or the end is expected"));
        }
        Ok(Self(node))
    }

    /// Whether it holds for a line.
    pub fn holds(&self, line: &Value) -> bool {
        self.0.holds(line)
    }
}

impl Node {
    fn holds(&self, line: &Value) -> bool {
        match self {
            Self::Any(all) => all.iter().any(|it| it.holds(line)),
            Self::All(all) => all.iter().all(|it| it.holds(line)),
            Self::Not(one) => !one.holds(line),
            Self::Present(field) => found(line, field).is_some_and(|it| it != ""),
            Self::Found(field, pattern) => {
                found(line, field).is_some_and(|it| pattern.is_match(&text(it)))
            }
            Self::Compared(field, operator, value) => {
                let order = found(line, field).map(|it| compared(it, value));
                match *operator {
                    "==" => order == Some(Ordering::Equal),
                    "!=" => order != Some(Ordering::Equal),
                    "<" => order == Some(Ordering::Less),
                    "<=" => order.is_some_and(Ordering::is_le),
                    ">" => order == Some(Ordering::Greater),
                    _ => order.is_some_and(Ordering::is_ge),
                }
            }
        }
    }
}

fn found<'l>(line: &'l Value, field: &str) -> Option<&'l Value> {
    match line.get(field) {
        None => {
            let (outer, inner) = field.split_once('.')?;
            line.get(outer)?.get(inner)
        }
        found => found,
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Numbers are compared as such, everything else as text.
fn compared(found: &Value, value: &str) -> Ordering {
    if let (Some(found), Ok(value)) = (found.as_f64(), value.parse::<f64>()) {
        return found.total_cmp(&value);
    }
    text(found).as_str().cmp(value)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn misread(&self, what: impl Into<String>) -> Misread {
        Misread {
            at: self.at,
            what: what.into(),
        }
    }

    fn skip_blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip_blanks();
        let is_next = self.text[self.at..].starts_with(token);
        if is_next {
            self.at += token.len();
        }
        is_next
    }

    fn any(&mut self) -> Result<Node, Misread> {
        let mut all = vec![self.all()?];
        while self.take("||") {
            all.push(self.all()?);
        }
        Ok(Node::Any(all))
    }

    fn all(&mut self) -> Result<Node, Misread> {
        let mut all = vec![self.one()?];
        while self.take("&&") {
            all.push(self.one()?);
        }
        Ok(Node::All(all))
    }

    fn one(&mut self) -> Result<Node, Misread> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.misread("too many conditions within conditions"));
        }
        let node = if self.take("!") {
            Node::Not(Box::new(self.one()?))
        } else if self.take("(") {
            let inner = self.any()?;
            if !self.take(")") {
                return Err(self.misread("`)` is expected"));
            }
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(node)
    }

    fn comparison(&mut self) -> Result<Node, Misread> {
        let field = self.word("the name of a field")?;
        let operators = ["==", "!=", "!~", "<=", ">=", "<", ">", "~"];
        let Some(operator) = operators.into_iter().find(|it| self.take(it)) else {
            return Ok(Node::Present(field));
        };
        self.skip_blanks();
        let begin = self.at;
        let value = self.value()?;
        if !operator.ends_with('~') {
            return Ok(Node::Compared(field, operator, value));
        }
        let pattern = Regex::new(&value).map_err(|_| Misread {
            at: begin,
            what: "no regular expression".to_owned(),
        })?;
        let found = Node::Found(field, pattern);
        Ok(match operator {
            "~" => found,
            _ => Node::Not(Box::new(found)),
        })
    }

    fn value(&mut self) -> Result<String, Misread> {
        for quote in ['"', '\''] {
            if self.text[self.at..].starts_with(quote) {
                let rest = &self.text[self.at + 1..];
                let Some(end) = rest.find(quote) else {
                    return Err(self.misread("the quote does not end"));
                };
                self.at += end + 2;
                return Ok(rest[..end].to_owned());
            }
        }
        self.word("a value")
    }

    fn word(&mut self, what: &str) -> Result<String, Misread> {
        self.skip_blanks();
        let rest = &self.text[self.at..];
        let ends = |it: char| it.is_whitespace() || "()!=<>~&|\"'".contains(it);
        let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
        if word.is_empty() {
            return Err(self.misread(format!("{what} is expected")));
        }
        self.at += word.len();
        Ok(word.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_hold_or_not() {
        let line = json!({
            "status": 503, "method": "GET", "flags": "", "path": "/a?b", "duration_ms": 2.5,
            "request_headers": { "x-id": "7" },
        });
        for (text, holds) in [
            ("status == 503", true),
            ("status >= 500 && method == GET", true),
            ("status<500||method=='GET'", true),
            ("!(status < 500 || method == GET)", false),
            ("status == 503 && !flags", true),
            ("path ~ ^/a", true),
            ("path !~ \"^/a\"", false),
            ("path !~ '^/b'", true),
            ("duration_ms > 2", true),
            ("duration_ms > 10", false),
            ("request_headers.x-id == 7", true),
            ("request_headers.x-other", false),
            ("endpoint != 10.0.0.1:80", true),
            ("endpoint == 10.0.0.1:80", false),
        ] {
            let expression = Expression::parse(text).unwrap();
            assert_eq!(expression.holds(&line), holds, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        for (text, told) in [
            ("", "filter, character 1: the name of a field is expected"),
            ("status ==", "filter, character 10: a value is expected"),
            ("(status", "filter, character 8: `)` is expected"),
            (
                "a b",
                "filter, character 3: `&&`, `||` or the end is expected",
            ),
            ("a == 'b", "filter, character 6: the quote does not end"),
            ("a ~ '('", "filter, character 5: no regular expression"),
        ] {
            assert_eq!(Expression::parse(text).unwrap_err().to_string(), told);
        }
        assert!(Expression::parse(&"!".repeat(10_000)).is_err());
    }
}
