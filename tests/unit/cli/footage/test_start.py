"""How soon a started daemon has seen its first frame."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from smartlogd.base.errors import SmartlogError
from smartlogd.cli.bench.start import Start, resident_bytes, start
from smartlogd.detect.options import DetectOptions
from smartlogd.settings import Settings


def test_the_middle_of_several_starts_counts() -> None:
    assert Start((1.2, 9.0, 1.3), 0).median_s == 1.3


def test_the_memory_of_another_process_is_seen() -> None:
    hog = "import sys; held = bytearray(b'x' * 50_000_000); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", hog], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert 50_000_000 < resident_bytes(process.pid) < 150_000_000
        process.communicate()


async def test_a_real_daemon_is_started_and_stopped_again(there_and_back: Path, models_dir: Path) -> None:
    settings = Settings(detect=DetectOptions(models_dir=models_dir))
    measured = await start(settings, str(there_and_back), rounds=1, linger_s=0.2)
    assert 0 < measured.median_s < 30
    assert measured.resident_bytes > 50_000_000


async def test_a_daemon_that_cannot_start_is_told_with_its_own_words(tmp_path: Path) -> None:
    settings = Settings(detect=DetectOptions(models_dir=tmp_path))
    with pytest.raises(SmartlogError, match="before its first frame") as caught:
        await start(settings, "demo", rounds=1, linger_s=0.0)
    assert "smartlogd models fetch" in caught.value.hint
