"""The unit tests stand in the same rooms as what they test."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE, UNIT = ROOT / "smartlogd", ROOT / "tests" / "unit"

# Modules whose proof stands elsewhere, each with the reason.
ELSEWHERE: dict[str, str] = {
    "__main__.py": "tests/unit/cli starts it as a process, which is the only way it is ever run",
}


def has_logic(path: Path) -> bool:
    """Whether any function in the module does more than name itself: declarations need no test."""
    tree = ast.parse(path.read_text())
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return any(not isinstance(statement, ast.Expr) for function in functions for statement in function.body)


LOGIC = sorted(
    path.relative_to(PACKAGE)
    for path in PACKAGE.rglob("*.py")
    if path.name != "__init__.py" and "versions" not in path.parts and has_logic(path)
)


@pytest.mark.parametrize("module", LOGIC, ids=str)
def test_a_module_with_logic_has_a_unit_test_of_its_name(module: Path) -> None:
    if str(module) in ELSEWHERE:
        return
    room = UNIT if module.parent == Path() else UNIT / module.parts[0]
    assert list(room.rglob(f"test_{module.stem}.py")), f"tests/unit/{module.parent}/test_{module.stem}.py is missing"


def test_every_exception_is_still_one() -> None:
    assert [name for name in ELSEWHERE if Path(name) not in LOGIC] == []


def test_a_unit_test_names_a_module_that_exists() -> None:
    stems = {path.stem for path in PACKAGE.rglob("*.py")}
    orphans = [path for path in UNIT.rglob("test_*.py") if path.stem.removeprefix("test_") not in stems]
    assert orphans == []
