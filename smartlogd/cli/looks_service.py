"""What the doctor looks at of the service: its unit, who may read what, and which devices are open to it."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from smartlogd.cli.looks import Finding

if TYPE_CHECKING:
    from smartlogd.settings import Settings

UNIT = "smartlogd.service"
ASKED = (
    "LoadState", "UnitFileState", "ActiveState", "SubState", "ActiveEnterTimestamp", "NRestarts", "Result", "User",
    "SupplementaryGroups",
)  # fmt: skip
SYSTEMCTL_S = 4.0
DEV, CREDENTIALS = Path("/dev"), Path("/etc/credstore")
DEVICES = ("video[0-9]*", "media[0-9]*", "dma_heap/*", "vchiq", "dri/renderD*")
"""What cameras, and the memory and the engines that pictures go through, are called below /dev."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def unit(_settings: Settings) -> Finding:
    """Whether smartlogd is a service of this machine, and how that fares."""
    try:
        said = _shown()
    except subprocess.TimeoutExpired:
        return Finding(
            "unit", "warn", f"systemd does not answer within {SYSTEMCTL_S:g} s", "Is the machine overloaded?"
        )
    if said is None:
        return Finding("unit", "ok", "this machine is not run by systemd")
    if said.get("LoadState") == "not-found":
        return Finding("unit", "ok", "not installed as a service")
    state, since = said.get("ActiveState", "unknown"), said.get("ActiveEnterTimestamp", "")
    log = "See why: journalctl -u smartlogd -n 50"
    if said.get("LoadState") != "loaded":
        return Finding("unit", "fail", f"its file is {said.get('LoadState')}", "Mend it: systemctl status smartlogd")
    if state == "failed" or said.get("SubState") == "auto-restart":
        return Finding("unit", "fail", f"{state} ({said.get('Result')}), restarted {_times(said)}", log)
    if state != "active":
        return Finding("unit", "warn", state, "Start it: sudo systemctl start smartlogd")
    says = f"active since {since or 'some time'}, restarted {_times(said)}"
    if said.get("UnitFileState") != "enabled":
        hint = "Let it start with the machine: sudo systemctl enable smartlogd"
        return Finding("unit", "warn", f"{says}, {said.get('UnitFileState') or 'not enabled'}", hint)
    return Finding("unit", "ok", f"{says}, enabled")


def permissions(settings: Settings, config: Path | None = None) -> Finding:
    """Whether what is private is: the state folder, the settings where they hold a password, secrets in files."""
    open_, loose = [*_settings(settings, config), *_secrets(settings)], [*_folder(settings.folders().state)]
    if not open_ and not loose:
        return Finding("permissions", "ok", "what is private is closed to others")
    says, hints = zip(*open_, *loose, strict=True)
    return Finding("permissions", "fail" if open_ else "warn", "; ".join(says), "; ".join(dict.fromkeys(hints)))


def groups(_settings: Settings, dev: Path = DEV) -> Finding:
    """Whether the devices of cameras are open to this user, or to the service that runs as this user."""
    present = [path for pattern in DEVICES for path in sorted(dev.glob(pattern))]
    if not present:
        return Finding("groups", "ok", "no camera devices here")
    user = _user(os.getuid())
    closed = {path: _group(path.stat().st_gid) for path in present if not os.access(path, os.R_OK | os.W_OK)}
    granted = _granted(user) if closed else frozenset()
    closed = {path: group for path, group in closed.items() if group not in granted}
    if not closed:
        return Finding("groups", "ok", f"{len(present)} camera devices are open to {user}")
    named = ", ".join(str(path) for path in [*closed][:3]) + (f" and {len(closed) - 3} more" if len(closed) > 3 else "")
    missing = sorted(set(closed.values()))
    hint = f"Join the groups, and log in again: sudo usermod -aG {','.join(missing)} {user}"
    if "root" in missing:
        hint = "Let udev give them to the group video: systemd/99-smartlogd-dma-heap.rules shows how."
    return Finding("groups", "warn", f"closed to {user}: {named}", hint)


def _granted(user: str) -> frozenset[str]:
    """The groups that the unit gives the daemon beyond those of its user, asked by that very user."""
    try:
        said = _shown() or {}
    except subprocess.TimeoutExpired:
        said = {}
    return frozenset(said.get("SupplementaryGroups", "").split()) if said.get("User") == user else frozenset()


def _shown() -> Mapping[str, str] | None:
    """What systemd says of the unit; None where there is no systemd, or another started the machine."""
    program = shutil.which("systemctl")
    if program is None:
        return None
    command = (program, "show", UNIT, f"--property={','.join(ASKED)}")
    said = subprocess.run(command, capture_output=True, text=True, timeout=SYSTEMCTL_S, check=False)  # noqa: S603 - ours
    if said.returncode:
        return None
    return dict(line.split("=", 1) for line in said.stdout.splitlines() if "=" in line)


def _times(said: Mapping[str, str]) -> str:
    from smartlogd.cli.changed import times

    count = said.get("NRestarts", "")
    return times(int(count)) if count.isascii() and count.isdigit() else "an unknown number of times"


Problem = tuple[str, str]


def _folder(folder: Path) -> Iterator[Problem]:
    if not folder.exists():
        return
    found = folder.stat()
    if found.st_mode & _OTHERS:
        yield f"{folder} is open to others ({stat.S_IMODE(found.st_mode):04o})", f"chmod 0700 {folder}"
    if found.st_uid != os.geteuid():
        yield f"{folder} belongs to {_user(found.st_uid)}", "Ask as that user, or as root where it is a service"


def _settings(settings: Settings, config: Path | None) -> Iterator[Problem]:
    """The file of the settings may be read by everyone, but for one with the password of a camera."""
    has_secret = "@" in settings.capture.source.partition("://")[2].partition("/")[0]
    if config is None or not has_secret or not config.exists():
        return
    if config.stat().st_mode & stat.S_IRWXO:
        yield f"{config} holds a camera's password and is open to everyone", f"chmod o= {config}"


def _secrets(settings: Settings) -> Iterator[Problem]:
    """Files that hold a secret; what this user may not even look at is closed enough."""
    from smartlogd.store.pragmas import DATABASE
    from smartlogd.sync.bundle import FILE as CENTRE
    from smartlogd.telemetry.login import FILE as PASSWORD

    state, mqtt = settings.folders().state, settings.telemetry.mqtt
    own = [(state / name, _OTHERS) for name in (DATABASE, CENTRE, PASSWORD, "keys", "faces")]
    own += [(path, _OTHERS) for path in CREDENTIALS.glob("smartlogd-*")]
    others = [(path, stat.S_IRWXO) for path in (mqtt.password_file, mqtt.key_file) if path is not None]
    for path, closed_to in own + others:
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError:
            continue
        if mode & closed_to:
            who = "go" if closed_to == _OTHERS else "o"
            yield f"{path} is open to others ({mode:04o})", f"chmod {who}= {path}"


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
