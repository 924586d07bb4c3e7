"""The unit by itself: systemd understands it, and finds little in it that an intruder could use."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "systemd"
UNIT = FOLDER / "smartlogd.service"


@pytest.fixture(autouse=True)
def _analyzer() -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze (apt install systemd)")


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


def test_the_unit_leaves_an_intruder_at_most_two_points_of_ten(house_note: list[str]) -> None:
    done = analyze("security", "--offline=true", "--threshold=20", str(UNIT))
    assert done.returncode == 0, done.stdout + done.stderr
    score = re.search(r"exposure level for smartlogd.service: ([\d.]+)", done.stdout)
    assert score
    assert float(score[1]) <= 2.0
    house_note.append(f"systemd-analyze security: {score[1]}")


def test_systemd_understands_every_line_of_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "smartlogd.service"
    unit.write_text(re.sub(r"^ExecStart=.*", "ExecStart=/bin/true", UNIT.read_text(), flags=re.MULTILINE))
    done = analyze("verify", "--man=no", str(unit))
    assert done.returncode == 0, done.stderr
    assert str(unit) not in done.stderr


def test_a_misspelt_line_would_be_noticed(tmp_path: Path) -> None:
    unit = tmp_path / "smartlogd.service"
    unit.write_text("[Service]\nExecStart=/bin/true\nWatchdogSecs=20\n")
    assert "WatchdogSecs" in analyze("verify", "--man=no", str(unit)).stderr


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.conf.example")), ids=lambda path: path.name)
def test_what_is_installed_and_not_enabled_says_how_to_enable_it(path: Path) -> None:
    assert f"sudo install -D -m 644 {path.name} /etc/systemd/" in path.read_text()
