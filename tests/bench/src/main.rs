//! Reads a stream of YAML documents with `serde_yaml` and writes it again: the measure for `meshctl inject`.

use std::error::Error;
use std::io::{self, BufWriter, Read as _, Write as _};

use serde::Deserialize as _;
use serde_yaml::{Deserializer, Value};

fn main() -> Result<(), Box<dyn Error>> {
    let mut text = String::new();
    io::stdin().lock().read_to_string(&mut text)?;
    let mut out = BufWriter::new(io::stdout().lock());
    for document in Deserializer::from_str(&text) {
        let value = Value::deserialize(document)?;
        out.write_all(b"---\n")?;
        serde_yaml::to_writer(&mut out, &value)?;
    }
    out.flush()?;
    Ok(())
}
