"""Sounds judged against what people heard in them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smartlogd.cli.eval_audio import SoundScore

if TYPE_CHECKING:
    from conftest import Run


@pytest.fixture
def sounds(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three recordings, of which one is labelled wrongly."""
    monkeypatch.setenv("SMARTLOG_MODEL_MIRROR", str(shared / "models"))
    folder, labels = tmp_path / "sounds", {}
    folder.mkdir()
    for name, label, bark in (
        ("esc10_dog_bark_2-118072-A.ogg", "dog_bark", True),
        ("esc10_rooster_1-26806-A.ogg", "rooster", False),
        ("esc10_dog_bark_1-30344-A.ogg", "silence", False),
    ):
        shutil.copy(shared / "audio" / name, folder)
        labels[name] = {"label": label, "bark": bark}
    (folder / "LABELS.json").write_text(json.dumps(labels))
    return folder


def test_what_was_found_and_what_was_false_is_counted(smartlogd: Run, sounds: Path) -> None:
    said = smartlogd("eval", sounds, "--json")
    assert (said.code, json.loads(said.out)) == (0, {"files": 3, "bark_files_found": 1, "false": 1})


def test_people_are_told_which_were_wrong(smartlogd: Run, sounds: Path) -> None:
    said = smartlogd("eval", sounds)
    assert said.out.splitlines() == [
        "3 files: barks found in 1, false in 1",
        "  esc10_dog_bark_1-30344-A.ogg: silence, heard bark",
    ]


def test_a_bark_that_is_not_heard_is_wrong_too(smartlogd: Run, sounds: Path) -> None:
    name = "esc10_rooster_1-26806-A.ogg"
    (sounds / "LABELS.json").write_text(json.dumps({name: {"bark": True, "label": "dog_bark"}}))
    assert smartlogd("eval", sounds).out.splitlines()[1] == f"  {name}: dog_bark, heard no dog"


def test_a_recording_that_cannot_be_read_is_named(smartlogd: Run, sounds: Path) -> None:
    (sounds / "broken.wav").write_bytes(b"no sound")
    (sounds / "LABELS.json").write_text(json.dumps({"broken.wav": {"bark": False, "label": "x"}}))
    said = smartlogd("eval", sounds)
    assert said.code == 65
    assert "broken.wav" in said.err


def test_without_a_model_it_is_said_how_to_get_it(
    smartlogd: Run, sounds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SMARTLOG_MODEL_MIRROR")
    said = smartlogd("eval", sounds)
    assert said.code == 66
    assert "smartlogd models fetch yamnet" in said.err


def test_all_the_shared_sounds_are_told_for_what_they_are(
    smartlogd: Run, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTLOG_MODEL_MIRROR", str(shared / "models"))
    said = smartlogd("eval", shared / "audio", "--json")
    assert json.loads(said.out) == {"files": 28, "bark_files_found": 8, "false": 0}


def test_a_score_says_nothing_of_what_was_right() -> None:
    assert SoundScore(2, 1, 0).as_table() == "2 files: barks found in 1, false in 0"
