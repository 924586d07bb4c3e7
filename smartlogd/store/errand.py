"""A transaction of someone else's, done by the one writer in its turn."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from smartlogd.store.trouble import sqlite_trouble

Result = TypeVar("Result")


class Errand(Generic[Result]):
    """Work on the writer's connection, done once or not at all; its outcome waits for whoever sent it.

    `scrub` asks that what it deletes be gone from the -wal file too.
    """

    def __init__(self, work: Callable[[sqlite3.Connection], Result], *, scrub: bool = False) -> None:
        self.scrub = scrub
        self._work = work
        self._begun = threading.Lock()  # taken once, by the writer who begins it or by the sender who withdraws it
        self._result: list[Result] = []
        self._error: BaseException | None = None

    def withdraw(self) -> bool:
        """Never mind; False where it was begun already."""
        return self._begun.acquire(blocking=False)

    def run(self, connection: sqlite3.Connection) -> None:
        """Do it in a transaction of its own, unless it was withdrawn; whatever goes wrong is its sender's to know.

        A transaction that cannot even begin is raised here: then nothing was done, and it may be tried again.
        """
        if self._begun.locked():
            return
        connection.execute("BEGIN IMMEDIATE")
        if not self._begun.acquire(blocking=False):
            connection.execute("ROLLBACK")
            return
        try:
            result = self._work(connection)
            connection.execute("COMMIT")
            self._result.append(result)
        except BaseException as error:  # noqa: BLE001 - raised where the work came from, by `outcome`
            self._error = error
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def outcome(self, folder: Path) -> Result:
        """What the work gave; what it raised is raised here. What SQLite complains of is told of this folder."""
        if isinstance(self._error, sqlite3.Error) and (trouble := sqlite_trouble(self._error, folder)) is not None:
            raise trouble from self._error
        if self._error is not None:
            raise self._error
        return self._result[0]
