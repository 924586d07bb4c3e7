"""An embedding's time, by both that can run the network."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from smartlogd.cli.bench.embed import Embed, Side, embed
from smartlogd.settings import Settings


@pytest.fixture
def settings(models_dir: Path) -> Settings:
    return Settings.model_validate({"detect": {"models_dir": models_dir}, "identify": {"embedder": "dlib"}})


def test_the_ratio_is_that_of_the_medians() -> None:
    quick, slow = Side((0.003, 0.004, 0.002), 1), Side((0.06, 0.09, 0.05), 1)
    assert Embed(quick, slow).ratio == pytest.approx(0.05)
    assert Embed(quick, None).ratio is None


def test_tflite_is_far_quicker_than_dlib(settings: Settings) -> None:
    pytest.importorskip("dlib")
    measured = embed(settings, 2)
    assert len(measured.tflite.seconds) == 2
    assert measured.dlib is not None
    assert len(measured.dlib.seconds) == 2
    assert measured.ratio is not None
    assert 0 < measured.ratio < 0.5  # 0.05 on a machine with nothing else to do
    assert measured.absent == ""


def test_without_dlib_tflite_is_measured_alone(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dlib", None)
    measured = embed(settings, 2)
    assert (measured.dlib, measured.ratio) == (None, None)
    assert "smartlogd[face-recognition]" in measured.absent
    assert len(measured.tflite.seconds) == 2
