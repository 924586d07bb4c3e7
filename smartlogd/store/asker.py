"""One reading connection that stays open, on a thread of its own: questions that are asked again and again."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from smartlogd.store.pragmas import READING
from smartlogd.store.recognise import reading
from smartlogd.store.trouble import told

Answer = TypeVar("Answer")


class Asker:
    """Answers questions over one connection that cannot write; it is opened when first needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="asker")
        self._connection: sqlite3.Connection | None = None

    async def ask(self, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """What `question` gives, asked off the loop; DiskTrouble where the database cannot be read."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._asked, question)

    async def close(self) -> None:
        """Close the connection and end the thread; nothing may be asked after it, a second call does nothing."""
        await asyncio.to_thread(self._end)

    def _asked(self, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
        with told(self._path.parent):
            try:
                return question(self._opened())
            except sqlite3.Error:
                self._hang_up()  # whatever state it is in: the next question opens anew
                raise

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = reading(self._path)
            for pragma in READING:
                self._connection.execute(pragma)
        return self._connection

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _end(self) -> None:
        try:
            self._thread.submit(self._hang_up).result()
        except RuntimeError:  # ended before
            return
        self._thread.shutdown()
