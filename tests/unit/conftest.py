"""What the unit tests share: made-up walks and looks to import, and a state folder with people in it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "property")]


@pytest.fixture
def village(tmp_path: Path) -> Any:
    """People and strangers in a state folder of their own."""
    from village import Village

    return Village(tmp_path / "state")
