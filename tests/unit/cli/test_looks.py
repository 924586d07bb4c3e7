"""What the doctor looks at of smartlogd itself; each look with settings is asked for in test_doctor.py too."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from smartlogd.cli import looks
from smartlogd.settings import read_settings

Desk = Any


def test_a_library_that_is_there_but_does_not_load_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "halfbuilt.py").write_text("raise ValueError('numpy.dtype size changed')")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = looks.library("halfbuilt", "halfbuilt", "Install it again.")
    assert (found.verdict, found.says, found.hint) == (
        "fail",
        "does not load: numpy.dtype size changed",
        "Install it again.",
    )
    assert looks.library("none", "no_such_library", "Install it.").verdict == "fail"


@pytest.mark.parametrize(("version", "verdict"), [((3, 11), "ok"), ((3, 13), "ok"), ((3, 14), "warn")])
def test_a_python_nobody_tried_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int], verdict: str
) -> None:
    monkeypatch.setattr(sys, "version_info", (*version, 0))
    assert looks.python().verdict == verdict


def test_a_daemon_that_runs_is_told_and_one_in_trouble_is_a_warning(desk: Desk) -> None:
    desk.state = {"state": "running", "pid": 5, "troubles": {}}
    assert looks.daemon(read_settings()) == looks.Finding("daemon", "ok", "running, pid 5")
    desk.state = {"state": "running", "pid": 5, "troubles": {"mqtt": "It fell over."}}
    found = looks.daemon(read_settings())
    assert (found.verdict, found.says, bool(found.hint)) == ("warn", "running, pid 5; in trouble: mqtt", True)


@pytest.mark.usefixtures("state")
def test_no_daemon_is_no_trouble() -> None:
    assert looks.daemon(read_settings()) == looks.Finding("daemon", "ok", "not running")
