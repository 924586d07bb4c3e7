"""Judging counts from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Run


def crossing(t: float, direction: str) -> dict[str, Any]:
    return {"t": t, "direction": direction}


def line(crossings: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    fixed = {"name": "door", "line": [0.5, 0, 0.5, 1], "inside": "right", "tolerance_s": 0.5}
    return {**fixed, "crossings": crossings, **more}


def truth(folder: Path, **clips: Any) -> Path:
    (folder / "GROUND_TRUTH.json").write_text(json.dumps({f"{name}.mp4": clip for name, clip in clips.items()}))
    return folder


@pytest.mark.usefixtures("seen_as_people", "there_and_back", "nobody")
class TestAJudgement:
    def test_right_counts_have_no_error(self, smartlogd: Run, tmp_path: Path) -> None:
        right = line([crossing(1.3, "IN"), crossing(4.8, "OUT")])
        said = smartlogd("eval", truth(tmp_path, there_and_back={"lines": [right]}, nobody={"n_people": 0}), "--json")
        assert said.code == 0, said.err
        assert json.loads(said.out) == {
            "lines": [
                {"clip": "there_and_back.mp4", "line": "door", "expected": 2, "matched": 2, "missed": 0, "false": 0}
            ],
            "empty": [{"clip": "nobody.mp4", "passings": 0, "person_entered": 0}],
            "total": {"expected": 2, "error": 0, "precision": 1.0, "recall": 1.0},
        }

    def test_a_wrong_direction_is_both_missed_and_false(self, smartlogd: Run, tmp_path: Path) -> None:
        wrong = line([crossing(1.3, "OUT"), crossing(4.8, "OUT")])
        said = json.loads(smartlogd("eval", truth(tmp_path, there_and_back={"lines": [wrong]}), "--json").out)
        assert said["total"] == {"expected": 2, "error": 2, "precision": 0.5, "recall": 0.5}

    def test_what_is_optional_counts_neither_way(self, smartlogd: Run, tmp_path: Path) -> None:
        eased = line([crossing(1.3, "IN")], optional=[crossing(4.8, "OUT"), crossing(9.0, "IN")])
        said = json.loads(smartlogd("eval", truth(tmp_path, there_and_back={"lines": [eased]}), "--json").out)
        assert said["total"] == {"expected": 1, "error": 0, "precision": 1.0, "recall": 1.0}

    def test_who_is_seen_in_a_clip_without_people_is_told(self, smartlogd: Run, tmp_path: Path) -> None:
        said = json.loads(smartlogd("eval", truth(tmp_path, there_and_back={"n_people": 0}), "--json").out)
        assert said["empty"] == [{"clip": "there_and_back.mp4", "passings": 2, "person_entered": 1}]
        assert said["lines"] == []

    def test_people_read_a_table_and_see_on_standard_error_how_far_it_is(self, smartlogd: Run, tmp_path: Path) -> None:
        right = line([crossing(1.3, "IN"), crossing(4.8, "OUT")])
        said = smartlogd("eval", truth(tmp_path, there_and_back={"lines": [right]}, nobody={"n_people": 0}))
        assert said.out.splitlines()[-1] == "error 0 of 2 (precision 1.000, recall 1.000)"
        assert said.err.splitlines() == ["1 of 2: there_and_back.mp4", "2 of 2: nobody.mp4"]

    def test_a_clip_that_is_not_there_is_told_before_anything_is_played(self, smartlogd: Run, tmp_path: Path) -> None:
        said = smartlogd("eval", truth(tmp_path, there_and_back={"lines": [line([])]}, gone={"n_people": 0}), "--json")
        assert (said.code, said.out) == (66, "")
        assert "gone.mp4" in said.err


@pytest.mark.usefixtures("seen_as_people", "there_and_back", "nobody")
def test_counts_go_before_labels(smartlogd: Run, tmp_path: Path) -> None:
    (tmp_path / "LABELS.json").write_text('{"yard.jpg": {"dogs": 1}}')
    said = json.loads(smartlogd("eval", truth(tmp_path, nobody={"n_people": 0}), "--json").out)
    assert said["empty"] == [{"clip": "nobody.mp4", "passings": 0, "person_entered": 0}]


def test_a_folder_without_counts_or_labels_and_no_folder_at_all_are_told(smartlogd: Run, tmp_path: Path) -> None:
    bare, none = smartlogd("eval", tmp_path), smartlogd("eval", tmp_path / "gone")
    assert (bare.code, none.code) == (66, 66)
    assert "GROUND_TRUTH.json" in bare.err
    assert "gone" in none.err
