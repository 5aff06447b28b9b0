//! Writes documents of every layout, and damages them, as a row of choices says.

/// A row of choices; a row that has run out chooses the first each time, so that a failing row
/// shrinks to a small document.
pub(super) struct Choices<'a>(pub &'a [u8]);

impl Choices<'_> {
    fn below(&mut self, limit: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        usize::from(*first) % limit
    }

    fn any<'t, T: ?Sized>(&mut self, of: &[&'t T]) -> &'t T {
        of[self.below(of.len())]
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    fn spaces(&mut self, least: usize, most: usize) -> String {
        " ".repeat(least + self.below(most - least + 1))
    }
}

const KEYS: &[&str] = &[
    "a",
    "kind",
    "metadata",
    "app.kubernetes.io/name",
    "\"quoted\"",
    "'single key'",
    "yes",
    "0644",
    "with space",
    "ключ",
    "<<",
    "-dash",
    "a#b",
    "a:b",
    "\"\\u00e9\\n\"",
    "x-y_z",
    "''",
    "~",
    "1.5",
];

const PLAIN: &[&str] = &[
    "b",
    "yes",
    "on",
    "0644",
    "1e3",
    "1:30",
    "~",
    "null",
    "<<",
    "true",
    "12",
    "-1",
    "0x1f",
    "1.0",
    "nginx:1.2",
    "http://x/y?z=1#frag",
    "two words",
    "a,b",
    "x]y",
    "日本語",
    "né",
    "--flag=1",
    ":8080",
    "v1",
    "a'b",
    "a\"b",
    "50%",
    "2001-01-01",
    ".inf",
    "=",
    "_",
    "..",
    "a & b",
    "😀",
    "a:",
    "?x",
];

const QUOTED: &[&str] = &[
    "\"\"",
    "''",
    "\"x\"",
    "'y'",
    "'it''s'",
    "\"a\\n\\tb\"",
    "\"\\x41\\u00e9\\U0001F600\"",
    "\"# no\"",
    "': no'",
    "\"{}\"",
    "'日本'",
    "\"\\\\ \\\" \\/\"",
    "\"\\e\\0\"",
    "\"tab\there\"",
    "'  pad  '",
    "\"\\_\"",
];

const FLOW: &[&str] = &[
    "[]",
    "{}",
    "[a, b]",
    "{a: b}",
    "[ a , \"b\" ]",
    "{\"a\":1,\"b\":[true,null]}",
    "{a: {b: [c]}, d: 'e'}",
    "[[], {}, [x]]",
    "{ }",
    "[ ]",
    "[1, -2, 3.5]",
    "[http://x:80/y, nginx:1]",
    "{'k' : v}",
    "[a b, c d]",
    "[a: b]",
    "{a}",
    "{a: }",
    "[a,]",
    "{a: b,}",
    "[\"x\":y]",
    "[日本, é]",
    "{a: -b}",
    "[a, #c\n  b]",
    "[\n    a,\n    b\n  ]",
    "{\n      \"a\": 1,\n      \"b\": {\n        \"c\": []\n      }\n    }",
    "[? a : b]",
];

const LINES: &[&str] = &[
    "text",
    "# no comment",
    "key: value",
    "- item",
    "",
    "",
    " deeper",
    "  deeper still",
    "日本語",
    "\ttab",
    "trailing  ",
    "   ",
    "---",
    "{{ x }}",
    "%x",
    "a\tb",
    " ",
    "é",
];

const COMMENTS: &[&str] = &[
    "# c", "#", "#c é", "# a: b", "# - x", "# \"", "#\ttab", "# {",
];

/// Writes one document.
pub(super) fn document(choices: &mut Choices<'_>) -> String {
    let mut writer = Writer {
        choices,
        out: String::new(),
    };
    writer.document();
    writer.out
}

struct Writer<'c, 'b> {
    choices: &'c mut Choices<'b>,
    out: String,
}

impl Writer<'_, '_> {
    fn document(&mut self) {
        let crlf = self.choices.one_in(4);
        let mark = self.choices.one_in(8);
        if self.choices.one_in(3) {
            self.between(0);
        }
        if self.choices.one_in(3) {
            self.out.push_str("---");
            self.end_line();
        }
        match self.choices.below(8) {
            6 => self.sequence(0, 3),
            7 => {
                let flow = self.choices.any(FLOW);
                self.out.push_str(flow);
                self.end_line();
            }
            _ => self.mapping(0, 4),
        }
        if self.choices.one_in(4) {
            self.between(0);
        }
        if self.choices.one_in(8) {
            self.out.push_str("...\n");
        }
        if self.choices.one_in(4) && self.out.ends_with('\n') {
            self.out.pop();
        }
        if crlf {
            self.out = self.out.replace('\n', "\r\n");
        }
        if mark {
            self.out.insert(0, '\u{feff}');
        }
    }

    fn end_line(&mut self) {
        match self.choices.below(8) {
            6 => {
                let gap = self.choices.spaces(1, 3);
                let comment = self.choices.any(COMMENTS);
                self.out.push_str(&gap);
                self.out.push_str(comment);
            }
            7 => {
                let gap = self.choices.spaces(1, 3);
                self.out.push_str(&gap);
            }
            _ => {}
        }
        self.out.push('\n');
    }

    /// Blank lines and comments of their own.
    fn between(&mut self, column: usize) {
        for _ in 0..self.choices.below(3) {
            let indent = match self.choices.below(5) {
                0 => column,
                other => [0, 1, 2, 6][other - 1],
            };
            if self.choices.one_in(2) {
                self.indent(indent);
            }
            if self.choices.one_in(2) {
                let comment = self.choices.any(COMMENTS);
                self.out.push_str(comment);
            }
            self.out.push('\n');
        }
    }

    fn indent(&mut self, column: usize) {
        self.out.push_str(&" ".repeat(column));
    }

    /// A mapping whose first key stands where the text ends.
    fn mapping_here(&mut self, column: usize, depth: usize) {
        for index in 0..=self.choices.below(4) {
            if index > 0 {
                if self.choices.one_in(5) {
                    self.between(column);
                }
                self.indent(column);
            }
            let key = self.choices.any(KEYS);
            self.out.push_str(key);
            if self.choices.one_in(20) {
                self.out.push(' ');
            }
            self.out.push(':');
            self.value(column, depth, true);
        }
    }

    fn mapping(&mut self, column: usize, depth: usize) {
        self.indent(column);
        self.mapping_here(column, depth);
    }

    fn sequence_here(&mut self, column: usize, depth: usize) {
        for index in 0..=self.choices.below(3) {
            if index > 0 {
                if self.choices.one_in(5) {
                    self.between(column);
                }
                self.indent(column);
            }
            self.out.push('-');
            self.item(column, depth);
        }
    }

    fn sequence(&mut self, column: usize, depth: usize) {
        self.indent(column);
        self.sequence_here(column, depth);
    }

    fn item(&mut self, column: usize, depth: usize) {
        let gap = if self.choices.one_in(4) { 3 } else { 1 };
        match self.choices.below(6) {
            4 if depth > 0 => {
                self.indent(gap);
                self.mapping_here(column + 1 + gap, depth - 1);
            }
            5 if depth > 0 => {
                self.indent(gap);
                self.sequence_here(column + 1 + gap, depth - 1);
            }
            _ => self.value(column, depth, false),
        }
    }

    /// What stands behind a `:` or `-`, with the end of its line.
    fn value(&mut self, column: usize, depth: usize, in_mapping: bool) {
        let gap = if self.choices.one_in(6) { "   " } else { " " };
        let step = if self.choices.one_in(3) { 4 } else { 2 };
        let kind = self.choices.below(12);
        let simple = match kind {
            0..=3 => self.choices.any(PLAIN),
            4 => self.choices.any(QUOTED),
            5 => self.choices.any(FLOW),
            _ => "",
        };
        match kind {
            0..=5 => {
                self.out.push_str(gap);
                self.out.push_str(simple);
                self.end_line();
            }
            6 | 7 => {
                self.out.push_str(gap);
                self.block_scalar(column);
            }
            8 | 9 if depth > 0 => {
                self.end_line();
                self.between(column);
                self.mapping(column + step, depth - 1);
            }
            10 if depth > 0 => {
                self.end_line();
                self.sequence(column + step, depth - 1);
            }
            11 if depth > 0 && in_mapping => {
                self.end_line();
                self.sequence(column, depth - 1);
            }
            _ => self.end_line(),
        }
    }

    fn block_scalar(&mut self, parent: usize) {
        let style = self.choices.any(&["|", ">"]);
        let chomp = self.choices.any(&["", "-", "+"]);
        let deeper = 1 + self.choices.below(4);
        let digit = if self.choices.one_in(4) {
            deeper.to_string()
        } else {
            String::new()
        };
        let swapped = self.choices.one_in(2);
        self.out.push_str(style);
        self.out.push_str(if swapped { &digit } else { chomp });
        self.out.push_str(if swapped { chomp } else { &digit });
        self.end_line();
        for _ in 0..self.choices.below(6) {
            let line = self.choices.any(LINES);
            if !line.is_empty() || self.choices.one_in(3) {
                self.indent(parent + deeper);
            }
            self.out.push_str(line);
            self.out.push('\n');
        }
    }
}

const SNIPPETS: &[&str] = &[
    " ", "  ", ":", ": ", "-", "- ", "#", " #", "\n", "\r\n", "\t", "\"", "'", "|", ">", "[", "]",
    "{", "}", ",", "&a ", "*a", "!t ", "? ", "---", "\n---\n", "...", "%", "@", "`", "\\", "x",
    "é", "\u{feff}", "\u{85}", "\u{a0}", "\u{2028}", "\r", "\0", "\u{7f}", "+", "1", "|2\n",
    ">-\n", "a: b", "\n\n", "<<: ", "=", "~", "::",
];

/// Damages a document in a few places.
pub(super) fn damage(text: &str, choices: &mut Choices<'_>) -> String {
    let mut text = text.to_owned();
    for _ in 0..=choices.below(4) {
        text = damage_once(&text, choices);
    }
    text
}

fn damage_once(text: &str, choices: &mut Choices<'_>) -> String {
    let place = choices.below(256) * 256 + choices.below(256);
    let starts: Vec<usize> = text
        .char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .collect();
    let at = starts[place % starts.len()];
    let (before, after) = text.split_at(at);
    let mut rest = after.chars();
    let next = rest.next().map(String::from).unwrap_or_default();
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let line = if lines.is_empty() {
        0
    } else {
        place % lines.len()
    };
    match choices.below(9) {
        0 => format!("{before}{}", rest.as_str()),
        1 | 2 => format!("{before}{}{after}", choices.any(SNIPPETS)),
        3 => format!("{before}{next}{after}"),
        4 if !lines.is_empty() => {
            let deeper = format!("{}{}", choices.spaces(1, 3), lines[line]);
            lines[line] = &deeper;
            lines.concat()
        }
        5 if !lines.is_empty() => {
            lines[line] = lines[line].strip_prefix(' ').unwrap_or(lines[line]);
            lines.concat()
        }
        6 if !lines.is_empty() => {
            let other = choices.below(lines.len());
            lines.insert(line, lines[other]);
            lines.concat()
        }
        7 if !lines.is_empty() => {
            lines.remove(line);
            lines.concat()
        }
        _ if !lines.is_empty() => {
            let joined = lines[line].trim_end().to_owned();
            lines[line] = &joined;
            lines.concat()
        }
        _ => text.to_owned(),
    }
}
