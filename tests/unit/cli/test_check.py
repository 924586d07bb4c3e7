"""`check-config`, from the person's side."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Smartlogd = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("state")


def test_a_good_file_is_called_good(smartlogd: Smartlogd, tmp_path: Path) -> None:
    file = tmp_path / "good.toml"
    file.write_text('[movement.lines.gate]\nstart = [0.1, 0]\nend = [0.1, 1]\ninside = "left"\n')
    told = smartlogd("check-config", "--config", file)
    assert told.code == 0
    assert told.out.splitlines() == [
        f"{file}: good.",
        "Device yard, camera auto, profile door.",
        "Lines: gate.",
    ]


def test_a_good_file_as_json_gives_the_settings_in_force(smartlogd: Smartlogd, tmp_path: Path) -> None:
    file = tmp_path / "good.toml"
    file.write_text("[capture]\nfps = 3.0\n")
    said = json.loads(smartlogd("check-config", "--config", file, "--json").out)
    assert (said["ok"], said["settings"]["capture"]["fps"]) == (True, 3.0)


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_cameras_password_is_not_shown(smartlogd: Smartlogd, tmp_path: Path, words: tuple[str, ...]) -> None:
    file = tmp_path / "good.toml"
    file.write_text('[capture]\nsource = "rtsp://ann:secret@camera.lan/1"\n')
    told = smartlogd("check-config", "--config", file, *words)
    assert "camera.lan" in told.out
    assert "secret" not in told.out


def test_every_fault_of_a_bad_file_is_told_at_once(smartlogd: Smartlogd, tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text('[capture]\nfsp = 3\nwidth_px = "wide"\n')
    told = smartlogd("check-config", "--config", file)
    assert (told.code, told.out) == (78, "")
    assert told.err.splitlines() == [
        f'capture.width_px in {file} is "wide", but it should be a whole number.',
        f"The key fsp of [capture] in {file} is unknown. The nearest known key is fps.",
    ]
    said = json.loads(smartlogd("check-config", "--config", file, "--json").out)
    assert said["ok"] is False
    assert [problem["hint"] for problem in said["problems"]] == ["", "The nearest known key is fps."]


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        ('[movement.lines.a]\nstart = [0, 0]\nend = [0, 0]\ninside = "left"\n', 78, "has no length"),
        (
            '[movement.lines.a]\nstart = [0, 0]\nend = [0, 1]\ninside = "left"\n'
            '[movement.lines.b]\nstart = [0, 0]\nend = [0, 1]\ninside = "left"\n',
            78,
            "lie upon each other",
        ),
        ("[capture", 78, "is not valid TOML"),
        (None, 66, "There is no configuration file"),
    ],
    ids=["zero length", "overlapping", "no TOML", "missing"],
)
def test_what_cannot_be_meant_is_said_with_its_exit_code(
    smartlogd: Smartlogd, tmp_path: Path, text: str | None, code: int, sentence: str
) -> None:
    file = tmp_path / "s.toml"
    if text is not None:
        file.write_text(text)
    told = smartlogd("check-config", "--config", file)
    assert told.code == code
    assert sentence in told.err
    assert len(told.err.splitlines()) == 1
