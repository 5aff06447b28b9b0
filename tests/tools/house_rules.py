#!/usr/bin/env python3
"""Checks the rules of the house that no linter knows: what each Rust file opens with, how long it is, and what it may reach for."""

import pathlib
import re
import subprocess
import sys

LONGEST = 500


def is_manifest(path):
    return path.as_posix() == "src/manifest.rs" or path.parts[:2] == ("src", "manifest")


# What a line of code must not hold, in which files, and why.
FORBIDDEN = [
    (
        re.compile(r"\bstd::(fs|io::(stdin|stdout)|env|process|time)\b"),
        is_manifest,
        "src/manifest does no IO: no files, streams, environment, processes or clocks",
    ),
    (
        re.compile(r"\bcrate::(command|output|input|report|cli|error)\b"),
        is_manifest,
        "src/manifest knows nothing of the command line, its output and its reports",
    ),
    (
        re.compile(r"\bstdout\(\)"),
        lambda path: path.parts[0] == "src" and path.as_posix() not in ("src/output.rs", "src/build.rs"),
        "only src/output.rs writes to standard output",
    ),
]


def tracked(pattern):
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", pattern], check=True, capture_output=True, text=True)
    return [path for name in names.stdout.splitlines() if (path := pathlib.Path(name)).exists()]


def problems(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or not lines[0].startswith("//! "):
        yield "does not open with one sentence (`//! …`) that says what it does"
    code = next((i for i, line in enumerate(lines) if line == "#[cfg(test)]"), len(lines))
    if code > LONGEST:
        yield f"has {code} lines without its tests, more than {LONGEST}"
    for pattern, applies, why in FORBIDDEN:
        for number, line in enumerate(lines, 1):
            if applies(path) and not line.lstrip().startswith("//") and (match := pattern.search(line)):
                yield f"line {number} has {match[0]}: {why}"


def main():
    found = [f"{path}: {problem}" for path in tracked("*.rs") for problem in problems(path)]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
