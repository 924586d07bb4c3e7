"""Hand-made counts are read with care."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from smartlogd.base.errors import Missing, SmartlogError, UnusableInput
from smartlogd.base.geometry import Point, Segment
from smartlogd.base.known import Action, Anchor, CrossingLine, Side
from smartlogd.cli.score import Passing
from smartlogd.cli.truth import LARGEST_FILE, LineTruth, read_truth

LINE: dict[str, Any] = {
    "name": "door",
    "line": [0.5, 0, 0.5, 1],
    "inside": "left",
    "anchor_kind": "feet",
    "tolerance_s": 0.5,
    "crossings": [{"t": 3.35, "direction": "IN", "x": 0.35, "who": "someone"}],
    "optional": [{"t": 9, "direction": "OUT"}],
    "caveat": "notes are for people",
}


def written(folder: Path, truth: object, clips: tuple[str, ...] = ("hall.mp4",)) -> Path:
    (folder / "GROUND_TRUTH.json").write_text(truth if isinstance(truth, str) else json.dumps(truth))
    for name in clips:
        (folder / name).write_bytes(b"a clip")
    return folder


def test_a_line_is_read_with_all_that_judges_it(tmp_path: Path) -> None:
    (clip,) = read_truth(written(tmp_path, {"hall.mp4": {"lines": [LINE], "n_people": 1}}))
    assert (clip.path, clip.is_empty) == (tmp_path / "hall.mp4", False)
    segment = Segment(Point(0.5, 0), Point(0.5, 1))
    assert clip.lines == (
        LineTruth(
            line=CrossingLine("door", segment, Side.LEFT, Anchor.FEET),
            tolerance_s=0.5,
            required=(Passing(3.35, Action.IN),),
            optional=(Passing(9, Action.OUT),),
        ),
    )


def test_the_anchor_is_the_middle_and_nothing_is_optional_unless_it_is_said(tmp_path: Path) -> None:
    bare = {key: value for key, value in LINE.items() if key not in {"anchor_kind", "optional"}}
    ((line,),) = (clip.lines for clip in read_truth(written(tmp_path, {"hall.mp4": {"lines": [bare]}})))
    assert (line.line.anchor, line.optional) == (Anchor.CENTRE, ())


def test_only_clips_with_lines_and_clips_without_people_are_run(tmp_path: Path) -> None:
    truth = {
        "hall.mp4": {"lines": [LINE]},
        "faces.gif": {"n_faces": 3},
        "night.mp4": {"n_people": 0},
        "crowd.mp4": {"n_people": 9, "lines": []},
    }
    clips = read_truth(written(tmp_path, truth, ("hall.mp4", "night.mp4")))
    assert [(clip.path.name, clip.is_empty) for clip in clips] == [("hall.mp4", False), ("night.mp4", True)]


def test_a_missing_folder_file_or_clip_is_named(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="There is no folder"):
        read_truth(tmp_path / "gone")
    with pytest.raises(Missing, match=r"GROUND_TRUTH\.json"):
        read_truth(tmp_path)
    with pytest.raises(Missing, match=r"The clip hall\.mp4 is not in"):
        read_truth(written(tmp_path, {"hall.mp4": {"lines": [LINE]}}, clips=()))


@pytest.mark.parametrize(
    "truth",
    [
        "no JSON",
        "[]",
        "[" * 10_000,
        {"hall.mp4": 3},
        {"hall.mp4": {"lines": "door"}},
        {"hall.mp4": {"n_people": -1}},
        {"hall.mp4": {"lines": [LINE | {"line": [0.5, 0, 0.5]}]}},
        {"hall.mp4": {"lines": [LINE | {"line": [0.5, 0, 0.5, 7]}]}},
        {"hall.mp4": {"lines": [LINE | {"line": [0.5, 0.5, 0.5, 0.5]}]}},
        {"hall.mp4": {"lines": [LINE | {"inside": "above"}]}},
        {"hall.mp4": {"lines": [LINE | {"inside": "inwards"}]}},
        {"hall.mp4": {"lines": [LINE | {"tolerance_s": 0}]}},
        {"hall.mp4": {"lines": [LINE | {"name": "a\nb"}]}},
        {"hall.mp4": {"lines": [LINE | {"crossings": [{"t": -1, "direction": "IN"}]}]}},
        {"hall.mp4": {"lines": [LINE | {"crossings": [{"t": 1, "direction": "UP"}]}]}},
        {"hall.mp4": {"lines": [LINE | {"crossings": [{"t": 1, "direction": "IN"}] * 10_001}]}},
        {"hall.mp4": {"lines": [{key: value for key, value in LINE.items() if key != "inside"}]}},
        {"hall.mp4": {"lines": [LINE, LINE]}},
        {"../hall.mp4": {"lines": [LINE]}},
        {"..": {"lines": [LINE]}},
        {},
        {"faces.gif": {}},
    ],
    ids=lambda truth: str(truth)[:40],
)
def test_what_cannot_be_meant_is_refused_in_one_sentence(tmp_path: Path, truth: object) -> None:
    with pytest.raises(UnusableInput) as caught:
        read_truth(written(tmp_path, truth))
    assert caught.value.code == 65
    assert "\n" not in caught.value.what


def test_a_file_too_large_to_be_ours_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "GROUND_TRUTH.json").write_bytes(b" " * (LARGEST_FILE + 1))
    with pytest.raises(UnusableInput, match="larger than"):
        read_truth(tmp_path)


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "GROUND_TRUTH.json").mkdir()
    with pytest.raises(SmartlogError, match="cannot be read"):
        read_truth(tmp_path)


def test_the_counts_of_the_shared_clips_can_be_read(shared: Path) -> None:
    clips = read_truth(shared / "videos")
    assert sum(len(line.required) for clip in clips for line in clip.lines) == 20
    assert [clip.path.suffix for clip in clips if clip.is_empty] == [".mp4", ".mp4"]
