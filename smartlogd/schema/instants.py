"""Instants as whole microseconds since 1970, the form in which SQLite keeps them.

Integers sort, compare and index as numbers do, and lose nothing: a float second or a text rounded to
milliseconds would make two rows of one event look different to the centre.
"""

from __future__ import annotations

import datetime as dt

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def micros(instant: dt.datetime) -> int:
    """Microseconds since 1970 UTC; ValueError for a naive datetime, which names no instant.

    >>> micros(dt.datetime(2026, 1, 1, 0, 0, 0, 250, tzinfo=dt.UTC))
    1767225600000250
    """
    if instant.utcoffset() is None:
        raise ValueError(f"{instant!r} has no time zone, so it names no instant.")
    return (instant - EPOCH) // _MICROSECOND


def instant_of(microseconds: int) -> dt.datetime:
    """The aware UTC instant, so many microseconds after 1970.

    >>> instant_of(1767225600000250).isoformat()
    '2026-01-01T00:00:00.000250+00:00'
    """
    return EPOCH + dt.timedelta(microseconds=microseconds)
