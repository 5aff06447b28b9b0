//! Applies an RFC 6902 patch, independently of the code that wrote it.

use serde_json::Value;

/// Applies `patch` to `value`; an operation that does not fit is an error in words.
pub fn apply(value: &mut Value, patch: &[Value]) -> Result<(), String> {
    for operation in patch {
        let pointer = operation["path"].as_str().ok_or("no path")?;
        let name = operation["op"].as_str().ok_or("no op")?;
        let new = operation.get("value").cloned();
        one(value, name, pointer, new).map_err(|problem| format!("{name} {pointer}: {problem}"))?;
    }
    Ok(())
}

fn one(root: &mut Value, name: &str, path: &str, new: Option<Value>) -> Result<(), &'static str> {
    let (parent, last) = path.rsplit_once('/').ok_or("not a pointer")?;
    let key = last.replace("~1", "/").replace("~0", "~");
    let parent = root.pointer_mut(parent).ok_or("no such parent")?;
    match (parent, name) {
        (Value::Object(fields), "add") => {
            fields.insert(key, new.ok_or("no value")?);
        }
        (Value::Object(fields), "replace") => {
            *fields.get_mut(&key).ok_or("no such key")? = new.ok_or("no value")?;
        }
        (Value::Object(fields), "remove") => {
            fields.shift_remove(&key).ok_or("no such key")?;
        }
        (Value::Array(items), "add") => {
            let at = if key == "-" {
                items.len()
            } else {
                index(&key, items.len() + 1)?
            };
            items.insert(at, new.ok_or("no value")?);
        }
        (Value::Array(items), "replace") => {
            let at = index(&key, items.len())?;
            items[at] = new.ok_or("no value")?;
        }
        (Value::Array(items), "remove") => {
            items.remove(index(&key, items.len())?);
        }
        _ => return Err("no such operation here"),
    }
    Ok(())
}

fn index(key: &str, bound: usize) -> Result<usize, &'static str> {
    key.parse()
        .ok()
        .filter(|at| *at < bound)
        .ok_or("no such item")
}
