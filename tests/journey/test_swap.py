"""Models are changed under a running daemon: frames go on, nothing that happened is lost, and it can be taken back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from device import Device

from smartlogd.base.errors import SmartlogError

GAP_S = 2.0
"""For longer than this no frame may be missing while models are changed."""


def in_use(device: Device) -> set[str]:
    with closing(sqlite3.connect(device.folder / "state" / "smartlog.db")) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM models WHERE status = 'active'")}


@pytest.mark.usefixtures("models_dir")
def test_a_model_is_put_in_and_taken_back_while_people_pass(device: Device, model: Callable[[str], Path]) -> None:
    model("pose_landmark_lite")
    with device.running() as process:
        device.until(lambda state: state["frames"] > 30)
        before = device.state()
        with pytest.raises(SmartlogError, match="pose_landmark_lite 9"):
            device.command("model", what="activate", name="pose_landmark_lite", version="9")
        told = device.command("model", what="activate", name="pose_landmark_lite", version="mediapipe-4a20e99")
        assert told["gap_s"] < GAP_S
        assert told["pictures"] >= 1
        assert 0.5 <= told["agreement"] <= 1.0
        assert in_use(device) == {"pose_landmark_lite"}
        after = device.until(lambda state: state["frames"] > before["frames"] + 20)
        assert after["pid"] == process.pid
        assert after["events"] >= before["events"]
        back = device.command("model", what="roll_back")
        assert (back["name"], in_use(device)) == ("pose_landmark_full", set())
        assert back["gap_s"] < GAP_S
        device.until(lambda state: state["frames"] > after["frames"] + 20)
    listed = [json.loads(line) for line in device.ask("models", "list", "--json").stdout.splitlines()]
    assert {one["name"]: one["status"] for one in listed}["pose_landmark_full"] == "active"
    with closing(sqlite3.connect(device.folder / "state" / "smartlog.db")) as connection:
        numbers = [number for (number,) in connection.execute("SELECT id FROM events ORDER BY id")]
    assert all(later == earlier + 1 for earlier, later in pairwise(numbers)), "no event is missing"
