"""Modules and functions stay small enough to be read in one sitting."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "smartlogd").rglob("*.py"))
WISHED_MODULE, LARGEST_MODULE = 300, 400
WISHED_FUNCTION, LARGEST_FUNCTION = 40, 60
EXCUSE = re.compile(r"#\s*house: \S")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def length(function: Function) -> int:
    """Lines from the signature to the end, without the docstring: explaining more is never punished."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_read_in_one_sitting(path: Path, house_note: list[str]) -> None:
    text = path.read_text()
    lines = text.splitlines()
    if any(line.startswith("# house: ") for line in lines):
        return
    if len(lines) > WISHED_MODULE:
        house_note.append(f"{path.relative_to(ROOT)} has {len(lines)} lines, more than {WISHED_MODULE}")
    assert len(lines) <= LARGEST_MODULE, "split it, or write `# house: reason` on a line of its own"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_function_is_seen_on_one_screen(path: Path, house_note: list[str]) -> None:
    text = path.read_text()
    lines = text.splitlines()
    for function in functions(ast.parse(text)):
        if any(EXCUSE.search(line) for line in lines[function.lineno - 1 : function.end_lineno]):
            continue
        size, name = length(function), f"{path.relative_to(ROOT)}: {function.name}"
        if size > WISHED_FUNCTION:
            house_note.append(f"{name} has {size} lines, more than {WISHED_FUNCTION}")
        assert size <= LARGEST_FUNCTION, f"{name} has {size} lines; split it, or write `# house: reason` in it"
