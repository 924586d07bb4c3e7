"""Two devices and a real centre: whatever was done where, all three end alike, and nothing is refused."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from smartlogd.base.wire import Page, Verdicts
from smartlogd.store.begin import begin
from smartlogd.sync.verdict import page_of, verdicts_of

sys.path.insert(0, str(Path(__file__).parents[1] / "property"))

from test_merging import ONE, TWO, Device, do

if TYPE_CHECKING:
    import psycopg
    from centre import Centre

pytestmark = pytest.mark.services


class Door:
    """One device's way to the centre."""

    def __init__(self, connection: psycopg.Connection, epoch: str) -> None:
        self._connection, self._epoch = connection, epoch
        self.refused: dict[int, str] = {}

    def ingest(self, body: str) -> Verdicts:
        asked = ("SELECT api.ingest(%s, 1, %s, %s)::text", (self._epoch, json.dumps({"version": "0"}), body))
        verdicts = verdicts_of(self._connection.execute(*asked).fetchone()[0])
        self.refused |= verdicts.rejected
        return verdicts

    def pull(self, cursor: int, most: int) -> Page:
        asked = ("SELECT api.pull(%s, 1, %s)::text", (cursor, most))
        return page_of(self._connection.execute(*asked).fetchone()[0], cursor)


async def met(centre: Centre, place: Path, said: Sequence[tuple[Any, ...]]) -> None:
    names = [f"{name}-{place.name}"[:60] for name in ("door", "yard")]
    connections = [centre.device(name) for name in names]
    devices = [Device(place / name, name) for name in names]
    try:
        doors = [
            Door(connection, await device.outbox.epoch())
            for device, connection in zip(devices, connections, strict=True)
        ]
        for device in devices:
            await device.store.change(begin)
        for which, what, *words in said:
            await do(devices[which], doors[which], what, *words)
        moved = 1
        for _ in range(30):
            moved = 0
            for device, door in zip(devices, doors, strict=True):
                while await device.push(door):
                    moved += 1
                while await device.pull(door):
                    moved += 1
            if not moved:
                break
        assert moved == 0
        assert [door.refused for door in doors] == [{}, {}]
        one, other = (device.dump() for device in devices)
        assert one == other
        subjects = centre.execute(
            "SELECT s.uuid::text, u.uid::text, s.has_face, s.ignored, s.merged_into::text"
            " FROM subjects AS s LEFT JOIN users AS u ON u.id = s.user_id ORDER BY 1"
        )
        assert [tuple(row) for row in subjects] == one["subjects"]
        stones = centre.execute("SELECT uid::text, what, heir::text FROM tombstones ORDER BY 1")
        assert [tuple(row) for row in stones] == one["tombstones"]
    finally:
        for device in devices:
            await device.close()
        for connection in connections:
            connection.close()


@pytest.mark.parametrize(
    "said",
    [
        [(0, "enrol", "Anna"), (1, "enrol", "Bert")],
        [(0, "stranger", ONE), (1, "stranger", ONE), (0, "assign", ONE, "Anna"), (1, "assign", ONE, "Bert")],
        [(0, "enrol", "Anna"), (0, "push"), (1, "pull"), (1, "pull"), (1, "forget", "Anna")],
        [
            (0, "enrol", "Anna"), (0, "stranger", ONE), (0, "assign", ONE, "Bert"), (0, "push"), (1, "pull"),
            (0, "people-merge", "Bert", "Anna"), (1, "stranger", TWO), (1, "assign", TWO, "Anna"), (1, "enrol", "Anna"),
        ],
        [
            (0, "stranger", ONE), (0, "stranger", TWO), (0, "push"), (1, "pull"), (0, "merge", ONE, TWO),
            (1, "assign", TWO, "Anna"), (1, "push"), (0, "pull"), (0, "unmerge", TWO), (1, "ignore", ONE),
        ],
        [
            (0, "stranger", ONE), (0, "assign", ONE, "Anna"), (0, "push"), (1, "pull"), (1, "stranger", TWO),
            (1, "assign", TWO, "Anna"), (0, "forget", "Anna"), (0, "push"), (1, "enrol", "Anna"),
        ],
    ],
)  # fmt: skip
def test_two_devices_and_the_centre_end_alike(centre: Centre, tmp_path: Path, said: list[tuple[Any, ...]]) -> None:
    asyncio.run(met(centre, tmp_path, said))
