"""Labels made by hand are read with care."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.cli.labels import FILE, LARGEST_FILE, read_labels, subject


class Cats(BaseModel):
    cats: int


def written(folder: Path, labels: object, *files: str) -> Path:
    (folder / FILE).write_text(labels if isinstance(labels, str) else json.dumps(labels))
    for name in files:
        (folder / name).write_bytes(b"a picture")
    return folder


def test_each_file_comes_with_what_is_said_of_it(tmp_path: Path) -> None:
    folder = written(tmp_path, {"b.png": {"cats": 2}, "a.png": {"cats": 0}}, "a.png", "b.png", "c.png")
    assert read_labels(folder, Cats) == ((tmp_path / "b.png", Cats(cats=2)), (tmp_path / "a.png", Cats(cats=0)))


@pytest.mark.parametrize("name", ["gone.png", "..", "."])
def test_a_file_that_is_not_there_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(Missing, match=r"is not in"):
        read_labels(written(tmp_path, {name: {"cats": 1}}), Cats)


@pytest.mark.parametrize(
    "labels", ["[]", "{", {}, {"a.png": {"cats": "many"}}, {"../a.png": {"cats": 1}}, {"a.png": 3}, " " * LARGEST_FILE]
)
def test_what_cannot_be_meant_is_told(tmp_path: Path, labels: object) -> None:
    with pytest.raises(UnusableInput, match=FILE):
        read_labels(written(tmp_path, labels, "a.png"), Cats)


def test_labels_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="cannot be read"):
        read_labels(tmp_path, Cats)


def test_what_labels_are_about_is_the_first_word_that_any_entry_has(tmp_path: Path) -> None:
    folder = written(tmp_path, {"a.png": {"birds": 2}, "b.png": {"cats": 2, "birds": 1}})
    assert subject(folder, ("dogs", "cats", "birds")) == "cats"
    with pytest.raises(UnusableInput, match="nothing that can be judged"):
        subject(folder, ("dogs",))


def test_labels_larger_than_any_of_ours_are_not_read(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="larger"):
        subject(written(tmp_path, " " * (LARGEST_FILE + 1)), ("cats",))
