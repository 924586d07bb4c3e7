"""One page over HTTP for programs on the same machine: GET and HEAD of one path, and nothing else.

A program that asks is bounded in what it sends, in how long it takes, and in how many there are at once. A browser
that was lured here by a name of somebody else's that leads to 127.0.0.1 (DNS rebinding) is refused: it says that name.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from smartlogd.base.errors import Exit, Fate, SmartlogError

MOST_REQUEST = 8 * 1024
MOST_CLIENTS = 8
ASK_S, TAKE_S = 5.0, 5.0
"""How long a client may take to ask, and to take its answer."""
_METHODS = ("GET", "HEAD")
_REQUEST = re.compile(r"([A-Z]{1,16}) (\S+) HTTP/1\.[01]")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(:[0-9]{1,5})?")


class _Answer(NamedTuple):
    """What is sent back; `is_bare` leaves the body out, as HEAD asks."""

    status: HTTPStatus
    body: bytes = b""
    is_bare: bool = False


class Page:
    """Serves `path` at `listen` ("127.0.0.1:9464", "[::1]:9464" or "unix:/folder/name.sock") with what `write` gives.

    `content_type` is its kind. A unix socket is open to its owner and group (0660).
    """

    def __init__(self, listen: str, path: str, content_type: str, write: Callable[[], bytes]) -> None:
        self._listen, self._path, self._content_type, self._write = listen, path, content_type, write
        self._clients: set[asyncio.StreamWriter] = set()
        self.port: int | None = None
        """The port that is listened at, once it is; of use where port 0 let the kernel choose."""

    async def run(self) -> None:
        """Answer until cancelled; raises a SmartlogError (fate RETRY) where nobody can listen there."""
        try:
            server = await self._opened()
        except (OSError, OverflowError) as error:  # OverflowError: a port beyond 65535
            # The loop puts a sentence of its own around the system's.
            why = os.strerror(error.errno).lower() if isinstance(error, OSError) and error.errno else str(error)
            what = f"Metrics cannot be offered at {self._listen}: {why}."
            hint = "Is another program there already? Change telemetry.metrics."
            raise SmartlogError(what, hint, fate=Fate.RETRY, code=Exit.CANNOT_CREATE) from error
        try:
            await server.start_serving()
            # Not serve_forever, which from Python 3.12 on waits, when cancelled, for every client to leave.
            await asyncio.Event().wait()
        finally:
            server.close()
            for writer in tuple(self._clients):
                writer.close()
            if self._is_unix:
                _removed(Path(self._where))

    @property
    def _is_unix(self) -> bool:
        return self._listen.startswith("unix:")

    @property
    def _where(self) -> str:
        return self._listen.removeprefix("unix:")

    async def _opened(self) -> asyncio.Server:
        if self._is_unix:
            server = await asyncio.start_unix_server(self._served, self._where, limit=MOST_REQUEST, start_serving=False)
            _shared(Path(self._where))  # before anyone can connect: nobody listens yet
            return server
        host, _, port = self._where.rpartition(":")
        server = await asyncio.start_server(self._served, host.strip("[]"), int(port), limit=MOST_REQUEST)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, one answer; then the line is closed. Where too many are here, nothing is read of one more."""
        is_busy = len(self._clients) >= MOST_CLIENTS
        self._clients.add(writer)
        try:
            # Whoever leaves, is too slow, or sends too little is not answered.
            with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                answer = _Answer(HTTPStatus.SERVICE_UNAVAILABLE) if is_busy else await self._heard(reader)
                await self._send(writer, answer)
        finally:
            self._clients.discard(writer)
            writer.close()

    async def _heard(self, reader: asyncio.StreamReader) -> _Answer:
        try:
            async with asyncio.timeout(ASK_S):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            return _Answer(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        return self._answered(head.decode("latin-1"))

    def _answered(self, head: str) -> _Answer:
        """The answer to a request's lines (RFC 9112)."""
        first, *lines = head.rstrip("\r\n").split("\r\n")
        request = _REQUEST.fullmatch(first)
        if request is None:
            return _Answer(HTTPStatus.BAD_REQUEST)
        hosts = [value.strip() for name, _, value in (line.partition(":") for line in lines) if name.lower() == "host"]
        if not self._is_unix and not all(map(is_loopback, hosts)):
            return _Answer(HTTPStatus.FORBIDDEN)
        method, target = request.groups()
        if method not in _METHODS:
            return _Answer(HTTPStatus.METHOD_NOT_ALLOWED)
        is_bare = method == "HEAD"
        if target.partition("?")[0] != self._path:
            return _Answer(HTTPStatus.NOT_FOUND, is_bare=is_bare)
        return _Answer(HTTPStatus.OK, self._write(), is_bare)

    async def _send(self, writer: asyncio.StreamWriter, answer: _Answer) -> None:
        status = answer.status
        is_page = status is HTTPStatus.OK
        body = answer.body if is_page else f"{status.value} {status.phrase}\n".encode()
        fields: Mapping[str, object] = {
            "Content-Type": self._content_type if is_page else "text/plain; charset=utf-8",
            "Content-Length": len(body),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Allow": ", ".join(_METHODS),
            "Connection": "close",
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(
            f"HTTP/1.1 {status.value} {status.phrase}\r\n{head}\r\n".encode() + (b"" if answer.is_bare else body)
        )
        async with asyncio.timeout(TAKE_S):
            await writer.drain()
            writer.close()
            await writer.wait_closed()


def _shared(path: Path) -> None:
    path.chmod(0o660)


def _removed(path: Path) -> None:
    path.unlink(missing_ok=True)


def is_loopback(host: str) -> bool:
    """Whether the Host field of a request names this machine by a name that nobody else can point here.

    >>> [is_loopback(host) for host in ("localhost:9464", "127.0.0.1", "[::1]:9464", "")]
    [True, True, True, True]
    >>> [is_loopback(host) for host in ("camera.example", "127.0.0.1.example:9464", "192.168.1.7", "[::2]", "::1")]
    [False, False, False, False, False]
    """
    named = _HOST.fullmatch(host)
    if named is None:
        return False
    name = named.group(1).strip("[]").lower()
    if name in {"", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
