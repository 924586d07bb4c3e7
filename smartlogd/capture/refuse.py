"""What is plainly no video, said before any library sees it."""

from __future__ import annotations

from pathlib import Path

from smartlogd.base.errors import Missing, UnusableInput


def refuse_unusable(path: Path) -> None:
    """Raise Missing or UnusableInput for what is plainly no video, before any library sees it."""
    try:
        if not path.exists():
            raise Missing(f"There is no file {path}.", "Check the path for a typing error.")
        if not path.is_file():
            raise UnusableInput(f"{path} is not a file.", "Name one video, not a folder or a device.")
        if path.stat().st_size == 0:
            raise UnusableInput(f"{path} is empty.", "Record or copy it again.")
    except OSError as barred:
        raise UnusableInput(f"{path} may not be looked at.", "Give this user the right to read it.") from barred
