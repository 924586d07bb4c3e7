"""Devices of a central database, each with what it says and what it hears."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from centre import Centre
from items import Item, ingest, pull

if TYPE_CHECKING:
    from machine import Installed, Machine
    from objectstore import Bucket, ObjectStore


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


@pytest.fixture(scope="session")
def machine(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A Debian in a container with a systemd of its own; smartlogd is not on it yet."""
    from machine import Machine, needs

    needs()
    made = Machine(tmp_path_factory.mktemp("machine", numbered=True) / "m", models_dir)
    try:
        yield made.boot()
    finally:
        made.remove()


@pytest.fixture(scope="session")
def _installed(machine: Machine) -> Installed:
    from machine import Installed

    return Installed(machine)


@pytest.fixture
def installed(_installed: Installed) -> Installed:
    """smartlogd on that machine, watching the demo, ready, as it was installed."""
    return _installed.as_new()


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    """A real object store; a test that kills it starts it again."""
    from objectstore import running

    with running() as store:
        yield store


@pytest.fixture
def bucket(object_store: ObjectStore) -> Iterator[Bucket]:
    """A bucket of this test's own."""
    from objectstore import Bucket

    object_store.start()  # the test before may have left it dead
    made = Bucket(object_store)
    yield made
    made.close()
