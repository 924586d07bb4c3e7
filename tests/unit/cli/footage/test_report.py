"""How a measure begins and ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from smartlogd.cli.bench.report import settings_of, tell


def test_a_result_is_told_as_a_sentence_or_as_a_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    tell({"what": "x", "ms": 1.5}, "x: 1.5 ms", as_json=False)
    assert capsys.readouterr().out == "x: 1.5 ms\n"
    tell({"what": "x", "ms": 1.5}, "x: 1.5 ms", as_json=True)
    assert json.loads(capsys.readouterr().out) == {"type": "bench", "what": "x", "ms": 1.5}


def test_the_settings_are_those_of_the_file_with_what_the_command_line_adds(tmp_path: Path) -> None:
    (tmp_path / "smartlogd.toml").write_text('[detect]\nprofile = "wide"\n')
    assert settings_of(tmp_path / "smartlogd.toml", None).detect.profile == "wide"
    settings = settings_of(tmp_path / "smartlogd.toml", "door", {"capture.fps": 3.0})
    assert (settings.detect.profile, settings.capture.fps) == ("door", 3.0)
