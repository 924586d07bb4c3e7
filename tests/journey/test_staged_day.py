"""A day whose truth is known, told to a store with a power cut in between: counts are exact, minutes within 1 %."""

from __future__ import annotations

import datetime as dt
import pickle
import random
import signal
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE, Popen, run
from uuid import UUID, uuid4

import pytest
import staging
from staged import MIDNIGHT, Staged, day, stamp
from staging import AWAY_S, IN_FLIGHT, KEPT_UP, ZONE, Play, instant, key, lasting

from smartlogd.base.known import Behaviour, Event, EventId, Json, SubjectId
from smartlogd.base.time import Stamp
from smartlogd.schema.instants import instant_of
from smartlogd.store import days, doings, reports
from smartlogd.store.lasting import GAP_US, Doing, Numbers, numbers

SEED = 20
PROGRAM = staging.__file__
OTHERS = {"bark": 31, "howl": 7, "whine": 5, "treat_dispensed": 11}
OTHERS_COLUMNS = ("barks", "howls", "whines", "treats_dispensed")
PASSINGS = 24
MINUTES = {"time_in_frame": "time_in_frame_min", "calm": "calm_minutes"}
COUNTS = {
    "sit": "sit_count", "stand": "stand_count", "lie": "lie_count", "fetch_return": "fetch_count",
    "fetch_success": "fetch_success_count",
}  # fmt: skip
LATE_SHARE = 0.05


@pytest.fixture(scope="module")
def staged() -> Staged:
    return day(SEED)


def others(dice: random.Random) -> list[Event]:
    """What is told beside what tracks do: sounds, treats, passings."""
    types = [type_ for type_, many in OTHERS.items() for _ in range(many)] + ["crossing"] * PASSINGS
    events = []
    for number, type_ in enumerate(types):
        at = stamp(dice.uniform(0, 86_000))
        action = "IO"[number % 2]
        passing: dict[str, Json] = {"line": "door", "action": action, "track": number, "confidence": 0.9}
        data: dict[str, Json] = passing if type_ == "crossing" else {"count": 3}
        ended = at.shifted(1.5) if type_ in {"bark", "howl", "whine"} else None
        subject = SubjectId(uuid4()) if type_ == "crossing" else None
        events.append(Event(EventId(uuid4()), "yard", type_, at, subject, ended=ended, data=data))
    return events


def mixed(staged: Staged, dice: random.Random) -> tuple[Behaviour | Event, ...]:
    """All of it, the events of others in their place among the behaviours, whose order is as it was told."""
    left = sorted(others(dice), key=lambda event: event.stamp.mono_ns)
    told: list[Behaviour | Event] = []
    for behaviour in staged.events:
        while left and left[0].stamp.mono_ns <= instant(behaviour).mono_ns:
            told.append(left.pop(0))
        told.append(replace(behaviour, data=dict(behaviour.data)))  # to be pickled
    return (*told, *left)


def in_the_middle(told: tuple[Behaviour | Event, ...]) -> int:
    """Where, in the second third, most lasts: there the power is cut."""
    places = range(len(told) // 3, 2 * len(told) // 3)
    return max(places, key=lambda place: sum(what in KEPT_UP for what, *_ in lasting(told[: place + IN_FLIGHT // 2])))


def late(told: tuple[Behaviour | Event, ...], cut: int, dice: random.Random) -> frozenset[int]:
    """What is told only when the day is over: some postures from their beginning, some ends, some of others' events.

    Of what is begun before the power is cut the end is not late: who is gone then is ended by the next start.
    """
    chosen: set[int] = set()
    later = {key(one) for one in told[cut:] if isinstance(one, Behaviour) and one.end is None}
    whole = {
        key(one) for one in told
        if isinstance(one, Behaviour) and one.what in {"sit", "stand", "lie"} and dice.random() < LATE_SHARE
    }  # fmt: skip
    for index, one in enumerate(told):
        if isinstance(one, Event):
            is_late = dice.random() < LATE_SHARE
        else:
            is_late = key(one) in whole or (
                one.end is not None and key(one) in later and dice.random() < 3 * LATE_SHARE
            )
        chosen |= {index} if is_late else set()
    return frozenset(chosen)


def committed(folder: Path, play: Play) -> tuple[int, Stamp]:
    """From where on nothing of the play is in the database, and the last sign that is."""
    with closing(sqlite3.connect(folder / "smartlog.db")) as connection:
        there = dict(connection.execute("SELECT event_id, ended_at IS NOT NULL FROM events"))
    last, sign = 0, instant(play.told[0])
    open_: dict[staging.Key, UUID] = {}
    for index, one in enumerate(play.told):
        if index in play.late:
            continue
        if isinstance(one, Behaviour) and key(one) in open_:
            is_there = bool(there.get(str(open_.pop(key(one)))))
        else:
            event = one if isinstance(one, Event) else staging.begun(one)
            is_there = str(event.id) in there
            if isinstance(one, Behaviour) and one.end is None:
                open_[key(one)] = event.id
        if is_there:
            last, sign = index + 1, max(sign, instant(one), key=lambda at: at.mono_ns)
    return last, sign


def play_out(folder: Path, file: Path, told: tuple[Behaviour | Event, ...], dice: random.Random) -> None:
    """The day, with its power cut."""
    cut = in_the_middle(told)
    play = Play(told, late(told, cut, dice))
    file.write_bytes(pickle.dumps(play))
    with Popen([sys.executable, PROGRAM, str(folder), str(file), "0", str(cut)], stdout=PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"hanging\n"
        process.send_signal(signal.SIGKILL)
    first, sign = committed(folder, play)
    assert cut < first <= cut + IN_FLIGHT + 1, "the last words before the cut are lost, or are not, in their order"
    assert lasting(told[:first]), "something lasts, or this proves nothing"
    file.write_bytes(pickle.dumps(Play(told, play.late, sign)))
    run([sys.executable, PROGRAM, str(folder), str(file), str(first), "-1"], check=True)


def found(folder: Path) -> dict[str, dict[str, float]]:
    """The numbers of each day."""
    with closing(sqlite3.connect(folder / "smartlog.db")) as connection:
        rows = connection.execute("SELECT * FROM device_metrics_daily ORDER BY date")
        names = [name for name, *_ in rows.description]
        return {row[names.index("date")]: dict(zip(names[3:], row[3:], strict=True)) for row in rows}


def as_told(staged: Staged) -> Numbers:
    """What the behaviours come to without a store between: nothing late, nothing cut."""
    told = [
        Doing(one.what, at(one.start), at(one.end), f"{one.track}", one.data.get("success") is True)
        for one in staged.events
        if one.end is not None
    ]
    return numbers(told, (0, 86_400_000_000))[0]


def at(stamp: Stamp) -> int:
    return stamp.mono_ns // 1000


def test_a_staged_day_is_counted_exactly_and_timed_within_a_percent(staged: Staged, tmp_path: Path) -> None:
    folder, dice = tmp_path / "state", random.Random(SEED)
    play_out(folder, tmp_path / "play", mixed(staged, dice), dice)
    told = found(folder)
    assert list(told) == [f"{MIDNIGHT.date()}", f"{MIDNIGHT.date() + dt.timedelta(days=1)}"]
    sums = {name: sum(numbers[name] for numbers in told.values()) for name in told[f"{MIDNIGHT.date()}"]}
    for name, value in as_told(staged).items():
        if name not in OTHERS_COLUMNS:
            assert sums[name] == pytest.approx(value, rel=1e-4), f"the power cut and what came late cost {name}"
    counted = {name: sums[column] for name, column in COUNTS.items()}
    assert counted == {name: staged.truth.counts.get(name, 0) for name in COUNTS}
    assert [sums[name] for name in OTHERS_COLUMNS] == list(OTHERS.values())
    assert (sums["in_count"], sums["out_count"]) == (PASSINGS / 2, PASSINGS / 2)
    for name, column in MINUTES.items():
        assert sums[column] == pytest.approx(staged.truth.minutes[name], rel=0.01), name
    _is_settled(folder, told)


def _is_settled(folder: Path, told: dict[str, dict[str, float]]) -> None:
    """What was left open is ended, once; counting all of it again changes nothing; whoever reads it reads the same."""
    with closing(sqlite3.connect(folder / "smartlog.db", isolation_level=None)) as connection:
        (left,) = connection.execute(
            "SELECT count(*) FROM events WHERE ended_at IS NULL AND type IN ('sit', 'calm')"
        ).fetchone()
        (cut,) = connection.execute("SELECT count(*) FROM events WHERE data LIKE '%\"cut\":true%'").fetchone()
        assert (left, cut > 0) == (0, True)
        everything = connection.execute("SELECT min(ts), max(ts) FROM events").fetchone()
        doings.reopen(connection, [everything])
        assert days.count(connection, 1, ZONE).changed == 0
    for date, counts in told.items():
        report = reports.day(folder, dt.date.fromisoformat(date), ZONE)
        assert dict(report.day.numbers) == counts
        assert len(report.hours) == 24
    assert instant_of(everything[1]) < MIDNIGHT + dt.timedelta(days=1)
    assert AWAY_S < GAP_US / 1e6
