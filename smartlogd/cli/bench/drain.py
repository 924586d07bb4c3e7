"""How fast a device gets rid of what gathered while the centre was away, beside bare COPY of the same rows.

The device is real: its database, its outbox filled by the triggers, its own login, over TLS where the server has it.
What came to stand in the centre's tables is then taken out and written back by COPY, into the same tables with the
same indexes and keys, in one stream and one transaction. The two take turns, and both begin with empty tables.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import smartlogd
from smartlogd.base.errors import SmartlogError
from smartlogd.base.time import SystemClock, cpu_s, monotonic_s
from smartlogd.cli.bench.ground import Ground, ground
from smartlogd.store.backlog import backlog, enqueue_again
from smartlogd.store.outbox import StoreOutbox
from smartlogd.store.pace import DEVICE
from smartlogd.sync.account import Account
from smartlogd.sync.line import Line
from smartlogd.sync.options import SyncOptions
from smartlogd.sync.push import Push
from smartlogd.sync.timescale import Door, TimescaleCentre

if TYPE_CHECKING:
    from smartlogd.schema.migrate import DatabaseUrl
    from smartlogd.store.engine import Store
    from smartlogd.sync.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Drain:
    """Seconds of each round, turn about; how many rows the log's tables had after it, and the device's own seconds."""

    rows: int
    at_centre: int
    drained_s: tuple[float, ...]
    drained_cpu_s: tuple[float, ...]
    copied_s: tuple[float, ...]

    @property
    def rows_per_s(self) -> float:
        """Events a second, by the median."""
        return self.rows / median(self.drained_s)

    @property
    def copied_per_s(self) -> float:
        """Events a second by COPY, by the median."""
        return self.rows / median(self.copied_s)

    @property
    def ratio(self) -> float:
        """How fast draining is, in speeds of COPY: the median of the rounds' own."""
        return median(copied / drained for copied, drained in zip(self.copied_s, self.drained_s, strict=True))


async def drain(folder: Path, url: DatabaseUrl | None, rows: int, rounds: int, said: Callable[[str], None]) -> Drain:
    """Drain `rows` events, and copy them, `rounds` times; `said` is told of each round."""
    from smartlogd.sync import yardstick

    drained, copied, at_centre = [], [], 0
    with tempfile.TemporaryDirectory(prefix="smartlogd-bench-", dir=folder) as place, ground(url, folder) as field:
        (bundle,) = field.enrol([DEVICE])
        said(f"filling the outbox with {rows:,} events")
        async with backlog(Path(place), rows) as store:
            for number in range(1, rounds + 1):
                if number > 1:
                    await asyncio.to_thread(_emptied, field)
                    await enqueue_again(store)
                drained.append(await _drained(store, bundle, rows))
                copy = await asyncio.to_thread(yardstick.copy, field.url)
                copied.append(copy.took_s)
                at_centre = copy.rows
                said(f"round {number} of {rounds}: drained in {drained[-1][0]:.2f} s, copied in {copied[-1]:.2f} s")
    drained_s, cpu = zip(*drained, strict=True)
    return Drain(rows, at_centre, drained_s, cpu, tuple(copied))


def _emptied(field: Ground) -> None:
    from smartlogd.sync.administrator import opened
    from smartlogd.sync.yardstick import empty, settle

    with opened(field.url) as connection:
        empty(connection)
        settle(connection)


async def _drained(store: Store, bundle: Bundle, rows: int) -> tuple[float, float]:
    """Seconds until the outbox is empty, connecting included, and seconds of this process's processor."""
    options, clock, account, outbox = SyncOptions(), SystemClock(), Account(), StoreOutbox(store)
    centre = TimescaleCentre(Door.of(bundle, options), options, version=smartlogd.__version__)
    push = Push(outbox, Line(centre), options, clock=clock, epoch=await outbox.epoch(), about={}, account=account)
    began_s, used_s = monotonic_s(), cpu_s()
    try:
        await push.push(lambda: False)
    finally:
        await centre.close()
        await outbox.close()
    took = monotonic_s() - began_s, cpu_s() - used_s
    if account.sent != rows:
        raise SmartlogError(f"Of {rows} rows the centre took {account.sent}; {account.rejected} were refused.")
    return took
