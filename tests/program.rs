//! Runs the real program as a user would, and compares what it says and does.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod program {
    mod bad_input;
    mod forms;
    mod function;
    mod help;
    mod in_place;
    mod select;
    mod support;
}
