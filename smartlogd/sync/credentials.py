"""How this device shows the object store that it is itself: an access key and a secret key, from where they were left.

systemd's credentials win over the file in the state folder: `s3.secret`, 0600, the access key on its first line and
the secret key on its second. They are read when they are needed, and stand in no log, state, argument or repr.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from smartlogd.base.errors import DiskTrouble, Exit, Missing, WrongConfiguration
from smartlogd.sync import private

ACCESS, SECRET = "smartlogd-s3-access-key", "smartlogd-s3-secret-key"
"""What the credentials are called."""
FILE = "s3.secret"
"""What the file with both is called in the state folder."""
MOST_BYTES = 1024
_HINT = f"Give systemd {ACCESS} and {SECRET}, or write both into {FILE} in the state folder, one on each line, 0600."


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key and its secret key.

    >>> Credentials("door", "hunter2")
    Credentials()
    """

    access: str = field(repr=False)
    secret: str = field(repr=False)

    @classmethod
    def of(cls, state: Path, credentials: Path | None = None) -> Self:
        """The keys as they are now. `credentials` is the folder that systemd gave this process, if it gave one.

        Missing where there are none, WrongConfiguration or DiskTrouble where they cannot be used.
        """
        access, secret = (_credential(credentials, name) for name in (ACCESS, SECRET))
        if access and secret:
            return cls(access, secret)
        if access or secret:
            there, absent = (ACCESS, SECRET) if access else (SECRET, ACCESS)
            raise WrongConfiguration(f"There is a credential {there}, but no {absent}.", _HINT)
        content = private.read(state / FILE)
        if content is None:
            raise Missing("There are no keys for the object store.", _HINT)
        return cls._written(state / FILE, content)

    @classmethod
    def _written(cls, path: Path, content: bytes) -> Self:
        lines = [_word(path, line) for line in content[: MOST_BYTES + 1].splitlines()]
        if len(content) > MOST_BYTES or len(lines) != 2:
            raise WrongConfiguration(f"{path} does not hold two lines, each with a key.", _HINT)
        return cls(*lines)


def _credential(folder: Path | None, name: str) -> str:
    """What systemd was given under this name; empty where it was given nothing."""
    if folder is None or not (path := folder / name).exists():
        return ""
    try:
        with path.open("rb") as file:
            return _word(path, file.read(MOST_BYTES + 1).rstrip(b"\r\n"))
    except OSError as error:
        hint = "See LoadCredential= in systemd.exec(5)."
        raise DiskTrouble(f"{path} cannot be read: {error.strerror}.", hint, code=Exit.PERMISSION) from error


def _word(path: Path, content: bytes) -> str:
    """One key: printable, in ASCII, without spaces; its value is never repeated in what is told."""
    word = content.strip()
    if not 0 < len(word) <= MOST_BYTES or any(not 0x21 <= sign <= 0x7E for sign in word):
        raise WrongConfiguration(f"{path} holds a line that is no key: empty, too long, or with odd signs.", _HINT)
    return word.decode("ascii")
