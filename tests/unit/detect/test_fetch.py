"""Fetching: the mirror by hash, sources in order, wheels shared, and refusal by name."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fetching import CONTENT, NOWHERE, OTHER, folder, mirror, serving, spec, wheel_file

from smartlogd.base.errors import Exit, Missing
from smartlogd.detect.catalogue import Address, Converted, Member, ModelSpec
from smartlogd.detect.registry import Progress, Registry, read_catalogue


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


# Models that are made here --------------------------------------------------------------------------------


@pytest.fixture
def weights(model: Callable[[str], Path]) -> Path:
    """The file that the embedders are made of."""
    return model("dlib_face_resnet")


def editions(*sources: Address) -> tuple[ModelSpec, ...]:
    """The original and what is made of it, as the catalogue has them, but for where the original comes from."""
    known = {spec.name: spec for spec in read_catalogue()}
    original = replace(known["dlib_face_resnet"], sources=sources or (NOWHERE,))
    whole, half = known["face_embedder"], known["face_embedder_half"]
    made_of = [replace(spec, sources=(Converted(original, spec.sources[0].precision),)) for spec in (whole, half)]
    return (original, *made_of)


def files(tmp_path: Path) -> set[str]:
    return {path.name.split("-")[0] for path in folder(tmp_path).iterdir()}


def test_both_editions_are_made_of_one_download_and_the_original_goes(weights: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    with serving(weights.read_bytes()) as server:
        registry = Registry(editions(server.address), folder(tmp_path))
        registry.fetch(["face_embedder", "face_embedder_half"], told.append)
        assert len(server.asked) == 1
    assert files(tmp_path) == {"face_embedder", "face_embedder_half"}
    assert [state.word for state in registry.verify()] == ["missing", "ok", "ok"]
    assert {progress.model for progress in told} == {"face_embedder", "face_embedder_half"}
    assert len([progress for progress in told if progress.total == weights.stat().st_size]) > 10


def test_an_original_that_is_wanted_too_is_fetched_once_and_stays(weights: Path, tmp_path: Path) -> None:
    with serving(weights.read_bytes()) as server:
        registry = Registry(editions(server.address), folder(tmp_path))
        registry.fetch(["dlib_face_resnet", "face_embedder"], lambda _: None)
        assert len(server.asked) == 1
    assert files(tmp_path) == {"dlib_face_resnet", "face_embedder"}


def test_a_mirror_may_hold_the_original_under_any_name(weights: Path, tmp_path: Path) -> None:
    beside = mirror(tmp_path)
    shutil.copy(weights, beside / "from-a-stick")
    registry = Registry(editions(), folder(tmp_path), beside)
    registry.fetch(["face_embedder"], lambda _: None)
    assert files(tmp_path) == {"face_embedder"}


def test_a_mirror_may_hold_what_was_made(model: Callable[[str], Path], tmp_path: Path) -> None:
    beside = mirror(tmp_path)
    shutil.copy(model("face_embedder_half"), beside / "from-a-stick")
    registry = Registry(editions(), folder(tmp_path), beside)
    registry.fetch(["face_embedder_half"], lambda _: None)
    assert registry.content("face_embedder_half") == (beside / "from-a-stick").read_bytes()


def test_an_original_that_no_source_gives_is_refused_with_all_that_was_tried(tmp_path: Path) -> None:
    with serving(OTHER) as liar:
        registry = Registry(editions(NOWHERE, liar.address), folder(tmp_path))
        with pytest.raises(Missing, match="No source gave the model face_embedder") as refused:
            registry.fetch(["face_embedder"], lambda _: None)
    assert str(NOWHERE.url) in refused.value.hint
    assert "something else than the model dlib_face_resnet" in refused.value.hint
    assert files(tmp_path) == set()


def test_an_original_that_is_no_network_is_refused(tmp_path: Path) -> None:
    original = spec(NOWHERE, name="net")
    made = spec(Converted(original, "float32"), name="one", content=OTHER)
    registry = Registry((original, made), folder(tmp_path), mirror(tmp_path, net=CONTENT))
    with pytest.raises(Missing, match="one") as refused:
        registry.fetch(["one"], lambda _: None)
    assert "not dlib's face recognition network" in refused.value.hint
    assert files(tmp_path) == set()


def test_a_model_that_comes_out_with_another_hash_than_the_catalogue_s_is_refused(
    weights: Path, tmp_path: Path
) -> None:
    original, whole, _ = editions()
    other = replace(whole, sha256=hashlib.sha256(OTHER).hexdigest())
    beside = mirror(tmp_path)
    shutil.copy(weights, beside)
    registry = Registry((original, other), folder(tmp_path), beside)
    with pytest.raises(Missing, match="face_embedder") as refused:
        registry.fetch(["face_embedder"], lambda _: None)
    assert "other bytes" in refused.value.hint
    assert files(tmp_path) == set()
