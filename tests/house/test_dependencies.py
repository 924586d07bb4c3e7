"""What is imported is declared, what is declared is imported, and the lock holds both with hashes."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

# Not ours to declare: the Pi's apt packages, and the runtime that ai-edge-litert replaces. Extras bring the other two.
FROM_ELSEWHERE = {"dlib", "gi", "libcamera", "picamera2", "sounddevice", "tflite_runtime"}
# Loaded by name at run time.
BY_NAME = {"ai_edge_litert", "aiosqlite"}


def normal(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def used() -> set[str]:
    """Packages that the code imports, or names in a string as ai-edge-litert and aiosqlite are named."""
    homes = packages_distributions()
    names = set()
    for path in (ROOT / "smartlogd").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                names |= {word for word in BY_NAME if re.search(rf"\b{word}\b", node.value)}
    ours = names - set(sys.stdlib_module_names) - FROM_ELSEWHERE - {"smartlogd"}
    return {normal(homes[name][0]) if name in homes else name for name in ours}


def locked(name: str) -> dict[str, str]:
    """Package -> its block in the lock: the pinned line and its hashes."""
    blocks = re.split(r"\n(?=[a-z0-9])", (ROOT / name).read_text())
    return {normal(block): block for block in blocks if "==" in block}


def test_everything_imported_is_declared_and_everything_declared_is_imported() -> None:
    assert used() == {normal(requirement) for requirement in PROJECT["project"]["dependencies"]}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock"])
def test_the_lock_pins_every_declared_package_with_hashes(name: str) -> None:
    pinned = locked(name)
    declared = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["build"]
    if "test" in name:
        declared = declared + PROJECT["dependency-groups"]["test"]
    assert {normal(requirement) for requirement in declared} <= set(pinned)
    assert [package for package, block in pinned.items() if "--hash=sha256:" not in block] == []


def test_both_locks_agree_on_what_runs() -> None:
    def pin(block: str) -> str:
        return block.split(" ", maxsplit=1)[0]

    runs, tests = locked("requirements.lock"), locked("requirements-test.lock")
    assert {name: pin(block) for name, block in runs.items()} == {name: pin(tests[name]) for name in runs}
