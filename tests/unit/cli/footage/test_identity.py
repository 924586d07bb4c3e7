"""`smartlogd bench embed` and `bench gallery` from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smartlogd.base.errors import Exit
from smartlogd.cli.bench import embed
from smartlogd.cli.bench.embed import Embed, Side

if TYPE_CHECKING:
    from conftest import Run

QUICK, SLOW = Side((0.003, 0.0031), 50 * 1024 * 1024), Side((0.06, 0.062), 30 * 1024 * 1024)


def test_an_embedding_is_told_beside_dlib_s(smartlogd: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed, "embed", lambda settings, rounds: Embed(QUICK, SLOW))
    told = json.loads(smartlogd("bench", "embed", "--json").out)
    assert told == {
        "type": "bench", "what": "embed", "precision": "float16", "tflite_ms": [3.0, 3.1], "dlib_ms": [60.0, 62.0],
        "tflite_mib": 50.0, "dlib_mib": 30.0, "ratio": 0.05, "wanted": 0.1, "absent": "",
    }  # fmt: skip
    said = smartlogd("bench", "embed").out
    assert said == "embedding: 3.0 ms, 50 MiB; dlib 61.0 ms, 30 MiB; ratio 0.050 (at most 0.1)\n"


def test_where_dlib_is_not_installed_that_is_said(smartlogd: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed, "embed", lambda settings, rounds: Embed(QUICK, None, "dlib is away."))
    assert smartlogd("bench", "embed").out == "embedding: 3.0 ms, 50 MiB; dlib is not measured: dlib is away.\n"
    told = json.loads(smartlogd("bench", "embed", "--json").out)
    assert (told["dlib_ms"], told["ratio"], told["absent"]) == (None, None, "dlib is away.")


def test_a_gallery_is_measured_where_it_is_asked(smartlogd: Run, tmp_path: Path) -> None:
    told = json.loads(smartlogd("bench", "gallery", "--templates", "20", "--folder", tmp_path, "--json").out)
    assert (told["templates"], told["beings"], told["wanted_nearest_ms"], told["wanted_load_s"]) == (20, 4, 2.0, 0.5)
    assert told["nearest_ms"] > 0
    said = smartlogd("bench", "gallery", "--templates", "20", "--folder", tmp_path).out
    assert said.startswith("gallery of 20 faces of 4 beings: found in ")
    assert list(tmp_path.iterdir()) == []
    assert smartlogd("bench", "gallery", "--folder", tmp_path / "gone").code == Exit.MISSING
