"""The FAT boot partition inside an image, read and written by mtools: no root, no mount, no loop device."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from flashing.refusal import DISK, MISSING, UNUSABLE_INPUT, Refused

_PLAIN = {"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath), "MTOOLSRC": os.devnull, "MTOOLS_SKIP_CHECK": "1"}


class BootPartition:
    """The files of one FAT partition, named by their path from its top, as in "smartlogd/card.env"."""

    def __init__(self, image: Path, start: int) -> None:
        if shutil.which("mcopy") is None:
            hint = "Install mtools: sudo apt install mtools, or brew install mtools."
            raise Refused(MISSING, "mtools is not here, by which the boot partition is written.", hint)
        self._image = image
        self._drive = f"{image}@@{start}"

    def names(self, folder: str = "") -> tuple[str, ...]:
        """What stands in a folder, in lower case as FAT compares names; folders end with a slash."""
        listed = self._asked("mdir", "-b", f"::/{folder}").decode(errors="replace")
        found = (line.removeprefix("::/").strip().lower() for line in listed.splitlines())
        inner = (name.removeprefix(f"{folder.lower()}/") for name in found)
        return tuple(name for name in inner if name)

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        return self._asked("mtype", f"::/{path}")

    def make_folder(self, path: str) -> None:
        """Make a folder within one that is there."""
        self._asked("mmd", f"::/{path}")

    def write(self, path: str, content: bytes) -> None:
        """Write a file, in the place of one that is there; the bytes never lie anywhere else."""
        self._asked("mcopy", "-o", "-", f"::/{path}", given=content)

    def write_files(self, files: list[Path], folder: str, written: Callable[[int], None]) -> None:
        """Copy files into a folder; `written` is told the bytes of each."""
        for file in files:
            self._asked("mcopy", "-o", str(file), f"::/{folder}/{file.name}")
            written(file.stat().st_size)

    def free_bytes(self) -> int:
        """How much room is left."""
        told = re.search(r"([\d ]+) bytes free", self._asked("mdir", "::/").decode(errors="replace"))
        if told is None:
            raise Refused(UNUSABLE_INPUT, "The image's boot partition does not say how much room it has.")
        return int(told.group(1).replace(" ", ""))

    def _asked(self, program: str, *words: str, given: bytes | None = None) -> bytes:
        """Run one of mtools on the partition; its complaint becomes a Refused."""
        command = [program, "-i", self._drive, *words]
        done = subprocess.run(command, input=given, env=_PLAIN, capture_output=True, check=False)
        if done.returncode == 0:
            return done.stdout
        complaint = done.stderr.decode(errors="replace").strip().splitlines()
        told = complaint[-1] if complaint else f"{program} failed"
        code = DISK if program in ("mcopy", "mmd") else UNUSABLE_INPUT
        raise Refused(code, f"The boot partition of {self._image.name} cannot be used: {told}.")
