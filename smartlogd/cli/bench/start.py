"""How soon a started daemon has seen its first frame, and how much memory it then holds.

A real `smartlogd run` is started as a process of its own, with a fresh state folder, and asked through
its control socket. It says itself when its first frame was through, counted from the start of its
process as the kernel knows it; a first start, unmeasured, warms the file cache.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from smartlogd.base.errors import ServiceAway, SmartlogError
from smartlogd.base.time import monotonic_s
from smartlogd.control import ask
from smartlogd.device import folders
from smartlogd.settings import Settings

PATIENCE_S = 60.0
POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from process start to the first frame, start by start, and the largest memory of any, in bytes."""

    first_frame_s: tuple[float, ...]
    resident_bytes: int

    @property
    def median_s(self) -> float:
        """The middle one."""
        return median(self.first_frame_s)


async def start(settings: Settings, source: str, rounds: int, linger_s: float) -> Start:
    """Start the daemon `rounds` times after a first unmeasured one; each lives `linger_s` after its first frame."""
    await _once(settings, source, 0.0)
    measured = [await _once(settings, source, linger_s) for _ in range(rounds)]
    return Start(tuple(first for first, _ in measured), max(resident for _, resident in measured))


async def _once(settings: Settings, source: str, linger_s: float) -> tuple[float, int]:
    """One start: its first frame's second, and the memory held after `linger_s`."""
    with tempfile.TemporaryDirectory(prefix="smartlogd-bench-") as folder:
        environment = _environment(settings, Path(folder))
        socket = folders(settings.device.model_copy(update={"state_dir": Path(folder)}), None, environment).socket
        command = ("-m", "smartlogd", "run", "--source", source, "--profile", settings.detect.profile)
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        try:
            first_s = await _first_frame_s(process, socket)
            await asyncio.sleep(linger_s)
            return first_s, resident_bytes(process.pid)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.communicate()


def _environment(settings: Settings, state: Path) -> dict[str, str]:
    """The child's environment: ours, with a state folder of its own and our models."""
    own = {name: value for name, value in os.environ.items() if name not in ("RUNTIME_DIRECTORY", "STATE_DIRECTORY")}
    own["SMARTLOG_DEVICE__STATE_DIR"] = str(state)
    own["SMARTLOG_DETECT__MODELS_DIR"] = str(settings.folders().models)
    return own


async def _first_frame_s(process: asyncio.subprocess.Process, socket: Path) -> float:
    """Ask until the first frame is through; SmartlogError when the daemon ends or takes for ever."""
    deadline_s = monotonic_s() + PATIENCE_S
    while monotonic_s() < deadline_s:
        if process.returncode is not None:
            said = (await process.stderr.read()).decode(errors="replace") if process.stderr else ""
            raise SmartlogError("The daemon ended before its first frame.", said.strip()[-400:])
        try:
            state = await asyncio.to_thread(ask, socket, "status")
        except ServiceAway:
            state = {}
        if isinstance(first_s := state.get("first_frame_s"), float):
            return first_s
        await asyncio.sleep(POLL_S)
    raise SmartlogError(f"The daemon saw no frame within {PATIENCE_S:.0f} s.", "Try `smartlogd run` to see why.")


def resident_bytes(pid: int) -> int:
    """How much memory the process holds just now, its shared libraries included.

    >>> resident_bytes(os.getpid()) > 1024 * 1024
    True
    """
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
