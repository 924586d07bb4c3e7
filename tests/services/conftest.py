"""Devices of a central database, each with what it says and what it hears."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from centre import Centre
from items import Item, ingest, pull


class Speaking:
    """A device on the line: `send` gives the verdicts, `hear` what changed since it last asked."""

    def __init__(self, centre: Centre, name: str) -> None:
        self.name, self.connection = name, centre.device(name)
        self.enrolled = centre.enrol(name)
        self._cursor = 0

    def send(self, *items: Item, epoch: str | None = None, wire: int = 1) -> dict[str, Any]:
        return ingest(self.connection, items, epoch or self.enrolled.epoch, wire=wire)

    def hear(self, most: int = 1000) -> list[dict[str, Any]]:
        page = pull(self.connection, self._cursor, most)
        self._cursor = page["cursor"]
        return page["rows"]


@pytest.fixture
def speaking(centre: Centre) -> Callable[..., Speaking]:
    """Makes a device and connects it."""

    def made(name: str = "door") -> Speaking:
        return Speaking(centre, name)

    return made
