"""Placing a file whole or not at all."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest

from smartlogd.base.errors import DiskTrouble, Exit, Missing, UnusableInput
from smartlogd.detect.catalogue import ModelSpec
from smartlogd.detect.files import folder_made, place, sha256_of

CONTENT = b"model" * 1000
SPEC = ModelSpec("one", "1", "detector", 5000, hashlib.sha256(CONTENT).hexdigest(), "CC0", "a", "b", ".tflite", ())


def test_a_placed_file_has_its_name_its_bytes_and_no_leftovers(tmp_path: Path) -> None:
    path = place(io.BytesIO(CONTENT), SPEC, tmp_path / "new" / "models")
    assert path.read_bytes() == CONTENT
    assert [each.name for each in path.parent.iterdir()] == [SPEC.file]
    assert path.stat().st_mode & 0o777 == 0o644


def test_the_folder_that_also_keeps_the_log_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    made = folder_made(tmp_path / "state" / "models")
    assert made.stat().st_mode & 0o777 == made.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("content", [b"", CONTENT[:-1], CONTENT + b"x", b"MODEL" * 1000, CONTENT * 1000])
def test_other_bytes_leave_nothing_behind_and_the_old_file_alone(tmp_path: Path, content: bytes) -> None:
    old = place(io.BytesIO(CONTENT), SPEC, tmp_path)
    with pytest.raises(UnusableInput, match="one"):
        place(io.BytesIO(content), SPEC, tmp_path)
    assert old.read_bytes() == CONTENT
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskTrouble, match="cannot be made") as trouble:
        folder_made(tmp_path / "file" / "models")
    assert trouble.value.code == Exit.CANNOT_CREATE


def test_a_name_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / SPEC.file).mkdir()
    with pytest.raises(DiskTrouble, match="cannot be written"):
        place(io.BytesIO(CONTENT), SPEC, tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == [SPEC.file]


def test_the_hash_of_what_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing):
        sha256_of(tmp_path / "nothing")
