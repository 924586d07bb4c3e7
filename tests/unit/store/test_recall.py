"""The measure of reading faces keeps real templates and reads them back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from smartlogd.base.who import Template, Who
from smartlogd.store import recall as measured
from smartlogd.store.templates import load


def test_known_and_unknown_beings_are_kept_and_read_as_often_as_asked(
    tmp_path: Path, face: Callable[..., Template], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[set[tuple[UUID, Who]]] = []

    def loaded(*given: object) -> tuple[Template, ...]:
        templates = load(*given)  # type: ignore[arg-type]
        read.append({(one.id, one.who) for one in templates})
        return templates

    monkeypatch.setattr(measured, "load", loaded)
    beings = [Who(UUID(int=number + 1), is_known=number < 2) for number in range(4)]
    templates = [replace(face(seed), who=beings[seed % 4]) for seed in range(8)]
    seconds = measured.recall(tmp_path, templates, 3)
    assert len(seconds) == 3
    assert min(seconds) > 0
    assert read == [{(one.id, one.who) for one in templates}] * 3
    assert list(tmp_path.iterdir()) == []
