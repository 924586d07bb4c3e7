from __future__ import annotations

from smartlogd.schema.migrate import NEWEST
from smartlogd.schema.snapshot import snapshot


def test_the_kept_statements_are_those_of_the_models() -> None:
    assert NEWEST.read_text() == snapshot(), "after a change of the tables: python -m smartlogd.schema.snapshot"
