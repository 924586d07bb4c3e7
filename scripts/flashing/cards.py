"""A card in the reader: which device it is, whether it may be written, and writing it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from flashing.image import CHUNK, Progress, sha256_of
from flashing.refusal import DISK, MISSING, PERMISSION, UNUSABLE_INPUT, USAGE, Refused, reason

LARGEST_CARD = 256 * 10**9


@dataclass(frozen=True)
class Card:
    """A whole disk, told in a way in which a person knows it again."""

    device: Path
    model: str
    size: int

    def __str__(self) -> str:
        return f"{self.device}: {self.model}, {self.size / 1e9:.1f} GB"


@dataclass(frozen=True)
class Machine:
    """Where the system says what disks it has; another root in tests."""

    sys: Path = Path("/sys")
    proc: Path = Path("/proc")

    def card(self, device: Path, *, is_forced: bool) -> Card:
        """The card in that device; Refused for anything that should not be overwritten."""
        name, block = self._whole_disk(device)
        used = self._used(block)
        if used:
            hint = f"Unmount it first: umount {device}?*"
            if {"/", "/boot", "/usr", "/home", "/var"} & set(used):
                hint = "That is where this machine lives. Name the card's device: lsblk lists them all."
            raise Refused(UNUSABLE_INPUT, f"{device} is in use ({used[0]}).", hint)
        model = " ".join(filter(None, (_text(block / "device" / word) for word in ("vendor", "model", "name"))))
        card = Card(device, model or "of unknown make", int(_text(block / "size") or 0) * 512)
        if card.size == 0:
            raise Refused(MISSING, f"There is no card in {device}.")
        if card.size > LARGEST_CARD and not is_forced:
            hint = "If it is a card all the same: --force"
            raise Refused(UNUSABLE_INPUT, f"{card} is larger than a card is likely to be.", hint)
        if _text(block / "ro") == "1":
            raise Refused(PERMISSION, f"{device} is read-only.", "Is the slider on the card's side set to lock?")
        return Card(device, f"{card.model} ({name})" if device.name != name else card.model, card.size)

    def _whole_disk(self, device: Path) -> tuple[str, Path]:
        if not self.sys.joinpath("class/block").is_dir():
            hint = "Leave --device out, and write the image that is made with Raspberry Pi Imager or dd."
            raise Refused(USAGE, "Cards are written on Linux only.", hint)
        try:
            real = device.resolve(strict=True)
        except OSError as error:
            raise Refused(MISSING, f"There is no device {device}.", "lsblk lists them all.") from error
        block = self.sys / "class" / "block" / real.name
        if not block.is_dir():
            raise Refused(UNUSABLE_INPUT, f"{device} is no disk.", "lsblk lists them all.")
        if (block / "partition").exists():
            whole = block.resolve().parent.name
            raise Refused(UNUSABLE_INPUT, f"{device} is a partition.", f"Name the whole disk: /dev/{whole}")
        return real.name, block

    def _used(self, block: Path) -> list[str]:
        """What the disk, its partitions and what is built upon them are used for: places, or swap."""
        parts = [block, *(part.parent for part in block.glob("*/partition"))]
        numbers, names = set(), set()
        for part in parts:
            numbers.add(_text(part / "dev"))
            names.add(part.name)
            if holder := next(iter(part.glob("holders/*")), None):
                return [holder.name]
        mounts = (line.split() for line in _text(self.proc / "self" / "mountinfo").splitlines())
        places = [words[4] for words in mounts if len(words) > 4 and words[2] in numbers]
        swaps = (line.split()[0].rsplit("/", 1)[-1] for line in _text(self.proc / "swaps").splitlines()[1:] if line)
        return sorted(places) + [f"swap on {name}" for name in swaps if name in names]


def written(image: Path, card: Card, progress: Progress) -> None:
    """Write the whole image to the card, and read it back from the card itself."""
    size = image.stat().st_size
    if size > card.size:
        what = f"The card has {card.size / 1e9:.1f} GB, the image {size / 1e9:.1f} GB."
        raise Refused(DISK, what, "Take a larger one.")
    try:
        _poured(image, card.device, size, progress)
        wanted = sha256_of(image, size, lambda *_: None, "")
        found = sha256_of(card.device, size, progress, "verifying the card")
    except PermissionError as error:
        hint = "Be of the group that may (often `disk`), or run this one command with sudo."
        raise Refused(PERMISSION, f"{card.device} may not be written by you.", hint) from error
    except OSError as error:
        raise Refused(DISK, f"{card.device} cannot be written: {reason(error)}.", "Try another card.") from error
    if wanted != found:
        hint = "The card is worn out, or holds less than it says."
        raise Refused(DISK, f"{card.device} reads back otherwise than it was written.", hint)


def _poured(image: Path, device: Path, size: int, progress: Progress) -> None:
    """Copy every byte, zeros too: an old file system must not shine through the holes."""
    is_disk = stat.S_ISBLK(device.stat().st_mode)
    descriptor = os.open(device, os.O_RDWR | (os.O_EXCL if is_disk else 0))  # O_EXCL: nobody mounts it meanwhile
    with image.open("rb") as source, os.fdopen(descriptor, "r+b", buffering=0) as target:
        done = 0
        while chunk := source.read(CHUNK):
            view = memoryview(chunk)
            while view:
                view = view[target.write(view) :]
            done += len(chunk)
            progress("writing the card", done, size)
        os.fsync(target.fileno())


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
