"""Asking for consent, and handing faces over in portions that a request has room for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from smartlogd.base.errors import SmartlogError, UnusableInput
from smartlogd.base.who import NETWORK, Who
from smartlogd.cli.entrust import (
    PORTION,
    Acquaintances,
    Describing,
    Face,
    entrust,
    introduced,
    right_name,
)
from smartlogd.control import LONGEST_LINE
from smartlogd.settings import Settings, read_settings
from smartlogd.store.people import people, person


def faces(count: int, seed: int = 1) -> list[Face]:
    vectors = np.random.default_rng(seed).normal(size=(count, 128)).astype(np.float32) / 8
    return [Face(vector, 0.123456789, "photo") for vector in vectors]


@pytest.fixture
def settings(state: Path) -> Settings:
    return read_settings()


def test_faces_are_kept_as_they_were(settings: Settings, state: Path) -> None:
    given = faces(3)
    told = entrust(settings, "Ada", given, NETWORK, Describing("ada@example.org", "admin"))
    assert (told["is_new"], told["templates"]) == (True, 3)
    kept = Acquaintances(settings).templates
    assert {template.vector.tobytes() for template in kept} == {face.vector.tobytes() for face in given}
    found = person(state, "Ada")
    assert (found.email, found.role) == ("ada@example.org", "admin")


def test_many_faces_are_handed_over_in_portions_to_one_person(settings: Settings, state: Path) -> None:
    told = entrust(settings, "Ada", faces(2 * PORTION + 1), NETWORK, Describing(is_new=True))
    assert (told["is_new"], told["templates"]) == (True, 2 * PORTION + 1)
    assert [each.templates for each in people(state)] == [2 * PORTION + 1]


def test_a_portion_fits_into_a_request(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[bytes] = []

    def changed(_settings: Settings, what: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        requests.append(json.dumps({"verb": "change", "what": what, "arguments": arguments}).encode())
        return {"uid": "0198f3a2-0000-7000-8000-000000000000", "is_new": True}

    monkeypatch.setattr("smartlogd.changing.changed", changed)
    about = Describing("a" * 308 + "@example.org", "member", is_new=True)
    entrust(settings, "\N{MATHEMATICAL BOLD SMALL A}" * 200, faces(3 * PORTION), NETWORK, about)
    assert len(requests) == 3
    assert max(map(len, requests)) < LONGEST_LINE - 1024


def test_without_faces_nothing_is_asked_of_anyone(settings: Settings, state: Path) -> None:
    assert entrust(settings, "Ada", [], NETWORK) == {}
    assert not state.exists()


def test_who_is_known_is_found_by_name_and_uid(settings: Settings) -> None:
    before = Acquaintances(settings)
    assert before.named("Ada") is None
    assert before.templates == ()
    uid = str(entrust(settings, "Ada", faces(1), NETWORK)["uid"])
    known = Acquaintances(settings)
    assert [found.uid for found in (known.named("ada"), known.named(uid)) if found] == [uid, uid]
    assert known.named("Bo") is None
    assert known.called(Who(UUID(uid), is_known=True)) == "Ada"
    entrust(settings, "Ada", faces(1, seed=2), NETWORK, Describing(is_new=True))
    with pytest.raises(UnusableInput, match="2 people are called Ada"):
        Acquaintances(settings).named("Ada")


def test_those_who_are_added_are_known_from_then_on(settings: Settings) -> None:
    known, (face,) = Acquaintances(settings), faces(1)
    known.add(str(UUID(int=7)), "Bo", [face], NETWORK)
    (template,) = known.templates
    assert (template.who, template.model) == (Who(UUID(int=7), is_known=True), NETWORK)
    assert known.called(template.who) == "Bo"


def test_of_whom_no_consent_is_noted_is_said_once_for_all(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(names: list[str], about: Describing) -> str:
        introduced(settings, names, about)
        return capsys.readouterr().err

    assert said(["Ada"], Describing()).startswith("No consent is noted of Ada.")
    entrust(settings, "Ada", faces(1), NETWORK, Describing(has_agreed=True))
    assert said(["Ada"], Describing()) == ""
    assert "of Bo." in said(["Ada", "Bo"], Describing())
    assert "of each of these 2 people." in said(["Ada", "Bo", "Cy"], Describing())
    assert "of Ada." in said(["Ada"], Describing(is_new=True))
    assert said(["Ada", "Bo"], Describing(has_agreed=True)) == ""


def test_a_name_is_put_into_one_spelling_or_refused() -> None:
    assert right_name(" Ada   Lovelace ") == "Ada Lovelace"
    assert right_name("0198F3A2-0000-7000-8000-000000000000") == "0198f3a2-0000-7000-8000-000000000000"
    for wrong in ("", "\n", "Ada\x07", "Ada\u202e", "-", "a" * 201):
        with pytest.raises(SmartlogError) as refusal:
            right_name(wrong)
        assert refusal.value.code == 2
