from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from kept import running
from looks import NEAR, look
from walks import at

from smartlogd import recognition, wiring
from smartlogd.base.errors import DiskTrouble, Missing, SmartlogError
from smartlogd.base.ids import ReplayIds
from smartlogd.base.known import PersonId
from smartlogd.base.time import SystemClock
from smartlogd.base.who import Template, Who
from smartlogd.changing import change
from smartlogd.identify.identifier import FaceIdentifier
from smartlogd.identify.options import IdentifyOptions
from smartlogd.movement.rules import Rules
from smartlogd.pipeline import Pipeline
from smartlogd.recognition import opened, refreshed, swept, unrecognised
from smartlogd.settings import Settings
from smartlogd.store.engine import Store

Village = Any


@pytest.fixture
async def identifier() -> AsyncIterator[FaceIdentifier]:
    class Never:
        model = "made"

        def embed(self, chip: object) -> Any:
            raise AssertionError("nothing is looked at here")

    one = FaceIdentifier(Never(), lambda _, face: face, IdentifyOptions())
    yield one
    await one.close()


def river(store: Store, identifier: FaceIdentifier | None) -> Pipeline:
    """A pipeline that no frame comes to; what looks tell is handed to it."""
    return Pipeline(
        camera=None,  # type: ignore[arg-type]
        gate=None,  # type: ignore[arg-type]
        detector=None,  # type: ignore[arg-type]
        ids=ReplayIds("0" * 64),
        journal=store.journal,
        lines=(),
        rules=Rules(),
        device="yard",
        identifier=identifier,
    )


@pytest.fixture(autouse=True)
def _faces_of_any_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The made faces say that they are of a made network."""
    from smartlogd.store.keys import Keys
    from smartlogd.store.templates import load

    def templates(folder: Path) -> tuple[Template, ...]:
        return tuple(
            Template(one.id, one.who, "made", one.vector, one.quality) for one in load(folder, Keys.open(folder))
        )

    monkeypatch.setattr(wiring, "templates", templates)


class TestReadingAnew:
    async def test_who_is_in_the_database_is_known_by_face_and_by_name(
        self, village: Village, identifier: FaceIdentifier
    ) -> None:
        uid = PersonId(UUID(village.enrolled("Anna", 3)))
        village.stranger()
        async with running(village.folder) as store:
            people = await refreshed(store, river(store, identifier), identifier)
        assert people[uid].name == "Anna"
        assert len(identifier.gallery) == 4
        assert Who(uid, is_known=True) in {one.who for one in identifier.gallery.templates}

    async def test_where_nobody_is_looked_at_names_are_known_all_the_same(self, village: Village) -> None:
        uid = PersonId(UUID(village.enrolled("Anna")))
        async with running(village.folder) as store:
            people = await refreshed(store, river(store, None), None)
        assert people[uid].name == "Anna"

    async def test_someone_in_view_who_is_named_carries_the_name(
        self, village: Village, identifier: FaceIdentifier
    ) -> None:
        uid = UUID(village.enrolled("Anna"))
        async with running(village.folder) as store:
            flow = river(store, identifier)
            flow._learnt((look(1),), at(1))
            (uuid,) = flow.identities.subjects

            async def refresh() -> None:
                await refreshed(store, flow, identifier)

            arguments = {"uuid": str(uuid), "name": "Anna"}
            await change(store, "assign", arguments, clock=SystemClock(), refresh=refresh)
        assert flow.identities.whom == {1: Who(uid, is_known=True)}
        assert {one.who for one in identifier.gallery.templates} == {Who(uid, is_known=True)}

    async def test_who_was_recognised_a_moment_ago_is_not_taken_for_nobody(
        self, village: Village, identifier: FaceIdentifier
    ) -> None:
        anna = Who(UUID(village.enrolled("Anna")), is_known=True)
        async with running(village.folder, group_commit_s=0.5) as store:
            flow = river(store, identifier)
            flow._learnt((look(1, (anna, NEAR)),), at(1))
            before = flow.identities.subjects
            await refreshed(store, flow, identifier)
        assert flow.identities.whom == {1: anna}
        assert flow.identities.subjects == before

    async def test_a_face_that_is_learnt_while_others_are_read_is_not_forgotten(
        self, village: Village, identifier: FaceIdentifier, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        village.enrolled("Anna")
        loop, read, readings = asyncio.get_running_loop(), wiring.templates, []
        async with running(village.folder) as store:
            flow = river(store, identifier)

            def meanwhile(folder: Path) -> tuple[Template, ...]:
                found = read(folder)
                readings.append(len(found))
                if len(readings) == 1:
                    learnt = threading.Event()
                    loop.call_soon_threadsafe(lambda: (flow._learnt((look(1),), at(1)), learnt.set()))
                    assert learnt.wait(10)
                return found

            monkeypatch.setattr(wiring, "templates", meanwhile)
            await refreshed(store, flow, identifier)
        assert readings == [2, 3]
        assert len(identifier.gallery) == 3

    async def test_faces_that_come_faster_than_they_are_read_hold_nobody_up(
        self, village: Village, identifier: FaceIdentifier, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        readings = []
        async with running(village.folder) as store:
            flow = river(store, identifier)

            def busy(folder: Path) -> tuple[Template, ...]:
                readings.append(folder)
                flow.tally.looks += 1
                return ()

            monkeypatch.setattr(wiring, "templates", busy)
            await refreshed(store, flow, identifier)
        assert len(readings) == recognition._MOST_READINGS


class TestCleaningUp:
    async def test_strangers_who_were_kept_long_enough_go_and_that_is_said(self, village: Village) -> None:
        village.enrolled("Anna")
        village.stranger()
        async with running(village.folder) as store:
            assert await swept(store, IdentifyOptions(stranger_keep_d=0)) is True
            assert await swept(store, IdentifyOptions(stranger_keep_d=0)) is False
        assert village.ask("SELECT count(*) FROM face_templates WHERE subject IS NOT NULL") == [(0,)]

    async def test_a_disk_that_refuses_is_told_of(self, village: Village) -> None:
        async with running(village.folder) as store:
            pass
        with pytest.raises(DiskTrouble):
            await swept(store, IdentifyOptions())


class TestOpening:
    def test_where_it_is_switched_off_nothing_is_opened(self) -> None:
        settings = Settings.model_validate({"identify": {"enabled": False}})
        assert opened(settings) is None

    def test_without_its_models_people_are_only_counted(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        settings = Settings.model_validate({"detect": {"models_dir": str(tmp_path)}})
        error = opened(settings)
        assert isinstance(error, Missing)
        with caplog.at_level(logging.WARNING):
            assert error.what in unrecognised(error)
        assert [record.message for record in caplog.records] == ["nobody is recognised"]

    def test_any_other_trouble_is_told_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object, **__: object) -> None:
            raise SmartlogError("No.", "Try again.")

        monkeypatch.setattr(wiring, "identifier", broken)
        assert isinstance(opened(Settings()), SmartlogError)
