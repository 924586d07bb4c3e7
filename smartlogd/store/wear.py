"""How many bytes the log writes for an event: a number for `smartlogd bench disk`, and for the life of a card.

Measured is what the process hands to the kernel (proc(5): io, wchar), and what the kernel then owes the disk
(write_bytes, in whole pages; nothing where the disk is memory). Each event is enqueued by the triggers that stand
where there is a centre, and settled as if that had acknowledged it.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from pathlib import Path

from smartlogd.base.ids import uuid7
from smartlogd.base.known import Event
from smartlogd.base.time import SystemClock
from smartlogd.base.wire import Verdicts
from smartlogd.store.engine import Store, open_store
from smartlogd.store.options import StoreOptions
from smartlogd.store.outbox import StoreOutbox
from smartlogd.store.pace import visits

PER_DAY = 20_000
_DAY_S = 86_400
_MOST_BYTES = 1 << 20
_PATIENCE_US = 10**12


@dataclass(frozen=True, slots=True)
class Wear:
    """Bytes written for each event, and transactions, each of which is one fsync (checkpoints add two now and then)."""

    events: int
    burst: int
    handed_bytes: float
    disk_bytes: float
    transactions: int

    @property
    def syncs_per_s(self) -> float:
        """On average, with 20,000 events a day."""
        return self.transactions / self.events * PER_DAY / _DAY_S


async def wear(folder: Path, events: int, burst: int) -> Wear:
    """Write so many events into a new log in `folder`, `burst` in each transaction, each burst settled after it."""
    clock = SystemClock()
    options = StoreOptions(reserve_mib=0, group_commit_s=0.001 if burst == 1 else 1.0, group_rows=burst)
    store = open_store(
        folder, device="bench", version="bench", clock=clock, options=options, boot=uuid7(clock.now()), has_centre=True
    )
    running = asyncio.create_task(store.journal.run())
    try:
        stream = iter(visits(events + burst, clock.now()))
        await _burst(store, list(itertools.islice(stream, burst)))  # imports and opens
        handed, owed = _written()
        transactions = 0
        while batch := list(itertools.islice(stream, burst)):
            transactions += await _burst(store, batch)
    finally:
        running.cancel()
        await asyncio.wait([running])
        await store.close()  # and checkpoints, which belongs to what was written
    after_handed, after_owed = _written()
    return Wear(events, burst, (after_handed - handed) / events, (after_owed - owed) / events, transactions)


async def _burst(store: Store, batch: list[Event]) -> int:
    """Write and settle the events of one burst; how many transactions it took."""
    receipts = [store.journal.append(event) for event in batch]
    await receipts[-1].durable()
    outbox = StoreOutbox(store)
    now_us = store.now().mono_ns // 1000 + _PATIENCE_US  # rows wait for a clock that can be trusted; not here
    transactions = 1
    while parcel := await outbox.take(1000, _MOST_BYTES, now_us=now_us):
        await outbox.settle(Verdicts(ok=parcel.seqs), parcel.void)
        transactions += 1
    return transactions


def _written() -> tuple[int, int]:
    """What this process has handed to the kernel, and what the kernel owes the disk for it, in bytes."""
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(lines["wchar"]), int(lines["write_bytes"])
