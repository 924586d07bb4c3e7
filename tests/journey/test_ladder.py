"""The ladder, climbed by a real daemon whose camera falls silent: each rung is told, in the log and in the state."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from device import STOP_S, Device, stopped
from fake_systemd import fake_systemd

from smartlogd.base.errors import Exit
from smartlogd.detect.registry import Registry, read_catalogue
from smartlogd.healing import FRUITLESS

PROGRAM = Path(__file__).with_name("frozen_camera.py")
QUICK = "stall_s = 0.5\nopen_s = 3.0\nbackoff_s = 0.05\nbackoff_roof_s = 0.1\n"
"""A camera that is soon given up, and soon tried again."""


def filming(device: Device, heal: str) -> Path:
    """Have the device film by a program; gives the file that makes it fall silent."""
    registry = Registry(read_catalogue(), Path(device.environment["SMARTLOG_DETECT__MODELS_DIR"]), None)
    flag = device.folder / "silent"
    photos = (registry.path("astronaut"), registry.path("camera"))
    words = (sys.executable, PROGRAM, flag, *photos, "{width}", "{height}", "{fps}", "thaws")
    device.configure(source=f"command:{' '.join(str(word) for word in words)}", more=f"[telemetry.heal]\n{heal}\n")
    device.config.write_text(device.config.read_text().replace("[capture]\n", f"[capture]\n{QUICK}"))
    return flag


def test_without_frames_it_climbs_to_the_exit_and_the_next_start_is_more_patient(device: Device) -> None:
    flag = filming(device, "rebuild_s = 3\nexit_s = 7")
    count = device.folder / "state" / FRUITLESS
    with fake_systemd(device.folder, device.environment) as systemd, device.running() as process:
        systemd.until_ready()
        device.until(lambda state: state["frames"] > 0 and state["rung"] == "")
        flag.touch()
        device.until(lambda state: state["rung"] == "reopening" and state["camera"]["status"] != "running")
        device.until(lambda state: state["rung"] == "rebuild")
        _, err = process.communicate(timeout=STOP_S + 20.0)
        systemd.until(lambda said: "STOPPING=1" in said)
    assert process.returncode == Exit.MISSING, err
    assert process.returncode not in (Exit.DONE, Exit.CONFIGURATION)
    assert [f"rung={rung}" in err for rung in ("reopening", "rebuild", "exit")] == [True] * 3
    assert "camera and models set up anew" in err
    assert "Traceback" not in err
    assert count.read_text() == "1"

    with fake_systemd(device.folder, device.environment) as systemd, device.running() as process:
        systemd.until_ready()
        assert count.read_text() == "1"
        flag.unlink()
        device.until(lambda state: state["frames"] > 0 and state["rung"] == "")
        device.until(lambda _: not count.exists())
        assert stopped(process, signal.SIGTERM)[0] == 0


def test_frames_that_come_again_lead_down_the_ladder(device: Device) -> None:
    flag = filming(device, "rebuild_s = 1\nexit_s = 2")
    with device.running() as process:
        before = device.until(lambda state: state["frames"] > 0)
        flag.touch()
        device.until(lambda state: state["rung"] == "exit")  # nobody would start it again, so it stays
        flag.unlink()
        after = device.until(lambda state: state["rung"] == "" and state["camera"]["status"] == "running")
        assert after["pid"] == before["pid"]
        assert after["frames"] > before["frames"]
        code, err = stopped(process, signal.SIGTERM)
    assert code == 0, err
    assert "frames come again" in err
    assert not (device.folder / "state" / FRUITLESS).exists()


def test_a_camera_that_is_paused_is_owed_nothing_and_may_be_stopped_on_any_rung(device: Device) -> None:
    flag = filming(device, "rebuild_s = 1\nexit_s = 600")
    with device.running() as process:
        device.until(lambda state: state["frames"] > 0)
        flag.touch()
        device.until(lambda state: state["rung"] == "rebuild")
        device.command("pause")
        device.until(lambda state: state["rung"] == "" and state["camera"]["status"] == "paused")
        device.command("resume")
        device.until(lambda state: state["rung"] == "rebuild")
        code, err = stopped(process, signal.SIGTERM)
    assert code == 0, err
    assert "Traceback" not in err
