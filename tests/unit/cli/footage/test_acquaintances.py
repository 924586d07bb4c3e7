"""Whom a replay knows."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from smartlogd import wiring
from smartlogd.base.errors import Missing
from smartlogd.base.known import PersonId
from smartlogd.base.who import NETWORK, Who
from smartlogd.cli.acquaintances import Acquaintances
from smartlogd.identify.gallery import Gallery
from smartlogd.settings import Settings


@pytest.fixture
def settings(village: Any, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The village is this device; its faces are of the network that replays use."""
    monkeypatch.setattr("village.MODEL", NETWORK)
    return Settings.model_validate({"device": {"state_dir": village.folder}})


@pytest.fixture
def galleries(monkeypatch: pytest.MonkeyPatch) -> list[Gallery]:
    """What identifiers are opened with; the models themselves are not the point here."""
    opened: list[Gallery] = []

    class Opened:
        def __init__(self, gallery: Gallery) -> None:
            self.gallery = gallery
            opened.append(gallery)

    monkeypatch.setattr(wiring, "identifier", lambda _settings, gallery, *, is_patient: Opened(gallery))
    return opened


def beings(gallery: Gallery) -> set[Who]:
    return {template.who for template in gallery.templates}


def test_the_device_s_people_are_known_and_its_strangers_are_not(
    village: Any, settings: Settings, galleries: list[Gallery]
) -> None:
    uid = village.enrolled("Ada")
    village.stranger(1)
    acquaintances = Acquaintances(settings)
    acquaintances.identifier()
    assert beings(galleries[0]) == {Who(UUID(uid), is_known=True)}
    assert acquaintances.people[PersonId(UUID(uid))].name == "Ada"


def test_the_strangers_of_the_database_it_writes_are_known_too(
    village: Any, settings: Settings, galleries: list[Gallery], tmp_path: Path
) -> None:
    uuid = village.stranger(1)
    shutil.copytree(village.folder, tmp_path / "other")
    Acquaintances(settings, tmp_path / "other" / "smartlog.db").identifier()
    assert beings(galleries[0]) == {Who(UUID(uuid), is_known=False)}


def test_who_was_met_in_one_clip_is_known_in_the_next(
    village: Any, settings: Settings, galleries: list[Gallery]
) -> None:
    acquaintances = Acquaintances(settings)
    first: Any = acquaintances.identifier()
    uid = village.enrolled("Ada")
    first.gallery = Gallery(wiring.templates(village.folder))
    acquaintances.met(first)
    acquaintances.identifier()
    assert beings(galleries[1]) == {Who(UUID(uid), is_known=True)}


def test_without_its_models_it_says_so_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(*_: object, **__: object) -> object:
        raise Missing("The model is not on this device.", "Fetch it.")

    monkeypatch.setattr(wiring, "identifier", missing)
    acquaintances = Acquaintances(settings)
    for _ in range(2):
        acquaintances.met(acquaintances.identifier())
    assert capsys.readouterr().err == "Nobody is recognised: The model is not on this device. Fetch it.\n"


def test_ids_are_those_of_the_database_that_is_written(
    village: Any, settings: Settings, tmp_path: Path, model: Callable[[str], Path]
) -> None:
    uid = PersonId(UUID(village.enrolled("Ada")))
    shutil.copytree(village.folder, tmp_path / "other")
    acquaintances = Acquaintances(settings, tmp_path / "other" / "smartlog.db")
    acquaintances.introduced()
    assert acquaintances.people[uid].name == "Ada"
