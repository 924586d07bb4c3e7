"""The registry: what is here, files added by hand, and bytes that never load."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from fetching import CONTENT, NOWHERE, OTHER, folder, mirror, spec

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.detect.registry import Registry, read_catalogue


def test_a_file_is_added_by_its_hash_whatever_its_name(tmp_path: Path) -> None:
    registry = Registry((spec(NOWHERE),), folder(tmp_path))
    (tmp_path / "download (3).bin").write_bytes(CONTENT)
    assert registry.add(tmp_path / "download (3).bin").name == "one"
    assert registry.path("one").read_bytes() == CONTENT


def test_an_unknown_file_is_refused_with_the_hashes_that_are_known(tmp_path: Path) -> None:
    registry = Registry((spec(NOWHERE),), folder(tmp_path))
    (tmp_path / "x").write_bytes(OTHER)
    with pytest.raises(UnusableInput, match="no model of the catalogue") as refused:
        registry.add(tmp_path / "x")
    assert spec().sha256 in refused.value.hint
    with pytest.raises(Missing):
        registry.add(tmp_path / "nothing")


def test_changed_bytes_never_load(tmp_path: Path) -> None:
    registry = Registry((spec(NOWHERE),), folder(tmp_path), mirror(tmp_path, one=CONTENT))
    (path,) = registry.fetch(["one"], lambda _: None)
    path.write_bytes(CONTENT[:-1] + b"x")
    for ask in (registry.path, registry.content):
        with pytest.raises(UnusableInput, match="one") as refused:
            ask("one")
        assert "smartlogd models fetch" in refused.value.hint


def test_changed_bytes_are_seen_by_verify_and_mended_by_fetch(tmp_path: Path) -> None:
    registry = Registry((spec(NOWHERE),), folder(tmp_path), mirror(tmp_path, one=CONTENT))
    assert [state.word for state in registry.verify()] == ["missing"]
    (path,) = registry.fetch(["one"], lambda _: None)
    assert [state.word for state in registry.states()] == ["ok"]
    path.write_bytes(CONTENT[:-1] + b"x")
    assert [state.word for state in registry.verify()] == ["tampered"]
    registry.fetch(["one"], lambda _: None)
    assert [state.word for state in registry.verify()] == ["ok"]
    path.write_bytes(b"")
    assert [state.word for state in registry.states()] == ["tampered"]


def test_a_missing_model_and_an_unknown_name_are_told_apart(tmp_path: Path) -> None:
    registry = Registry((spec(NOWHERE),), folder(tmp_path))
    with pytest.raises(Missing, match="not on this device"):
        registry.content("one")
    with pytest.raises(Missing, match="No model is called three") as missing:
        registry.fetch(["three"], lambda _: None)
    assert "one" in missing.value.hint


def test_a_model_that_is_not_here_is_taken_from_the_mirror_when_it_is_asked_for(tmp_path: Path) -> None:
    registry = Registry((spec(NOWHERE),), folder(tmp_path), mirror(tmp_path, other=OTHER, any=CONTENT))
    assert registry.content("one") == CONTENT
    assert [state.word for state in registry.states()] == ["ok"]


def test_a_mirror_without_the_model_leaves_it_missing(tmp_path: Path) -> None:
    registry = Registry((spec(NOWHERE),), folder(tmp_path), mirror(tmp_path, one=OTHER))
    with pytest.raises(Missing, match="one is not on this device"):
        registry.content("one")


def test_a_converted_model_is_made_without_a_network_of_an_original_that_was_added_by_hand(
    model: Callable[[str], Path], tmp_path: Path
) -> None:
    registry = Registry(read_catalogue(), folder(tmp_path))
    with pytest.raises(Missing, match="face_embedder is not on this device"):
        registry.content("face_embedder")
    assert registry.add(model("dlib_face_resnet")).name == "dlib_face_resnet"
    assert registry.content("face_embedder") == model("face_embedder").read_bytes()
    words = {state.spec.name: state.word for state in registry.verify()}
    assert (words["dlib_face_resnet"], words["face_embedder"]) == ("ok", "ok")


def test_a_converted_model_is_made_of_what_the_mirror_has_when_it_is_asked_for(
    model: Callable[[str], Path], tmp_path: Path
) -> None:
    beside = mirror(tmp_path)
    shutil.copy(model("dlib_face_resnet"), beside / "weights")
    registry = Registry(read_catalogue(), folder(tmp_path), beside)
    assert registry.path("face_embedder_half").stat().st_size == registry.spec("face_embedder_half").bytes
    assert len(list(folder(tmp_path).iterdir())) == 1
