"""`smartlogd sync join` and `leave`, without a centre; tests/services/test_joining.py has one."""

from __future__ import annotations

import io
import json
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smartlogd.base.errors import Exit

Smartlogd = Callable[..., Any]
SECRET = "correct-horse-battery-staple"


def enrolment(**other: object) -> str:
    """A whole enrolment, of a fleet key wrapped for this device."""
    import base64

    from smartlogd.store.fleet import fleet_wrapped

    wrapped = base64.b64encode(fleet_wrapped(bytes(range(32)), SECRET, "yard")).decode()
    whole = {
        "smartlogd": 1,
        "device": "yard",
        "url": "postgresql://centre.example.org/smartlog",
        "login": "smartlogd_yard",
        "secret": SECRET,
        "fleet_key": wrapped,
    }
    return json.dumps({**whole, **other})


def test_an_enrolment_is_kept_for_this_device_alone(smartlogd: Smartlogd, state: Path, tmp_path: Path) -> None:
    (tmp_path / "yard.json").write_text(enrolment())
    told = smartlogd("sync", "join", "yard.json", "--no-check")
    assert told.code == 0
    assert "This device is yard at centre.example.org; its enrolment is kept in" in told.out
    assert SECRET not in told.out + told.err
    assert stat.S_IMODE((state / "centre.json").stat().st_mode) == 0o600


def test_an_enrolment_may_come_on_standard_input(
    smartlogd: Smartlogd, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(enrolment().encode())))
    told = smartlogd("sync", "join", "-", "--no-check", "--json")
    assert json.loads(told.out) == {"joined": "yard", "centre": "centre.example.org", "checked": False}
    assert (state / "centre.json").is_file()


def test_a_centre_that_does_not_answer_is_said_and_nothing_is_kept(
    smartlogd: Smartlogd, state: Path, tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "yard.json").write_text(enrolment(url=f"postgresql://localhost:{port}/smartlog"))
    told = smartlogd("sync", "join", "yard.json")
    assert told.code == Exit.SERVICE_AWAY
    assert "The centre cannot be reached" in told.err
    assert SECRET not in told.err
    assert not (state / "centre.json").exists()


@pytest.mark.parametrize(
    "other", [{"device": "other"}, {"secret": "another-secret-altogether"}, {"url": "http://x"}, {"more": 1}]
)
def test_an_enrolment_that_cannot_be_meant_is_refused(
    smartlogd: Smartlogd, state: Path, tmp_path: Path, other: dict[str, object]
) -> None:
    (tmp_path / "yard.json").write_text(enrolment(**other))
    told = smartlogd("sync", "join", "yard.json", "--no-check")
    assert told.code != 0
    assert SECRET not in told.err
    assert not (state / "centre.json").exists()


def test_a_file_that_is_not_there_is_missed(smartlogd: Smartlogd, state: Path) -> None:
    assert smartlogd("sync", "join", "nowhere.json").code == Exit.MISSING


def test_a_centre_can_be_left_once(smartlogd: Smartlogd, state: Path, tmp_path: Path) -> None:
    (tmp_path / "yard.json").write_text(enrolment())
    smartlogd("sync", "join", "yard.json", "--no-check")
    assert json.loads(smartlogd("sync", "leave", "--json").out) == {"left": True}
    assert not (state / "centre.json").exists()
    assert smartlogd("sync", "leave").code == Exit.MISSING


def test_an_enrolment_that_systemd_hands_over_is_not_ours_to_remove(
    smartlogd: Smartlogd, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "smartlogd-centre").write_text(enrolment())
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    told = smartlogd("sync", "leave")
    assert told.code == Exit.CONFIGURATION
    assert "credential of systemd" in told.err
