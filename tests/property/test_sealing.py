"""Whatever clock, power and daemon do: every row is told with its true time, and none that was sent changes.

The clock on the wall is wrong until it is trusted, and steps about; the daemon and the machine start again at any time.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from smartlogd.base.time import Stamp
from smartlogd.schema.instants import instant_of, micros
from smartlogd.schema.migrate import create
from smartlogd.store.begin import begin
from smartlogd.store.birth import arrive
from smartlogd.store.dating import AT
from smartlogd.store.days import count
from smartlogd.store.payload import PATIENCE_US, Moment, items
from smartlogd.store.quarters import day_of
from smartlogd.store.rows import EVENT_COLUMNS, SMARTLOG_COLUMNS, Origin
from smartlogd.store.seal import is_due, seal

if TYPE_CHECKING:
    from smartlogd.store.keys import Keys

BEGAN = micros(dt.datetime(2027, 3, 1, 12, tzinfo=dt.UTC))
ZONE = ZoneInfo("Europe/Paris")
PATIENCE_S = PATIENCE_US // 1_000_000
NO_KEYS = cast("Keys", None)  # events have no faces

SPANS = (1, 7, 30, PATIENCE_S - 61, PATIENCE_S - 30, PATIENCE_S, 20_000)
STEPS = (-4_000_000, -3000, -1, 1, 2500, 900_000)
DOINGS = (
    "passes",
    "passes",
    "passes",
    "trust",
    "doubt",
    "restart",
    "power cut",
    "tick",
    "tick",
    "send",
    "send",
    "count",
)
OPERATIONS = st.lists(
    st.sampled_from(
        [("wait", span) for span in SPANS] + [("step", step) for step in STEPS] + [(doing, 0) for doing in DOINGS]
    ),
    min_size=5,
    max_size=50,
)
AT_LAST = (("send", 0), ("trust", 0), ("tick", 0), ("tick", 0), ("count", 0), ("send", 0))
"""Sooner or later a time server is heard."""


@dataclass
class Row:
    """A passing: when it truly was, what it was stamped, in which start of the machine, whether that can be known."""

    true_us: int
    stamped_us: int
    kernel: str
    can_be_known: bool = False


@dataclass
class World:
    """A device, and the true time."""

    connection: sqlite3.Connection
    true_us: int = BEGAN
    zero_us: int = BEGAN
    error_us: int = -40 * 86_400_000_000
    is_trusted: bool = False
    kernel: str = ""
    origin: Origin = field(default_factory=lambda: Origin("", 0, 0, ""))
    rows: dict[str, Row] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)

    def now(self) -> Stamp:
        utc_us = self.true_us if self.is_trusted else self.true_us + self.error_us
        return Stamp((self.true_us - self.zero_us) * 1000, instant_of(utc_us), self.is_trusted)

    def do(self, what: str, seconds: int) -> None:
        us = seconds * 1_000_000
        match what:
            case "wait":
                self.true_us += us
            case "step":
                self.error_us += us
            case "trust" | "doubt":
                self.is_trusted = what == "trust"
            case "restart":
                self.start()
            case "power cut":
                self.true_us += 60_000_000
                self.zero_us, self.kernel, self.is_trusted = self.true_us, str(uuid4()), False
                self.start()
            case "tick":
                self.tick()
            case "passes":
                self.passes()
            case "send":
                self.send()
            case "count":
                self.count()

    def start(self) -> None:
        self.origin = arrive(
            self.connection, device="door", version="0", boot=uuid4(), start=self.now(), machine_boot=self.kernel
        )

    def tick(self) -> None:
        now = self.now()
        if not is_due(self.connection, now, self.kernel):
            before = self.connection.total_changes
            seal(self.connection, self.origin, now, self.kernel)
            assert self.connection.total_changes == before, "nothing was due"
        else:
            seal(self.connection, self.origin, now, self.kernel)
            assert not is_due(self.connection, now, self.kernel)
        for row in self.rows.values():
            row.can_be_known |= self.is_trusted and row.kernel == self.kernel

    def passes(self) -> None:
        self.true_us += 1
        event, at, subject = str(uuid4()), self.now(), str(uuid4())
        stamp = (self.origin.boot_id, at.mono_ns // 1000, at.trusted)
        columns = [name for name in EVENT_COLUMNS if name != "person"]
        values = (1, "crossing", micros(at.utc), "{}", event, self.origin.device_id, subject, None, *stamp)
        self.write("events", columns, values)
        passing = (subject, "I", micros(at.utc), event, self.origin.device_id, "door", 0.5, 1, *stamp)
        self.write("smartlog", SMARTLOG_COLUMNS, passing)
        self.rows[event] = Row(self.true_us, micros(at.utc), self.kernel)

    def write(self, table: str, columns: list[str] | tuple[str, ...], values: tuple[object, ...]) -> None:
        names, marks = ", ".join(columns), ", ".join("?" * len(values))
        self.connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)

    def send(self) -> None:
        """What the outbox gives out just now is known elsewhere by its stamp from here on."""
        starts = self.connection.execute("SELECT boot_id FROM boots WHERE machine_boot = ?", (self.kernel,))
        moment = Moment((self.true_us - self.zero_us), json.dumps([boot for (boot,) in starts]))
        waiting = [seq for (seq,) in self.connection.execute("SELECT seq FROM outbox WHERE kind = 'event'")]
        for item in items(self.connection, NO_KEYS, "event", waiting, moment):
            if not item.waits and item.body is not None:
                body = json.loads(item.body)
                assert self.sent.setdefault(body["id"], body["ts"]) == body["ts"]

    def count(self) -> None:
        while count(self.connection, self.origin.device_id, ZONE, most_rows=3, most_days=2).is_more:
            pass

    def told(self) -> dict[str, int]:
        return dict(self.connection.execute(f"SELECT event_id, {AT} FROM smartlog AS s").fetchall())


@given(OPERATIONS)
def test_every_row_comes_to_its_true_time_and_none_that_was_sent_changes(operations: list[tuple[str, int]]) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        create(connection)
        begin(connection)
        world = World(connection)
        world.kernel = str(UUID(int=1))
        world.start()
        for what, seconds in (*operations, *AT_LAST):
            world.do(what, seconds)
        told = world.told()
        assert set(told) == set(world.rows)
        for event, row in world.rows.items():
            possible = {row.true_us} if row.can_be_known else {row.true_us, row.stamped_us}
            assert told[event] in possible
        stamps = dict(connection.execute("SELECT event_id, ts FROM events"))
        assert {event: stamps[event] for event in world.sent} == world.sent
        assert_days_are_right(connection, told)
        assert_corrections_are_told_once(connection)


def assert_days_are_right(connection: sqlite3.Connection, told: dict[str, int]) -> None:
    wanted = Counter(day_of(at_us, ZONE).isoformat() for at_us in told.values())
    for table in ("device_metrics_daily", "ai_metrics_daily"):
        found = dict(connection.execute(f"SELECT date, in_count FROM {table} WHERE in_count > 0"))
        assert found == wanted


def assert_corrections_are_told_once(connection: sqlite3.Connection) -> None:
    events = connection.execute("SELECT data FROM events WHERE type = 'clock_corrected'").fetchall()
    told = [tuple(json.loads(data).values()) for (data,) in events]
    noted = connection.execute("SELECT boot_id, zero_at FROM boots WHERE zero_at IS NOT NULL").fetchall()
    assert sorted(told) == sorted(noted)
