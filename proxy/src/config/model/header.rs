//! Changes of headers.

use super::format::Format;

/// What is done to the headers of a message, in Envoy's order: first removed, then added.
#[derive(Debug, Clone, Default)]
pub struct HeaderChanges {
    /// Names to remove, in lower case.
    pub remove: Vec<String>,
    /// Headers to add.
    pub add: Vec<HeaderAddition>,
}

/// A header to add.
#[derive(Debug, Clone)]
pub struct HeaderAddition {
    /// Its name as configured; compared without regard to case.
    pub name: String,
    /// Its value.
    pub value: Format,
    /// What happens if it is there.
    pub action: Append,
    /// Added although its value turns out empty.
    pub keep_empty: bool,
}

/// What happens to a header that is there (`HeaderAppendAction`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Append {
    /// One more is added, or the first.
    AppendIfExistsOrAdd,
    /// It stays as it is; added only if it is not there.
    AddIfAbsent,
    /// It is replaced, or added.
    OverwriteIfExistsOrAdd,
    /// It is replaced; nothing is added if it is not there.
    OverwriteIfExists,
}

/// Changes of a request and of its response.
#[derive(Debug, Clone, Default)]
pub struct MessageChanges {
    /// Of the request, before it goes upstream.
    pub request: HeaderChanges,
    /// Of the response, before it goes downstream.
    pub response: HeaderChanges,
}
