"""Who it was, as a process: the demo's astronaut is a stranger, is named, is forgotten; and the daemon is killed."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from device import Device, stopped

NAME = "Eileen of the demo"


@pytest.fixture
def photo(model) -> Path:
    """The photograph that walks through the demo."""
    picture: Path = model("astronaut")
    return picture


@pytest.fixture(autouse=True)
def _models(model) -> None:
    for name in ("face_embedder", "face_full_range", "face_short_range", "pose_detector", "camera"):
        model(name)


def strangers(device: Device) -> list[dict[str, Any]]:
    return lines(device.ask("unknown", "list", "--json").stdout)


def lines(said: str) -> list[dict[str, Any]]:
    return [one for line in said.splitlines() for one in listed(json.loads(line))]


def listed(value: Any) -> list[dict[str, Any]]:
    return value if isinstance(value, list) else [value]


def named(device: Device) -> list[str | None]:
    return [row["who"] for row in device.rows()]


def passed(device: Device, times: int) -> None:
    device.until(lambda state: sum(state["lines"]["door"].values()) >= times)


def faced(device: Device) -> None:
    """Wait until the faces that were looked at are remembered."""
    device.until(lambda state: state["recognition"]["templates"] > 0 and not state["journal"]["waiting"])


def files(device: Device) -> Iterator[tuple[Path, bytes]]:
    for path in (device.folder / "state").rglob("*"):
        if path.is_file():
            yield path, path.read_bytes()


def test_a_stranger_keeps_the_uuid_through_a_kill_and_is_one_stranger_then(device: Device) -> None:
    with device.running() as process:
        faced(device)
        process.kill()
        process.wait()
    with device.running() as process:
        passed(device, 1)
        device.until(lambda state: state["recognition"]["looks"] > 0 and not state["journal"]["waiting"])
        assert len(strangers(device)) == 1
        assert stopped(process, signal.SIGTERM)[0] == 0
    (stranger,) = strangers(device)
    assert stranger["uuid"] in {row["subject"] for row in device.rows()}
    with closing(sqlite3.connect(device.folder / "state" / "smartlog.db")) as connection:
        (merged,) = connection.execute("SELECT count(*) FROM subjects WHERE merged_into IS NOT NULL").fetchone()
    assert merged >= 1, "the one who came after the restart was joined to the one from before"


def test_who_is_enrolled_while_the_daemon_runs_is_known_at_the_next_look(device: Device, photo: Path) -> None:
    with device.running() as process:
        device.until(lambda state: state["state"] == "running")
        taken = device.ask("people", "enrol", NAME, str(photo), "--consent")
        assert taken.returncode == 0, taken.stderr
        passed(device, 1)
        code, err = stopped(process, signal.SIGTERM)
    assert code == 0, err
    assert NAME in named(device)


def test_naming_a_stranger_names_the_past_and_taking_it_back_unnames_it(device: Device) -> None:
    with device.running() as process:
        faced(device)
        passed(device, 1)
        uuid = strangers(device)[0]["uuid"]
        assert named(device) == [None]
        assert device.ask("unknown", "assign", uuid, NAME).returncode == 0
        assert named(device)[0] == NAME
        assert device.ask("unknown", "unassign", uuid).returncode == 0
        assert named(device)[0] is None
        assert stopped(process, signal.SIGTERM)[0] == 0


def test_who_is_forgotten_leaves_no_trace_in_the_folder(device: Device, photo: Path) -> None:
    with device.running() as process:
        device.until(lambda state: state["state"] == "running")
        device.ask("people", "enrol", NAME, str(photo), "--consent", "--email", "someone@example.org")
        passed(device, 1)
        device.until(lambda state: not state["journal"]["waiting"])
        keys = {content for path, content in files(device) if path.suffix == ".key"}
        before = len(device.rows())
        receipt = json.loads(device.ask("people", "forget", NAME, "--yes").stdout)
        assert receipt["templates"] == 1
        assert NAME not in json.dumps(receipt)
        left = dict(files(device))
        assert stopped(process, signal.SIGTERM)[0] == 0
    rows = device.rows()
    assert len(rows) >= before
    assert {row["who"] for row in rows} == {None}
    for trace in (NAME.encode(), b"someone@example.org"):
        assert [path for path, content in left.items() if trace in content] == []
    gone = keys - set(left.values())
    assert len(gone) == 1, "the person's key, and nobody else's"
