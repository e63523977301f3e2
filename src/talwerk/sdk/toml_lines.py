"""Where a key stands in a TOML text; ``tomllib`` keeps no lines, and a message without one costs a search."""

from __future__ import annotations

import re

KeyPath = tuple[str | int, ...]
"""Keys and, within arrays, positions counted from 0."""

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"\s*((?:\"[^\"]*\"|'[^']*'|[\w\-]+)(?:\s*\.\s*(?:\"[^\"]*\"|'[^']*'|[\w\-]+))*)\s*=\s*(.*)")
_PART = re.compile(r"\"([^\"]*)\"|'([^']*)'|([\w\-]+)")


def line_of(text: str, path: KeyPath) -> int:
    """The line (from 1) of the key, or of the nearest table around it that the text names; 1 for the top level."""
    known = _lines(text)
    while path:
        if path in known:
            return known[path]
        path = path[:-1]
    return 1


def _lines(text: str) -> dict[KeyPath, int]:
    """The first line of every table and key. Texts over several lines are stepped over, inline tables are one key."""
    lines: dict[KeyPath, int] = {}
    table: KeyPath = ()
    counts: dict[KeyPath, int] = {}
    quote = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if quote:
            quote = "" if quote in line else quote
            continue
        header, key = _HEADER.fullmatch(line), _KEY.match(line)
        if header:
            table = _table(header[2], header[1] == "[[", counts)
            lines.setdefault(table, number)
        elif key:
            lines.setdefault(table + _parts(key[1]), number)
            quote = next((q for q in ('"""', "'''") if key[2].count(q) == 1), "")
    return lines


def _parts(dotted: str) -> KeyPath:
    return tuple(a or b or c for a, b, c in _PART.findall(dotted))


def _table(dotted: str, is_array: bool, counts: dict[KeyPath, int]) -> KeyPath:
    """The path of a table header, with the position of every array of tables that it lies in."""
    path: KeyPath = ()
    parts = _parts(dotted)
    for index, part in enumerate(parts):
        path = (*path, part)
        if is_array and index == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path
