"""What settings become that keep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from smartlogd import wiring
from smartlogd.base.time import SystemClock
from smartlogd.settings import Settings

Given = Callable[..., Settings]


async def test_the_database_lies_in_the_state_folder_and_has_its_upkeep(settings: Given, tmp_path: Path) -> None:
    store = wiring.store(settings(), SystemClock(), uuid4())
    upkeep = wiring.upkeep(store, settings)
    try:
        assert store.path.parent == tmp_path / "state"
        assert await upkeep.counted() == 0
    finally:
        await upkeep.close()
        await store.close()
