"""Every module says what it is, every room has its door plate, and no drawer is called miscellaneous."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "smartlogd").rglob("*.py"))
ROOMS = ["base", "capture", "detect", "movement", "record", "schema", "store"]
DRAWERS = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_begins_by_saying_what_it_is(path: Path) -> None:
    told = ast.get_docstring(ast.parse(path.read_text()))
    assert told, "a module's first line is one sentence in plain words"
    assert told.splitlines()[0].rstrip().endswith((".", ":", "?")), "the first line is a whole sentence"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_a_door_plate_and_nothing_else_in_its_door(room: str) -> None:
    tree = ast.parse((ROOT / "smartlogd" / room / "__init__.py").read_text())
    plate = ast.get_docstring(tree) or ""
    for word in ("Takes:", "Gives:", "Keeps:", "Never:"):
        assert word in plate, f"smartlogd/{room}/__init__.py does not say what the room {word.lower()}"
    assert len(tree.body) == 1, "a door plate holds no code, so that opening one module loads no other"


def test_no_file_is_a_drawer_for_everything() -> None:
    names = [path for folder in ("smartlogd", "tests", "scripts") for path in (ROOT / folder).rglob("*")]
    drawers = [path for path in names if path.stem.removeprefix("test_") in DRAWERS and "__pycache__" not in path.parts]
    assert not drawers
