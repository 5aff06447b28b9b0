//! Names a value by the way that leads to it from the root.

use std::fmt;
use std::rc::Rc;

/// The way to a value, such as `static_resources.clusters[0].name`.
#[derive(Debug, Clone, Default)]
pub struct Path(Option<Rc<Step>>);

#[derive(Debug)]
struct Step {
    before: Path,
    to: To,
}

#[derive(Debug)]
enum To {
    Field(String),
    Item(usize),
    Key(String),
}

impl Path {
    /// The way on to a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        self.step(To::Field(name.to_owned()))
    }

    /// The way on to an item of a list, counted from 0.
    #[must_use]
    pub fn item(&self, index: usize) -> Self {
        self.step(To::Item(index))
    }

    /// The way on to a value of a map.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.step(To::Key(key.to_owned()))
    }

    fn step(&self, to: To) -> Self {
        Self(Some(Rc::new(Step {
            before: self.clone(),
            to,
        })))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(step) = &self.0 else {
            return Ok(());
        };
        step.before.fmt(formatter)?;
        match &step.to {
            To::Field(name) if step.before.0.is_none() => formatter.write_str(name),
            To::Field(name) => write!(formatter, ".{name}"),
            To::Item(index) => write!(formatter, "[{index}]"),
            To::Key(key) => write!(formatter, "[\"{key}\"]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn shows_the_whole_way() {
        let path = Path::default()
            .field("a")
            .field("b")
            .item(3)
            .key("x.y")
            .field("c");
        assert_eq!(path.to_string(), "a.b[3][\"x.y\"].c");
        assert_eq!(Path::default().to_string(), "");
    }
}
