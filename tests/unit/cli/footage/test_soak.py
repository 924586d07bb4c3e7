"""Whether anything grows is judged by the middle of a few looks."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from smartlogd.cli.bench.soak import Look, Soak, soak
from smartlogd.settings import Settings

Count = Callable[[int], int]


def made(resident: Count, *, frames: int = 100_000, descriptors: Count = lambda _: 9) -> Soak:
    looks = (Look(n, resident(n), descriptors(n), 4) for n in range(frames // 200, frames + 1, frames // 200))
    return Soak(tuple(looks), 100.0, frames, 10, 5)


def test_growth_counts_from_the_twenty_thousandth_frame() -> None:
    warming = made(lambda n: 100_000_000 + 1_000 * min(n, 20_000))
    assert (warming.grown_bytes, warming.fps) == (0, 1000.0)
    assert warming.warm.frames >= 20_000
    assert warming.is_flat(0)


def test_a_slow_leak_is_told() -> None:
    leaking = made(lambda n: 100_000_000 + 100 * n)
    assert leaking.grown_bytes == pytest.approx(7_500_000, rel=0.02)
    assert not leaking.is_flat(4_000_000)
    assert leaking.is_flat(8_000_000)


def test_one_odd_look_decides_nothing() -> None:
    assert made(lambda n: 100_000_000 + 50_000_000 * (n in (21_000, 100_000))).is_flat(0)


def test_a_single_descriptor_more_is_too_many() -> None:
    assert not made(lambda n: 1, descriptors=lambda n: 9 + (n > 60_000)).is_flat(10)


def test_a_short_run_is_warm_after_a_fifth() -> None:
    assert made(lambda n: n, frames=2_000).warm.frames == 490


@pytest.mark.usefixtures("seen_as_people")
async def test_a_clip_goes_round_until_there_were_enough_frames_and_leaves_nothing(
    there_and_back: Path, models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "throwaway").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "throwaway"))
    said: list[str] = []
    settings = Settings.model_validate({"detect": {"models_dir": models_dir}})
    measured = await soak(there_and_back, settings, 500, said.append)
    assert 500 <= measured.frames <= 510
    assert (len(measured.looks), len(said)) == (250, 25)
    assert measured.events >= 8, "lines are crossed, and that is logged"
    assert measured.last.descriptors > 3
    assert list((tmp_path / "throwaway").iterdir()) == []


@pytest.mark.usefixtures("seen_as_people")
def test_the_command_ends_with_1_where_more_is_held_than_allowed(
    smartlogd: Callable[..., object], there_and_back: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTLOG_DETECT__MODELS_DIR", str(models_dir))
    leak = itertools.count(0, 10**6)
    monkeypatch.setattr("smartlogd.cli.bench.soak.resident_bytes", lambda _: next(leak))
    said = smartlogd("bench", "soak", there_and_back, "--frames", "500", "--json")
    told = json.loads(said.out)  # type: ignore[attr-defined]
    assert (said.code, told["is_flat"], told["wanted_bytes"]) == (1, False, 4_000_000)  # type: ignore[attr-defined]
