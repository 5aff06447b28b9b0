//! Matches text, headers, query parameters and ports.

use std::ops::Range;

use regex::bytes::Regex;

/// Matches a text.
#[derive(Debug, Clone)]
pub enum StringMatcher {
    /// The whole, in lower case if case does not count.
    Exact(String, Case),
    /// How it begins.
    Prefix(String, Case),
    /// How it ends.
    Suffix(String, Case),
    /// What it holds.
    Contains(String, Case),
    /// The whole, by a regular expression.
    Regex(Pattern),
}

/// Whether upper and lower case differ. Where they do not, only ASCII letters are alike (as in Envoy).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// They differ.
    Counts,
    /// They do not.
    Ignored,
}

/// A regular expression with its text.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// As configured.
    pub text: String,
    /// Matches the whole of a text (RE2's `FullMatch`).
    pub whole: Regex,
    /// Matches anywhere (RE2's `GlobalReplace`).
    pub part: Regex,
}

/// A pattern and what stands in its place.
#[derive(Debug, Clone)]
pub struct Rewrite {
    /// What is replaced, wherever it is found.
    pub pattern: Pattern,
    /// By what, in the syntax of the `regex` crate: `${1}` for the first group.
    pub substitution: String,
}

/// Matches a header.
#[derive(Debug, Clone)]
pub struct HeaderMatcher {
    /// Its name in lower case; pseudo-headers such as `:method` too.
    pub name: String,
    /// What its value must be.
    pub value: ValueMatcher,
    /// What matches does not, and the other way round.
    pub invert: bool,
    /// Without the header, an empty value is looked at.
    pub missing_is_empty: bool,
}

/// What a value must be.
#[derive(Debug, Clone)]
pub enum ValueMatcher {
    /// There, or not there.
    Present(bool),
    /// Like this.
    Text(StringMatcher),
    /// An integer in this range.
    Range(Range<i64>),
}

/// Matches a parameter of the query.
#[derive(Debug, Clone)]
pub struct QueryMatcher {
    /// Its name.
    pub name: String,
    /// What its value must be.
    pub value: ValueMatcher,
}

/// Matches a destination port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortPredicate {
    /// Any.
    Any,
    /// Those in this range.
    In(Range<i32>),
    /// All of these match.
    All(Vec<Self>),
    /// One of these matches.
    OneOf(Vec<Self>),
    /// This does not match.
    Not(Box<Self>),
}

impl StringMatcher {
    /// Whether a text matches.
    pub fn matches(&self, text: &[u8]) -> bool {
        match self {
            Self::Exact(wanted, case) => case.same(text, wanted.as_bytes()),
            Self::Prefix(wanted, case) => text
                .get(..wanted.len())
                .is_some_and(|part| case.same(part, wanted.as_bytes())),
            Self::Suffix(wanted, case) => text
                .len()
                .checked_sub(wanted.len())
                .is_some_and(|start| case.same(&text[start..], wanted.as_bytes())),
            Self::Contains(wanted, case) => text
                .windows(wanted.len().max(1))
                .any(|part| case.same(part, wanted.as_bytes())),
            Self::Regex(pattern) => pattern.whole.is_match(text),
        }
    }
}

impl Case {
    fn same(self, left: &[u8], right: &[u8]) -> bool {
        match self {
            Self::Counts => left == right,
            Self::Ignored => left.eq_ignore_ascii_case(right),
        }
    }
}

impl ValueMatcher {
    /// Whether a value that is there matches.
    pub fn matches(&self, value: &[u8]) -> bool {
        match self {
            Self::Present(wanted) => *wanted,
            Self::Text(matcher) => matcher.matches(value),
            Self::Range(range) => std::str::from_utf8(value)
                .ok()
                .and_then(|text| text.parse().ok())
                .is_some_and(|number| range.contains(&number)),
        }
    }
}

impl PortPredicate {
    /// Whether a port matches.
    pub fn matches(&self, port: u16) -> bool {
        match self {
            Self::Any => true,
            Self::In(range) => range.contains(&i32::from(port)),
            Self::All(rules) => rules.iter().all(|rule| rule.matches(port)),
            Self::OneOf(rules) => rules.iter().any(|rule| rule.matches(port)),
            Self::Not(rule) => !rule.matches(port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Case, PortPredicate, StringMatcher};

    #[test]
    fn texts() {
        use StringMatcher::{Contains, Exact, Prefix, Suffix};
        let (counts, ignored) = (Case::Counts, Case::Ignored);
        assert!(Exact("ab".into(), counts).matches(b"ab"));
        assert!(!Exact("ab".into(), counts).matches(b"AB"));
        assert!(Exact("ab".into(), ignored).matches(b"AB"));
        assert!(Prefix("ab".into(), ignored).matches(b"Abc"));
        assert!(!Prefix("ab".into(), counts).matches(b"a"));
        assert!(Suffix("bc".into(), counts).matches(b"abc"));
        assert!(Contains("b".into(), counts).matches(b"abc"));
        assert!(!Contains("bd".into(), counts).matches(b"b"));
    }

    #[test]
    fn ports() {
        let rule = PortPredicate::OneOf(vec![PortPredicate::In(25..26), PortPredicate::In(80..90)]);
        assert!(rule.matches(25) && rule.matches(89) && !rule.matches(26));
        assert!(PortPredicate::Not(Box::new(rule)).matches(90));
    }
}
