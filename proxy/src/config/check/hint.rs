//! Says what to do about a field that is wrong.

use crate::config::schema::{Message, Shape};
use crate::config::tree::{Data, Node};

/// What may be meant by a name that Envoy does not have either.
pub(super) fn of_name(schema: &Message, key: &str) -> String {
    let key = super::unknown::snake_case(key);
    let near = |name: &&&str| distance(&key, name) <= 1 + name.len() / 5;
    let names: Vec<&str> = schema.fields.iter().map(|field| field.name).collect();
    match names
        .iter()
        .filter(near)
        .min_by_key(|name| distance(&key, name))
    {
        Some(name) => format!("did you mean `{name}`?"),
        None if names.is_empty() => "this message is empty".to_owned(),
        None => format!("the fields here are {}", list(&names)),
    }
}

/// What to use in the stead of a field that Envoy has.
pub(super) fn instead(message: &str, field: &str) -> String {
    let known = INSTEAD
        .iter()
        .find(|(at, name, _)| message.ends_with(at) && *name == field);
    let default = "remove it; docs/envoy-subset.md lists what is honoured";
    known.map_or(default, |(_, _, hint)| hint).to_owned()
}

/// What to do about a value of the wrong type.
pub(super) fn of_type(node: &Node, expected: &str) -> String {
    match (&node.data, expected) {
        (Data::Bool(_), "text") => {
            "YAML 1.1 reads words such as n, no, y, yes, on and off as booleans: put it in quotes"
        }
        (Data::Number(_), "text") => "put it in quotes",
        _ => "",
    }
    .to_owned()
}

/// Whether a field that is not honoured belongs to a group.
pub(super) fn is_member(schema: &Message, name: &str) -> bool {
    let other = schema.others.iter().find(|other| other.name == name);
    other.is_some_and(|other| other.shape == Shape::Member)
}

/// The word of several that is nearest to one, if any is near.
pub(super) fn nearest<'a>(word: &str, words: &[&'a str]) -> Option<&'a str> {
    let near = |known: &&&str| distance(&word.to_uppercase(), &known.to_uppercase()) <= 2;
    words
        .iter()
        .filter(near)
        .min_by_key(|known| distance(word, known))
        .copied()
}

/// Names in backquotes, with commas.
pub(super) fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// How many characters must be changed to make one word of the other (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, from) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, to) in right.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

/// Fields that many files have, and what stands for them.
const INSTEAD: &[(&str, &str, &str)] = &[
    ("cluster.v3.Cluster", "http2_protocol_options", UPSTREAM),
    ("cluster.v3.Cluster", "http_protocol_options", UPSTREAM),
    (
        "cluster.v3.Cluster",
        "common_http_protocol_options",
        UPSTREAM,
    ),
    (
        "cluster.v3.Cluster",
        "upstream_http_protocol_options",
        UPSTREAM,
    ),
    (
        "cluster.v3.Cluster",
        "max_requests_per_connection",
        UPSTREAM,
    ),
    (
        "cluster.v3.Cluster",
        "load_balancing_policy",
        "use `lb_policy` and its configuration",
    ),
    (
        "bootstrap.v3.Admin",
        "access_log_path",
        "use `access_log` with a file",
    ),
    (
        "tls.v3.CertificateValidationContext",
        "match_subject_alt_names",
        "use `match_typed_subject_alt_names`, which says what kind of name is meant",
    ),
    (
        "route.v3.VirtualHost",
        "cors",
        "remove it; CORS is not honoured",
    ),
];

const UPSTREAM: &str = "use `envoy.extensions.upstreams.http.v3.HttpProtocolOptions` in `typed_extension_protocol_options`";

#[cfg(test)]
mod tests {
    use super::{distance, of_name};
    use crate::config::schema::listener::LISTENER;

    #[test]
    fn measures_words() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn knows_near_misses() {
        assert_eq!(
            of_name(&LISTENER, "filter_chain"),
            "did you mean `filter_chains`?"
        );
        assert_eq!(
            of_name(&LISTENER, "filterChain"),
            "did you mean `filter_chains`?"
        );
        assert!(of_name(&LISTENER, "nonsense").starts_with("the fields here are `name`"));
    }
}
