"""`smartlogd doctor`."""

from __future__ import annotations

import json
import shutil
import sys
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from paper import SECRET, enrolment

from smartlogd.cli import doctor

Smartlogd = Callable[..., Any]


def findings(smartlogd: Smartlogd, *words: object) -> dict[str, dict[str, str]]:
    return {row["what"]: row for row in map(json.loads, smartlogd("doctor", "--json", *words).out.splitlines())}


def test_on_a_device_without_models_it_fails_and_says_what_to_do(smartlogd: Smartlogd, state: Path) -> None:
    told = smartlogd("doctor")
    assert told.code == 1
    assert "fail  models" in told.out
    assert "smartlogd models fetch" in told.out
    assert f"{state}, writable" in told.out


@pytest.mark.usefixtures("state")
def test_with_models_and_a_source_nothing_fails(
    smartlogd: Smartlogd, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTLOG_DETECT__MODELS_DIR", str(models_dir))
    monkeypatch.setenv("SMARTLOG_CAPTURE__SOURCE", "demo")
    found = findings(smartlogd)
    assert [row for row in found.values() if row["verdict"] == "fail"] == []
    assert found["camera"] == {"what": "camera", "verdict": "ok", "says": "demo", "hint": ""}
    assert found["models"]["says"] == "7 of profile door, verified"
    assert set(found) == {
        "python", "numpy", "OpenCV", "TFLite", "configuration", "camera", "models", "state folder", "disk", "clock",
        "daemon", "centre",
    }  # fmt: skip
    assert smartlogd("doctor").code == 0


@pytest.mark.usefixtures("state")
def test_every_warning_and_failure_has_a_hint(smartlogd: Smartlogd) -> None:
    assert all(row["hint"] for row in findings(smartlogd).values() if row["verdict"] != "ok")


@pytest.mark.usefixtures("state")
def test_a_wrong_configuration_is_a_finding_and_the_rest_is_still_looked_at(
    smartlogd: Smartlogd, tmp_path: Path
) -> None:
    (tmp_path / "s.toml").write_text("[capture]\nfsp = 3\n")
    found = findings(smartlogd, "--config", tmp_path / "s.toml")
    assert found["configuration"]["verdict"] == "fail"
    assert found["python"]["verdict"] == "ok"


@pytest.mark.usefixtures("state")
def test_a_library_that_is_there_but_does_not_load_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "halfbuilt.py").write_text("raise ValueError('numpy.dtype size changed')")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = doctor._library("halfbuilt", "halfbuilt", "Install it again.")
    assert (found.verdict, found.says, found.hint) == (
        "fail",
        "does not load: numpy.dtype size changed",
        "Install it again.",
    )
    assert doctor._library("none", "no_such_library", "Install it.").verdict == "fail"


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize(("free", "verdict"), [(10 * 2**20, "fail"), (500 * 2**20, "warn"), (5 * 2**30, "ok")])
def test_a_disk_that_runs_full_is_told_of_in_time(
    smartlogd: Smartlogd, monkeypatch: pytest.MonkeyPatch, free: int, verdict: str
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(2**40, 0, free))
    assert findings(smartlogd)["disk"]["verdict"] == verdict


@pytest.mark.parametrize(("version", "verdict"), [((3, 11), "ok"), ((3, 13), "ok"), ((3, 14), "warn")])
def test_a_python_nobody_tried_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int], verdict: str
) -> None:
    monkeypatch.setattr(sys, "version_info", (*version, 0))
    assert doctor._python().verdict == verdict


def test_a_centre_that_does_not_answer_is_a_warning_and_none_at_all_is_fine(smartlogd: Smartlogd, state: Path) -> None:
    assert findings(smartlogd)["centre"]["says"] == "none joined"
    state.mkdir(exist_ok=True)
    (state / "centre.json").write_text(enrolment())
    (state / "centre.json").chmod(0o600)
    found = findings(smartlogd)["centre"]
    assert (found["verdict"], bool(found["hint"])) == ("warn", True)
    assert SECRET not in str(found)


def test_a_state_folder_that_cannot_be_made_fails(smartlogd: Smartlogd, state: Path) -> None:
    state.write_text("in the way")
    assert findings(smartlogd)["state folder"]["verdict"] == "fail"
