"""People and strangers while the daemon runs: named, taken back, forgotten, and seen again at once."""

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

from smartlogd.base.errors import Exit
from smartlogd.base.time import monotonic_s

NAME = "Ada Perenna"


class Device:
    """A device that watches the demo, in which an astronaut passes the door again and again."""

    def __init__(self, folder: Path, models: Path) -> None:
        self.folder, self.state, self.config = folder, folder / "state", folder / "smartlogd.toml"
        self.environment = os.environ | {
            "SMARTLOG_DEVICE__STATE_DIR": str(self.state),
            "SMARTLOG_DETECT__MODELS_DIR": str(models),
            "HOME": str(folder),
        }
        for name in ("XDG_RUNTIME_DIR", "RUNTIME_DIRECTORY", "STATE_DIRECTORY"):
            self.environment.pop(name, None)
        self.config.write_text(
            '[capture]\nsource = "demo"\nfps = 10.0\n'
            '[movement.lines.door]\nstart = [0.5, 0.0]\nend = [0.5, 1.0]\ninside = "right"\n'
        )

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = [sys.executable, "-m", "smartlogd", *words, "--config", str(self.config)]
        return subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=60
        )

    def told(self, *words: str) -> list[dict[str, Any]]:
        """What a command that succeeds says as JSON."""
        done = self.ask(*words, "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    @contextlib.contextmanager
    def running(self) -> Iterator[subprocess.Popen[str]]:
        """A daemon, stopped in good order at the end."""
        command = [sys.executable, "-m", "smartlogd", "run", "--json", "--config", str(self.config)]
        with subprocess.Popen(
            command, env=self.environment, cwd=self.folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            try:
                yield process
                process.send_signal(signal.SIGTERM)
                _, err = process.communicate(timeout=10)
                assert process.returncode == 0, err
                assert "Traceback" not in err
                assert NAME not in err
            finally:
                process.kill()

    def until(self, asked: Callable[[], Any], within_s: float = 90.0) -> Any:
        """What `asked` gives, once it gives something."""
        end_s = monotonic_s() + within_s
        while monotonic_s() < end_s:
            if (self.state / "smartlog.db").exists() and (found := asked()):
                return found
            threading.Event().wait(0.3)
        status = self.ask("status")
        pytest.fail(f"it never came to that: {status.stdout or status.stderr}")

    def bytes(self) -> bytes:
        """Every file of the state folder but the socket."""
        return b"".join(path.read_bytes() for path in sorted(self.state.rglob("*")) if path.is_file())


@pytest.fixture
def device(models_dir: Path) -> Iterator[Device]:
    with TemporaryDirectory() as folder:  # short enough for a socket's path
        yield Device(Path(folder), models_dir)


def test_a_stranger_gets_a_name_loses_it_and_is_forgotten_while_the_daemon_runs(device: Device) -> None:
    with device.running():
        stranger = device.until(lambda: next(iter(device.told("unknown", "list")), None))
        uuid = stranger["uuid"]
        assert Path(stranger["crop"]).is_file()

        told = device.ask("unknown", "assign", uuid, NAME, "--consent")
        assert f"{uuid} is {NAME}, who is new." in told.stdout, told.stderr
        (person,) = device.told("people", "list")
        assert (person["name"], person["strangers"] >= 1) == (NAME, True)
        assert uuid not in {one["uuid"] for one in device.told("unknown", "list", "--all")}

        # The gallery is fresh at once: whoever comes by from here on is called by the name, under any uuid.
        seen = person["passings"]
        device.until(lambda: device.told("people", "show", NAME)[0]["passings"] > seen)
        mine = [row for row in device.told("log") if row["who"] == NAME]
        assert mine

        back = device.told("unknown", "unassign", uuid)[0]
        assert back["undo"].endswith(person["uid"])
        assert device.told("unknown", "assign", uuid, person["uid"])[0]["changed"] is True

        assert NAME.encode() in device.bytes()
        pictures = [path.read_bytes() for path in (device.state / "faces").glob("*.jpg")]
        assert pictures
        receipt = device.told("people", "forget", NAME)[0]
        assert receipt["uid"] == person["uid"]
        assert receipt["passings"] >= 1
        left = device.bytes()
        assert NAME.encode() not in left
        assert not any(picture in left for picture in pictures)
        assert not (device.state / "keys" / f"{uuid}.key").exists()
        assert device.ask("people", "forget", NAME).returncode == Exit.MISSING
        assert all(row["who"] != NAME for row in device.told("log"))

        # A stranger again, and new: nothing of before is left to know them by.
        again = device.until(lambda: next(iter(device.told("unknown", "list")), None))
        assert again["uuid"] != uuid
    assert NAME.encode() not in device.bytes()
    assert device.told("people", "list") == []
