"""The real daemon, killed while rows are on their way to a real centre, which is stopped and started as well."""

from __future__ import annotations

import asyncio
import base64
import random
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from time import sleep

import pytest
from centre import Centre, Cluster, Enrolled
from device import Device, stopped
from edge import FLEET_KEY, Edge, Wall
from ledger import counts_differ, people_differ, rows_differ

from smartlogd.base.time import SystemClock, monotonic_s
from smartlogd.store.engine import make_folder
from smartlogd.store.fleet import fleet_wrapped
from smartlogd.sync.bundle import Bundle, kept

KILLS = 100
FLOOD = 2500
"""Rows that wait before each life, so that it is killed with rows on their way."""
SYNC = """
[device]
name = "door"
[sync]
gather_s = 0.1
interval_s = 1
batch_rows_least = 20
batch_rows_most = 60
retry_s = 0.1
retry_roof_s = 1
"""


def enrolment(cluster: Cluster, enrolled: Enrolled) -> Bundle:
    """What `central add-device` would print."""
    assert cluster.ca is not None
    return Bundle(
        smartlogd=1, device=enrolled.name, login=enrolled.login, secret=enrolled.secret, ca=cluster.ca.read_text(),
        url=f"postgresql://localhost:{cluster.port}/{enrolled.url.rpartition('/')[2].partition('?')[0]}",
        fleet_key=base64.b64encode(fleet_wrapped(FLEET_KEY, enrolled.secret, enrolled.name)).decode(),
    )  # fmt: skip


async def flood(device: Device, centre: Centre, rows: int) -> None:
    """While nobody writes there, people pass, until so many rows wait."""
    edge = Edge(device.folder / "state", centre, "door", wall=Wall(SystemClock().now().utc))
    await edge.start(joined=False)
    for _ in range(rows - edge.ask("SELECT count(*) FROM outbox")[0][0]):
        await edge.store.journal.room()
        edge.append()
    await edge.stop()


def waiting(path: Path) -> int:
    """How many rows wait, counted just now."""
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM outbox").fetchone()[0])


class Outage:
    """A centre that is switched off and on again while devices talk with it."""

    def __init__(self, cluster: Cluster, chance: random.Random) -> None:
        self._cluster, self._chance = cluster, chance
        self.is_off = False
        self.times = 0

    def maybe(self, odds: float) -> None:
        """Switch it off, or on."""
        if self._chance.random() >= odds:
            return
        if self.is_off:
            self.end()
        else:
            self._cluster.stop(self._chance.choice(["fast", "immediate"]))
            self.is_off, self.times = True, self.times + 1

    def end(self) -> None:
        """It is there again."""
        if self.is_off:
            self._cluster.start()
        self.is_off = False


def lived(process: subprocess.Popen[str], device: Device, outage: Outage, chance: random.Random) -> None:
    """One life until it is killed: mostly once it has told of some rows sent, now and then whenever it happens to be.

    What it waits for is a number of rows, not a time: a fast machine sends all of them within the blink of an eye.
    """
    enough = 1 + int(chance.random() ** 2 * FLOOD / 2)
    end_s = monotonic_s() + (chance.uniform(0, 3) if chance.random() < 0.2 else 30)
    while device.state().get("sync", {}).get("sent", 0) < enough and monotonic_s() < end_s and not outage.is_off:
        sleep(0.002)
    if chance.random() < 0.5:
        outage.maybe(0.5)
        sleep(chance.uniform(0, 0.3))
        outage.maybe(0.3 if outage.is_off else 0.0)
    assert process.poll() is None, process.communicate()
    process.kill()
    process.communicate()


@pytest.mark.usefixtures("models_dir")
def test_a_daemon_killed_while_it_syncs_leaves_the_same_rows_on_both_sides(
    device: Device, cluster: Cluster, centre: Centre, long_run: bool
) -> None:
    if not cluster.is_own:
        pytest.skip("stops and starts the server, which must be one of its own")
    kills, chance = KILLS if long_run else KILLS // 10, random.Random(9)
    device.config.write_text(device.config.read_text() + SYNC)
    enrolled = centre.enrol("door")
    make_folder(device.folder / "state")
    kept(device.folder / "state", enrolment(cluster, enrolled))
    with device.running() as process:
        device.until(lambda state: state["sync"]["word"] == "ok")
        assert stopped(process, 15)[0] == 0
    outage, left = Outage(cluster, chance), []
    path = device.folder / "state" / "smartlog.db"
    try:
        for _ in range(kills):
            asyncio.run(flood(device, centre, FLOOD))
            outage.maybe(0.7 if outage.is_off else 0.0)
            with device.running() as process:
                lived(process, device, outage, chance)
            left.append(waiting(path))
    finally:
        outage.end()
    with device.running() as process:
        device.until(lambda state: state["sync"]["word"] == "ok" and not waiting(path), within_s=300)
        assert stopped(process, 15)[0] == 0
    with device.running() as process:  # what it noted of its own stop goes up too
        device.until(lambda state: state["sync"].get("last_pull") and not waiting(path))
        process.kill()

    assert rows_differ(path, centre, "door") == []
    assert counts_differ(centre) == []
    assert people_differ(path, centre) == []
    assert centre.execute("SELECT count(*) FROM rejects") == [(0,)]
    assert outage.times >= kills / 20, "the centre was hardly ever away: this proves less than it says"
    assert sum(0 < rows < FLOOD for rows in left) >= kills / 4, f"hardly any was killed in the middle of it: {left}"
