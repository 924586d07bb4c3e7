"""Replaying footage from the command line."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import pytest

if TYPE_CHECKING:
    from conftest import Run, Said

DOOR = "door=0.5,0,0.5,1:right"


def objects(said: Said) -> list[dict[str, Any]]:
    assert said.code == 0, said.err
    return [json.loads(line) for line in said.out.splitlines()]


@pytest.mark.usefixtures("seen_as_people")
class TestACountedClip:
    def test_who_walks_there_and_back_is_one_in_and_one_out(self, smartlogd: Run, there_and_back: Path) -> None:
        *crossings, summary = objects(smartlogd("replay", there_and_back, "--line", DOOR, "--json"))
        assert [(one["type"], one["line"], one["action"]) for one in crossings] == [
            ("crossing", "door", "I"),
            ("crossing", "door", "O"),
        ]
        assert [one["t"] for one in crossings] == pytest.approx([1.3, 4.8], abs=0.3)
        assert summary == {
            "type": "summary",
            "frames": 62,
            "seconds": 6.2,
            "fps": 10.0,
            "tracks": 1,
            "crossings": {"door": {"I": 1, "O": 1}},
            "dropped": 0,
        }

    def test_a_crossing_says_who_where_when_and_how_surely(self, smartlogd: Run, there_and_back: Path) -> None:
        first = objects(smartlogd("replay", there_and_back, "--line", DOOR, "--json"))[0]
        assert list(first) == ["type", "line", "action", "t", "track", "user_id", "uuid", "confidence", "person", "who"]
        assert first["user_id"] is None
        assert len(first["uuid"]) == 36
        assert first["t"] == round(first["t"], 3)
        assert 0 <= first["confidence"] <= 1

    def test_the_other_side_inside_turns_in_and_out_round(self, smartlogd: Run, there_and_back: Path) -> None:
        said = objects(smartlogd("replay", there_and_back, "--line", DOOR.replace("right", "left"), "--json"))
        assert [one["action"] for one in said[:-1]] == ["O", "I"]

    def test_every_run_prints_the_same_bytes(self, smartlogd: Run, there_and_back: Path) -> None:
        words = ("replay", there_and_back, "--line", DOOR, "--json", "--events")
        assert smartlogd(*words).out == smartlogd(*words).out

    def test_when_the_file_was_written_changes_nothing_that_is_printed(
        self, smartlogd: Run, there_and_back: Path
    ) -> None:
        words = ("replay", there_and_back, "--line", DOOR, "--json")
        before = smartlogd(*words).out
        os.utime(there_and_back, (1_600_000_000, 1_600_000_000))
        assert smartlogd(*words).out == before

    def test_several_lines_are_each_counted(self, smartlogd: Run, there_and_back: Path) -> None:
        lines = ("--line", DOOR, "--line", "late=0.7,0,0.7,1:left", "--line", "floor=0,0.95,1,0.95:below")
        summary = objects(smartlogd("replay", there_and_back, *lines, "--json"))[-1]
        assert summary["crossings"] == {
            "door": {"I": 1, "O": 1},
            "late": {"I": 1, "O": 1},
            "floor": {"I": 0, "O": 0},
        }

    def test_other_events_come_only_when_they_are_asked_for(self, smartlogd: Run, there_and_back: Path) -> None:
        words = ("replay", there_and_back, "--line", DOOR, "--json")
        assert {one["type"] for one in objects(smartlogd(*words))} == {"crossing", "summary"}
        first = objects(smartlogd(*words, "--events"))[0]
        assert list(first) == ["type", "t", "until", "track", "user_id", "uuid", "confidence", "person", "who"]
        assert first["type"] == "person_entered"

    def test_what_begins_is_over_once_and_after_it_began(self, smartlogd: Run, there_and_back: Path) -> None:
        said = objects(smartlogd("replay", there_and_back, "--line", DOOR, "--json", "--events"))
        begun = [(one["type"], one["t"]) for one in said if "until" in one and one["until"] is None]
        ends = [one for one in said if one["type"] == "end"]
        assert sorted(begun) == sorted((one["what"], one["t"]) for one in ends)
        assert all(one["until"] > one["t"] for one in ends)
        assert said[-1]["type"] == "summary"
        assert "end of person entered" in smartlogd("replay", there_and_back, "--line", DOOR, "--events").out

    def test_an_empty_scene_has_no_crossing_and_no_track(self, smartlogd: Run, nobody: Path) -> None:
        (summary,) = objects(smartlogd("replay", nobody, "--line", DOOR, "--json"))
        assert (summary["frames"], summary["tracks"]) == (20, 0)

    def test_several_files_are_told_apart(self, smartlogd: Run, there_and_back: Path, nobody: Path) -> None:
        said = objects(smartlogd("replay", nobody, there_and_back, "--line", DOOR, "--json"))
        assert [Path(one["file"]).name for one in said] == ["nobody.mp4", *["there_and_back.mp4"] * 3]
        assert [one["type"] for one in said] == ["summary", "crossing", "crossing", "summary"]

    def test_people_read_lines_and_a_table_and_how_quickly_it_went_apart_from_them(
        self, smartlogd: Run, there_and_back: Path
    ) -> None:
        said = smartlogd("replay", there_and_back, "--line", DOOR)
        lines = said.out.splitlines()
        assert lines[0] == "there_and_back.mp4"
        assert lines[1].split()[1:] == ["s", "door", "in", "track", "1"]
        assert lines[-1].split() == ["door", "1", "1"]
        assert "x real time" in said.err
        assert "x real time" not in said.out

    def test_without_lines_of_its_own_the_configured_ones_count(
        self, smartlogd: Run, there_and_back: Path, tmp_path: Path
    ) -> None:
        config = tmp_path / "smartlogd.toml"
        config.write_text('[movement.lines.gate]\nstart = [0.4, 0.0]\nend = [0.4, 1.0]\ninside = "left"\n')
        summary = objects(smartlogd("replay", there_and_back, "--config", config, "--json"))[-1]
        assert summary["crossings"] == {"gate": {"I": 1, "O": 1}}


@pytest.mark.usefixtures("seen_as_people")
class TestAnAnnotatedVideo:
    def test_it_has_every_frame_at_its_own_time_and_the_line_in_it(
        self, smartlogd: Run, there_and_back: Path, tmp_path: Path
    ) -> None:
        out = tmp_path / "annotated.mp4"
        objects(smartlogd("replay", there_and_back, "--line", DOOR, "--json", "--out", out))
        with av.open(str(out)) as container:
            frames = list(container.decode(video=0))
        assert [frame.time for frame in frames] == pytest.approx([n / 10 for n in range(62)], abs=1e-4)
        picture = frames[0].to_ndarray(format="rgb24").astype(int)
        blue_over_red = picture[..., 2] - picture[..., 0]
        assert blue_over_red[100, 80] > 60, "the line stands in the middle, in its colour"
        assert abs(blue_over_red[100, 40]) < 40

    def test_it_is_refused_for_two_files_and_for_another_kind_of_name(
        self, smartlogd: Run, there_and_back: Path, nobody: Path, tmp_path: Path
    ) -> None:
        two = smartlogd("replay", nobody, there_and_back, "--line", DOOR, "--out", tmp_path / "out.mp4")
        assert (two.code, two.out) == (2, "")
        avi = smartlogd("replay", nobody, "--line", DOOR, "--out", tmp_path / "out.avi")
        assert avi.code == 2
        assert ".mp4" in avi.err

    def test_it_never_replaces_its_own_source(self, smartlogd: Run, nobody: Path, tmp_path: Path) -> None:
        (tmp_path / "link.mp4").symlink_to(nobody)
        before = nobody.read_bytes()
        for out in (nobody, tmp_path / "link.mp4"):
            refused(smartlogd("replay", nobody, "--line", DOOR, "--out", out), 2, "its own replay")
        assert nobody.read_bytes() == before


@pytest.mark.usefixtures("seen_as_people")
class TestADatabase:
    def test_its_rows_are_what_was_printed(self, smartlogd: Run, there_and_back: Path, tmp_path: Path) -> None:
        db = tmp_path / "counted.db"
        *crossings, _ = objects(smartlogd("replay", there_and_back, "--line", DOOR, "--json", "--db", db))
        rows = queried(
            db, "SELECT line, action, mono_us, track_id, user_id, uuid, confidence FROM smartlog ORDER BY id"
        )
        printed = [
            (one["line"], one["action"], one["t"], one["track"], one["user_id"], one["uuid"], one["confidence"])
            for one in crossings
        ]
        assert [(line, action, round(us / 1e6, 3), *rest) for line, action, us, *rest in rows] == printed
        assert queried(db, "SELECT type FROM events ORDER BY ts, id")[0] == ("person_entered",)
        assert queried(db, "SELECT uuid FROM subjects") == [(crossings[0]["uuid"],)]

    def test_replaying_a_file_again_adds_no_row(self, smartlogd: Run, there_and_back: Path, tmp_path: Path) -> None:
        db = tmp_path / "counted.db"
        counts = []
        for _ in range(2):
            objects(smartlogd("replay", there_and_back, "--line", DOOR, "--json", "--db", db))
            tables = ("smartlog", "events", "subjects", "boots", "devices", "users")
            counts.append([queried(db, f"SELECT count(*) FROM {table}") for table in tables])
        assert counts[0] == counts[1]
        assert counts[0][0] == [(2,)]

    def test_two_files_go_into_one_database(
        self, smartlogd: Run, there_and_back: Path, nobody: Path, tmp_path: Path
    ) -> None:
        db = tmp_path / "counted.db"
        objects(smartlogd("replay", nobody, there_and_back, "--line", DOOR, "--json", "--db", db))
        assert queried(db, "SELECT count(*) FROM smartlog") == [(2,)]

    def test_a_file_that_is_no_database_is_refused_and_left_alone(
        self, smartlogd: Run, nobody: Path, tmp_path: Path
    ) -> None:
        letter = tmp_path / "letter.txt"
        letter.write_text("Dear reader, this is no database at all.")
        said = smartlogd("replay", nobody, "--line", DOOR, "--db", letter)
        assert said.code == 74
        assert "letter.txt is not a database" in said.err
        assert letter.read_text().startswith("Dear reader")

    def test_a_folder_and_a_folder_that_cannot_be_made_are_refused(
        self, smartlogd: Run, nobody: Path, tmp_path: Path
    ) -> None:
        assert smartlogd("replay", nobody, "--line", DOOR, "--db", tmp_path).code == 73
        assert smartlogd("replay", nobody, "--line", DOOR, "--db", nobody / "below" / "a.db").code == 73


def queried(db: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"{db.as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.usefixtures("seen_as_people")
class TestBadInput:
    @pytest.mark.parametrize(
        ("content", "word"),
        [
            (b"", "empty"),
            (b"this is a letter and no video", "not a video"),
            (b"\x00\x00\x00\x18ftypmp42" + bytes(64), ""),
        ],
        ids=["zero bytes", "a letter", "a header alone"],
    )
    def test_what_is_no_video_is_told_in_one_sentence(
        self, smartlogd: Run, tmp_path: Path, content: bytes, word: str
    ) -> None:
        (tmp_path / "clip.mp4").write_bytes(content)
        refused(smartlogd("replay", tmp_path / "clip.mp4", "--line", DOOR, "--json"), 65, "clip.mp4", word)

    def test_a_folder_and_a_missing_file_are_told(self, smartlogd: Run, tmp_path: Path) -> None:
        refused(smartlogd("replay", tmp_path, "--line", DOOR), 65, "not a file")
        refused(smartlogd("replay", tmp_path / "gone.mp4", "--line", DOOR), 66, "There is no file")

    def test_a_missing_second_file_is_told_before_the_first_is_played(
        self, smartlogd: Run, nobody: Path, tmp_path: Path
    ) -> None:
        said = smartlogd("replay", nobody, tmp_path / "gone.mp4", "--line", DOOR)
        assert (said.code, said.out) == (66, "")

    def test_a_clip_that_breaks_off_gives_what_it_has_and_says_so(
        self, smartlogd: Run, tmp_path: Path, there_and_back: Path
    ) -> None:
        whole = tmp_path / "whole.mkv"
        with av.open(str(there_and_back)) as source, av.open(str(whole), "w") as target:
            stream = target.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    target.mux(packet)
        short = tmp_path / "short.mkv"
        short.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
        (crossing, summary) = objects(smartlogd("replay", short, "--line", DOOR, "--json"))
        assert crossing["action"] == "I"
        assert 20 < summary["frames"] < 62

    @pytest.mark.parametrize(
        ("line", "word"),
        [
            ("door", "cannot be read"),
            ("door=0.5,0,0.5:left", "four numbers"),
            ("door=0.5,0,0.5,0:left", "no length"),
            ("door=0.5,0,0.5,1:inwards", "inside"),
            ("door=0.5,0,0.5,nan:left", ""),
            ("door=0,0.5,1,0.5:left", "above or below"),
            ("=0.5,0,0.5,1:left", "cannot be read"),
        ],
    )
    def test_a_line_that_cannot_be_meant_is_told(self, smartlogd: Run, nobody: Path, line: str, word: str) -> None:
        refused(smartlogd("replay", nobody, "--line", line), 2, word)

    def test_lines_of_one_name_or_upon_each_other_are_told(self, smartlogd: Run, nobody: Path) -> None:
        refused(smartlogd("replay", nobody, "--line", DOOR, "--line", DOOR), 2, "Two lines are named door")
        other = "other=0.5,0,0.5,1:left"
        refused(smartlogd("replay", nobody, "--line", DOOR, "--line", other), 2, "lie upon each other")

    def test_an_unknown_profile_and_an_unknown_anchor_are_wrong_usage(self, smartlogd: Run, nobody: Path) -> None:
        for words in (("--profile", "street"), ("--anchor", "head")):
            said = smartlogd("replay", nobody, "--line", DOOR, *words)
            assert (said.code, said.out) == (2, "")
            assert words[1] in said.err

    def test_a_command_without_a_file_is_a_wrong_usage(self, smartlogd: Run) -> None:
        assert smartlogd("replay").code == 2


@pytest.mark.usefixtures("seen_as_people")
def test_a_name_that_is_no_utf_8_does_no_harm(smartlogd: Run, nobody: Path, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"odd\xff.mp4")
    nobody.rename(odd)
    for words in ((), ("--json",), ("--json", "--db", tmp_path / "counted.db")):
        said = smartlogd("replay", odd, "--line", DOOR, *words)
        assert said.code == 0, said.err


@pytest.mark.usefixtures("seen_as_people")
def test_a_video_that_changes_size_is_counted_and_drawn(smartlogd: Run, two_sizes: Path, tmp_path: Path) -> None:
    """Where the size changes, all that is measured in fractions goes on."""
    out = tmp_path / "out.mp4"
    summary = objects(smartlogd("replay", two_sizes, "--line", DOOR, "--json", "--out", out))[-1]
    assert summary["crossings"] == {"door": {"I": 1, "O": 0}}
    with av.open(str(out)) as container:
        assert {(frame.width, frame.height) for frame in container.decode(video=0)} == {(160, 120)}


def refused(said: Said, code: int, *words: str) -> None:
    """One sentence and at most a hint, the right exit code, and no traceback."""
    assert said.code == code, said.err
    assert "Traceback" not in said.err
    assert 1 <= len(said.err.strip().splitlines()) <= 2
    assert all(word in said.err for word in words)


def test_a_missing_model_is_named_with_the_way_to_get_it(smartlogd: Run, nobody: Path) -> None:
    said = smartlogd("replay", nobody, "--line", DOOR, "--profile", "wide")
    refused(said, 66, "coco_ssd_mobilenet", "smartlogd models fetch")


def test_the_man_at_the_front_door_is_counted_in_once_on_every_run(
    smartlogd: Run, shared: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTLOG_DETECT__MODELS_DIR", str(models_dir))
    clip = shared / "videos" / "ambianic_frontdoor_person1.mkv"
    words = ("replay", clip, "--line", "door=0.35,0,0.35,1:left", "--profile", "door", "--json")
    first = smartlogd(*words)
    crossing, summary = objects(first)
    assert (crossing["line"], crossing["action"]) == ("door", "I")
    assert crossing["t"] == pytest.approx(3.35, abs=0.5)
    assert summary["crossings"] == {"door": {"I": 1, "O": 0}}
    assert summary["seconds"] == pytest.approx(6.0, abs=0.1)
    assert smartlogd(*words).out == first.out
