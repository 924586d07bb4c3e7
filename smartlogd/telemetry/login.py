"""Who this device is at the broker: username, password and client key, from wherever they were left for it.

systemd's credentials win over the settings, and the settings over what lies in the state folder. A secret is read when
it is needed, is bounded, and stands in no log, no state and no repr.
"""

from __future__ import annotations

import logging
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from smartlogd.base import files
from smartlogd.base.errors import DiskTrouble, Missing, WrongConfiguration
from smartlogd.telemetry.options import MqttOptions

log = logging.getLogger("smartlogd.telemetry")

USERNAME, PASSWORD, KEY = "smartlogd-mqtt-username", "smartlogd-mqtt-password", "smartlogd-mqtt-key"
"""What the credentials are called."""
FILE = "mqtt.password"
"""What the password is called in the state folder."""
MOST_BYTES = 1024
_LONGEST_NAME = 128


@dataclass(frozen=True, slots=True)
class _Places:
    """Where a login is read from."""

    options: MqttOptions
    state: Path
    credentials: Path | None


@dataclass(frozen=True, slots=True)
class Login:
    """What the broker is shown; empty words and no files where it asks for nothing.

    >>> Login(username="door", password="hunter2")
    Login(ca=None, cert=None, key=None)
    """

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    _places: _Places | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, options: MqttOptions, *, state: Path, credentials: Path | None = None) -> Self:
        """The login as it is now. `credentials` is the folder that systemd gave this process, if it gave one.

        WrongConfiguration, Missing or DiskTrouble for a secret that cannot be used.
        """
        username = _credential(credentials, USERNAME) or options.username
        password = _credential(credentials, PASSWORD) or _password(options, state)
        if len(username) > _LONGEST_NAME:
            raise WrongConfiguration(f"The credential {USERNAME} has more than {_LONGEST_NAME} characters.")
        if password and not username:
            raise WrongConfiguration(
                "There is a password for the broker, but no username.", f"Set username, or the credential {USERNAME}."
            )
        return cls(
            username=username,
            password=password,
            ca=options.ca_file,
            cert=options.cert_file,
            key=_key(options, credentials),
            _places=_Places(options, state, credentials),
        )

    def renewed(self) -> Self:
        """The login read again from where it came; the same where it came from nowhere. Errors as in `of`."""
        if self._places is None:
            return self
        return self.of(self._places.options, state=self._places.state, credentials=self._places.credentials)


def _credential(folder: Path | None, name: str) -> str:
    """What systemd was given under this name; empty where it was given nothing."""
    path = None if folder is None else folder / name
    return "" if path is None or not path.exists() else _word(path, _bytes(path))


def _password(options: MqttOptions, state: Path) -> str:
    if options.password_file is not None:
        _close(options.password_file)
        return _word(options.password_file, _bytes(options.password_file))
    path = state / FILE
    try:
        found = files.private_bytes(path, MOST_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    if found is None:
        return ""
    content, was_open = found
    if was_open:
        log.warning("secret could be read by others", extra={"file": str(path), "now": "0600"})
    return _word(path, content)


def _key(options: MqttOptions, credentials: Path | None) -> Path | None:
    """The client key's file. Without one of its own it may stand in the file of the certificate."""
    if options.cert_file is None:
        return None
    given = None if credentials is None else credentials / KEY
    if given is not None and given.exists():
        return given
    if options.key_file is not None:
        _close(options.key_file)
    return options.key_file


def _close(path: Path) -> None:
    """Close a file with a secret to everyone but its owner and group; say so where that cannot be done."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if not mode & stat.S_IRWXO:
            return
        path.chmod(mode & ~stat.S_IRWXO)
    except FileNotFoundError:
        return  # whoever reads it says so
    except OSError:
        log.warning("secret can be read by everyone", extra={"file": str(path), "hint": f"chmod o= {path}"})
        return
    log.warning("secret could be read by everyone", extra={"file": str(path), "now": f"{mode & ~stat.S_IRWXO:04o}"})


def _bytes(path: Path) -> bytes:
    """As much of a regular file as a secret can have, and one byte more."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise WrongConfiguration(f"{path} is no file.", "Name a file with the secret in it.")
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error) from error


def _word(path: Path, content: bytes) -> str:
    """The secret in the file, without the line's end."""
    if len(content) > MOST_BYTES:
        raise WrongConfiguration(f"{path} is longer than {MOST_BYTES} bytes, and no secret of ours.")
    try:
        word = content.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise WrongConfiguration(f"{path} is no text in UTF-8.", "Write the secret alone into it.") from None
    if not word or not word.isprintable():
        raise WrongConfiguration(f"{path} holds no single line of text.", "Write the secret alone into it.")
    return word


def _unreadable(path: Path, error: OSError) -> Missing | DiskTrouble:
    if isinstance(error, FileNotFoundError):
        return Missing(f"{path} is not there.", "Put the broker's password into it, readable by this account only.")
    reason = (error.strerror or str(error)).lower()
    return DiskTrouble(f"{path} cannot be read: {reason}.", "Check its owner and its mode.")
