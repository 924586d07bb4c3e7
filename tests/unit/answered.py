"""A control socket that is answered, as a running daemon would."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from smartlogd.base.ports import Control
from smartlogd.control import serve


@contextmanager
def answered(path: Path, desk: Control) -> Iterator[None]:
    """Whoever asks at the socket is answered by the desk, in a thread of its own, for as long as the block lasts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    loop = asyncio.new_event_loop()
    task = loop.create_task(serve(path, desk))

    def live() -> None:
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    thread = threading.Thread(target=live)
    thread.start()
    try:
        while not _listens(path):  # it is there a moment before it listens
            threading.Event().wait(0.005)
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        return caller.connect_ex(str(path)) == 0
