"""One picture to place a line by."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from smartlogd.base.errors import UnusableInput
from smartlogd.base.seen import Frame
from smartlogd.base.time import Stamp
from smartlogd.cli.look import _settled

if TYPE_CHECKING:
    from conftest import Run


@pytest.mark.usefixtures("seen_as_people")
class TestALook:
    def test_it_writes_a_picture_large_enough_to_read(self, smartlogd: Run, someone: Path, tmp_path: Path) -> None:
        said = smartlogd("look", "--source", someone, "--out", tmp_path / "look.png")
        assert said.code == 0, said.err
        picture = cv2.imread(str(tmp_path / "look.png"))
        assert picture is not None
        assert picture.shape == (720, 960, 3)
        dark = picture[500:700, 520:560].astype(int)
        assert np.ptp(dark) > 30, "a grid runs over the dark ground"

    def test_it_says_where_lines_and_people_are(self, smartlogd: Run, someone: Path, tmp_path: Path) -> None:
        said = smartlogd("look", "--source", someone, "--out", tmp_path / "look.png").out.splitlines()
        assert said[0].endswith("look.png: someone.mp4, 160 x 120")
        assert said[1] == "  line door: 0.5,0 to 0.5,1, inside right"
        assert said[2].startswith("  person 0.90: x 0.1")

    def test_a_program_reads_the_same(self, smartlogd: Run, someone: Path, tmp_path: Path) -> None:
        told = json.loads(smartlogd("look", "--source", someone, "--out", tmp_path / "look.png", "--json").out)
        assert (told["type"], told["source"], told["width"], told["height"]) == ("look", "someone.mp4", 160, 120)
        assert told["lines"] == [{"name": "door", "line": [0.5, 0, 0.5, 1], "inside": "right", "anchor": "centre"}]
        (person,) = told["detections"]
        assert person["kind"] == "person"
        assert person["box"] == pytest.approx([0.15, 0.25, 0.35, 0.75], abs=0.03)

    def test_it_says_where_zones_are(self, smartlogd: Run, someone: Path, tmp_path: Path) -> None:
        config = tmp_path / "smartlogd.toml"
        config.write_text('[movement.zones.bowl]\nkind = "bowl_food"\npolygon = [[0.5, 0.5], [0.9, 0.5], [0.7, 0.9]]\n')
        words = ("look", "--source", someone, "--out", tmp_path / "look.png", "--config", config)
        assert "  zone bowl: bowl_food, 3 corners" in smartlogd(*words).out.splitlines()
        assert json.loads(smartlogd(*words, "--json").out)["zones"] == [
            {"name": "bowl", "kind": "bowl_food", "polygon": [[0.5, 0.5], [0.9, 0.5], [0.7, 0.9]]}
        ]

    def test_without_a_name_the_picture_is_look_png_here(self, smartlogd: Run, someone: Path) -> None:
        assert smartlogd("look", "--source", someone).out.startswith("look.png: ")
        assert Path("look.png").is_file()

    def test_a_place_that_cannot_be_written_is_told(self, smartlogd: Run, someone: Path, tmp_path: Path) -> None:
        said = smartlogd("look", "--source", someone, "--out", tmp_path / "nowhere" / "look.png")
        assert said.code == 73
        assert "There is no folder" in said.err


def test_without_models_the_picture_still_comes_and_it_is_said(smartlogd: Run, someone: Path, tmp_path: Path) -> None:
    said = smartlogd("look", "--source", someone, "--out", tmp_path / "look.png", "--json")
    assert said.code == 0
    assert json.loads(said.out)["detections"] is None
    assert "smartlogd models fetch" in said.err
    assert (tmp_path / "look.png").is_file()


@pytest.mark.parametrize(("name", "code"), [("gone.mp4", 66), (".", 65)])
def test_a_source_that_is_no_video_is_told(smartlogd: Run, tmp_path: Path, name: str, code: int) -> None:
    said = smartlogd("look", "--source", tmp_path / name, "--out", tmp_path / "look.png")
    assert said.code == code
    assert "Traceback" not in said.err
    assert not (tmp_path / "look.png").exists()


async def test_a_live_cameras_first_second_is_passed_over() -> None:
    async def frames() -> AsyncIterator[Frame]:
        for seq in range(100):
            stamp = Stamp(seq * 100_000_000, dt.datetime(2026, 11, 21, tzinfo=dt.UTC), trusted=False)
            yield Frame(seq, stamp, np.zeros((2, 2, 3), np.uint8))

    assert (await _settled(frames(), 1.0)).seq == 10
    assert (await _settled(frames(), 0.0)).seq == 0


async def test_a_camera_that_gives_nothing_is_told() -> None:
    async def frames() -> AsyncIterator[Frame]:
        return
        yield

    with pytest.raises(UnusableInput, match="without a picture"):
        await _settled(frames(), 0.0)
