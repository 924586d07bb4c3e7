"""A device of its own for each journey; and lets the tests here import `device`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from device import Device


@pytest.fixture
def device(models_dir: Path) -> Iterator[Device]:
    with TemporaryDirectory() as folder:  # short enough for a socket's path
        yield Device(Path(folder), models_dir)
