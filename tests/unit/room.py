"""A room with a microphone in it: a PulseAudio server of its own, and a sink whose monitor hears what is played."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

PROGRAMS = ("pulseaudio", "pacat", "pactl")
_ALSA = """\
pcm.!default { type pulse device "room.monitor" }
ctl.!default { type pulse }
"""
_USUAL = Path("/usr/share/alsa/alsa.conf")
_PLUGIN = "alsa-lib/libasound_module_pcm_pulse.so"


def why_not() -> str:
    """What is missing for a room; empty where nothing is."""
    for program in PROGRAMS:
        if shutil.which(program) is None:
            return f"the program {program} (apt: pulseaudio, pulseaudio-utils)"
    if not any(Path("/usr/lib").glob(f"*/{_PLUGIN}")) or not _USUAL.is_file():
        return "ALSA's way to PulseAudio (apt: libasound2-plugins)"
    probe = "import sounddevice"
    if subprocess.run([sys.executable, "-c", probe], capture_output=True, check=False).returncode != 0:
        return "PortAudio and its Python package (apt: libportaudio2; pip: sounddevice)"
    return ""


class Room:
    """Open while its server runs; `environment` is how a program hears it as its usual microphone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: subprocess.Popen[bytes] | None = None
        (folder / "asound.conf").write_text(_ALSA)
        (folder / "run").mkdir(mode=0o700)
        self._socket = folder / "s"
        self.environment = {
            "PULSE_SERVER": f"unix:{self._socket}",
            "ALSA_CONFIG_PATH": f"{_USUAL}:{folder / 'asound.conf'}",
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "HOME": str(folder),
        }

    def open(self) -> None:
        """Start the server; there is one sink, silent at first."""
        self._server = subprocess.Popen(
            [
                *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"),
                *("-L", f"module-native-protocol-unix auth-anonymous=1 socket={self._socket}"),
                *("-L", "module-null-sink sink_name=room rate=16000 channels=1"),
            ],
            env={"PATH": "/usr/bin:/bin", **self.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(100):
            if self._asked("pactl", "info").returncode == 0:
                return
            time.sleep(0.1)
        raise AssertionError("pulseaudio did not answer within 10 s")

    def play(self, samples: np.ndarray) -> subprocess.Popen[bytes]:
        """Play float32 samples of 16 kHz into the room; returns at once."""
        file = self._folder / "played.raw"
        file.write_bytes(samples.astype("<f4").tobytes())
        return subprocess.Popen(
            [
                *("pacat", "--device=room", "--format=float32le", "--rate=16000", "--channels=1"),
                *("--latency-msec=30", str(file)),
            ],
            env={"PATH": "/usr/bin:/bin", **self.environment},
        )

    def close(self) -> None:
        """End the server, at once: its clients see it go."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None

    def _asked(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            words, env={"PATH": "/usr/bin:/bin", **self.environment}, capture_output=True, check=False
        )
