"""A device to try the daemon on: its configuration, its state folder, and the programs that are run there."""

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
from typing import Any

import pytest

from smartlogd.base.errors import ServiceAway
from smartlogd.base.time import monotonic_s
from smartlogd.control import ask

STOP_S = 10.0
"""The daemon stops within this, from any state."""


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

    def configure(self, line: str = "door", source: str = "demo", fps: float = 10.0, more: str = "") -> None:
        """Write the configuration file anew, with `more` at its end."""
        self.config.write_text(
            f'[capture]\nsource = "{source}"\nfps = {fps}\n'
            f'[movement.lines.{line}]\nstart = [0.5, 0.0]\nend = [0.5, 1.0]\ninside = "right"\n{more}'
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

    def command(self, what: str, /, **arguments: object) -> dict[str, Any]:
        """Have the daemon do something; its answer, or its refusal as a SmartlogError."""
        return dict(ask(self.folder / "state" / "run" / "control.sock", "command", what=what, arguments=arguments))

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


def stopped(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    """Send the signal; the exit code and what stood on standard error."""
    process.send_signal(number)
    _, err = process.communicate(timeout=STOP_S)
    return process.returncode, err
