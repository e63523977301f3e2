"""Opaque cursors: the id of the last entity of a page, with a seal, so that nobody can probe for hidden ids."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from hashlib import blake2b
from hmac import compare_digest

from talwerk.core.errors import invalid

_SEAL_BYTES = 9


class Cursors:
    """Writes and reads a database's cursors.

    Args:
        secret: of this database.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def write(self, entity: str) -> str:
        """The cursor of the page that follows the entity with this id."""
        body = entity.encode()
        return urlsafe_b64encode(self._seal(body) + body).rstrip(b"=").decode("ascii")

    def read(self, cursor: str) -> str:
        """The id that a cursor holds.

        Raises:
            DomainError: InvalidRequest when this database never wrote it.
        """
        try:
            raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except (UnicodeEncodeError, Base64Error, ValueError):
            raw = b""
        seal, body = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if not compare_digest(seal, self._seal(body)):
            raise invalid(f"The cursor {cursor[:40]!r} is none of ours.")
        return body.decode()

    def _seal(self, body: bytes) -> bytes:
        return blake2b(body, digest_size=_SEAL_BYTES, key=self._secret).digest()
