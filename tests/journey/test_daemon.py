"""The daemon as a process: started, asked, reloaded, stopped, killed, and started again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from smartlogd.base.errors import Exit, ServiceAway
from smartlogd.base.time import monotonic_s
from smartlogd.control import ask

STOP_S = 10.0
"""The daemon stops within this, from any state."""
LARGEST_RSS_KB = 300 * 1024


class Device:
    """One device: its configuration file, its state folder, and the programs that are run on it."""

    def __init__(self, folder: Path, models: Path) -> None:
        self.folder, self.config = folder, folder / "smartlogd.toml"
        self.environment = os.environ | {
            "SMARTLOG_DEVICE__STATE_DIR": str(folder / "state"),
            "SMARTLOG_DETECT__MODELS_DIR": str(models),
            "HOME": str(folder),
        }
        for name in ("XDG_RUNTIME_DIR", "RUNTIME_DIRECTORY", "STATE_DIRECTORY"):
            self.environment.pop(name, None)
        self.configure()

    def configure(self, line: str = "door", source: str = "demo", fps: float = 10.0) -> None:
        """Write the configuration file anew."""
        self.config.write_text(
            f'[capture]\nsource = "{source}"\nfps = {fps}\n'
            f'[movement.lines.{line}]\nstart = [0.5, 0.0]\nend = [0.5, 1.0]\ninside = "right"\n'
        )

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = [sys.executable, "-m", "smartlogd", *words, "--config", str(self.config)]
        return subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=60
        )

    def state(self) -> dict[str, Any]:
        """What the daemon says of itself, empty while nobody answers; asking from here spares a process."""
        try:
            return dict(ask(self.folder / "state" / "run" / "control.sock", "status"))
        except ServiceAway:
            return {}

    def rows(self) -> list[dict[str, Any]]:
        """What `smartlogd log` says."""
        return [json.loads(line) for line in self.ask("log", "--json").stdout.splitlines()]

    @contextlib.contextmanager
    def running(self) -> Iterator[subprocess.Popen[str]]:
        """A daemon, killed at the end if it is still there."""
        command = [sys.executable, "-m", "smartlogd", "run", "--json", "--config", str(self.config)]
        with subprocess.Popen(
            command, env=self.environment, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def until(self, asked: Callable[[dict[str, Any]], object], within_s: float = 60.0) -> dict[str, Any]:
        """The daemon's state once `asked` is true of it."""
        end_s = monotonic_s() + within_s
        while monotonic_s() < end_s:
            state = self.state()
            if state and asked(state):
                return state
            threading.Event().wait(0.05)
        pytest.fail(f"it never came to that; the last state was {self.state()}")


@pytest.fixture
def device(models_dir: Path) -> Iterator[Device]:
    with TemporaryDirectory() as folder:  # short enough for a socket's path
        yield Device(Path(folder), models_dir)


def stopped(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    """Send the signal; the exit code and what stood on standard error."""
    process.send_signal(number)
    _, err = process.communicate(timeout=STOP_S)
    return process.returncode, err


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
