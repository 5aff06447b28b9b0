//! Lays one message over another, as protobuf merges what `--config-yaml` adds to a file.

use super::message::{Data, Message, Set};

/// Puts `over` on `base`: values replace values, lists are joined, messages are merged, and a member
/// of a group takes the place of the others.
pub(crate) fn merge(base: &mut Message, over: Message) {
    base.place = base.place.or(over.place);
    for set in over.set {
        if is_default(&set) {
            continue;
        }
        if let Some(group) = set.field.one_of {
            let other =
                |old: &Set| old.field.one_of == Some(group) && old.field.number != set.field.number;
            base.set.retain(|old| !other(old));
        }
        let Some(old) = base
            .set
            .iter_mut()
            .find(|old| old.field.number == set.field.number)
        else {
            base.set.push(set);
            continue;
        };
        match (&mut old.value.data, set.value.data) {
            (Data::Message(old), Data::Message(new)) if old.schema == new.schema => merge(old, new),
            (Data::List(old), Data::List(new)) => old.extend(new),
            (Data::Map(old), Data::Map(new)) => {
                old.retain(|(key, _)| !new.iter().any(|(known, _)| known == key));
                old.extend(new);
            }
            (Data::Struct(old), Data::Struct(new)) => old.extend(new),
            (_, data) => {
                old.place = set.place;
                old.value.place = set.value.place;
                old.value.data = data;
            }
        }
    }
}

/// Whether protobuf cannot tell this field from one that is not set.
fn is_default(set: &Set) -> bool {
    use super::schema::Kind;
    if set.field.one_of.is_some() || matches!(set.field.kind, Kind::Wrapped(_)) {
        return false;
    }
    match &set.value.data {
        Data::Bool(value) => !value,
        Data::Integer(value) => *value == 0,
        Data::Double(value) => *value == 0.0,
        Data::Text(value) => value.is_empty(),
        Data::Bytes(value) => value.is_empty(),
        Data::Enum(value) => *value == 0,
        _ => false,
    }
}
