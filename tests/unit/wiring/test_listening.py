"""What settings become that listens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from smartlogd import wiring
from smartlogd.base.errors import Missing
from smartlogd.base.time import SystemClock
from smartlogd.settings import Settings

Given = Callable[..., Settings]


def test_the_microphone_is_the_one_that_is_set_and_is_not_opened_yet(settings: Given) -> None:
    made = wiring.microphone(settings(capture={"microphone": {"device": "USB"}}), SystemClock())
    assert (made.name, made.status, made.lost) == ("USB", "opening", 0)


async def test_the_ear_is_of_the_models_folder_or_the_mirror(
    settings: Given, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTLOG_MODEL_MIRROR", str(shared / "models"))
    said: list[str] = []
    ear = wiring.ear(settings(), may_stand_in=said.append)
    await ear.close()
    assert len(said) <= 1  # nothing is said where the official edition is in the mirror


def test_without_the_model_it_is_missed(settings: Given) -> None:
    with pytest.raises(Missing, match="yamnet"):
        wiring.ear(settings())


@pytest.mark.parametrize("enabled", [True, False])
def test_the_sound_model_is_among_those_in_use_only_where_somebody_listens(settings: Given, enabled: bool) -> None:
    in_use = wiring.models_in_use(settings(capture={"microphone": {"enabled": enabled}}))
    assert ("yamnet" in in_use) is enabled
    assert "yamnet_copy" not in in_use
