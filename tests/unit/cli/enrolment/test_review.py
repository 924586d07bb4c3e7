"""What `people check` says of a gallery, in words and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from smartlogd.base.who import NETWORK
from smartlogd.cli.entrust import Face, entrust
from smartlogd.identify.options import IdentifyOptions
from smartlogd.settings import read_settings

Smartlogd = Callable[..., object]


@pytest.fixture
def gallery(state: Path) -> Path:
    """Ada, whose third face is a copy and whose fourth is one of Bo's two; and Cy, who is far from all."""
    settings, chance = read_settings(), np.random.default_rng(4)
    middles = {name: chance.normal(size=128) * 0.9 / 16 for name in ("Ada", "Bo", "Cy")}

    def faces(name: str, count: int) -> list[Face]:
        vectors = (middles[name] + chance.normal(size=128) * 0.3 / 16 for _ in range(count))
        return [Face(vector.astype(np.float32), 0.9, "photo") for vector in vectors]

    ada, bo = faces("Ada", 2), faces("Bo", 2)
    copy = Face(ada[0].vector + np.float32(0.003), 0.4, "photo")
    for name, theirs in {"Ada": [*ada, copy, bo[0]], "Bo": bo, "Cy": faces("Cy", 2)}.items():
        entrust(settings, name, theirs, NETWORK)
    return state


@pytest.mark.usefixtures("gallery")
def test_each_fault_has_its_row_and_the_thresholds_theirs(smartlogd: Smartlogd) -> None:
    told = smartlogd("people", "check")
    assert told.code == 0, told.err
    lines = told.out.splitlines()
    rows = [line.split() for line in lines[1 : lines.index("")]]
    assert sorted(row[:2] if row[0] != "too" else ["too close", row[2]] for row in rows) == [
        ["duplicate", "Ada"], ["outlier", "Ada"], ["too close", "Ada"]
    ]  # fmt: skip
    assert "the same photograph as one of Bo's" in told.out
    assert "3 people, 8 faces." in told.out
    assert "Suggested: known_distance = 0." in told.out
    assert f"In force:  known_distance = {IdentifyOptions().known_distance:.3f}" in told.out
    assert "it is not sure" in told.out


@pytest.mark.usefixtures("gallery")
def test_as_json_each_finding_is_an_object_and_the_last_is_the_review(smartlogd: Smartlogd) -> None:
    *findings, last = [json.loads(line) for line in smartlogd("people", "check", "--json").out.splitlines()]
    assert sorted((each["fault"], each["person"], each["other"]) for each in findings) == [
        ("duplicate", "Ada", None),
        ("outlier", "Ada", None),
        ("too close", "Ada", "Bo"),
    ]
    assert (last["type"], last["people"], last["templates"], last["findings"]) == ("review", 3, 8, 3)
    assert last["is_sure"] is False
    for key in ("suggested", "current"):
        assert 0 <= last[key]["false_accept"] <= 1
        assert 0 <= last[key]["false_reject"] <= 1
    assert last["current"]["threshold"] == IdentifyOptions().known_distance


@pytest.mark.usefixtures("state")
def test_when_nobody_is_known_it_says_how_to_begin(smartlogd: Smartlogd) -> None:
    told = smartlogd("people", "check")
    assert (told.code, told.out) == (
        0,
        "There is no face to hold against others. Enrol someone: smartlogd people enrol NAME PHOTO...\n",
    )


@pytest.mark.usefixtures("state")
def test_a_single_sound_person_has_no_faults(smartlogd: Smartlogd) -> None:
    vector = np.random.default_rng(1).normal(size=128).astype(np.float32) / 8
    entrust(read_settings(), "Ada", [Face(vector, 0.9, "photo")], NETWORK)
    told = smartlogd("people", "check")
    assert told.out.startswith("1 person, 1 face. Nothing is amiss.\n")
