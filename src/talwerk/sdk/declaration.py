"""Declarations in TOML files, read strictly: an unknown key is an error that names file, line and the known keys."""

from __future__ import annotations

import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import inspect

from talwerk.core.errors import DomainError, Fault, bad_data

from .toml_lines import KeyPath, line_of

D = TypeVar("D", bound=msgspec.Struct)

SIZE_MAX_BYTES = 4 * 1024 * 1024
"""A declaration is written by hand; what is larger is another kind of file."""

_WHERE = re.compile(r" - at `(?:key in )?(\$[^`]*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `([^`]*)`")
_MISSING = re.compile(r"Object missing required field `([^`]*)`")
_STEP = re.compile(r"\.([A-Za-z0-9_\-]+)|\[(\d+)\]")


def read_declaration(path: Path, shape: type[D]) -> D:
    """The declaration that a TOML file holds.

    Args:
        path: the file; it stands in every message.
        shape: the struct that it has to fit.

    Raises:
        DomainError: ResourceNotFound when the file cannot be read; BadRequestData, with ``file:line`` as its place,
            when it is no TOML, has an unknown key, lacks one, or holds a value of the wrong kind.
    """
    return parse_declaration(read_text(path), shape, str(path))


def read_text(path: Path) -> str:
    """The text of a declaration's file.

    Raises:
        DomainError: ResourceNotFound when the file cannot be read; BadRequestData when it is too large or not UTF-8.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(SIZE_MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DomainError(Fault.NOT_FOUND, f"The file cannot be read: {reason}.", str(path)) from None
    if len(raw) > SIZE_MAX_BYTES:
        raise bad_data(f"The file is larger than {SIZE_MAX_BYTES // 1024**2} MiB; a declaration never is.", str(path))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise bad_data(f"The byte 0x{raw[error.start]:02x} is not UTF-8.", f"{path}:{line}") from None


def parse_declaration(text: str, shape: type[D], name: str) -> D:
    """The declaration that a TOML text holds; ``name`` stands for the file in messages.

    Raises:
        DomainError: BadRequestData, with ``name:line`` as its place.
    """
    try:
        tree = tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column \d+\)", str(error))
        message = re.sub(r" \(at .*\)$", "", str(error))
        where = f"{name}:{place[1]}" if place else name
        raise bad_data(f"The file is not valid TOML: {message}.", where) from None
    except RecursionError:
        raise bad_data("The file is nested too deeply.", name) from None
    try:
        return msgspec.convert(tree, shape)
    except msgspec.ValidationError as error:
        raise _explained(str(error), shape, text, name) from None


def _explained(message: str, shape: type[msgspec.Struct], text: str, name: str) -> DomainError:
    """The validation message with its line, and for an unknown key with the keys that are known there."""
    found = _WHERE.search(message)
    trail = found[1] if found else "$"
    path: KeyPath = tuple(int(index) if index else key for key, index in _STEP.findall(trail))
    plain = _WHERE.sub("", message).rstrip(".")
    unknown, missing = _UNKNOWN.search(plain), _MISSING.search(plain)
    table = _dotted(path) or "the top level"
    if unknown:
        known = _known_keys(inspect.type_info(shape), path)
        near = get_close_matches(unknown[1], known, n=1)
        hint = f" Is {near[0]!r} meant?" if near else ""
        detail = f"The key {unknown[1]!r} is unknown in {table}.{hint} Known keys: {', '.join(known)}."
        path = (*path, unknown[1])
    elif missing:
        detail = f"The key {missing[1]!r} is missing in {table}."
    else:
        detail = f"{plain} (in {table})." if path else f"{plain}."
    return bad_data(detail, f"{name}:{line_of(text, path)}")


def _dotted(path: KeyPath) -> str:
    """The path as a person counts: ``[channel 3.unit]`` is the unit of the third ``[[channel]]``."""
    shown = ""
    for step in path:
        shown += f" {step + 1}" if isinstance(step, int) else f".{step}" if shown else step
    return f"[{shown}]" if shown else ""


def _known_keys(shape: inspect.Type, path: KeyPath) -> list[str]:
    """The keys of the struct that the path leads to, in the order of their declaration."""
    if isinstance(shape, inspect.UnionType):
        return next((keys for kind in shape.types if (keys := _known_keys(kind, path))), [])
    if isinstance(shape, inspect.StructType):
        if not path:
            return [field.encode_name for field in shape.fields]
        kinds = [field.type for field in shape.fields if field.encode_name == path[0]]
        return _known_keys(kinds[0], path[1:]) if kinds else []
    if isinstance(shape, inspect.VarTupleType | inspect.ListType) and path:
        return _known_keys(shape.item_type, path[1:])
    return []
