"""Replays that are heard as well as seen."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

from smartlogd.capture.soundtrack import recorded_sound

if TYPE_CHECKING:
    from conftest import Run, Said

DOOR = "door=0.5,0,0.5,1:right"
BARKS = "esc10_dog_bark_2-118072-A.ogg"


@pytest.fixture(autouse=True)
def _copy_of_the_model(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTLOG_MODEL_MIRROR", str(shared / "models"))


@pytest.fixture
def heard_walk(there_and_back: Path, shared: Path, tmp_path: Path) -> Path:
    """Somebody walks there and back, and a dog barks 2 s after the beginning: between the two passings."""
    path = tmp_path / "heard.mp4"
    samples = np.concatenate([sound.samples for sound in recorded_sound(shared / "audio" / BARKS)])
    whole = np.concatenate((np.zeros(2 * 16_000, np.float32), samples))[None]
    with av.open(str(there_and_back)) as seen, av.open(str(path), "w") as container:
        video = container.add_stream_from_template(seen.streams.video[0])
        sound = container.add_stream("aac", rate=16_000)
        sound.layout = "mono"
        for packet in seen.demux(video=0):
            if packet.dts is not None:
                packet.stream = video
                container.mux(packet)
        for first in range(0, whole.shape[1], 1024):
            part = np.ascontiguousarray(whole[:, first : first + 1024])
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 16_000, first, Fraction(1, 16_000)
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return path


def objects(said: Said) -> list[dict[str, Any]]:
    assert said.code == 0, said.err
    return [json.loads(line) for line in said.out.splitlines()]


@pytest.mark.usefixtures("seen_as_people")
class TestAVideoWithSound:
    def test_what_is_heard_is_told_among_what_is_seen(self, smartlogd: Run, heard_walk: Path) -> None:
        *told, summary = objects(smartlogd("replay", heard_walk, "--line", DOOR, "--sounds", "--json"))
        assert [one["type"] for one in told] == ["crossing", "bark", "crossing"]
        assert [one["t"] for one in told] == sorted(one["t"] for one in told)
        bark = told[1]
        assert bark["t"] == pytest.approx(2.36, abs=0.25)
        assert bark["until"] == pytest.approx(2.82, abs=0.25)
        assert bark.keys() == {"type", "t", "until", "confidence", "count", "peak_s"}
        assert summary["crossings"] == {"door": {"I": 1, "O": 1}}

    def test_people_read_how_often(self, smartlogd: Run, heard_walk: Path) -> None:
        lines = smartlogd("replay", heard_walk, "--line", DOOR, "--sounds").out.splitlines()
        assert lines[2].split()[2:4] == ["bark", "2"]

    def test_nobody_listens_where_nobody_asked(self, smartlogd: Run, heard_walk: Path) -> None:
        told = objects(smartlogd("replay", heard_walk, "--line", DOOR, "--json"))
        assert [one["type"] for one in told] == ["crossing", "crossing", "summary"]

    def test_every_run_prints_the_same_and_writes_no_row_twice(
        self, smartlogd: Run, heard_walk: Path, tmp_path: Path
    ) -> None:
        words = ("replay", heard_walk, "--line", DOOR, "--sounds", "--json", "--db", tmp_path / "log.db")
        first, second = smartlogd(*words), smartlogd(*words)
        assert first.out == second.out
        with closing(sqlite3.connect(tmp_path / "log.db")) as log:
            rows = log.execute("SELECT data, ended_at - ts FROM events WHERE type = 'bark'").fetchall()
        ((data, lasted_us),) = rows
        assert json.loads(data)["count"] == 2
        assert lasted_us == pytest.approx(450_000, abs=250_000)

    def test_a_silent_video_is_told_to_be_one_and_counted(self, smartlogd: Run, there_and_back: Path) -> None:
        said = smartlogd("replay", there_and_back, "--line", DOOR, "--sounds", "--json")
        assert [one["type"] for one in objects(said)] == ["crossing", "crossing", "summary"]
        assert "holds no sound" in said.err


def test_sound_alone_will_do(smartlogd: Run, shared: Path, tmp_path: Path) -> None:
    bark, summary = objects(smartlogd("replay", shared / "audio" / BARKS, "--sounds", "--json"))
    assert (bark["type"], summary["frames"], summary["type"]) == ("bark", 0, "summary")


def test_sound_alone_is_kept_too(smartlogd: Run, shared: Path, tmp_path: Path) -> None:
    assert smartlogd("replay", shared / "audio" / BARKS, "--sounds", "--db", tmp_path / "log.db").code == 0
    with closing(sqlite3.connect(tmp_path / "log.db")) as log:
        assert log.execute("SELECT count(*) FROM events WHERE type = 'bark'").fetchone() == (1,)


def test_where_the_copy_stands_in_it_is_said(smartlogd: Run, shared: Path) -> None:
    said = smartlogd("replay", shared / "audio" / BARKS, "--sounds")
    assert "unofficial copy" in said.err
