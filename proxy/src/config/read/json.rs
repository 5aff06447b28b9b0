//! Reads JSON, with a comma after the last item if need be, as protobuf does for Envoy.

use super::DEEPEST;
use crate::config::place::{BYTE_ORDER_MARK, Place};
use crate::config::problem::Problem;
use crate::config::tree::{Data, Entry, Node};

/// Reads a whole text.
pub(super) fn read(text: &str, source: u16) -> Result<Node, Problem> {
    let mut reader = Reader {
        text,
        source,
        at: 0,
    };
    if text.starts_with(BYTE_ORDER_MARK) {
        reader.at = BYTE_ORDER_MARK.len_utf8();
    }
    let node = reader.value(0)?;
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.expected("nothing after the value")),
    }
}

struct Reader<'a> {
    text: &'a str,
    source: u16,
    at: usize,
}

impl Reader<'_> {
    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += rest.iter().take_while(blank).count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn place(&self) -> Place {
        Place::new(self.source, self.at)
    }

    fn error(&self, message: impl Into<String>) -> Problem {
        let hint = "a file whose name ends in .yaml or .yml is read as YAML, any other as JSON";
        Problem::of_text(message, self.place(), hint)
    }

    fn expected(&self, what: &str) -> Problem {
        let found = match self.text[self.at..].chars().next() {
            None => "the end of the text".to_owned(),
            Some(character) => format!("`{character}`"),
        };
        self.error(format!("not JSON: expected {what}, found {found}"))
    }

    fn value(&mut self, depth: usize) -> Result<Node, Problem> {
        let next = self.peek();
        let place = self.place();
        if depth > DEEPEST {
            return Err(self.error(format!("nested more than {DEEPEST} deep")));
        }
        let data = match next {
            Some(b'{') => Data::Map(self.map(depth)?),
            Some(b'[') => Data::List(self.list(depth)?),
            Some(b'"') => Data::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => Data::Number(self.number()?),
            _ => self.word()?,
        };
        Ok(Node { place, data })
    }

    fn word(&mut self) -> Result<Data, Problem> {
        let words = [
            ("true", Data::Bool(true)),
            ("false", Data::Bool(false)),
            ("null", Data::Null),
        ];
        for (word, data) in words {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(data);
            }
        }
        Err(self.expected("a value"))
    }

    fn map(&mut self, depth: usize) -> Result<Vec<Entry>, Problem> {
        let mut entries = Vec::new();
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'}') => break,
                Some(b'"') => {}
                _ => return Err(self.expected("a key in double quotes or `}`")),
            }
            let place = self.place();
            let key = self.string()?;
            if self.peek() != Some(b':') {
                return Err(self.expected("`:` after the key"));
            }
            self.at += 1;
            let value = self.value(depth + 1)?;
            entries.push(Entry { key, place, value });
            if !self.comma(b'}')? {
                break;
            }
        }
        self.at += 1;
        Ok(entries)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Problem> {
        let mut items = Vec::new();
        self.at += 1;
        while self.peek() != Some(b']') {
            items.push(self.value(depth + 1)?);
            if !self.comma(b']')? {
                break;
            }
        }
        self.at += 1;
        Ok(items)
    }

    /// Passes a comma; false when the collection is at its end.
    fn comma(&mut self, end: u8) -> Result<bool, Problem> {
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if byte == end => Ok(false),
            _ => Err(self.expected(&format!("`,` or `{}`", char::from(end)))),
        }
    }

    fn number(&mut self) -> Result<String, Problem> {
        let belongs = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        let rest = &self.text[self.at..];
        let length = rest.bytes().take_while(belongs).count();
        let text = &rest[..length];
        if serde_json::from_str::<serde_json::Number>(text).is_err() {
            return Err(self.error(format!("not JSON: `{text}` is no number")));
        }
        self.at += length;
        Ok(text.to_owned())
    }

    /// A string; its escapes are read by `serde_json`.
    fn string(&mut self) -> Result<String, Problem> {
        let bytes = &self.text.as_bytes()[self.at..];
        let mut length = 1;
        loop {
            match bytes.get(length) {
                Some(b'"') => break,
                Some(b'\\') => length += 2,
                Some(_) => length += 1,
                None => return Err(self.error("not JSON: this text has no end")),
            }
        }
        let quoted = &self.text[self.at..=self.at + length];
        let text = serde_json::from_str(quoted).map_err(|_| {
            self.error("not JSON: a control character or an unknown escape in text")
        })?;
        self.at += length + 1;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn reads_what_serde_json_reads() {
        let text = r#" {"a": [1, -2.5e3, true, null, "x\u00fc\n\ud83d\ude00"], "b": {}, "c": []} "#;
        let node = read(text, 0).unwrap();
        let expected: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(crate::config::check::plain_json(&node), expected);
    }

    #[test]
    fn refuses_with_a_place() {
        for (text, at) in [
            ("", 0),
            ("{", 1),
            (r#"{"a" 1}"#, 5),
            (r#"{"a": 1} x"#, 9),
            (r#"{"a": 01}"#, 6),
            (r#"{"a": "\q"}"#, 6),
            ("[1 2]", 3),
            ("node: {}", 0),
            (r#"{"a": "ü"#, 6),
        ] {
            let problem = read(text, 0).unwrap_err();
            assert_eq!(problem.place.unwrap().offset, at, "{text}: {problem:?}");
        }
        assert!(read(&"[".repeat(100_000), 0).is_err());
        assert!(read("[1,]", 0).is_ok());
    }
}
