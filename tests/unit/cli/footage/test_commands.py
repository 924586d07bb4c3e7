"""`smartlogd bench` from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smartlogd.cli.bench import embed, gallery, speed, start, still
from smartlogd.cli.bench.embed import Embed, Side
from smartlogd.cli.bench.gallery import Recall
from smartlogd.cli.bench.speed import Speed
from smartlogd.cli.bench.start import Start
from smartlogd.cli.bench.still import Still
from smartlogd.store import pace
from smartlogd.store.pace import Pace

if TYPE_CHECKING:
    from conftest import Run


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Known results in the place of minutes of measuring: what is told of them is what is tried here."""

    async def known_speed(path: Path, settings: object, rounds: int, said: object) -> Speed:
        return Speed(100, {"coco_ssd_mobilenet": 90}, *((took_s,) * rounds for took_s in (2.0, 3.0, 3.5, 3.0)))

    async def known_still(settings: object, span_s: float, file: Path | None = None) -> Still:
        return Still(span_s, span_s / 50, 100, 4)

    async def known_start(settings: object, source: str, rounds: int, linger_s: float) -> Start:
        return Start((1.5,) * rounds, 200 * 1024 * 1024)

    async def known_pace(folder: Path, rows: int = 5000) -> Pace:
        return Pace(6000.0, 10_000.0, 0.6)

    known_embed = Embed(Side((0.003,), 1), None, "dlib is away.")
    known_gallery = Recall(10_000, 2_000, 0.001, 0.001, 0.25)
    monkeypatch.setattr(embed, "embed", lambda settings, rounds: known_embed)
    monkeypatch.setattr(gallery, "gallery", lambda folder, templates: known_gallery)
    monkeypatch.setattr(pace, "pace", known_pace)
    monkeypatch.setattr(speed, "speed", known_speed)
    monkeypatch.setattr(still, "still", known_still)
    monkeypatch.setattr(start, "start", known_start)


@pytest.mark.usefixtures("measured")
class TestWhatIsTold:
    def test_the_speed_of_replay(self, smartlogd: Run, nobody: Path) -> None:
        told = json.loads(smartlogd("bench", "replay", nobody, "--profile", "wide", "--runs", "2", "--json").out)
        assert told == {
            "type": "bench",
            "what": "replay",
            "profile": "wide",
            "file": "nobody.mp4",
            "frames": 100,
            "model_runs": {"coco_ssd_mobilenet": 90},
            "replay_s": [2.0, 2.0],
            "bare_s": [3.0, 3.0],
            "replay_cpu_s": [3.5, 3.5],
            "bare_cpu_s": [3.0, 3.0],
            "replay_fps": 50.0,
            "bare_fps": 33.3,
            "ratio": 1.5,
            "wanted": 0.95,
        }
        assert "ratio 1.50 (at least 1.15)" in smartlogd("bench", "replay", nobody, "--profile", "door").out

    def test_the_cost_of_a_still_scene(self, smartlogd: Run, nobody: Path) -> None:
        told = json.loads(smartlogd("bench", "still", nobody, "--json").out)
        assert (told["core_share"], told["wanted"], told["seconds"], told["fps"]) == (0.02, 0.05, 20.0, 5.0)
        assert "2.0% of one core" in smartlogd("bench", "still", nobody).out

    def test_a_start_and_its_memory(self, smartlogd: Run) -> None:
        told = json.loads(smartlogd("bench", "start", "--json").out)
        assert (told["median_s"], told["resident_mib"]) == (1.5, 200.0)
        assert "1.50 s (at most 2)" in smartlogd("bench", "start").out

    def test_without_a_subcommand_all_is_measured(self, smartlogd: Run, nobody: Path, tmp_path: Path) -> None:
        said = [json.loads(line) for line in smartlogd("bench", "--clip", nobody, "--json").out.splitlines()]
        assert [one["what"] for one in said] == ["start", "still", "journal", "embed", "gallery", "replay", "replay"]
        without = smartlogd("bench")
        assert without.code == 0
        assert "--clip" in without.err

    def test_a_video_that_is_not_there_is_told(self, smartlogd: Run, tmp_path: Path) -> None:
        assert smartlogd("bench", "replay", tmp_path / "gone.mp4").code == 66


def test_the_rate_of_the_journal_is_measured_where_it_is_asked(smartlogd: Run, tmp_path: Path) -> None:
    said = smartlogd("bench", "journal", "--rows", "100", "--folder", tmp_path, "--json")
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert (told["rows"], told["wanted"]) == (100, 0.5)
    assert told["journal_rows_per_s"] > 0
    assert told["bare_rows_per_s"] > 0
    assert 0.0 < told["ratio"] < 3.0  # of so few rows; how it follows from the rounds is tested with the store
    assert list(tmp_path.iterdir()) == []
    assert smartlogd("bench", "journal", "--folder", tmp_path / "gone").code == 66
