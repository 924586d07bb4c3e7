"""`smartlogd log`, on a real database."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from smartlogd.base.errors import Exit, SmartlogError
from smartlogd.base.known import Event, EventId, SubjectId
from smartlogd.base.time import Stamp, SystemClock
from smartlogd.cli.log import moment
from smartlogd.store.engine import open_store
from smartlogd.store.options import StoreOptions

Smartlogd = Callable[..., Any]
AT = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def passing(n: int, line: str, action: str) -> Event:
    """A passing `n` minutes after noon."""
    stamp = Stamp(n * 60 * 10**9, AT + dt.timedelta(minutes=n), trusted=n != 3)
    data = {"line": line, "action": action, "track": n, "confidence": 0.75, "x": 0.5, "y": 0.5}
    return Event(EventId(uuid4()), "yard", "crossing", stamp, SubjectId(uuid4()), data=data)


async def write(folder: Path, *events: Event) -> None:
    options = StoreOptions(reserve_mib=0, group_commit_s=0.01)
    store = open_store(folder, device="yard", version="0", clock=SystemClock(), options=options, boot=uuid4())
    writer = asyncio.create_task(store.journal.run())
    for receipt in [store.journal.append(event) for event in events]:
        await receipt.durable()
    await store.close()
    await writer


@pytest.fixture
def written(state: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A log of four passings, read in a timezone three hours ahead."""
    monkeypatch.setenv("TZ", "AAA-3")
    local_time_again()
    asyncio.run(write(state, *(passing(n, line, action) for n, (line, action) in enumerate(ROWS, 1))))
    yield state
    monkeypatch.undo()
    local_time_again()


def local_time_again() -> None:
    import time

    time.tzset()


ROWS = (("door", "I"), ("gate", "O"), ("door", "O"), ("door", "I"))


@pytest.mark.usefixtures("written")
def test_the_table_is_in_local_time_oldest_first(smartlogd: Smartlogd) -> None:
    told = smartlogd("log")
    head, *rows = told.out.splitlines()
    assert head.split() == ["time", "line", "way", "who", "track"]
    assert [row.split()[:4] for row in rows] == [
        ["2026-01-01", "15:01:00", "door", "in"],
        ["2026-01-01", "15:02:00", "gate", "out"],
        ["2026-01-01", "15:03:00", "door", "out"],
        ["2026-01-01", "15:04:00", "door", "in"],
    ]
    assert ["not synchronised" in row for row in rows] == [False, False, True, False]


@pytest.mark.usefixtures("written")
def test_json_is_one_object_a_line(smartlogd: Smartlogd) -> None:
    rows = [json.loads(line) for line in smartlogd("log", "--json").out.splitlines()]
    assert [(row["line"], row["action"], row["track"]) for row in rows] == [
        (line, action, n) for n, (line, action) in enumerate(ROWS, 1)
    ]
    assert rows[0]["time"] == "2026-01-01T15:01:00.000+03:00"
    assert smartlogd("log", "--format", "json").out == smartlogd("log", "--json").out


@pytest.mark.usefixtures("written")
def test_csv_has_a_head_and_as_many_rows(smartlogd: Smartlogd) -> None:
    rows = list(csv.DictReader(io.StringIO(smartlogd("log", "--format", "csv").out)))
    assert [row["line"] for row in rows] == [line for line, _ in ROWS]
    assert rows[2]["clock_trusted"] == "False"


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(
    ("words", "tracks"),
    [
        (("--line", "door"), [1, 3, 4]),
        (("--action", "O"), [2, 3]),
        (("--since", "2026-01-01T15:02:30"), [3, 4]),
        (("--since", "2026-01-01T12:03:00+00:00"), [3, 4]),
        (("--limit", "1"), [4]),
        (("--line", "door", "--action", "I", "--limit", "1"), [4]),
        (("--since", "1h"), []),
        (("--line", "none"), []),
    ],
)
def test_rows_are_chosen(smartlogd: Smartlogd, words: tuple[str, ...], tracks: list[int]) -> None:
    told = smartlogd("log", "--json", *words)
    assert told.code == 0
    assert [json.loads(line)["track"] for line in told.out.splitlines()] == tracks


def test_a_followed_log_prints_what_comes_and_ends_with_ctrl_c(written: Path) -> None:
    command = [sys.executable, "-m", "smartlogd", "log", "--follow", "--json", "--limit", "2"]
    environment = os.environ | {"SMARTLOG_DEVICE__STATE_DIR": str(written)}
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hears_ctrl_c,
    ) as follower:
        try:
            assert follower.stdout is not None
            assert follower.stderr is not None
            assert [json.loads(follower.stdout.readline())["track"] for _ in range(2)] == [3, 4]
            asyncio.run(write(written, passing(5, "gate", "I")))
            assert json.loads(follower.stdout.readline())["track"] == 5
            follower.send_signal(signal.SIGINT)
            assert follower.wait(10) == 130
            assert follower.stderr.read() == ""
        finally:
            follower.kill()


def hears_ctrl_c() -> None:
    """A shell lets what it runs in the background ignore Ctrl-C, and so would everything these tests start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.usefixtures("state")
def test_without_a_log_it_says_so(smartlogd: Smartlogd) -> None:
    told = smartlogd("log")
    assert (told.code, told.out) == (Exit.MISSING, "")
    assert "There is no log in" in told.err


def test_a_file_that_is_no_database_is_disk_trouble(smartlogd: Smartlogd, state: Path) -> None:
    state.mkdir()
    (state / "smartlog.db").write_text("dear diary, " * 100)
    told = smartlogd("log")
    assert (told.code, told.out) == (Exit.DISK, "")
    assert (state / "smartlog.db").read_text().startswith("dear diary")


NOW = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "back"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("3d", 3 * 86400), ("1w", 604800), (" 2h ", 7200)]
)
def test_a_span_counts_back_from_now(text: str, back: int) -> None:
    assert moment(text, NOW) == NOW - dt.timedelta(seconds=back)


def test_a_day_begins_at_local_midnight() -> None:
    today, yesterday = moment("today", NOW).astimezone(), moment("Yesterday", NOW).astimezone()
    assert (today.hour, today.minute, today.date()) == (0, 0, NOW.astimezone().date())
    assert yesterday.date() == today.date() - dt.timedelta(days=1)


@pytest.mark.parametrize("text", ["", "soon", "2 fortnights", "2026-13-01", "999999w", "-2h"])
def test_what_is_no_time_is_a_usage_error(text: str) -> None:
    with pytest.raises(SmartlogError, match="is no time") as caught:
        moment(text, NOW)
    assert caught.value.code is Exit.USAGE
