"""What clips cost is measured with them and without them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from smartlogd.cli.bench.clips import ClipCost, clips
from smartlogd.settings import Settings


def test_the_ratios_are_of_medians() -> None:
    cost = ClipCost(
        10, (1, 1), 0, 5, 10, (2.0, 2.0, 9.0), (2.5, 2.5, 0.1), (4.0, 4.0, 4.0), ((1.0, 1.25, 2.0), (1.0, 1.25, 2.0))
    )
    assert (cost.ratio, cost.encoded_ratio) == (0.8, 0.5)
    assert cost.cpu_ratios == (0.8, 0.5)


@pytest.mark.usefixtures("seen_as_people")
async def test_whoever_crosses_is_filmed_either_way_and_the_ring_is_bounded(there_and_back: Path) -> None:
    said: list[str] = []
    settings = Settings.model_validate({"record": {"ring_mib": 1}})
    measured = await clips(there_and_back, settings, 1, said.append)
    assert measured.frames == 62
    assert measured.clips == (1, 1), "made of MPEG-4, it is encoded here both times; one clip shows both passings"
    assert 0 < measured.ring_bytes <= measured.ring_most_bytes == 1024 * 1024
    assert len(said) == 1


@pytest.mark.usefixtures("seen_as_people")
def test_the_command_says_what_is_wanted(smartlogd: Callable[..., object], there_and_back: Path) -> None:
    said = smartlogd("bench", "clips", there_and_back, "--runs", "1", "--json")
    told = json.loads(said.out)  # type: ignore[attr-defined]
    assert (told["what"], told["wanted"], told["frames"]) == ("clips", 0.85, 62)
    assert told["ring_bytes"] <= told["ring_most_bytes"]
    assert "encoded here" in smartlogd("bench", "clips", there_and_back, "--runs", "1").out  # type: ignore[attr-defined]
