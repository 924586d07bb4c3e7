"""Tells a staged day to a store, as a daemon would: run as a program, so that it can be killed.

    staging.py FOLDER PLAY FROM HANG

PLAY is a pickled `Play`. FROM is where to begin; HANG, where to hang after some more was told of which nobody waits to
hear that it is on the disk (-1: go on to the end of the day).
"""

from __future__ import annotations

import asyncio
import pickle
import random
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

from smartlogd.base.ids import ReplayIds
from smartlogd.base.known import Behaviour, Event, EventId, TrackId
from smartlogd.base.ports import Receipt
from smartlogd.base.time import Stamp
from smartlogd.record.compose import compose
from smartlogd.store.engine import Store, open_store
from smartlogd.store.options import StoreOptions
from smartlogd.store.upkeep import Upkeep

ZONE = ZoneInfo("Asia/Kolkata")
"""Half past six in the evening it is midnight there: the staged day lies in two days."""
IDS = ReplayIds("a staged day")
OPTIONS = StoreOptions(group_commit_s=0.005, reserve_mib=0, keep_free_mib=0)
AWAY_S = 3.0
"""So long after its last word a start that was killed is back."""
IN_FLIGHT = 12
KEPT_UP = ("person_entered", "dog_detected", "calm")
"""What is still so when a start comes back: it is told anew. A posture that was told is not told again here."""
Key = tuple[str, TrackId, int]


@dataclass(frozen=True)
class Play:
    """What is told, in this order: behaviours, and events of others; `late` ones at the very end only.

    `came_back` is when the start before this one had given its last sign, None for the first.
    """

    told: tuple[Behaviour | Event, ...]
    late: frozenset[int]
    came_back: Stamp | None = None


class HandClock:
    """The clock of the day that is played."""

    def __init__(self, stamp: Stamp) -> None:
        self.stamp = stamp

    def now(self) -> Stamp:
        return self.stamp


def key(behaviour: Behaviour) -> Key:
    return behaviour.what, behaviour.track, behaviour.start.mono_ns


def instant(told: Behaviour | Event) -> Stamp:
    """When it is told, at the earliest."""
    return told.stamp if isinstance(told, Event) else told.end or told.start


def begun(behaviour: Behaviour, at: Stamp | None = None) -> Event:
    """The event of its beginning; of its beginning anew, where it lasts when a start comes back."""
    start = at or behaviour.start
    return compose(replace(behaviour, start=start), IDS.subject(behaviour.track, start), IDS, "yard")


def lasting(told: tuple[Behaviour | Event, ...]) -> Mapping[Key, Behaviour]:
    """What was begun and not ended in this stretch of the play."""
    open_: dict[Key, Behaviour] = {}
    for one in told:
        if isinstance(one, Behaviour) and open_.pop(key(one), None) is None and one.end is None:
            open_[key(one)] = one
    return open_


class Teller:
    """Tells a play to a store."""

    def __init__(self, store: Store, clock: HandClock) -> None:
        self._store, self._clock = store, clock
        self._upkeep = Upkeep(store, clock, lambda: ZONE, lambda: OPTIONS)
        self._open: dict[Key, EventId] = {}
        self._newest: Receipt | None = None

    def resume(self, before: tuple[Behaviour | Event, ...], at: Stamp) -> None:
        """Who was there when the start before was killed is there still, and is told of anew."""
        for behaviour in lasting(before).values():
            event = begun(behaviour, at if behaviour.what in KEPT_UP else None)
            self._open[key(behaviour)] = event.id
            if behaviour.what in KEPT_UP:
                self._store.journal.append(event)

    async def tell(self, told: Behaviour | Event) -> None:
        """Let time pass until then, looking after the store each minute, and tell it; nobody waits for the disk."""
        while self._clock.stamp.shifted(60).mono_ns <= instant(told).mono_ns:
            self._clock.stamp = self._clock.stamp.shifted(60)
            await self._upkeep.lived()
            if random.random() < 0.1:
                await self._upkeep.counted()
        journal = self._store.journal
        if isinstance(told, Event):
            self._newest = journal.append(told)
        elif told.end is not None and (event := self._open.pop(key(told), None)) is not None:
            self._newest = journal.end(event, told.end, told.data)
        else:
            event_ = begun(told)
            self._newest = journal.append(event_)
            if told.end is None:
                self._open[key(told)] = event_.id
        await journal.room()

    async def settle(self) -> None:
        """Wait for the disk, and bring the days up to date."""
        if self._newest is not None:
            await self._newest.durable()
        await self._upkeep.counted()

    async def close(self) -> None:
        await self._upkeep.close()


async def main(folder: Path, play: Play, first: int, hang: int) -> None:
    clock = HandClock(play.came_back.shifted(AWAY_S) if play.came_back else instant(play.told[0]))
    store = open_store(folder, device="yard", version="0", clock=clock, options=OPTIONS, boot=uuid4(), machine_boot="m")
    writer = asyncio.create_task(store.journal.run())
    teller = Teller(store, clock)
    if play.came_back:
        on_time = tuple(one for index, one in enumerate(play.told[:first]) if index not in play.late)
        teller.resume(on_time, clock.stamp)
    for index, told in enumerate(play.told):
        if index >= first and index not in play.late:
            await teller.tell(told)
        if index == hang:
            await teller.settle()
        if index == hang + IN_FLIGHT and hang >= 0:
            print("hanging", flush=True)
            await asyncio.sleep(3600)
    await teller.settle()
    for index in sorted(play.late):
        await teller.tell(play.told[index])
    await teller.settle()
    await teller.close()
    await store.close()
    await writer


if __name__ == "__main__":
    play_: Play = pickle.loads(Path(sys.argv[2]).read_bytes())
    asyncio.run(main(Path(sys.argv[1]), play_, int(sys.argv[3]), int(sys.argv[4])))
