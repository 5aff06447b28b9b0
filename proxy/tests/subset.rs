//! Keeps `docs/envoy-subset.md` in step with the table of what is honoured.
//!
//! `UPDATE_GENERATED=1 cargo test -p mesh-proxy --test subset` writes it anew.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "judge/listed.rs"]
#[expect(dead_code, reason = "the judge uses the rest")]
mod listed;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use mesh_proxy::config::model::format::Plain;
use mesh_proxy::config::model::tls::{Cipher, Group};
use mesh_proxy::config::schema::bootstrap::BOOTSTRAP;
use mesh_proxy::config::schema::{
    ENDLESS, Enumeration, Field, Form, Kind, MANY, Message, reachable,
};

use listed::LISTED;

#[test]
fn the_page_says_what_is_honoured() {
    let mut text = include_str!("subset/head.md").to_owned();
    let messages = reachable(&BOOTSTRAP);
    differences(&mut text);
    text.push_str("\n## Messages\n");
    for message in &messages {
        section(&mut text, message);
    }
    text.push_str("\n## Names\n\n| Type | Honoured | Not honoured |\n|---|---|---|\n");
    for (name, enumeration) in enumerations(&messages) {
        let of = |values: &[(i32, &str)]| {
            let each = values
                .iter()
                .map(|(number, name)| format!("`{name}` ({number})"));
            each.collect::<Vec<_>>().join(", ")
        };
        let (values, others) = (of(enumeration.values), of(enumeration.others));
        let _ = writeln!(text, "| `{}` | {values} | {others} |", short(name));
    }
    text.push_str(OPERATORS);
    let plain = Plain::ALL.iter().map(|plain| plain.word());
    let words: Vec<String> = plain.map(|word| format!("`%{word}%`")).collect();
    let _ = writeln!(text, "{}.", words.join(", "));
    let list = |names: Vec<&str>| {
        let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        quoted.join(", ")
    };
    let ciphers = list(Cipher::ALL.iter().map(|(name, _)| *name).collect());
    let groups = list(Group::ALL.iter().map(|(name, _)| *name).collect());
    let _ = writeln!(
        text,
        "\n## TLS\n\nCiphers of TLS 1.2: {ciphers}.\nTLS 1.3 has no choice of ciphers, in Envoy neither.\nCurves: {groups}."
    );
    compare(&text);
}

/// The cases of the judge that differ, and why.
fn differences(text: &mut String) {
    if LISTED.is_empty() {
        return;
    }
    text.push_str(
        "\n## Where mesh-proxy behaves differently\n\n\
         The judge compares both programs case by case, and these cases differ on purpose.\n\n\
         | Family | Case | Why |\n|---|---|---|\n",
    );
    for listed in LISTED {
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            listed.family, listed.case, listed.reason
        );
    }
}

fn section(text: &mut String, message: &Message) {
    let _ = writeln!(text, "\n### {}\n", message.name);
    if message.fields.is_empty() && message.others.is_empty() {
        text.push_str("It has no fields.\n");
        return;
    }
    if !message.fields.is_empty() {
        text.push_str("| Field | No. | Value | Notes |\n|---|---|---|---|\n");
    }
    for field in message.fields {
        let (name, number, value) = (field.name, field.number, value(&field.kind));
        let _ = writeln!(
            text,
            "| `{name}` | {number} | {value} | {} |",
            notes(message, field)
        );
    }
    let others: Vec<String> = message
        .others
        .iter()
        .map(|other| format!("`{}`", other.name))
        .collect();
    if !others.is_empty() {
        let _ = writeln!(text, "\nNot honoured: {}.", others.join(", "));
    }
}

fn notes(message: &Message, field: &Field) -> String {
    let mut notes = Vec::new();
    if field.required {
        notes.push("required".to_owned());
    }
    if let Some(group) = field.one_of {
        let members = message.members(group).count();
        let needed = if message.needs.contains(&group) {
            ", one is required"
        } else {
            ""
        };
        if members > 1 {
            notes.push(format!("one of {group}{needed}"));
        }
    }
    if !field.help.is_empty() {
        notes.push(field.help.replace('|', "\\|"));
    }
    notes.join("; ")
}

fn value(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "boolean".to_owned(),
        Kind::True => "`true`".to_owned(),
        Kind::I32(least, most) => integer(*least, *most, (i32::MIN, i32::MAX)),
        Kind::I64(least, most) => integer(*least, *most, (i64::MIN, i64::MAX)),
        Kind::U32(least, most) => integer(*least, *most, (0, u32::MAX)),
        Kind::U64(least, most) => integer(*least, *most, (0, u64::MAX)),
        Kind::Double(f64::MIN, f64::MAX) => "number".to_owned(),
        Kind::Double(f64::MIN_POSITIVE, _) => "number more than 0".to_owned(),
        Kind::Double(least, most) => format!("number from {least} to {most}"),
        Kind::Text(form, least, most) => text(*form, *least, *most),
        Kind::Word(words) => format!("`{}`", words.join("`, `")),
        Kind::Bytes => "bytes".to_owned(),
        Kind::Enum(names) => format!("name: {}", short(names.name)),
        Kind::Duration(least, below) => {
            let most = if *below == ENDLESS {
                String::new()
            } else {
                format!(", less than {below}s")
            };
            match least {
                0 => format!("time{most}"),
                1 => format!("time, more than 0s{most}"),
                1_000_001 => format!("time, more than 1ms{most}"),
                least => format!(
                    "time, {:?} or more{most}",
                    std::time::Duration::from_nanos(*least)
                ),
            }
        }
        Kind::Message(message) => link(message),
        Kind::Struct => "object".to_owned(),
        Kind::Any(messages) => {
            let links: Vec<String> = messages.iter().map(|message| link(message)).collect();
            format!("any of {}", links.join(", "))
        }
        Kind::Wrapped(inner) => value(inner),
        Kind::List(item, least, most) => {
            let count = match (least, *most) {
                (0, MANY) => String::new(),
                (least, MANY) => format!(", {least} or more"),
                (0, most) => format!(", at most {most}"),
                (least, most) => format!(", {least} to {most}"),
            };
            format!("list of {}{count}", value(item))
        }
        Kind::Map(item) => format!("map to {}", value(item)),
    }
}

fn text(form: Form, least: usize, most: usize) -> String {
    let what = match form {
        Form::Plain => "text",
        Form::HeaderName | Form::HeaderNameOrEmpty => "header name",
        Form::HeaderValue => "header value",
    };
    match (least, most) {
        (0, MANY) => what.to_owned(),
        (1, MANY) => format!("{what}, not empty"),
        (least, MANY) => format!("{what} of {least} bytes or more"),
        (0, most) => format!("{what} of at most {most} bytes"),
        (least, most) => format!("{what} of {least} to {most} bytes"),
    }
}

fn integer<T: Copy + PartialEq + std::fmt::Display>(least: T, most: T, whole: (T, T)) -> String {
    if (least, most) == whole {
        return "integer".to_owned();
    }
    if most == whole.1 {
        return format!("integer, {least} or more");
    }
    format!("integer from {least} to {most}")
}

fn link(message: &Message) -> String {
    let anchor = message.name.to_lowercase().replace('.', "");
    format!("[{}](#{anchor})", message.short_name())
}

fn short(name: &str) -> &str {
    let version = name.find(".v3.").map_or(0, |at| at + 4);
    &name[version..]
}

fn enumerations(messages: &[&'static Message]) -> BTreeMap<&'static str, &'static Enumeration> {
    fn within(kind: &'static Kind) -> Option<&'static Enumeration> {
        match kind {
            Kind::Enum(names) => Some(names),
            Kind::List(inner, _, _) | Kind::Map(inner) | Kind::Wrapped(inner) => within(inner),
            _ => None,
        }
    }
    let fields = messages.iter().flat_map(|message| message.fields);
    let found = fields.filter_map(|field| within(&field.kind));
    found.map(|names| (names.name, names)).collect()
}

const OPERATORS: &str = "
## Command operators

In access logs, in headers to add and in the host name of a tunnel.
`:LENGTH` behind an operator shortens what it gives.

With an argument: `%REQ(NAME?OTHER)%`, `%RESP(NAME?OTHER)%`, `%TRAILER(NAME?OTHER)%`, `%START_TIME(FORMAT)%`, `%GRPC_STATUS(FORM)%`, `%ENVIRONMENT(NAME)%`.

Without: ";

/// Fails when the page holds another text than this; writes it when asked to.
fn compare(text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/envoy-subset.md");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(&path, text).unwrap();
    }
    assert!(
        fs::read_to_string(&path).is_ok_and(|present| present == text),
        "stale: docs/envoy-subset.md\n\
         write it anew: UPDATE_GENERATED=1 cargo test -p mesh-proxy --test subset"
    );
}
