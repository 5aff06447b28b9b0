#!/usr/bin/env python3
"""Proves with libyaml, a YAML 1.1 reader of another family, that an edit only added what is ours.

Cases come on standard input as JSON lines: {"name", "before", "after"}; a case with a "patch" is passed over.
Documents are compared as composed nodes, that is as (tag, value) in order, so that no value is lost in
construction and no key changes its place. One JSON line is printed for each case that fails; the last line of
standard error is a summary.
"""

import json
import sys

import yaml

PREFIX = "meshctl.dev/"
LISTS = {"containers", "initContainers", "volumes"}
NULL = "tag:yaml.org,2002:null"


class DuplicateKey(Exception):
    """A mapping holds the same key twice."""


def plain(node, open_nodes=()):
    """Turns a node into nested tuples that compare by tag, value and order."""
    if id(node) in open_nodes:
        return ("alias of a parent",)
    inner = (*open_nodes, id(node))
    if isinstance(node, yaml.ScalarNode):
        return ("scalar", node.tag, node.value)
    if isinstance(node, yaml.SequenceNode):
        return ("list", node.tag, tuple(plain(item, inner) for item in node.value))
    pairs = tuple((plain(key, inner), plain(value, inner)) for key, value in node.value)
    seen = set()
    for (key, _), (node_key, _) in zip(pairs, node.value):
        if key in seen:
            raise DuplicateKey(f"duplicate key {key} at line {node_key.start_mark.line + 1}")
        seen.add(key)
    return ("map", node.tag, pairs)


def read(text):
    """Reads a stream into a list of plain documents; an empty document is None."""
    nodes = yaml.compose_all(text.encode(), Loader=yaml.CSafeLoader)
    return [None if node is None else plain(node) for node in nodes]


def kind(value):
    return value[0] if value else None


def key_text(key):
    return key[2] if kind(key) == "scalar" else None


def lookup(value, name):
    if kind(value) != "map":
        return None
    return next((item for key, item in value[2] if key_text(key) == name), None)


def is_ours(item):
    name = lookup(item, "name")
    text = key_text(name) or ""
    return text.startswith("mesh-") or text == "envoy"


def is_empty(value):
    if value is None:
        return True
    if kind(value) == "scalar":
        return value[1] == NULL
    return kind(value) in ("list", "map") and not value[2]


def without_our_items(before, after):
    if kind(after) != "list":
        return after
    old = before[2] if kind(before) == "list" else ()
    left = tuple(item for item in after[2] if item in old or not is_ours(item))
    return (after[0], after[1], left)


def strip(before, after):
    """Returns `after` without what is ours, where `before` is what it was made from."""
    if after is None or after == before:
        return after
    if kind(after) == "map":
        return strip_map(before, after)
    if kind(after) == "list":
        old = before[2] if kind(before) == "list" else ()
        items = [strip(old[i] if i < len(old) else None, item) for i, item in enumerate(after[2])]
        return (after[0], after[1], tuple(items))
    return after


def strip_map(before, after):
    old = dict(before[2]) if kind(before) == "map" else {}
    pairs = []
    for key, value in after[2]:
        name, present = key_text(key), key in old
        if not present and name and name.startswith(PREFIX):
            continue
        was = old.get(key)
        left = without_our_items(was, value) if name in LISTS else value
        left = strip(was, left)
        if not present and left != value and is_empty(left):
            continue
        # `null`, `[]` and `{}` say the same to the API server: take the one that was there.
        if present and is_empty(was) and is_empty(left):
            left = was
        pairs.append((key, left))
    return (after[0], after[1], tuple(pairs))


def difference(path, want, got):
    """Names the first place at which two documents differ."""
    if kind(want) == kind(got) == "map":
        if [key for key, _ in want[2]] != [key for key, _ in got[2]]:
            keys = [[key_text(key) for key, _ in side[2]] for side in (want, got)]
            return f"{path}: keys {keys[0]} became {keys[1]}"
        for (key, left), (_, right) in zip(want[2], got[2]):
            if left != right:
                return difference(f"{path}.{key_text(key)}", left, right)
    if kind(want) == kind(got) == "list" and len(want[2]) == len(got[2]):
        for i, (left, right) in enumerate(zip(want[2], got[2])):
            if left != right:
                return difference(f"{path}[{i}]", left, right)
    return f"{path}: {str(want)[:160]} became {str(got)[:160]}"


def check(case, total):
    """Returns why the case fails, or None."""
    try:
        before = read(case["before"])
    except (yaml.YAMLError, DuplicateKey, RecursionError):
        total["unreadable"] += 1
        return None
    try:
        after = read(case["after"])
    except (yaml.YAMLError, DuplicateKey, RecursionError) as error:
        return f"after: {error}"
    if len(before) != len(after):
        return f"{len(before)} documents became {len(after)}"
    for index, (old, new) in enumerate(zip(before, after)):
        total["documents"] += 1
        if old == new:
            continue
        total["edited"] += 1
        left = strip(old, new)
        if left != old:
            return f"document {index}: {difference('', old, left)}"
    return None


def main():
    total = {"cases": 0, "failed": 0, "documents": 0, "edited": 0, "unreadable": 0}
    for line in sys.stdin:
        case = json.loads(line)
        if case.get("patch"):
            continue
        total["cases"] += 1
        reason = check(case, total)
        if reason is not None:
            total["failed"] += 1
            print(json.dumps({"name": case["name"], "reason": reason}))
    print(json.dumps(total), file=sys.stderr)
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
