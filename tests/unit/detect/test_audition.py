"""A model that wants a place must load there and speak its language."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from smartlogd.base.errors import UnusableInput
from smartlogd.detect.audition import heard
from smartlogd.detect.catalogue import ModelSpec, own_model, read_catalogue
from smartlogd.detect.registry import Registry


def own(registry: Registry, source: Path, place: str) -> ModelSpec:
    """A file of the models folder under another name, for a place."""
    content = source.read_bytes()
    spec = own_model(
        {
            "name": "ours",
            "version": "1",
            "type": "detector",
            "place": place,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    )
    (registry.folder / spec.file).write_bytes(content)
    return spec


@pytest.fixture
def here(tmp_path: Path, models_dir: Path) -> Registry:
    for file in models_dir.glob("*.tflite"):
        (tmp_path / file.name).symlink_to(file)
    return Registry(read_catalogue(), tmp_path)


def test_the_same_bytes_under_another_name_can_take_the_place(here: Registry) -> None:
    (file,) = here.folder.glob("coco_ssd_mobilenet-*")
    heard(here, own(here, file, "coco_ssd_mobilenet"))


def test_a_model_of_other_tensors_is_refused_with_both(here: Registry) -> None:
    (file,) = here.folder.glob("pose_detector-*")
    with pytest.raises(UnusableInput, match=r"it takes float32\[1, 224, 224, 3\], and this place gives uint8"):
        heard(here, own(here, file, "coco_ssd_mobilenet"))


def test_bytes_that_are_no_model_are_refused(here: Registry) -> None:
    file = here.folder / "words.tflite"
    file.write_text("no model")
    with pytest.raises(UnusableInput, match="no TFLite model"):
        heard(here, own(here, file, "coco_ssd_mobilenet"))
