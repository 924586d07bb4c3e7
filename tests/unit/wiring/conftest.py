"""Settings of a device in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from smartlogd.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    def made(**tables: dict[str, object]) -> Settings:
        own: dict[str, object] = {"device": {"state_dir": str(tmp_path / "state"), "name": "yard"}}
        return Settings.model_validate(own | tables)

    return made
