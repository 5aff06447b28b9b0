//! Reads matchers of text, headers, query parameters and ports.

use std::fmt::Write as _;
use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

use crate::config::cursor::{Cursor, Text};
use crate::config::model::matcher::{
    Case, HeaderMatcher, Pattern, PortPredicate, QueryMatcher, Rewrite, StringMatcher, ValueMatcher,
};

/// The matcher in a field.
pub(super) fn string_in(cursor: &Cursor<'_>, field: &str) -> Option<StringMatcher> {
    string(&cursor.message(field)?)
}

/// The matchers of a list.
pub(super) fn strings(cursor: &Cursor<'_>, field: &str) -> Vec<StringMatcher> {
    cursor.messages(field).iter().filter_map(string).collect()
}

/// A matcher of text.
pub(super) fn string(cursor: &Cursor<'_>) -> Option<StringMatcher> {
    let case = if cursor.flag("ignore_case") {
        Case::Ignored
    } else {
        Case::Counts
    };
    let member = cursor.member("match_pattern")?;
    let text = |name: &str| cursor.item(name).map(|text| text.value.to_owned());
    Some(match member {
        "exact" => StringMatcher::Exact(text("exact")?, case),
        "prefix" => StringMatcher::Prefix(text("prefix")?, case),
        "suffix" => StringMatcher::Suffix(text("suffix")?, case),
        "contains" => StringMatcher::Contains(text("contains")?, case),
        _ => {
            if case == Case::Ignored {
                let message = "this has no effect on `safe_regex`";
                cursor.refuse(
                    "ignore_case",
                    message,
                    "write (?i) at the front of the regex",
                );
            }
            StringMatcher::Regex(pattern_in(cursor, "safe_regex")?)
        }
    })
}

/// The regular expression in a field.
pub(super) fn pattern_in(cursor: &Cursor<'_>, field: &str) -> Option<Pattern> {
    let matcher = cursor.message(field)?;
    pattern(&matcher.item("regex")?)
}

fn pattern(text: &Text<'_>) -> Option<Pattern> {
    let compiled = compile(text.value).and_then(|part| {
        let whole = compile(&format!("\\A(?:{})\\z", text.value))?;
        Ok(Pattern {
            text: text.value.to_owned(),
            whole,
            part,
        })
    });
    match compiled {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let shown = error.to_string();
            let reason = shown
                .lines()
                .last()
                .unwrap_or_default()
                .trim_start_matches("error: ");
            text.refuse(format!("this is no regular expression: {reason}"), RE2);
            None
        }
    }
}

fn compile(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).size_limit(LARGEST_REGEX).build()
}

/// Bytes that a compiled regular expression may take.
const LARGEST_REGEX: usize = 1 << 20;
const RE2: &str = "the syntax is RE2's: no look-around, no back-references";

/// The pattern and its replacement in a field.
pub(super) fn rewrite_in(cursor: &Cursor<'_>, field: &str) -> Option<Rewrite> {
    let outer = cursor.message(field)?;
    let pattern = pattern_in(&outer, "pattern")?;
    let text = outer.string("substitution");
    match substitution(&text, pattern.part.captures_len() - 1) {
        Ok(substitution) => Some(Rewrite {
            pattern,
            substitution,
        }),
        Err(message) => {
            let hint = "`\\1` stands for the first group, `\\\\` for a backslash";
            outer.refuse("substitution", message, hint);
            None
        }
    }
}

/// RE2's `\1` as the `regex` crate's `${1}`.
fn substitution(text: &str, groups: usize) -> Result<String, String> {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '$' => out.push_str("$$"),
            '\\' => match characters.next() {
                Some('\\') => out.push('\\'),
                Some(digit) if digit.is_ascii_digit() => {
                    let group = digit.to_digit(10).unwrap_or(0) as usize;
                    if group > groups {
                        return Err(format!(
                            "`\\{group}` is a group that the pattern does not have"
                        ));
                    }
                    let _ = write!(out, "${{{group}}}");
                }
                _ => return Err("a backslash before what is no digit".to_owned()),
            },
            other => out.push(other),
        }
    }
    Ok(out)
}

/// The matchers of headers in a list.
pub(super) fn headers(cursor: &Cursor<'_>, field: &str) -> Vec<HeaderMatcher> {
    cursor.messages(field).iter().filter_map(header).collect()
}

/// A matcher of a header.
pub(super) fn header(cursor: &Cursor<'_>) -> Option<HeaderMatcher> {
    let text = |name: &str| cursor.item(name).map(|text| text.value.to_owned());
    let counts = Case::Counts;
    let value = match cursor.member("header_match_specifier") {
        None => ValueMatcher::Present(true),
        Some("present_match") => ValueMatcher::Present(cursor.flag("present_match")),
        Some("range_match") => ValueMatcher::Range(any_range(&cursor.message("range_match")?)),
        Some("string_match") => ValueMatcher::Text(string_in(cursor, "string_match")?),
        Some("safe_regex_match") => ValueMatcher::Text(StringMatcher::Regex(pattern_in(
            cursor,
            "safe_regex_match",
        )?)),
        Some("exact_match") => exact(text("exact_match")?),
        Some("prefix_match") => {
            ValueMatcher::Text(StringMatcher::Prefix(text("prefix_match")?, counts))
        }
        Some("suffix_match") => {
            ValueMatcher::Text(StringMatcher::Suffix(text("suffix_match")?, counts))
        }
        Some(_) => ValueMatcher::Text(StringMatcher::Contains(text("contains_match")?, counts)),
    };
    Some(HeaderMatcher {
        name: cursor.text("name")?.to_lowercase(),
        value,
        invert: cursor.flag("invert_match"),
        missing_is_empty: cursor.flag("treat_missing_header_as_empty"),
    })
}

/// `exact_match` with no text asks only whether the header is there (as in Envoy).
fn exact(text: String) -> ValueMatcher {
    if text.is_empty() {
        ValueMatcher::Present(true)
    } else {
        ValueMatcher::Text(StringMatcher::Exact(text, Case::Counts))
    }
}

/// The matchers of query parameters in a list.
pub(super) fn queries(cursor: &Cursor<'_>, field: &str) -> Vec<QueryMatcher> {
    let each = |cursor: &Cursor<'_>| {
        let value = match cursor.member("query_parameter_match_specifier") {
            Some("string_match") => ValueMatcher::Text(string_in(cursor, "string_match")?),
            Some(_) => ValueMatcher::Present(cursor.flag("present_match")),
            None => ValueMatcher::Present(true),
        };
        Some(QueryMatcher {
            name: cursor.text("name")?.to_owned(),
            value,
        })
    };
    cursor.messages(field).iter().filter_map(each).collect()
}

/// A range of integers, perhaps of none.
fn any_range(cursor: &Cursor<'_>) -> Range<i64> {
    let number = |name: &str| cursor.number(name).unwrap_or(0);
    number("start")..number("end")
}

/// A range of integers.
pub(super) fn range(cursor: &Cursor<'_>) -> Option<Range<i64>> {
    let range = any_range(cursor);
    if range.is_empty() {
        let message = format!(
            "no number is from {} to less than {}",
            range.start, range.end
        );
        cursor.refuse("", message, "`end` is the first number behind the range");
        return None;
    }
    Some(range)
}

/// A range of ports.
pub(super) fn ports(cursor: &Cursor<'_>) -> Option<Range<i32>> {
    let range = range(cursor)?;
    Some(i32::try_from(range.start).ok()?..i32::try_from(range.end).ok()?)
}

/// A predicate on the destination port.
pub(super) fn port_predicate(cursor: &Cursor<'_>) -> Option<PortPredicate> {
    let rules = |name: &str| {
        let rules = cursor.message(name)?.messages("rules");
        Some(rules.iter().filter_map(port_predicate).collect())
    };
    Some(match cursor.member("rule")? {
        "or_match" => PortPredicate::OneOf(rules("or_match")?),
        "and_match" => PortPredicate::All(rules("and_match")?),
        "not_match" => PortPredicate::Not(Box::new(port_predicate(&cursor.message("not_match")?)?)),
        "any_match" => PortPredicate::Any,
        _ => PortPredicate::In(ports(&cursor.message("destination_port_range")?)?),
    })
}

#[cfg(test)]
mod tests {
    use super::substitution;

    #[test]
    fn rewrites_groups() {
        assert_eq!(substitution("/a\\1/$\\\\", 1).unwrap(), "/a${1}/$$\\");
        assert!(substitution("\\2", 1).is_err());
        assert!(substitution("\\x", 1).is_err());
    }
}
