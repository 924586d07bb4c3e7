"""Judging postures from the command line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from smartlogd import wiring
from smartlogd.base.geometry import Box
from smartlogd.base.pixels import png
from smartlogd.base.seen import Detection, Guess, Kind, Pixels
from smartlogd.cli.eval_poses import PoseLabel, PoseScore, scored

if TYPE_CHECKING:
    from conftest import Run

    from smartlogd.settings import Settings


class Brightness:
    """Takes the first pixel of each column of a picture for a person who does what its brightness says."""

    words = ("sit", "stand", "lie", "digging")

    def find(self, pixels: Pixels) -> tuple[Detection, ...]:
        told = [self.words[int(value) - 1] for value in pixels[0, :, 0] if value]
        return tuple(Detection(Kind.PERSON, Box(0, 0, 1, 1), 0.9, guess=Guess(word, 0.9)) for word in told)


@pytest.fixture
def brightness(monkeypatch: pytest.MonkeyPatch) -> None:
    def people(_: Settings) -> Brightness:
        return Brightness()

    monkeypatch.setattr(wiring, "still_people", people)


def drawn(folder: Path, **pictures: tuple[Sequence[int], dict[str, object]]) -> Path:
    for name, (values, _) in pictures.items():
        row = np.array([[[value] * 3 for value in values]], np.uint8).reshape(1, -1, 3)
        (folder / f"{name}.png").write_bytes(png(row))
    labels = {f"{name}.png": label for name, (_, label) in pictures.items()}
    (folder / "LABELS.json").write_text(json.dumps(labels))
    return folder


@pytest.mark.usefixtures("brightness")
def test_right_and_wrong_answers_are_counted_and_said_alike(smartlogd: Run, tmp_path: Path) -> None:
    folder = drawn(
        tmp_path,
        right=([1, 2], {"people": ["stand", "sit"], "seen_whole": True}),
        wrong=([3], {"people": ["sit"], "seen_whole": False}),
        unknown=([4], {"people": ["lie"]}),
        unclear=([1], {"people": ["lie"], "ambiguous": True}),
        nobody=([0], {"people": []}),
    )
    said, as_json = smartlogd("eval", folder), smartlogd("eval", folder, "--json")
    assert said.code == as_json.code == 0, said.err
    assert json.loads(said.out) == json.loads(as_json.out)
    assert as_json.out == '{"people": 4, "answered": 3, "right": 2, "whole": {"people": 3, "answered": 2}}\n'
    assert said.err.splitlines()[0] == "1 of 4: right.png: sit, stand; people say stand, sit"


@pytest.mark.parametrize(
    ("people", "told", "score"),
    [
        (["sit"], ["sit"], PoseScore(1, 1, 1, 1, 1)),
        (["sit"], [], PoseScore(1, 0, 0, 1, 0)),
        (["sit"], ["lie"], PoseScore(1, 1, 0, 1, 1)),
        (["sit", "other"], ["lie"], PoseScore(1, 0, 0, 1, 0)),
        (["sit", "other"], ["sit", "stand"], PoseScore(1, 1, 1, 1, 1)),
        (["sit", "sit", "stand"], ["stand", "sit", "lie"], PoseScore(3, 3, 2, 3, 3)),
        ([], ["stand"], PoseScore(0, 1, 0, 0, 0)),
        (["sit"], ["sit", "sit"], PoseScore(1, 2, 1, 1, 1)),
    ],
)
def test_answers_are_matched_at_best(people: list[str], told: list[str], score: PoseScore) -> None:
    assert scored(PoseLabel(people=tuple(people)), told) == score


def test_others_in_the_background_are_no_matter() -> None:
    label = PoseLabel(people=("sit",), others_in_background=True)
    assert scored(label, ["stand", "sit", "lie"]) == PoseScore(1, 1, 1, 1, 1)


def test_who_is_not_seen_whole_counts_apart() -> None:
    assert scored(PoseLabel(people=("sit",), seen_whole=False), ["sit"]) == PoseScore(1, 1, 1, 0, 0)


def test_the_shared_pictures_are_told_well_enough(
    smartlogd: Run, shared: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTLOG_DETECT__MODELS_DIR", str(models_dir))
    said = json.loads(smartlogd("eval", shared / "poses", "--json").out)
    assert said["right"] >= 0.85 * said["answered"]
    assert said["whole"]["answered"] >= 0.9 * said["whole"]["people"]
