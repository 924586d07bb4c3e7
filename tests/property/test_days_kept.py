"""Whatever clock, power and daemon do: the numbers of days, kept as things happen, are those that counting anew gives.

And what took time took as long as it truly did, or was cut at a sign of life by the next start.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from smartlogd.base.known import Event, EventId
from smartlogd.base.time import Stamp
from smartlogd.schema.instants import instant_of, micros
from smartlogd.schema.migrate import create
from smartlogd.store import days, doings, life, seal
from smartlogd.store.birth import arrive
from smartlogd.store.ends import note_ends
from smartlogd.store.rows import Origin, end_of, rows_of
from smartlogd.store.triggers import METRICS
from smartlogd.store.writer import INSERT_EVENT

BEGAN = micros(dt.datetime(2027, 3, 27, 20, tzinfo=dt.UTC))
"""The evening before the clocks are changed."""
ZONE = ZoneInfo("Europe/Paris")
SECOND = 1_000_000
BEGINNINGS = ("dog_detected", "person_entered", "calm", "sit", "playing")
HAPPENINGS = ("bark", "lie", "fetch_return")
OPERATIONS = st.lists(
    st.sampled_from(
        [("wait", span) for span in (3, 40, 70, 800, 7000, 40_000)]
        + [("step", step) for step in (-4_000_000, -3000, 2500, 900_000)]
        + [("begin", n) for n in range(len(BEGINNINGS))] * 2
        + [("end", n) for n in range(4)] * 3
        + [("happen", n) for n in range(len(HAPPENINGS))]
        + [
            (doing, 0)
            for doing in ("trust", "doubt", "restart", "power cut", "tick", "tick", "count", "count", "count", "count")
        ]
    ),
    min_size=5,
    max_size=60,
)
AT_LAST = (("trust", 0), ("tick", 0), ("wait", 70), ("tick", 0), ("count", 0))


@dataclass
class World:
    """A device, the true time, and what truly lasts."""

    connection: sqlite3.Connection
    true_us: int = BEGAN
    zero_us: int = BEGAN
    error_us: int = -40 * 86_400 * SECOND
    is_trusted: bool = False
    kernel: str = field(default_factory=lambda: str(uuid4()))
    origin: Origin = field(default_factory=lambda: Origin("", 0, 0, ""))
    lasts: dict[EventId, int] = field(default_factory=dict)
    lasted: dict[str, int] = field(default_factory=dict)
    tracks: int = 0

    def now(self) -> Stamp:
        utc_us = self.true_us if self.is_trusted else self.true_us + self.error_us
        return Stamp((self.true_us - self.zero_us) * 1000, instant_of(utc_us), self.is_trusted)

    def do(self, what: str, n: int) -> None:
        match what:
            case "wait":
                self.true_us += n * SECOND
            case "step":
                self.error_us += n * SECOND
            case "trust" | "doubt":
                self.is_trusted = what == "trust"
            case "restart" | "power cut":
                self.start(is_cold=what == "power cut")
            case "begin":
                self.lasts[self.tell(BEGINNINGS[n])] = self.true_us
            case "happen":
                self.tell(HAPPENINGS[n])
            case "end" if n < len(self.lasts):
                self.end(list(self.lasts)[n])
            case "tick":
                self.tick()
            case "count":
                self.count()
            case _:
                pass

    def start(self, *, is_cold: bool = False) -> None:
        """Nobody says what was over: the daemon is killed, or the power cut."""
        self.true_us += 10 * SECOND
        if is_cold:
            self.zero_us, self.kernel, self.is_trusted = self.true_us, str(uuid4()), False
        boot = uuid4()
        life.cut_short(self.connection, str(boot))
        self.origin = arrive(
            self.connection, device="door", version="1", boot=boot, start=self.now(), machine_boot=self.kernel
        )
        life.begun(self.connection, self.origin, self.now())
        self.lasts.clear()

    def tell(self, type_: str) -> EventId:
        self.tracks += 1
        event = Event(EventId(uuid4()), "door", type_, self.now(), data={"track": self.tracks % 3, "success": True})
        self.connection.execute(INSERT_EVENT, rows_of(event, self.origin).event)
        return event.id

    def end(self, event: EventId) -> None:
        self.lasted[str(event)] = self.true_us - self.lasts.pop(event)
        note_ends(self.connection, [end_of(event, self.now(), {}, self.origin)])

    def tick(self) -> None:
        """What a daemon does every few seconds."""
        if seal.is_due(self.connection, self.now(), self.kernel):
            seal.seal(self.connection, self.origin, self.now(), self.kernel)
        if life.is_due(self.connection, self.origin, self.now()):
            life.note_life(self.connection, self.origin, self.now(), ZONE)

    def count(self) -> None:
        while days.is_due(self.connection):
            days.count(self.connection, 1, ZONE, life.sign(self.connection), most_rows=7, most_days=2)

    def numbers(self) -> list[Any]:
        columns = ", ".join(METRICS)
        some = " + ".join(METRICS)
        rows = self.connection.execute(
            f"SELECT date, {columns} FROM device_metrics_daily WHERE {some} > 0 ORDER BY date"
        )
        return rows.fetchall()

    def counted_anew(self) -> list[Any]:
        self.connection.execute("DELETE FROM device_metrics_daily")
        self.connection.execute("DELETE FROM meta WHERE key IN (?, ?)", (doings.COUNTED, doings.RECOUNT))
        self.count()
        return self.numbers()


@given(operations=OPERATIONS, is_trusted=st.booleans())
def test_days_are_as_counted_anew_and_everything_lasted_as_long_as_it_did(
    operations: list[tuple[str, int]], *, is_trusted: bool
) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        create(connection)
        world = World(connection, is_trusted=is_trusted)
        world.start()
        for what, n in (*operations, *AT_LAST):
            world.do(what, n)
        kept = world.numbers()
        assert kept == world.counted_anew()
        rows = connection.execute("SELECT event_id, ended_at - ts, data FROM events WHERE ended_at IS NOT NULL")
        for event, span, data in rows.fetchall():
            if json.loads(data).get("cut"):
                assert event not in world.lasted
                assert span >= 0
            else:
                assert world.lasted.pop(event) == span
        assert not world.lasted, "every end is noted"
        left = connection.execute("SELECT event_id, type FROM events WHERE ended_at IS NULL")
        assert {event for event, type_ in left if type_ in BEGINNINGS} == {str(event) for event in world.lasts}
