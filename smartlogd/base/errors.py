"""What can go wrong, told to the person at the device.

Every foreign exception is translated, in the file that knows its library, into a `SmartlogError`:
`what` happened in one sentence, a `hint` at what to do next, and a `fate` that says what the daemon
does about it.
"""

from __future__ import annotations

import enum


class Fate(enum.Enum):
    """What becomes of the part that failed."""

    RETRY = "retry"
    """Try again after a pause: a camera unplugged, a disk full."""
    DEGRADE = "degrade"
    """Go on without this part, and say so: an optional model missing."""
    FATAL = "fatal"
    """Stop with an exit code: a configuration that cannot be meant."""


class Exit(enum.IntEnum):
    """Exit codes, after sysexits.h."""

    DONE = 0
    USAGE = 2
    UNUSABLE_INPUT = 65
    MISSING = 66
    SERVICE_AWAY = 69
    CANNOT_CREATE = 73
    DISK = 74
    PERMISSION = 77
    CONFIGURATION = 78


class SmartlogError(Exception):
    """One thing that went wrong: `what`, a `hint` at what to do next, a `fate` and an exit `code`."""

    fate = Fate.FATAL
    code = Exit.UNUSABLE_INPUT

    def __init__(self, what: str, hint: str = "", *, fate: Fate | None = None, code: Exit | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.fate = fate or self.fate
        self.code = code or self.code

    def __str__(self) -> str:
        return f"{self.what} {self.hint}".strip()


class UnusableInput(SmartlogError):
    """Something given to us cannot be used: a broken video, bytes that are no model (exit 65)."""


class Missing(SmartlogError):
    """Something that was named is not there: a file, a model, a camera (exit 66)."""

    code = Exit.MISSING


class CameraLost(SmartlogError):
    """The camera stalled, was unplugged, or never opened; it is opened again with backoff (exit 66)."""

    fate = Fate.RETRY
    code = Exit.MISSING


class DiskTrouble(SmartlogError):
    """The disk is full, read-only, or holds no database of ours (exit 74)."""

    code = Exit.DISK


class WrongConfiguration(SmartlogError):
    """The settings cannot be meant; the hint names the key and the nearest valid one (exit 78)."""

    code = Exit.CONFIGURATION


class ServiceAway(SmartlogError):
    """Another program that was asked does not answer: no daemon, no network (exit 69)."""

    fate = Fate.RETRY
    code = Exit.SERVICE_AWAY
