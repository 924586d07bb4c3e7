"""What a person says of a recording: its labels and its note, as they came from outside, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from smartlogd.base.errors import Exit, UnusableInput
from smartlogd.base.known import Recording
from smartlogd.record.options import MOST_LABELS

LONGEST_NOTE = 2000
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.:-]{0,63}")


def labels(given: object) -> tuple[str, ...]:
    """The labels, each once. UnusableInput where they are none.

    >>> labels(["ball", "garden 2", "ball"])
    ('ball', 'garden 2')
    """
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) > MOST_LABELS:
        raise UnusableInput("The labels are no list of words.", f"Give at most {MOST_LABELS}.", code=Exit.USAGE)
    for label in given:
        if not isinstance(label, str) or not _LABEL.fullmatch(label):
            what = "A label is made of letters, digits, spaces and _ . : -, and has at most 64 of them."
            raise UnusableInput(what, "Begin it with a letter or a digit.", code=Exit.USAGE)
    return tuple(dict.fromkeys(given))


def note(given: object) -> str | None:
    """The note, without the blanks around it; None where it says nothing. UnusableInput where it is none.

    >>> note("  he waited  "), note(""), note(None)
    ('he waited', None, None)
    """
    if given is None:
        return None
    if not isinstance(given, str) or len(given) > LONGEST_NOTE:
        raise UnusableInput(f"A note has at most {LONGEST_NOTE} letters.", "Write a shorter one.", code=Exit.USAGE)
    said = given.strip()
    if not all(letter.isprintable() or letter == "\n" for letter in said):
        raise UnusableInput("The note has letters that cannot be shown.", "Leave them out.", code=Exit.USAGE)
    return said or None


def told(recording: Recording, folder: Path) -> Mapping[str, object]:
    """A recording as whoever asked for it is told of it; `folder` is the state folder, where it lies."""
    path = folder / f"{recording.medium.value}s" / f"{recording.id}{recording.suffix}"
    return {
        "id": str(recording.id),
        "path": str(path),
        "start": recording.start.utc.isoformat(),
        "duration_s": round(recording.duration_s, 3),
        "labels": list(recording.labels),
        "note": recording.note,
        "bytes": path.stat().st_size if path.exists() else 0,
    }
