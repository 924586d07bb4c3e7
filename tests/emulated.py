"""An emulated arm64 computer that starts from a card of ours, and whose plug can be pulled.

`make image` has built the system, scripts/flash-pi has made the card; the kernel gets the command line that stands on
it. The machine reaches the host's loopback as 10.0.2.2 and is reached by ssh. Its camera is the kernel's own test
driver.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from broker import free_port

ROOT = Path(__file__).parents[1]
KEPT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "smartlogd" / "test-image"
BOOT_START = 8 * 1024 * 1024
HOST = "10.0.2.2"

sys.path.insert(0, str(ROOT / "scripts"))

from flashing.fat import BootPartition  # noqa: E402 - its folder had to be named first


def base_image() -> Path:
    """The system as `make image` left it; the test is skipped without."""
    try:
        return KEPT / (KEPT / "current").read_text().strip()
    except FileNotFoundError:
        pytest.skip("needs the image that `make image` builds")


def flashed(folder: Path, *arguments: str, password: str) -> Path:
    """A card made by scripts/flash-pi out of the image, with wheels and models on it."""
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    card = folder / "card.img"
    command = [str(ROOT / "scripts" / "flash-pi"), str(base_image()), "--output", str(card), "--mqtt-password"]
    environment = os.environ | {"SMARTLOGD_MQTT_PASSWORD_FILE": str(secret)}
    done = subprocess.run([sys.executable, *command, *arguments], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return card


@dataclass
class Emulated:
    """A computer with this card in it; `key` opens its account."""

    card: Path
    key: Path
    ssh_port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def console(self) -> str:
        """What it has written on its serial line since it was started."""
        path = self.card.with_name("console.log")
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self, *more: str) -> None:
        """Give it power."""
        console = self.card.with_name("console.log")
        console.unlink(missing_ok=True)
        forward = f"user,id=net,hostfwd=tcp:127.0.0.1:{self.ssh_port}-:22"
        command = ["qemu-system-aarch64", "-M", "virt", "-accel", "tcg,thread=multi", "-cpu", "cortex-a72"]
        command += ["-smp", "2", "-m", "1536", "-display", "none", "-monitor", "none", "-no-reboot"]
        command += ["-serial", f"file:{console}", "-kernel", str(KEPT / "vmlinuz"), "-initrd", str(KEPT / "initrd.gz")]
        command += ["-append", self.read("cmdline.txt").decode().strip()]
        command += ["-drive", f"file={self.card},if=none,id=card,format=raw", "-device", "virtio-blk-pci,drive=card"]
        command += [
            "-netdev",
            forward,
            "-device",
            "virtio-net-pci,netdev=net,romfile=",
            "-device",
            "virtio-rng-pci",
            *more,
        ]
        log = self.card.with_name("qemu.log").open("wb")
        with log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def pull_the_plug(self) -> None:
        """End it at once, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def fall_silent(self) -> None:
        """As the network sees a power cut: nothing comes any more, and nobody has hung up."""
        assert self._process is not None, "it has no power"
        self._process.send_signal(signal.SIGSTOP)

    def wait_for(self, text: str, within_s: float) -> None:
        """Wait until the serial line shows the text."""
        deadline_s = time.monotonic() + within_s
        while text not in self.console:
            assert self._process is not None, "it has no power"
            assert self._process.poll() is None, self.card.with_name("qemu.log").read_text()
            assert time.monotonic() < deadline_s, f"no {text!r} within {within_s} s; last: {self.console[-2000:]}"
            time.sleep(0.5)

    def told(self, command: str, within_s: float = 300.0) -> str:
        """What a command says there, run as root; tried until ssh answers."""
        ssh = ["ssh", "-i", str(self.key), "-p", str(self.ssh_port), "-o", "StrictHostKeyChecking=no"]
        ssh += ["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=60", "pi@127.0.0.1"]
        deadline_s = time.monotonic() + within_s
        while True:
            asked = [*ssh, f"sudo sh -c {shlex.quote(command)}"]
            done = subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            if done.returncode != 255:
                assert done.returncode == 0, f"{command}: {done.stdout} {done.stderr}"
                return done.stdout
            assert time.monotonic() < deadline_s, f"ssh does not answer within {within_s} s: {done.stderr}"
            time.sleep(2)

    # The card in the laptop ---------------------------------------------------------------------

    def names(self) -> tuple[str, ...]:
        """What stands on the boot partition."""
        return self._boot().names()

    def wheels(self) -> tuple[str, ...]:
        """The wheels on the boot partition."""
        return self._boot().names("smartlogd/wheels")

    def read(self, path: str) -> bytes:
        """A file of the boot partition."""
        return self._boot().read(path)

    def put(self, file: Path, folder: str) -> None:
        """Copy a file onto the boot partition."""
        self._boot().write_files([file], folder, lambda _: None)

    def take(self, path: str) -> None:
        """Remove a file from the boot partition."""
        subprocess.run(["mdel", "-i", f"{self.card}@@{BOOT_START}", f"::{path}"], check=True, capture_output=True)

    def boot_bytes(self) -> bytes:
        """The whole boot partition, what was deleted included."""
        with self.card.open("rb") as file:
            file.seek(BOOT_START)
            return file.read(512 * 1024 * 1024)

    def _boot(self) -> BootPartition:
        return BootPartition(self.card, BOOT_START)
