"""What settings become that reach out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from smartlogd import wiring
from smartlogd.settings import Settings

Given = Callable[..., Settings]


def test_a_device_that_joined_no_centre_has_none(settings: Given) -> None:
    assert wiring.bundle(settings()) is None
    assert wiring.bundle(settings(sync={"enabled": False})) is None


def test_credentials_are_what_systemd_gave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert wiring.credentials() is None
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert wiring.credentials() == tmp_path
