"""What an installed copy holds: the code, its migrations, the settings described, the catalogue of models."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in a wheel of this checkout, built without a network."""
    source, made = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("smartlogd", "config"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*command, "--wheel-dir", made, source], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(zipfile.ZipFile(next(made.glob("*.whl"))).namelist())


def test_every_module_is_in_the_wheel(members: set[str]) -> None:
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "smartlogd").rglob("*.py")}
    assert modules <= members
    assert "smartlogd/py.typed" in members


def test_the_settings_and_the_catalogue_are_in_the_wheel(members: set[str]) -> None:
    shared = {name.partition("/share/smartlogd/")[2] for name in members if "/share/smartlogd/" in name}
    assert shared == {path.name for path in (ROOT / "config").glob("*.toml")}


def test_nothing_that_only_belongs_to_the_checkout_is_in_the_wheel(members: set[str]) -> None:
    assert {name.split("/")[0].split("-")[0].split(".")[0] for name in members} == {"smartlogd"}


def test_the_licence_goes_with_it(members: set[str]) -> None:
    assert any(name.endswith("licenses/LICENSE") for name in members)
