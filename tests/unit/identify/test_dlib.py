"""dlib and TFLite run the same network, and give the same points."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from smartlogd.base.errors import Exit, Missing, UnusableInput
from smartlogd.base.ports import Embedder
from smartlogd.base.seen import Pixels
from smartlogd.base.who import NETWORK
from smartlogd.detect.catalogue import read_catalogue
from smartlogd.detect.interpreter import load
from smartlogd.detect.options import DetectOptions
from smartlogd.detect.registry import Registry
from smartlogd.detect.stills import open_stills
from smartlogd.identify.dlib import WEIGHTS, WEIGHTS_SHA256, DlibEmbedder, installed_weights
from smartlogd.identify.embedder import TfliteEmbedder, chip

PathOf = Callable[[str], Path]


@pytest.fixture(scope="module")
def dlib(model: PathOf) -> Embedder:
    pytest.importorskip("dlib")
    return DlibEmbedder(model("dlib_face_resnet"))


@pytest.fixture(scope="module")
def tflite(model: PathOf) -> Embedder:
    return TfliteEmbedder(load(model("face_embedder"), "face_embedder"), NETWORK)


@pytest.fixture(scope="module")
def half(model: PathOf) -> Embedder:
    return TfliteEmbedder(load(model("face_embedder_half"), "face_embedder_half"), NETWORK)


def made_up() -> Iterator[Pixels]:
    """Noise, plain pictures, and ramps."""
    draw = np.random.default_rng(3)
    yield from (draw.integers(0, 256, (150, 150, 3)).astype(np.uint8) for _ in range(4))
    yield from (np.full((150, 150, 3), value, np.uint8) for value in (0, 128, 255))
    y, x = np.mgrid[:150, :150]
    yield np.stack((x, y, (x + y) // 2), axis=-1).astype(np.uint8)
    yield np.stack((255 - x, 255 - y, x * y // 90), axis=-1).astype(np.uint8)


def test_both_give_the_same_point_for_any_picture(dlib: Embedder, tflite: Embedder, half: Embedder) -> None:
    for picture in made_up():
        wanted = dlib.embed(picture)
        np.testing.assert_allclose(tflite.embed(picture), wanted, rtol=0, atol=1e-5)
        assert np.linalg.norm(half.embed(picture) - wanted) <= 2e-3


def test_both_give_the_same_point_for_real_faces(
    dlib: Embedder, tflite: Embedder, half: Embedder, shared: Path, registry: Registry, models_dir: Path
) -> None:
    stills = open_stills(DetectOptions(), registry)
    files = sorted(path for path in (shared / "faces" / "obama").iterdir() if path.suffix in (".jpg", ".png"))
    compared = 0
    for file in files[:3]:
        picture = np.ascontiguousarray(cv2.imread(str(file))[..., ::-1])
        for face in stills.find(picture):
            if (aligned := chip(picture, face)) is None:
                continue
            wanted = dlib.embed(aligned)
            np.testing.assert_allclose(tflite.embed(aligned), wanted, rtol=0, atol=1e-5)
            assert np.linalg.norm(half.embed(aligned) - wanted) <= 2e-3
            compared += 1
    assert compared >= 3


def test_the_points_are_of_one_network_and_may_be_compared(dlib: Embedder, tflite: Embedder) -> None:
    assert dlib.model == tflite.model == NETWORK
    assert dlib.embed(np.zeros((150, 150, 3), np.uint8)).dtype == np.float32


@pytest.mark.parametrize("picture", [np.zeros((96, 96, 3), np.uint8), np.zeros((150, 150, 3), np.float32)])
def test_a_picture_of_another_size_or_type_is_refused(dlib: Embedder, picture: Pixels) -> None:
    with pytest.raises(UnusableInput, match="was given a picture of"):
        dlib.embed(picture)


def test_the_hash_is_that_of_the_catalogue() -> None:
    (spec,) = (spec for spec in read_catalogue() if spec.name == "dlib_face_resnet")
    assert spec.sha256 == WEIGHTS_SHA256


def test_another_file_is_never_given_to_dlib(tmp_path: Path) -> None:
    (tmp_path / "other.dat").write_bytes(b"something else")
    with pytest.raises(UnusableInput, match="not the network of face_recognition"):
        DlibEmbedder(tmp_path / "other.dat")


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="cannot be read") as missing:
        DlibEmbedder(tmp_path / "none.dat")
    assert missing.value.code == Exit.MISSING


def test_without_dlib_the_hint_names_the_extra(model: PathOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(Missing, match="dlib is not installed") as missing:
        DlibEmbedder(model("dlib_face_resnet"))
    assert 'pip install "smartlogd[face-recognition]"' in missing.value.hint


def test_the_package_s_weights_are_found_without_importing_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "face_recognition_models"
    package.mkdir()
    (package / "__init__.py").write_text("raise AssertionError('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert installed_weights() == package / "models" / WEIGHTS
    assert "face_recognition_models" not in sys.modules


@pytest.mark.parametrize("spec", [None, SimpleNamespace(submodule_search_locations=None)])
def test_without_the_package_the_hint_names_the_extra(monkeypatch: pytest.MonkeyPatch, spec: object) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(Missing, match="face_recognition_models is not installed") as missing:
        DlibEmbedder()
    assert "face-recognition" in missing.value.hint
