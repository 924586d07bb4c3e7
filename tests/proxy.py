"""A way through to a server that can be cut, slowed, or answer in the server's stead: what networks do to clients."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Proxy:
    """Passes bytes on, both ways, until told otherwise; each connection carries whole requests."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.passed = 0
        """Bytes that clients sent through it."""
        self.cut_after: int | None = None
        """Hang up on everyone when so many bytes came; once."""
        self.per_s: int | None = None
        """Let at most so many bytes a second through."""
        self.answer: bytes | None = None
        """What is answered instead of asking the server."""
        self.answered = 0
        self._server: asyncio.Server | None = None
        self._wires: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._met, "127.0.0.1", 0)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.hang_up()
        await asyncio.sleep(0)

    def hang_up(self) -> None:
        """Cut every connection as a network does: without a word."""
        for wire in list(self._wires):
            wire.transport.abort()

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._wires.add(writer)
        try:
            if self.answer is not None:
                await self._replied(reader, writer)
                return
            there, back = await asyncio.open_connection("127.0.0.1", self._port)
            self._wires.add(back)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._carried(reader, back, counts=True))
                both.create_task(self._carried(there, writer, counts=False))
        except* (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self._wires.discard(writer)

    async def _replied(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer each request on this connection, without reading what it carries further than needed."""
        await reader.readuntil(b"\r\n\r\n")
        self.answered += 1
        writer.write(self.answer or b"")
        await writer.drain()

    async def _carried(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counts: bool) -> None:
        try:
            while block := await reader.read(65536):
                if counts:
                    self.passed += len(block)
                    if self.cut_after is not None and self.passed >= self.cut_after:
                        self.cut_after = None
                        self.hang_up()
                        return
                    if self.per_s:
                        await asyncio.sleep(len(block) / self.per_s)
                writer.write(block)
                await writer.drain()
        finally:
            with contextlib.suppress(OSError):
                writer.close()


@contextlib.asynccontextmanager
async def proxy(port: int) -> AsyncIterator[Proxy]:
    """A way to the port, open for a block."""
    made = Proxy(port)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()
