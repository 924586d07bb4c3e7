from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from filmed import at

from smartlogd.base.errors import Exit, UnusableInput
from smartlogd.base.known import EventId, Medium, Recording
from smartlogd.record.words import LONGEST_NOTE, labels, note, told


@pytest.mark.parametrize("given", [["a" * 65], [""], ["-x"], ["a/b"], [3], "word", 7, None, ["x"] * 17, ["a\nb"]])
def test_labels_that_are_none_are_refused(given: object) -> None:
    with pytest.raises(UnusableInput) as refused:
        labels(given)
    assert refused.value.code is Exit.USAGE


@pytest.mark.parametrize("given", [3, ["x"], "a" * (LONGEST_NOTE + 1), "bell\a", "\x1b[31mred"])
def test_a_note_that_is_none_is_refused(given: object) -> None:
    with pytest.raises(UnusableInput):
        note(given)


def test_a_note_may_have_lines() -> None:
    assert note("one\ntwo é") == "one\ntwo é"


def test_whoever_asked_for_a_recording_is_told_where_it_is(tmp_path: Path) -> None:
    made = Recording(EventId(UUID(int=7)), Medium.SNAPSHOT, at(0), 0.0, ".jpg", ("door",), "he waits")
    path = tmp_path / "snapshots" / f"{UUID(int=7)}.jpg"
    assert told(made, tmp_path)["bytes"] == 0
    path.parent.mkdir()
    path.write_bytes(b"12345")
    assert told(made, tmp_path) == {
        "id": str(UUID(int=7)), "path": str(path), "start": "2026-11-21T08:00:00+00:00", "duration_s": 0.0,
        "labels": ["door"], "note": "he waits", "bytes": 5,
    }  # fmt: skip
