"""Secrets: asked for on the terminal, or read from a file that the environment names; never an argument."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

from flashing.given import read
from flashing.refusal import PERMISSION, UNUSABLE_INPUT, USAGE, Refused

_MOST = 1024


def asked(what: str, variable: str) -> str:
    """The secret, without the end of its line.

    The variable names a file, which may be an open descriptor as in /dev/fd/3; without it the terminal is asked, with
    nothing shown.
    """
    if named := os.environ.get(variable):
        return _line(_closed(Path(named), what), what)
    if not sys.stdin.isatty():
        hint = f"Run this at a terminal, or let {variable} name a file that holds it."
        raise Refused(USAGE, f"There is nobody to ask for the {what}.", hint)
    return _line(getpass.getpass(f"{what}: "), what)


def _closed(path: Path, what: str) -> str:
    """What stands in the file, unless others may read it too."""
    content = read(path, f"the {what}")
    if path.is_file() and path.stat().st_mode & 0o077:
        raise Refused(PERMISSION, f"{path} can be read by others on this machine.", f"chmod 600 {path}")
    return content.decode(errors="replace")


def _line(text: str, what: str) -> str:
    line = text.rstrip("\r\n")
    if not line or len(line) > _MOST or not line.isprintable():
        raise Refused(UNUSABLE_INPUT, f"The {what} must be one line of 1 to {_MOST} printable letters.")
    return line
