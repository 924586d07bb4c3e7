"""`smartlogd doctor`."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from paper import SECRET, enrolment

from smartlogd.cli import doctor
from smartlogd.settings import Settings

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
        "python", "numpy", "OpenCV", "TFLite", "configuration", "permissions", "camera", "models", "state folder",
        "groups", "disk", "clock", "power", "temperature", "watchdog", "unit", "daemon", "centre", "broker",
        "object store",
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


def test_a_look_that_never_ends_holds_nobody_up_and_is_a_warning() -> None:
    never = threading.Event()

    def stuck(_: object) -> doctor.Finding:
        never.wait()
        return doctor.Finding("camera", "ok", "at last")

    found = doctor.bounded("camera", stuck, Settings(), within_s=0.1)
    assert (found.what, found.verdict, found.says) == ("camera", "warn", "no answer within 0.1 s")
    assert found.hint
    never.set()


def test_a_mistake_in_a_look_is_not_hidden() -> None:
    def wrong(_: object) -> doctor.Finding:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        doctor.bounded("camera", wrong, Settings())
