"""Lets the tests here import `walks`, the made-up walks that three folders of tests share."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "property"))
