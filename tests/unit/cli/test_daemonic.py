"""`reload`, `stop`, `pause`, `resume` and `snapshot`, asked of a daemon that answers from a real socket."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smartlogd.base.errors import Exit, ServiceAway

Smartlogd = Callable[..., Any]
Desk = Any
JPEG = b"\xff\xd8\xff picture \xff\xd9"


def test_reload_says_what_changed_and_what_needs_a_restart(smartlogd: Smartlogd, desk: Desk) -> None:
    assert smartlogd("reload").out == "Changed: movement.lines.\nA restart is needed for: capture.fps.\n"
    assert json.loads(smartlogd("reload", "--json").out) == desk.reloads
    desk.reloads = {"applied": [], "restart_needed": []}
    assert smartlogd("reload").out == "Nothing to change.\n"


def test_a_reload_that_the_daemon_refuses_fails_with_its_sentence(smartlogd: Smartlogd, desk: Desk) -> None:
    desk.reloads = {}
    told = smartlogd("reload")
    assert (told.code, told.err) == (78, "smartlogd: capture.fps in s.toml is nonsense.\n  Mend it.\n")


def test_stop_reaches_the_daemon(smartlogd: Smartlogd, desk: Desk) -> None:
    assert smartlogd("stop").out == "Stopping.\n"
    assert desk.stopped.is_set()


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize("verb", ["reload", "stop", "pause", "resume", "snapshot"])
def test_without_a_daemon_each_says_how_to_start_one(smartlogd: Smartlogd, verb: str) -> None:
    told = smartlogd(verb)
    assert told.code == Exit.SERVICE_AWAY
    assert "No smartlogd is running" in told.err
    assert "smartlogd run" in told.err


def test_a_pause_and_its_end_reach_the_daemon(smartlogd: Smartlogd, desk: Desk) -> None:
    desk.answers = {"pause": {"paused": True}, "resume": {"paused": False}}
    told = smartlogd("pause")
    assert (told.code, "smartlogd resume" in told.out) == (0, True)
    assert json.loads(smartlogd("pause", "--json").out) == {"paused": True}
    assert smartlogd("resume").out == "The camera is opened again.\n"
    assert json.loads(smartlogd("resume", "--json").out) == {"paused": False}
    assert desk.commands == [("pause", {}), ("pause", {}), ("resume", {}), ("resume", {})]


def test_what_the_daemon_cannot_do_is_its_own_sentence(smartlogd: Smartlogd, desk: Desk) -> None:
    desk.answers = {"pause": ServiceAway("smartlogd is still starting.", "Try again in a moment.")}
    told = smartlogd("pause")
    assert (told.code, told.err) == (69, "smartlogd: smartlogd is still starting.\n  Try again in a moment.\n")


@pytest.fixture
def picture(desk: Desk, tmp_path: Path) -> Path:
    """The picture that the daemon takes when it is asked to."""
    path = tmp_path / "snapshot.jpg"
    path.write_bytes(JPEG)
    desk.answers = {"snapshot": {"path": str(path), "bytes": len(JPEG)}}
    return path


def test_a_snapshot_is_copied_where_it_is_wanted_for_its_owner_alone(
    smartlogd: Smartlogd, picture: Path, tmp_path: Path
) -> None:
    assert smartlogd("snapshot").out == f"The picture is {picture}.\n"
    copy = tmp_path / "door.jpg"
    assert smartlogd("snapshot", copy).out == f"The picture is {copy}.\n"
    assert copy.read_bytes() == JPEG
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    told = json.loads(smartlogd("snapshot", copy, "--json").out)
    assert told == {"path": str(picture), "bytes": len(JPEG), "copy": str(copy)}
    assert json.loads(smartlogd("snapshot", "--json").out) == {"path": str(picture), "bytes": len(JPEG)}


def test_a_snapshot_may_have_labels_and_a_note(smartlogd: Smartlogd, desk: Desk, picture: Path) -> None:
    assert smartlogd("snapshot", "--label", "door", "--label", "night", "--note", "who is this?").code == 0
    assert smartlogd("snapshot").code == 0
    assert desk.commands == [
        ("snapshot", {"labels": ["door", "night"], "note": "who is this?"}),
        ("snapshot", {"labels": [], "note": None}),
    ]


@pytest.mark.usefixtures("picture")
def test_a_snapshot_on_standard_output_is_the_picture_and_nothing_else(smartlogd: Smartlogd) -> None:
    command = (sys.executable, "-m", "smartlogd", "snapshot", "-")
    assert subprocess.run(command, capture_output=True, check=True).stdout == JPEG
    assert smartlogd("snapshot", "-", "--json").code == Exit.USAGE


def test_a_picture_that_this_user_may_not_read_is_told_where_it_is(
    smartlogd: Smartlogd, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(path: Path, *_: object) -> None:  # the tests may run as root, to whom nothing is closed
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", closed)
    told = smartlogd("snapshot", tmp_path / "door.jpg")
    assert told.code == Exit.PERMISSION
    assert str(picture) in told.err
    assert "sudo smartlogd snapshot -" in told.err


def test_a_picture_that_is_not_there_or_has_nowhere_to_go_is_an_error(
    smartlogd: Smartlogd, picture: Path, tmp_path: Path
) -> None:
    assert smartlogd("snapshot", tmp_path).code == Exit.CANNOT_CREATE
    picture.unlink()
    assert smartlogd("snapshot", tmp_path / "door.jpg").code == Exit.MISSING
