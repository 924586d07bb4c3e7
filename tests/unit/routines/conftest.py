"""A clock that stands at half a minute before eight."""

from __future__ import annotations

import datetime as dt

import pytest
from clockwork import SetClock


@pytest.fixture
def clock() -> SetClock:
    """Half a minute before eight, UTC, on a Monday."""
    return SetClock(dt.datetime(2027, 3, 1, 7, 59, 30, tzinfo=dt.UTC))
