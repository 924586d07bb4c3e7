"""The way to the object store in a running daemon: there, away, refused, or none at all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
from kept import running

from smartlogd import wiring
from smartlogd.base.errors import WrongConfiguration
from smartlogd.locker import Locker
from smartlogd.settings import Settings


class Carrying:
    """An upload that is at work until it is cancelled."""

    def __init__(self) -> None:
        self.looked = 0

    async def run(self) -> None:
        await asyncio.Event().wait()

    def look(self) -> None:
        self.looked += 1

    def state(self) -> Mapping[str, object]:
        return {"word": "ok"}


def settings(folder: Path, bucket: str) -> Settings:
    return Settings.model_validate(
        {"device": {"state_dir": str(folder)}, "sync": {"media": {"bucket": bucket, "endpoint": "http://127.0.0.1:9"}}}
    )


async def until(locker: Locker, word: str) -> None:
    async with asyncio.timeout(5):
        while locker.state()["word"] != word:
            await asyncio.sleep(0.01)


async def test_without_a_bucket_recordings_stay_here(tmp_path: Path) -> None:
    async with running(tmp_path) as store:
        locker = Locker(store, lambda: settings(tmp_path, ""), lambda: False)
        task = asyncio.create_task(locker.run())
        await asyncio.sleep(0.05)
        locker.look()
        assert locker.state() == {"word": "off", "detail": ""}
        task.cancel()
        await asyncio.wait({task})


async def test_keys_that_are_missing_refuse_it_until_the_settings_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carrying = Carrying()
    answers: list[object] = [WrongConfiguration("No keys.", "Write them."), carrying]

    def upload(*_: object) -> object:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(wiring, "upload", upload)
    async with running(tmp_path) as store:
        locker = Locker(store, lambda: settings(tmp_path, "yard"), lambda: False)
        task = asyncio.create_task(locker.run())
        await until(locker, "refused")
        assert "No keys. Write them." in str(locker.state()["detail"])
        locker.again()
        await until(locker, "ok")
        locker.look()
        assert carrying.looked == 1
        task.cancel()
        await asyncio.wait({task})
    assert locker.state()["word"] == "off"
