"""Rows in columns, as wide as what stands in them; never cut, so that they can be piped on."""

from __future__ import annotations

from collections.abc import Sequence


def columns(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """The rows under their heads, two spaces between columns.

    >>> print(columns(("name", "size"), [("face", "2 MB"), ("pose detector", "3 MB")]))
    name           size
    face           2 MB
    pose detector  3 MB
    """
    table = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in table)
    return "\n".join(line.rstrip() for line in lines)
