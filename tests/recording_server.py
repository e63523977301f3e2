"""A server of recordings on this machine, whose answers can be made to fail in every way that sources fail."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from talwerk.twin.replies import Reply
from talwerk.twin.replies import recorded_replies as replies

__all__ = ["Recorded", "Reply", "on", "replies", "serving"]


@dataclass
class Recorded:
    """A running server.

    Attributes:
        address: without a slash at the end.
        replies: by path; what is not there is 404. May be changed while it runs.
        fault: changes any reply, for example :func:`status`; None for none.
        asked: the requests that came, as path and headers.
        most_at_once: requests that were under way at the same time.
    """

    address: str = ""
    replies: dict[str, Reply] = field(default_factory=dict)
    fault: Callable[[str, Reply], Reply] | None = None
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    most_at_once: int = 0

    def count(self, ending: str) -> int:
        """How often a path with this ending was asked for."""
        return sum(path.endswith(ending) for path, _ in self.asked)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, recorded: Recorded, identity: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        if identity is not None:
            # The handshake belongs to the thread of its connection.
            self.socket = identity.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.recorded = recorded
        self.under_way = 0
        self.lock = threading.Lock()

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever does not trust our certificate hangs up; that is what such a test is about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        server, recorded = self.server, self.server.recorded
        with server.lock:
            server.under_way += 1
            recorded.most_at_once = max(recorded.most_at_once, server.under_way)
        recorded.asked.append((self.path, {name.lower(): text for name, text in self.headers.items()}))
        reply = recorded.replies.get(self.path, Reply(b"Not found", 404, {"content-type": "text/plain"}))
        if recorded.fault is not None:
            reply = recorded.fault(self.path, reply)
        # Who was too slow or too much for them is hung up on.
        with suppress(OSError):
            time.sleep(reply.before_s)
            self._send_head(reply)
            for _ in range(reply.repeat if reply.status != 304 else 0):
                self._send_body(reply)
        with server.lock:
            server.under_way -= 1

    def _send_head(self, reply: Reply) -> None:
        self.send_response(reply.status)
        headers = {"content-type": "application/json", **{name.lower(): text for name, text in reply.headers.items()}}
        if reply.status != 304:
            headers.setdefault("content-length", str(len(reply.body) * reply.repeat))
        for name, text in headers.items():
            self.send_header(name, text)
        self.end_headers()

    def _send_body(self, reply: Reply) -> None:
        if reply.cut is not None:
            self.wfile.write(reply.body[: reply.cut])
            # A reset instead of an orderly end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.close()
            self.close_connection = True
            return
        if not reply.pause_s:
            self.wfile.write(reply.body)
            return
        for byte in reply.body:
            self.wfile.write(bytes([byte]))
            time.sleep(reply.pause_s)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(answers: dict[str, Reply], identity: ssl.SSLContext | None = None) -> Iterator[Recorded]:
    """Serve on a free port of this machine, with TLS when there is an identity for it."""
    recorded = Recorded(replies=answers)
    with _Server(recorded, identity) as server:
        recorded.address = f"http{'s' if identity else ''}://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield recorded
        finally:
            server.shutdown()
            thread.join()


def on(ending: str, fault: Callable[[str, Reply], Reply]) -> Callable[[str, Reply], Reply]:
    """A fault of only those paths that end so."""
    return lambda path, reply: fault(path, reply) if path.endswith(ending) else reply
