"""This device: what it is called, and where on its disk things lie."""

from __future__ import annotations

import errno
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from smartlogd.base.errors import DiskTrouble, Exit, SmartlogError

NAME = r"^[a-z0-9-]{1,63}$"


def host_name() -> str:
    """The machine's own name, in the letters that a device's name may have."""
    bare = socket.gethostname().split(".", 1)[0].lower()
    return re.sub(r"[^a-z0-9-]+", "-", bare).strip("-")[:63] or "smartlogd"


def known_zone(name: str) -> str:
    """The name again; ValueError where no time zone is called so.

    >>> known_zone("Europe/Rome")
    'Europe/Rome'
    """
    if name:
        zone(name)
    return name


def zone(name: str) -> ZoneInfo:
    """The time zone of that name, the system's own for an empty one; ValueError where there is none."""
    if not name:
        return _system_zone()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        raise ValueError(f"no time zone is called {name!r}, as for example Europe/Rome is") from error


def _system_zone() -> ZoneInfo:
    """The zone that the machine is set to; UTC where that cannot be read."""
    try:
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file, key="localtime")
    except (OSError, ValueError):
        return ZoneInfo("UTC")


class DeviceOptions(BaseModel):
    """The `[device]` table: who this device is and where it keeps what it knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        default_factory=host_name,
        pattern=NAME,
        description="What this device is called in every row of the log; the host's name unless given.",
    )
    state_dir: Path | None = Field(
        default=None,
        description="Folder of the database; unless given, the one systemd names, else ~/.local/state/smartlogd.",
    )
    timezone: Annotated[str, AfterValidator(known_zone)] = Field(
        default="",
        max_length=64,
        description="Whose days are counted, as an IANA name (Europe/Rome); the system's own zone unless given.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important kind of message that is written to standard error."
    )


@dataclass(frozen=True, slots=True)
class Folders:
    """Where things lie: `state` the database, `models` the networks, `runtime` the control socket."""

    state: Path
    models: Path
    runtime: Path

    @property
    def socket(self) -> Path:
        """The control socket of the daemon that uses these folders."""
        return self.runtime / "control.sock"


def folders(device: DeviceOptions, models_dir: Path | None, environment: Mapping[str, str]) -> Folders:
    """The folders by the settings, else by systemd, else by the XDG base directories; creates none.

    >>> folders(DeviceOptions(), None, {"STATE_DIRECTORY": "/var/lib/smartlogd", "RUNTIME_DIRECTORY": "/run/smartlogd"})
    ... # doctest: +NORMALIZE_WHITESPACE
    Folders(state=PosixPath('/var/lib/smartlogd'), models=PosixPath('/var/lib/smartlogd/models'),
            runtime=PosixPath('/run/smartlogd'))
    """
    usual = _state(environment)
    state = device.state_dir.expanduser() if device.state_dir else usual
    models = models_dir.expanduser() if models_dir else state / "models"
    return Folders(state, models, _runtime(environment, state, is_usual=state == usual))


def _state(environment: Mapping[str, str]) -> Path:
    if given := environment.get("STATE_DIRECTORY"):
        return Path(given.split(":", 1)[0])
    if given := environment.get("XDG_STATE_HOME"):
        return Path(given) / "smartlogd"
    return Path(environment.get("HOME") or "~").expanduser() / ".local/state/smartlogd"


def _runtime(environment: Mapping[str, str], state: Path, *, is_usual: bool) -> Path:
    if given := environment.get("RUNTIME_DIRECTORY"):
        return Path(given.split(":", 1)[0])
    # A second daemon of the same user, with a state folder of its own, needs a socket of its own.
    if is_usual and (given := environment.get("XDG_RUNTIME_DIR")):
        return Path(given) / "smartlogd"
    return state / "run"


_CODES = {errno.EACCES: Exit.PERMISSION, errno.EPERM: Exit.PERMISSION, errno.EROFS: Exit.DISK, errno.ENOSPC: Exit.DISK}


def made(folder: Path) -> Path:
    """The folder, created for its owner alone (0700) if it was not there; 73, 74 or 77 when it cannot be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError as error:
        raise SmartlogError(f"{folder} is a file, and a folder is needed there.", code=Exit.CANNOT_CREATE) from error
    except OSError as error:
        raise _uncreated(folder, error) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SmartlogError(
            f"The folder {folder} cannot be written.",
            "Give it to the user that runs smartlogd, or set device.state_dir to another.",
            code=Exit.PERMISSION,
        )
    return folder


def _uncreated(folder: Path, error: OSError) -> SmartlogError:
    what = f"The folder {folder} cannot be made: {(error.strerror or str(error)).lower()}."
    hint = "Set device.state_dir to a folder that can be written."
    code = _CODES.get(error.errno or 0, Exit.CANNOT_CREATE)
    return DiskTrouble(what, hint) if code is Exit.DISK else SmartlogError(what, hint, code=code)
