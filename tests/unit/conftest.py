"""Lets the tests here import `walks` and `looks`, made-up walks and looks that several folders of tests share."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "property"))
