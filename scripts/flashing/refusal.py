"""The one way in which flashing says no: a sentence, a hint, and an exit code after sysexits.h."""

from __future__ import annotations

USAGE, UNUSABLE_INPUT, MISSING, CANNOT_CREATE, DISK, PERMISSION = 2, 65, 66, 73, 74, 77


class Refused(Exception):
    """What was asked cannot be done: `what` in one sentence, a `hint` at what to do next, the exit `code`."""

    def __init__(self, code: int, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.hint = hint


def reason(error: OSError) -> str:
    """Why the system refused, in its own words but in lower case."""
    return (error.strerror or str(error)).lower()
