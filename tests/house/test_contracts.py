"""The import contracts hold, and name every room there is."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


def lint(config: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--config", str(config), "--no-cache"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_every_contract_is_kept() -> None:
    done = lint(ROOT / "pyproject.toml")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("source", ["smartlogd.base.seen", "smartlogd.base.ports"], ids=["directly", "by way of seen"])
def test_a_broken_contract_is_noticed(tmp_path: Path, source: str) -> None:
    config = tmp_path / "contract.toml"
    config.write_text(
        "[tool.importlinter]\nroot_package = 'smartlogd'\ninclude_external_packages = true\n"
        "[[tool.importlinter.contracts]]\nname = 'none'\ntype = 'forbidden'\n"
        f"source_modules = ['{source}']\nforbidden_modules = ['numpy']\n"
    )
    done = lint(config)
    assert done.returncode == 1, done.stdout
    assert "numpy" in done.stdout


def test_pure_modules_are_all_under_the_purity_contract() -> None:
    pure = next(set(one["source_modules"]) for one in CONTRACTS if one["name"].startswith("Pure means pure"))
    says_pure = {
        "smartlogd." + ".".join(path.relative_to(ROOT / "smartlogd").with_suffix("").parts)
        for path in (ROOT / "smartlogd").rglob("*.py")
        if "pure" in path.read_text().split('"""')[1].lower().split()
    }
    uncovered = {name for name in says_pure if not any(name == one or name.startswith(f"{one}.") for one in pure)}
    assert uncovered == set()
