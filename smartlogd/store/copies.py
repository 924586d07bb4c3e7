"""Copies of clips in which faces cannot be known, made to be shared: recordings of their own, which name the first.

Whoever makes the copy asks for three things, one after the other: that it be planned, that its file is there, or that
it came to nothing. So a copy goes the way of every recording: into the object store, and away in its time. It goes with
its original too, and when a person is forgotten.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.base.ids import uuid7
from smartlogd.base.known import EventId, Medium, Recording
from smartlogd.base.time import Stamp
from smartlogd.schema.instants import instant_of
from smartlogd.store.discard import discarded
from smartlogd.store.outcome import Outcome, Work
from smartlogd.store.places import unlinked
from smartlogd.store.reconcile import newest_boot
from smartlogd.store.recordings import by_id, meant
from smartlogd.store.requests import Copy, OfRecording, Placed
from smartlogd.store.rows import Origin
from smartlogd.store.shelf import planned

BLURRED = "blurred"
"""The label of such a copy."""

_ORIGINAL = """
SELECT d.name, c.device_id, c.user_id, c.start_ts, c.duration_ms, iif(json_valid(c.labels), c.labels, '[]'),
    iif(json_valid(e.data), e.data ->> 'cause', NULL)
FROM clips AS c JOIN devices AS d ON d.id = c.device_id LEFT JOIN events AS e USING (event_id) WHERE c.event_id = ?
"""
_KEPT = """
UPDATE clips SET phase = 'kept', bytes = :bytes, sha256 = :sha256, preview_png = :preview
WHERE event_id = :id AND phase = 'planned'
"""


def copy(asked: Copy, work: Work) -> Outcome:
    """The change of that name: a copy of this clip is planned; where its file is to be, and where the clip's is."""
    found = meant(work.connection, asked.recording)
    if found.table != "clips":
        raise UnusableInput("Only a clip can be copied so.")
    if found.path is None or found.phase not in {"kept", "uploaded"}:
        raise Missing(f"The file of {found.id} is not on this device.", "It is in the object store only, or lost.")
    id_ = EventId(uuid7(work.at))
    path = f"clips/{id_}{asked.suffix}"
    row = work.connection.execute(_ORIGINAL, (found.id,)).fetchone()
    recording = _recording(id_, asked.suffix, row, work.at)
    planned(work.connection, _origin(work, row), recording, path, at=work.at, original=found.id)
    return Outcome({"recording": str(id_), "original": found.id, "path": path, "from": found.path})


def placed(asked: Placed, work: Work) -> Outcome:
    """The change of that name: the file of a planned copy is there, whole; UnusableInput where it is not planned."""
    found = by_id(work.connection, asked.recording)
    if found is None or found.phase != "planned" or found.path is None:
        if found is None or found.path is None:
            unlinked(work.folder, _called(work.folder, asked.recording))
        raise UnusableInput(f"No copy {asked.recording} is planned any more.", "Its clip may have gone meanwhile.")
    path = work.folder / found.path
    if not path.is_file() or path.stat().st_size != asked.bytes:
        raise UnusableInput(f"The file of {found.id} is not there, or is another.")
    still = next((one for one in _called(work.folder, found.id) if one != found.path), None)
    row = {"id": found.id, "bytes": asked.bytes, "sha256": asked.sha256, "preview": still}
    work.connection.execute(_KEPT, row)
    return Outcome({"recording": found.id, "changed": True})


def dropped(asked: OfRecording, work: Work) -> Outcome:
    """The change of that name: a planned copy came to nothing."""
    found = meant(work.connection, asked.recording)
    was_planned = found.phase == "planned"
    if was_planned:
        discarded(work.connection, work.folder, [found])
    return Outcome({"recording": found.id, "changed": was_planned})


def _recording(id_: EventId, suffix: str, row: tuple[Any, ...], at: Stamp) -> Recording:
    *_, start_us, duration_ms, labels, cause = row
    words = tuple(dict.fromkeys((*map(str, json.loads(labels)), BLURRED)))
    start = Stamp(at.mono_ns, instant_of(start_us), at.trusted)
    whose = None if cause is None else EventId(UUID(cause))
    return Recording(id_, Medium.CLIP, start, duration_ms / 1000, suffix, words, cause=whose)


def _origin(work: Work, row: tuple[Any, ...]) -> Origin:
    device, device_id, owner_id, *_ = row
    return Origin(device, device_id, owner_id, work.boot or newest_boot(work.connection) or "")


def _called(folder: Path, id_: str) -> list[str]:
    """The files that are called so."""
    return sorted(f"clips/{file.name}" for file in (folder / "clips").glob(f"{id_}.*"))
