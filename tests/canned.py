"""A server on the loopback that says what a test lets it say, request after request, and notes what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Said = tuple[int, dict[str, str], bytes]


@dataclass
class Canned:
    """What it was asked (method, path, headers, body), and the answers that are still to be given."""

    url: str = ""
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    answers: list[Said | Callable[[], Said]] = field(default_factory=list)

    def next(self) -> Said:
        answer = self.answers.pop(0) if self.answers else (200, {}, b"")
        return answer() if callable(answer) else answer


@contextmanager
def canned() -> Iterator[Canned]:
    """Such a server, for a block."""
    told = Canned()

    class Desk(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _met(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(size)
            if len(body) < size:  # whoever asked hung up in the middle, perhaps a test ago
                self.close_connection = True
                return
            told.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            status, headers, said = told.next()
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(said))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said)

        def __getattr__(self, name: str) -> Callable[[], None]:
            if name.startswith("do_"):
                return self._met
            raise AttributeError(name)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that hung up
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
