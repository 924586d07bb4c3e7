"""Counting dogs from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from smartlogd import wiring
from smartlogd.base.geometry import Box
from smartlogd.base.pixels import png
from smartlogd.base.seen import Detection, Kind, Pixels

if TYPE_CHECKING:
    from conftest import Run

    from smartlogd.settings import Settings


class Dogs:
    """Finds as many dogs as the first pixel is bright, and a cat."""

    def find(self, pixels: Pixels) -> tuple[Detection, ...]:
        dogs = [Detection(Kind.DOG, Box(0, 0, 1, 1), 0.9)] * int(pixels[0, 0, 0])
        return (*dogs, Detection(Kind.CAT, Box(0, 0, 1, 1), 0.9))


def test_dogs_found_missed_and_false_are_counted(
    smartlogd: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def animals(_: Settings) -> Dogs:
        return Dogs()

    monkeypatch.setattr(wiring, "still_animals", animals)
    there, found = {"two": 2, "one": 1, "none": 0}, {"two": 1, "one": 1, "none": 3}
    for name, count in found.items():
        (tmp_path / f"{name}.png").write_bytes(png(np.full((2, 2, 3), count, np.uint8)))
    labels = {f"{name}.png": {"dogs": count, "posture": None} for name, count in there.items()}
    (tmp_path / "LABELS.json").write_text(json.dumps(labels))
    said, as_json = smartlogd("eval", tmp_path), smartlogd("eval", tmp_path, "--profile", "wide", "--json")
    assert as_json.out == said.out == '{"dogs": 3, "found": 2, "false": 3}\n'
    assert said.err.splitlines()[0] == "1 of 3: two.png: 1 found, 2 there"


def test_the_shared_dogs_are_found_and_no_cat_is_one(
    smartlogd: Run, shared: Path, models_dir: Path, monkeypatch
) -> None:
    monkeypatch.setenv("SMARTLOG_DETECT__MODELS_DIR", str(models_dir))
    said = json.loads(smartlogd("eval", shared / "dogs", "--profile", "wide", "--json").out)
    assert said["found"] >= 6
    assert said["false"] == 0
