"""Fetching: the mirror by hash, sources in order, wheels shared, and refusal by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from fetching import CONTENT, NOWHERE, OTHER, folder, mirror, serving, spec, wheel_file

from smartlogd.base.errors import Exit, Missing
from smartlogd.detect.catalogue import Member
from smartlogd.detect.registry import Progress, Registry


def notes(told: list[Progress]) -> str:
    return " ".join(progress.note for progress in told)


def test_the_mirror_is_searched_by_hash_and_not_by_name(tmp_path: Path) -> None:
    told: list[Progress] = []
    registry = Registry((spec(NOWHERE),), folder(tmp_path), mirror(tmp_path, quite_another_name=CONTENT))
    (path,) = registry.fetch(["one"], told.append)
    assert path.read_bytes() == CONTENT
    assert told == [Progress("one", len(CONTENT), len(CONTENT))]


@pytest.mark.parametrize("wrong", [OTHER, CONTENT[:-1] + b"x"])
def test_a_mirror_file_with_other_bytes_is_passed_over_with_a_note(tmp_path: Path, wrong: bytes) -> None:
    told: list[Progress] = []
    with serving() as server:
        registry = Registry((spec(server.address),), folder(tmp_path), mirror(tmp_path, one=wrong))
        (path,) = registry.fetch(["one"], told.append)
    assert path.read_bytes() == CONTENT
    assert "one.tflite has other bytes than the model one and is passed over" in notes(told)


def test_a_mirror_that_is_not_there_is_no_obstacle(tmp_path: Path) -> None:
    with serving() as server:
        registry = Registry((spec(server.address),), folder(tmp_path), tmp_path / "nothing")
        assert registry.fetch(["one"], lambda _: None)[0].is_file()


def test_sources_are_tried_in_order_until_one_gives_the_model(tmp_path: Path) -> None:
    with serving(OTHER) as liar, serving() as honest:
        registry = Registry((spec(NOWHERE, liar.address, honest.address),), folder(tmp_path))
        told: list[Progress] = []
        registry.fetch(["one"], told.append)
        assert len(honest.asked) == 1
    assert registry.content("one") == CONTENT
    assert "cannot be reached" in notes(told)


def test_a_model_that_no_source_gives_is_refused_by_name_with_all_that_was_tried(tmp_path: Path) -> None:
    with serving(OTHER) as liar:
        registry = Registry((spec(NOWHERE, liar.address),), folder(tmp_path), mirror(tmp_path, one=OTHER))
        with pytest.raises(Missing, match="No source gave the model one") as refused:
            registry.fetch(["one"], lambda _: None)
    for tried in ("mirror", str(NOWHERE.url), "models add FILE"):
        assert tried in refused.value.hint
    assert refused.value.code == Exit.MISSING


def test_a_model_that_is_refused_does_not_keep_the_others_away(tmp_path: Path) -> None:
    two = spec(NOWHERE, name="two", content=OTHER)
    registry = Registry((spec(NOWHERE), two), folder(tmp_path), mirror(tmp_path, two=OTHER))
    with pytest.raises(Missing, match="model one"):
        registry.fetch(["one", "two"], lambda _: None)
    assert registry.content("two") == OTHER


def test_what_is_here_is_not_fetched_again(tmp_path: Path) -> None:
    with serving() as server:
        registry = Registry((spec(server.address),), folder(tmp_path))
        assert registry.fetch(["one"], lambda _: None) == registry.fetch(["one"], lambda _: None)
        assert len(server.asked) == 1


def test_models_of_one_wheel_come_with_one_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    wheel = wheel_file(shelf, {"smalldemo/one.tflite": CONTENT, "smalldemo/two.tflite": OTHER})
    gone = wheel_file(tmp_path, {}, name="gonedemo")  # not on the shelf: must be tried once, not once a model
    one = spec(Member(gone, "x"), Member(wheel, "smalldemo/one.tflite"))
    two = spec(Member(gone, "y"), Member(wheel, "smalldemo/two.tflite"), name="two", content=OTHER)
    registry = Registry((one, two), folder(tmp_path))
    told: list[Progress] = []
    registry.fetch(["one", "two"], told.append)
    assert (registry.content("one"), registry.content("two")) == (CONTENT, OTHER)
    assert notes(told).count("gonedemo 1.0.") == 1
