"""Changes through a running store, and through the socket or past it on the command line."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from answered import answered
from kept import running

from smartlogd import changing
from smartlogd.base.errors import Missing, ServiceAway, SmartlogError, UnusableInput
from smartlogd.base.time import SystemClock
from smartlogd.changing import change, changed
from smartlogd.settings import Settings
from smartlogd.store.engine import Store
from smartlogd.store.lock import FolderLock, FolderTaken

Village = Any


class Gallery:
    """Counts how often it was read anew."""

    def __init__(self) -> None:
        self.read = 0

    async def refresh(self) -> None:
        self.read += 1


async def made(store: Store, gallery: Gallery, what: str, **arguments: object) -> Mapping[str, object]:
    return await change(store, what, arguments, clock=SystemClock(), refresh=gallery.refresh)


async def test_a_daemon_makes_changes_through_its_one_writer_and_reads_the_gallery_anew(village: Village) -> None:
    uuid, gallery = village.stranger(), Gallery()
    async with running(village.folder) as store:
        told = await made(store, gallery, "assign", uuid=uuid, name="Anna")
        assert (told["changed"], gallery.read) == (True, 1)
        assert set(village.people_of_passings()) == {"Anna"}
        assert (await made(store, gallery, "assign", uuid=uuid, name="Anna"))["changed"] is False
        assert gallery.read == 1, "nothing was changed"


async def test_a_daemon_forgets_to_the_last_byte_while_it_runs(village: Village) -> None:
    uid, gallery = village.enrolled("Anna Perenna", 3, email="anna.perenna@example.org"), Gallery()
    vectors = [vector for (vector,) in village.ask("SELECT vector FROM face_templates")]
    async with running(village.folder) as store:
        await made(store, gallery, "rename", name=uid, to="Anna P. Perenna")
        assert b"Anna P. Perenna" in village.bytes()
        receipt = await made(store, gallery, "forget", name=uid)
        assert (receipt["templates"], receipt["keys"], gallery.read) == (3, 1, 2)
        left = village.bytes()
        assert [trace for trace in (b"Perenna", b"anna.perenna", *vectors) if trace in left] == []


async def test_what_a_daemon_cannot_do_is_raised_and_undone(village: Village) -> None:
    uuid, gallery = village.stranger(), Gallery()
    async with running(village.folder) as store:
        with pytest.raises(UnusableInput, match="no change called"):
            await made(store, gallery, "dance")
        with pytest.raises(Missing):
            await made(store, gallery, "assign", uuid="cafe", name="Anna")
        with pytest.raises(UnusableInput, match="does not fit"):
            await made(store, gallery, "assign", uuid=uuid, name="An\u200bna")
        assert village.ask("SELECT 1 FROM users WHERE name LIKE 'An%'") == []
        assert (await made(store, gallery, "ignore", uuid=uuid))["changed"] is True


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("XDG_RUNTIME_DIR", "RUNTIME_DIRECTORY", "STATE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    with TemporaryDirectory() as folder:  # short enough for a socket's path
        yield Path(folder) / "state"


@pytest.fixture
def settings(home: Path) -> Settings:
    return Settings.model_validate({"device": {"state_dir": str(home)}})


class Desk:
    """A daemon that takes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, object]]] = []

    async def status(self) -> Mapping[str, object]:
        return {}

    async def reload(self) -> Mapping[str, object]:
        return {}

    async def stop(self) -> None:
        return

    async def change(self, what: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        self.asked.append((what, arguments))
        if what == "forget":
            raise Missing("Nobody is called so.", "Look.")
        return {"changed": True}

    async def sync(self, what: str) -> Mapping[str, object]:
        return {}


def test_where_a_daemon_runs_it_is_asked_and_nothing_is_done_beside_it(settings: Settings, home: Path) -> None:
    desk = Desk()
    with answered(home / "run" / "control.sock", desk):
        assert changed(settings, "enrol", {"name": "Anna"}) == {"changed": True}
        with pytest.raises(SmartlogError, match="Nobody is called so") as caught:
            changed(settings, "forget", {"name": "Anna"})
        assert caught.value.code == Missing.code
        with pytest.raises(UnusableInput):
            changed(settings, "dance", {})
    assert desk.asked == [("enrol", {"name": "Anna"}), ("forget", {"name": "Anna"})]
    assert not (home / "smartlog.db").exists()


def test_where_no_daemon_runs_it_is_done_here(settings: Settings, home: Path) -> None:
    assert changed(settings, "enrol", {"name": "Anna"})["is_new"] is True
    assert (home / "smartlog.db").exists()


def test_a_daemon_that_is_just_going_is_waited_for(settings: Settings, home: Path) -> None:
    changed(settings, "enrol", {"name": "Anna"})
    lock = FolderLock.take(home)
    timer = threading.Timer(0.3, lock.release)
    timer.start()
    assert changed(settings, "rename", {"name": "Anna", "to": "Ana"})["changed"] is True
    timer.join()


def test_one_that_never_listens_is_not_waited_for_for_ever(
    settings: Settings, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changing, "COMES_S", 0.1)
    changed(settings, "enrol", {"name": "Anna"})
    lock = FolderLock.take(home)
    with pytest.raises(FolderTaken, match="already writes"):
        changed(settings, "rename", {"name": "Anna", "to": "Ana"})
    lock.release()


def test_one_that_hangs_up_may_have_done_it_and_it_is_not_done_again(settings: Settings, home: Path) -> None:
    path = home / "run" / "control.sock"
    path.parent.mkdir(parents=True)
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(path))
        listener.listen()

        def hang_up() -> None:
            line, _ = listener.accept()
            line.recv(1000)
            line.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(ServiceAway, match="hung up"):
            changed(settings, "enrol", {"name": "Anna"})
        thread.join()
    assert not (home / "smartlog.db").exists()
