"""What a running daemon is told: over its socket, by systemd's signals, and what it tells systemd in return."""

from __future__ import annotations

import contextlib
import json
import signal
import stat
from pathlib import Path
from typing import Any

import cv2
import pytest
from device import STOP_S, Device, stopped
from fake_systemd import fake_systemd

from smartlogd.base.errors import Missing, SmartlogError
from smartlogd.capture.choose import find_camera
from smartlogd.capture.options import CaptureOptions

GATE = '[movement.lines.gate]\nstart = [0.7, 0.0]\nend = [0.7, 1.0]\ninside = "right"\n'
TELEMETRY = "[telemetry]\nheartbeat_s = 9\n[telemetry.mqtt]\nhost = '127.0.0.1'\nport = 1\ntls = false\n"


def is_paused(state: dict[str, Any]) -> bool:
    return state["camera"]["status"] == "paused" and state["paused"] is True


def test_a_paused_camera_shows_nothing_until_it_is_resumed_whatever_becomes_of_the_daemon(device: Device) -> None:
    with device.running() as process:
        device.until(lambda state: state["frames"] > 0)
        assert device.command("pause") == {"paused": True}
        seen = device.until(lambda state: is_paused(state) and state["last_frame_age_s"] > 1.0)["frames"]
        with pytest.raises(SmartlogError, match="camera is paused"):
            device.command("snapshot")
        device.configure(line="gate")
        assert device.command("reload") == {"applied": ["movement.lines"], "restart_needed": []}
        assert device.command("pause") == {"paused": True}, "a second time it is no news"
        state = device.state()
        assert is_paused(state)
        assert state["frames"] == seen
        assert stopped(process, signal.SIGTERM)[0] == 0
    with fake_systemd(device.folder, device.environment) as systemd, device.running() as process:
        systemd.until_ready()
        assert is_paused(device.state())
        process.kill()
        process.wait(5)
    with device.running() as process:
        assert device.until(is_paused)["frames"] == 0
        assert device.command("resume") == {"paused": False}
        device.until(lambda state: state["frames"] > 0 and not state["paused"])


def test_a_snapshot_is_a_picture_for_its_owner_alone(device: Device) -> None:
    with device.running():
        device.until(lambda state: state["frames"] > 0)
        answer = device.command("snapshot")
        path = Path(answer["path"])
        assert path.parent == device.folder / "state" / "snapshots"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.stat().st_size == answer["bytes"]
        assert cv2.imread(str(path)).shape == (480, 640, 3)
        with pytest.raises(SmartlogError, match="not started by systemd"):
            device.command("restart")
        with pytest.raises(SmartlogError, match="none we know"):
            device.command("dance")
        assert device.state()["state"] == "running"


def test_a_line_set_from_afar_stays_so_for_as_long_as_the_configuration_has_it(device: Device) -> None:
    device.configure(more=GATE)
    with device.running() as process:
        device.until(lambda state: state["frames"] > 0)
        assert device.command("line", name="door", counting=False)["counting"] is False
        with pytest.raises(SmartlogError, match="door"):
            device.command("line", name="door", counting=True, end=[0.5, 0.0])
        with pytest.raises(SmartlogError, match="window"):
            device.command("line", name="window", counting=False)
        moved = device.command("line", name="gate", start=[0.6, 0.0], end=[0.6, 1.0])
        assert (moved["start"], moved["end"], moved["counting"]) == ([0.6, 0.0], [0.6, 1.0], True)
        passed = device.until(lambda state: state["lines"]["gate"]["I"])["lines"]
        assert passed["door"] == {"I": 0, "O": 0}, "whoever passes the gate has passed the door before"
        assert stopped(process, signal.SIGTERM)[0] == 0
    assert {row["line"] for row in device.rows() if row["action"]} == {"gate"}

    with device.running() as process:
        device.until(lambda state: state["frames"] > 0)
        assert device.command("line", name="door", inside="left")["counting"] is False
        assert device.command("line", name="gate", counting=True)["start"] == [0.6, 0.0]
        device.configure()
        assert device.command("reload")["applied"] == ["movement.lines"]
        assert list(device.state()["lines"]) == ["door"]
        with pytest.raises(SmartlogError, match="gate"):
            device.command("line", name="gate", counting=True)
        assert stopped(process, signal.SIGTERM)[0] == 0


def test_thresholds_and_the_broker_change_under_whoever_is_in_view(device: Device) -> None:
    with device.running() as process:
        device.until(lambda state: state["people"] == 1)
        device.configure(more=f"[movement]\nconfirm_hits = 4\n{TELEMETRY}")
        answer = device.command("reload")
        assert "movement.confirm_hits" in answer["applied"]
        assert {key for key in answer["applied"] if key.startswith("telemetry")} != set()
        assert answer["restart_needed"] == []
        state = device.until(lambda state: state["mqtt"]["word"] in ("connecting", "away"))
        assert state["pid"] == process.pid
        device.until(lambda state: state["lines"]["door"]["I"])
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=STOP_S)
    assert process.returncode == 0, err
    events = [json.loads(line) for line in out.splitlines()]
    entered = [event["uuid"] for event in events if event["type"] == "person_entered"]
    crossed = [event["uuid"] for event in events if event["type"] == "crossing"]
    assert crossed == entered[:1], "it is the one who was in view before"


def test_systemd_hears_of_every_turn(device: Device) -> None:
    with fake_systemd(device.folder, device.environment, on_ready=device.state) as systemd, device.running() as process:
        systemd.until_ready()
        assert systemd.at_ready[0]["frames"] > 0  # type: ignore[index]
        systemd.until(lambda said: said.count("WATCHDOG=1") >= 2)
        systemd.until(lambda said: len({line for line in said if line.startswith("STATUS=")}) >= 2)
        code, err = stopped(process, signal.SIGTERM)
        systemd.until(lambda said: "STOPPING=1" in said)
        assert code == 0, err
        assert systemd.said.count("READY=1") == 1
        assert systemd.said.index("READY=1") < systemd.said.index("STOPPING=1")


def test_restarted_by_a_command_it_ends_in_order_for_systemd_to_start_it(device: Device) -> None:
    with fake_systemd(device.folder, device.environment) as systemd, device.running() as process:
        systemd.until_ready()
        assert device.command("restart") == {"restarting": True}
        assert process.wait(STOP_S) == 0
        systemd.until(lambda said: "STOPPING=1" in said)


@pytest.mark.parametrize(("source", "status"), [("/dev/video99", "lost"), ("auto", "absent")])
def test_a_camera_that_is_not_there_keeps_systemd_waiting_no_longer_than_it_takes_to_say_so(
    device: Device, source: str, status: str
) -> None:
    if source == "auto":
        with contextlib.suppress(Missing):
            pytest.skip(f"needs a machine without a camera; here is {find_camera(CaptureOptions())}")
    device.configure(source=source)
    with fake_systemd(device.folder, device.environment, on_ready=device.state) as systemd, device.running() as process:
        systemd.until_ready()
        at_ready = systemd.at_ready[0]
        assert (at_ready["camera"]["status"], at_ready["frames"]) == (status, 0)  # type: ignore[index]
        assert stopped(process, signal.SIGTERM)[0] == 0
        assert systemd.said.count("READY=1") == 1
