//! Finds the descriptors of protobuf messages in a program that was built with them.

use std::collections::BTreeMap;

/// What descriptors say.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Fields by the full name of their message.
    pub(crate) messages: BTreeMap<String, Vec<Field>>,
    /// Values by the full name of their enumeration, sorted.
    pub(crate) enumerations: BTreeMap<String, Vec<(i32, String)>>,
}

/// A field.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// Its number.
    pub(crate) number: u32,
    /// Its name.
    pub(crate) name: String,
    /// Its type, after `repeated ` or `map ` if it is one of them.
    pub(crate) kind: String,
    /// The group it belongs to, empty for none.
    pub(crate) group: String,
}

/// Finds every `FileDescriptorProto` of Envoy: they begin with their name, and end with the syntax.
pub(crate) fn read(program: &[u8]) -> Known {
    let mut known = Known::default();
    let mut maps = BTreeMap::new();
    let starts = program
        .windows(8)
        .enumerate()
        .filter(|(_, bytes)| bytes[0] == 0x0a && bytes[1] < 128 && &bytes[2..8] == b"envoy/");
    for (start, bytes) in starts {
        let name = program.get(start + 2..start + 2 + usize::from(bytes[1]));
        if name.is_some_and(|name| name.ends_with(b".proto")) {
            let fields = fields(&program[start..], true);
            let text = |number: u32| find(&fields, number).map(utf8).unwrap_or_default();
            let package = text(2);
            for (number, value) in &fields {
                match (number, value) {
                    (4, Wire::Bytes(bytes)) => message(bytes, &package, &mut known, &mut maps),
                    (5, Wire::Bytes(bytes)) => enumeration(bytes, &package, &mut known),
                    _ => {}
                }
            }
        }
    }
    for fields in known.messages.values_mut() {
        for field in fields {
            let name = field.kind.strip_prefix("repeated ").unwrap_or_default();
            if let Some(value) = maps.get(name) {
                field.kind = format!("map {value}");
            }
        }
    }
    known
}

/// A value on the wire.
#[derive(Debug, Clone, Copy)]
enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message; of a file, those up to its syntax.
fn fields(mut bytes: &[u8], file: bool) -> Vec<(u32, Wire<'_>)> {
    let mut found = Vec::new();
    while let Some((tag, rest)) = varint(bytes) {
        let number = u32::try_from(tag >> 3).unwrap_or(0);
        let Some((value, after)) = varint(rest) else {
            break;
        };
        let value = match tag & 7 {
            0 => (Wire::Number(value), after),
            2 => {
                let Some((value, after)) = usize::try_from(value)
                    .ok()
                    .and_then(|length| after.split_at_checked(length))
                else {
                    break;
                };
                (Wire::Bytes(value), after)
            }
            _ => break,
        };
        found.push((number, value.0));
        bytes = value.1;
        if file && number == 12 {
            break;
        }
    }
    found
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 127) << (7 * index);
        if *byte < 128 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

fn find<'a>(fields: &[(u32, Wire<'a>)], number: u32) -> Option<&'a [u8]> {
    fields.iter().find_map(|(found, value)| match value {
        Wire::Bytes(bytes) if *found == number => Some(*bytes),
        _ => None,
    })
}

fn count(fields: &[(u32, Wire<'_>)], number: u32) -> Option<u64> {
    fields.iter().find_map(|(found, value)| match value {
        Wire::Number(value) if *found == number => Some(*value),
        _ => None,
    })
}

fn utf8(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A `DescriptorProto`, with those inside it.
fn message(bytes: &[u8], outer: &str, known: &mut Known, maps: &mut BTreeMap<String, String>) {
    let parts = fields(bytes, false);
    let name = format!("{outer}.{}", find(&parts, 1).map(utf8).unwrap_or_default());
    let each = |number: u32| {
        let bytes = move |(found, value): &(u32, Wire<'_>)| {
            *found == number && matches!(value, Wire::Bytes(_))
        };
        parts
            .iter()
            .filter(move |part| bytes(part))
            .map(|(_, value)| match value {
                Wire::Bytes(bytes) => *bytes,
                Wire::Number(_) => &[],
            })
    };
    let groups: Vec<String> = each(8)
        .map(|group| find(&fields(group, false), 1).map(utf8).unwrap_or_default())
        .collect();
    let found: Vec<Field> = each(2).map(|bytes| field(bytes, &groups)).collect();
    let options = find(&parts, 7).map(|bytes| fields(bytes, false));
    if options.is_some_and(|options| count(&options, 7) == Some(1)) {
        let value = found.iter().find(|field| field.name == "value");
        maps.insert(
            name,
            value.map(|field| field.kind.clone()).unwrap_or_default(),
        );
        return;
    }
    each(3).for_each(|bytes| message(bytes, &name, known, maps));
    each(4).for_each(|bytes| enumeration(bytes, &name, known));
    known.messages.insert(name, found);
}

/// A `FieldDescriptorProto`.
fn field(bytes: &[u8], groups: &[String]) -> Field {
    let parts = fields(bytes, false);
    let kind = match count(&parts, 5).unwrap_or(0) {
        1 => "double".to_owned(),
        3 => "int64".to_owned(),
        4 => "uint64".to_owned(),
        5 => "int32".to_owned(),
        8 => "bool".to_owned(),
        9 => "string".to_owned(),
        12 => "bytes".to_owned(),
        13 => "uint32".to_owned(),
        _ => find(&parts, 6)
            .map(utf8)
            .unwrap_or_default()
            .trim_start_matches('.')
            .to_owned(),
    };
    let repeated = count(&parts, 4) == Some(3);
    let group = count(&parts, 9).and_then(|index| groups.get(usize::try_from(index).ok()?));
    Field {
        number: count(&parts, 3)
            .and_then(|it| u32::try_from(it).ok())
            .unwrap_or(0),
        name: find(&parts, 1).map(utf8).unwrap_or_default(),
        kind: if repeated {
            format!("repeated {kind}")
        } else {
            kind
        },
        group: group.cloned().unwrap_or_default(),
    }
}

/// An `EnumDescriptorProto`.
fn enumeration(bytes: &[u8], outer: &str, known: &mut Known) {
    let parts = fields(bytes, false);
    let name = format!("{outer}.{}", find(&parts, 1).map(utf8).unwrap_or_default());
    let mut values = Vec::new();
    for (number, value) in &parts {
        if let (2, Wire::Bytes(bytes)) = (number, value) {
            let parts = fields(bytes, false);
            let number = count(&parts, 2)
                .and_then(|it| i32::try_from(it).ok())
                .unwrap_or(0);
            values.push((number, find(&parts, 1).map(utf8).unwrap_or_default()));
        }
    }
    values.sort();
    known.enumerations.insert(name, values);
}
