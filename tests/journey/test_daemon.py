"""The daemon as a process: started, asked, reloaded, stopped, killed, and started again."""

from __future__ import annotations

import contextlib
import json
import signal
import threading
from pathlib import Path

import pytest
from device import STOP_S, Device, stopped

from smartlogd.base.errors import Exit

LARGEST_RSS_KB = 300 * 1024


def test_a_day_in_its_life(device: Device) -> None:
    with device.running() as process:
        state = device.until(lambda state: state["frames"] > 0)
        assert state["pid"] == process.pid
        assert json.loads(device.ask("status", "--json").stdout)["pid"] == process.pid
        assert resident_kb(process.pid) < LARGEST_RSS_KB

        device.configure(line="gate", fps=5.0)
        answer = json.loads(device.ask("reload", "--json").stdout)
        assert answer == {"applied": ["movement.lines"], "restart_needed": ["capture.fps"]}

        device.until(lambda state: state["lines"]["gate"]["I"] and state["lines"]["gate"]["O"])
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=STOP_S)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    told = [json.loads(line) for line in out.splitlines()]
    assert told[0]["type"] == "person_entered"
    crossings = [
        (event["event_id"], event["uuid"], event["line"], event["action"]) for event in told if "action" in event
    ]
    assert [(row["event_id"], row["uuid"], row["line"], row["action"]) for row in device.rows()] == crossings
    assert not (device.folder / "state" / "run" / "control.sock").exists()


def resident_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def test_killed_at_once_it_starts_again_with_every_row_it_had_acknowledged(device: Device) -> None:
    with device.running() as process:
        device.until(lambda state: state["journal"]["written"] >= 2)
        before = device.rows()
        process.kill()
        process.wait(5)
    assert before != []
    assert (device.folder / "state" / "run" / "control.sock").exists()
    with device.running() as process:
        state = device.until(lambda state: state["frames"] > 0)
        assert state["pid"] == process.pid, "the dead one's socket was replaced"
        assert device.rows()[: len(before)] == before
        assert stopped(process, signal.SIGINT)[0] == 0


def test_hung_up_it_reads_its_settings_again_and_survives_nonsense(device: Device) -> None:
    with device.running() as process:
        device.until(lambda state: state["frames"] > 0)
        device.config.write_text("[capture\n")
        process.send_signal(signal.SIGHUP)
        device_reload = device.ask("reload", "--json")
        assert device_reload.returncode == Exit.CONFIGURATION
        device.configure(line="gate")
        process.send_signal(signal.SIGHUP)
        device.until(lambda state: "gate" in state["lines"])
        code, err = stopped(process, signal.SIGTERM)
    assert code == 0, err
    assert "settings not read again" in err
    assert "Traceback" not in err


def test_stop_is_heard_over_the_socket(device: Device) -> None:
    with device.running() as process:
        device.until(lambda state: state["frames"] > 0)
        assert device.ask("stop").returncode == 0
        assert process.wait(STOP_S) == 0
    assert device.ask("status").returncode == Exit.SERVICE_AWAY


def test_a_second_daemon_is_refused_and_the_first_goes_on(device: Device) -> None:
    with device.running() as first:
        device.until(lambda state: state["frames"] > 0)
        second = device.ask("run")
        assert second.returncode == Exit.CANNOT_CREATE
        assert "Traceback" not in second.stderr
        assert device.state()["pid"] == first.pid
        assert stopped(first, signal.SIGTERM)[0] == 0


def test_without_its_camera_it_stays_up_says_so_and_still_stops(device: Device) -> None:
    device.configure(source="/dev/video99")
    with device.running() as process:
        state = device.until(lambda state: state["camera"]["status"] == "lost")
        assert state["frames"] == 0
        code, err = stopped(process, signal.SIGTERM)
    assert code == 0, err
    assert "/dev/video99" in err


def test_told_to_stop_before_anything_is_open_it_is_gone_without_a_traceback(device: Device) -> None:
    with device.running() as process:
        threading.Event().wait(0.3)
        code, err = stopped(process, signal.SIGTERM)
    # Before Python has come to the daemon, the kernel's own answer to SIGTERM stands.
    assert code in (0, -signal.SIGTERM), err
    assert "Traceback" not in err


@pytest.mark.parametrize("after_s", [0.0, 0.3])
def test_told_to_stop_while_it_opens_its_parts_it_closes_them_again(device: Device, after_s: float) -> None:
    with device.running() as process:
        while not (device.folder / "state" / "lock").exists():
            threading.Event().wait(0.01)
        threading.Event().wait(after_s)
        code, err = stopped(process, signal.SIGTERM)
    assert code == 0, err
    assert "Traceback" not in err
    assert device.ask("log").stderr == ""


def test_a_second_ctrl_c_does_not_wait_for_a_stop_that_takes_long(device: Device) -> None:
    with device.running() as process:
        device.until(lambda state: state["frames"] > 0)
        process.send_signal(signal.SIGINT)
        threading.Event().wait(0.7)
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        assert process.wait(2) in (0, 130)
