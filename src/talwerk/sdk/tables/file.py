"""A file as lines of text: bounded in memory, and precise about what is no text."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from talwerk.core.errors import DomainError, Fault, bad_data

LINE_MAX = 1_000_000
"""Characters in one line; a longer one is no row of a table."""

_CHUNK = 1 << 20
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_USUAL = ("utf-8", "cp1252", "iso-8859-15", "utf-16")


class TableFile(msgspec.Struct, frozen=True):
    """A file of measurements.

    Attributes:
        path: where it lies.
        name: what messages call it.
    """

    path: Path
    name: str

    def open(self) -> BinaryIO:
        """The file, opened for reading bytes.

        Raises:
            DomainError: ResourceNotFound when it cannot be read; BadRequestData when it is empty.
        """
        try:
            file = self.path.open("rb")
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise DomainError(Fault.NOT_FOUND, f"The file cannot be read: {reason}.", self.name) from None
        try:
            if not file.seekable():
                raise bad_data("The file is read twice, and this one is a stream; - reads standard input.", self.name)
            if not file.peek(1):
                raise bad_data("The file is empty.", self.name)
        except DomainError:
            file.close()
            raise
        return file

    def fault(self, detail: str, line: int | None = None) -> DomainError:
        """The error about a line of this file, or about the file as such."""
        return bad_data(detail, self.name if line is None else f"{self.name}:{line}")

    def lines(self, file: BinaryIO, encoding: str) -> Iterator[str]:
        """The lines of the file with their ends, decoded; a byte order mark is taken away.

        Raises:
            DomainError: BadRequestData when bytes are not of that encoding, when the file is not text at all, or when
                a line has more than 1,000,000 characters; the message names the line.
        """
        codec = codecs.lookup(encoding).name
        file.seek(0)
        head = file.read(4096)
        self._check_head(head, codec)
        file.seek(0)
        text = io.TextIOWrapper(file, encoding="utf-8-sig" if codec == "utf-8" else encoding, newline="")
        number = 0
        try:
            while line := text.readline(LINE_MAX):
                number += 1
                if "\0" in line:
                    raise self.fault("The file is binary: a NUL character is not part of any text table.", number)
                if len(line) == LINE_MAX and line[-1] not in "\r\n":
                    raise self.fault(f"The line has more than {LINE_MAX:,} characters; is this a table?", number)
                yield line
        except UnicodeError:
            raise self._explained(file, encoding) from None
        finally:
            # The bytes below stay open for a second pass, unless an error has closed them already.
            if not file.closed:
                text.detach()

    def _check_head(self, head: bytes, codec: str) -> None:
        """Refuse what the first bytes give away already."""
        marked = next((name for mark, name in _MARKS.items() if head.startswith(mark)), codec)
        if not codec.startswith((marked, "utf-32")):
            raise self.fault(f'The file begins with the mark of {marked}; the mapping says encoding = "{codec}".', 1)
        if b"\0" in head and not codec.startswith(("utf-16", "utf-32")):
            kind = "it looks like utf-16" if head[1::2].count(0) > len(head) // 4 else "it is no text table"
            raise self.fault(f"The file is binary or wrongly encoded: it holds NUL bytes, {kind}.", 1)

    def _explained(self, file: BinaryIO, encoding: str) -> DomainError:
        """Look for the first byte that does not decode, and for encodings in which its surroundings would."""
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        file.seek(0)
        line, done = 1, 0
        pending = b""
        while True:
            chunk = file.read(_CHUNK)
            pending = decoder.getstate()[0]
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeError as error:
                start = error.start if isinstance(error, UnicodeDecodeError) else 0
                around = pending + chunk
                line += around.count(b"\n", 0, start)
                byte = around[start : start + 1]
                return self.fault(_wrong_byte(byte, done - len(pending) + start, encoding, around), line)
            if not chunk:
                return self.fault(f"The file does not decode as {encoding}.", line)
            line += text.count("\n")
            done += len(chunk)


def _wrong_byte(byte: bytes, position: int, encoding: str, around: bytes) -> str:
    wrong = codecs.lookup(encoding).name
    fitting = [name for name in _USUAL if codecs.lookup(name).name != wrong and _decodes(around, name)]
    hint = f" It would decode as {' or '.join(fitting)}." if fitting else ""
    return f"The byte 0x{byte.hex() or '??'} at position {position} is not {encoding}.{hint}"


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)("strict").decode(sample)
    except UnicodeError:
        return False
    return not encoding.startswith("utf-16") or sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
