"""From what was given to what is written: the one list of files that go onto a boot partition."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from flashing import systems
from flashing.fat import BootPartition
from flashing.given import ROOT
from flashing.refusal import DISK, Refused
from flashing.systems import FOLDER, MOUNTED, Person, System, Wifi

_SCRIPTS = ROOT / "scripts" / "card"
_ROOM_LEFT = 8 * 1024 * 1024
"""What the system itself needs there, for its first changes."""


@dataclass(frozen=True)
class Wanted:
    """All that the card should hold. What is secret is kept out of every printed form."""

    person: Person
    config: bytes = field(repr=False)
    source: bytes = field(repr=False)
    enrolment: bytes | None = field(default=None, repr=False)
    mqtt_password: str | None = field(default=None, repr=False)
    mqtt_ca: bytes | None = field(default=None, repr=False)
    wifi: Wifi | None = field(default=None, repr=False)
    wheels: tuple[Path, ...] = ()
    models: tuple[Path, ...] = ()


def customised(boot: BootPartition, system: System, wanted: Wanted, written: Callable[[int], None]) -> str:
    """Write everything onto the boot partition and read the small files back; gives the instance's name.

    Refused before the first byte where there is no room.
    """
    instance = f"smartlogd-{wanted.person.hostname}-{secrets.token_hex(4)}"
    files = _small_files(boot, system, wanted, instance)
    _fits(boot, files, wanted)
    folders = [FOLDER, f"{FOLDER}/secrets"]
    folders += [f"{FOLDER}/{name}" for name in ("wheels", "models") if getattr(wanted, name)]
    for folder in folders:
        boot.make_folder(folder)
    for path, content in files.items():
        boot.write(path, content)
        if boot.read(path) != content:
            raise Refused(DISK, f"{path} on the boot partition reads back otherwise than it was written.")
        written(len(content))
    boot.write_files(list(wanted.wheels), f"{FOLDER}/wheels", written)
    boot.write_files(list(wanted.models), f"{FOLDER}/models", written)
    for file, folder in [(file, "wheels") for file in wanted.wheels] + [(file, "models") for file in wanted.models]:
        _read_back(boot, file, f"{FOLDER}/{folder}/{file.name}")
    return instance


def size_of(wanted: Wanted) -> int:
    """Bytes of everything that is written, roughly: the small files of the system aside."""
    return len(wanted.source) + sum(file.stat().st_size for file in (*wanted.wheels, *wanted.models))


def _small_files(boot: BootPartition, system: System, wanted: Wanted, instance: str) -> dict[str, bytes]:
    """Path and content of all but wheels and models; the kernel's command line last, for it sets off the rest."""
    files = {
        f"{FOLDER}/first-boot.sh": (_SCRIPTS / "first-boot.sh").read_bytes(),
        f"{FOLDER}/smartlogd-first-boot.service": (_SCRIPTS / "smartlogd-first-boot.service").read_bytes(),
        f"{FOLDER}/card.env": systems.card_env(wanted.person, wanted.wifi),
        f"{FOLDER}/smartlogd.toml": wanted.config,
        f"{FOLDER}/source.tar.gz": wanted.source,
    }
    if wanted.mqtt_ca is not None:
        files[f"{FOLDER}/mqtt-ca.crt"] = wanted.mqtt_ca
    if wanted.enrolment is not None:
        files[f"{FOLDER}/secrets/smartlogd-centre"] = wanted.enrolment
    if wanted.mqtt_password is not None:
        files[f"{FOLDER}/secrets/smartlogd-mqtt-password"] = wanted.mqtt_password.encode()
    before = boot.read("cmdline.txt").decode(errors="replace")
    if system.way == "cloud-init":
        return files | _for_trixie(wanted, before, instance)
    return files | _for_bookworm(wanted, before)


def _for_trixie(wanted: Wanted, before: str, instance: str) -> dict[str, bytes]:
    files = {"user-data": systems.user_data(wanted.person), "meta-data": systems.meta_data(instance)}
    words = [f"ds=nocloud;i={instance}"]
    if wanted.wifi is not None:
        files["network-config"] = systems.network_config(wanted.wifi)
        words.append(f"cfg80211.ieee80211_regdom={wanted.wifi.country}")
    return files | {"cmdline.txt": systems.cmdline(before, without="ds=nocloud", words=words)}


def _for_bookworm(wanted: Wanted, before: str) -> dict[str, bytes]:
    files = {
        f"{FOLDER}/authorized_keys": "".join(f"{key}\n" for key in wanted.person.keys).encode(),
        "firstrun.sh": (_SCRIPTS / "firstrun.sh").read_bytes(),
    }
    if wanted.wifi is not None:
        files[f"{FOLDER}/secrets/wifi.nmconnection"] = systems.connection(wanted.wifi)
    words = [f"systemd.run={MOUNTED}/firstrun.sh", "systemd.run_success_action=reboot"]
    words.append("systemd.unit=kernel-command-line.target")
    return files | {"cmdline.txt": systems.cmdline(before, without="systemd.", words=words)}


def _fits(boot: BootPartition, files: dict[str, bytes], wanted: Wanted) -> None:
    """Make sure that there is room, counting in clusters as FAT does."""
    sizes = [len(content) for content in files.values()]
    sizes += [file.stat().st_size for file in (*wanted.wheels, *wanted.models)]
    needed, free = sum((size + 4095) // 4096 * 4096 for size in sizes) + _ROOM_LEFT, boot.free_bytes()
    if needed <= free:
        return
    models = sum(file.stat().st_size for file in wanted.models)
    hint = "Leave --offline out, and the device fetches all of it itself."
    if needed - models <= free:
        hint = f"Leave out models that you do not use ({models / 1e6:.0f} MB are to be copied), or --offline."
    what = f"The boot partition has room for {free / 1e6:.0f} MB, and {needed / 1e6:.0f} MB are needed."
    raise Refused(DISK, what, hint)


def _read_back(boot: BootPartition, file: Path, path: str) -> None:
    if hashlib.sha256(boot.read(path)).digest() != hashlib.sha256(file.read_bytes()).digest():
        raise Refused(DISK, f"{path} on the boot partition reads back otherwise than it was written.")
