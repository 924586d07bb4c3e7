"""What `smartlogd db check` finds beyond the database, and `--repair` does: recordings, their files, their objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from smartlogd.cli.changed import made

if TYPE_CHECKING:
    from smartlogd.settings import Settings
    from smartlogd.store.check import Finding


def repaired(config: Path | None, settings: Settings) -> Iterator[Mapping[str, str]]:
    """Put right what can be, one thing after the other: what it is about, and what was done."""
    import asyncio

    told = made(config, "recording-repair")
    yield from cast(list[dict[str, str]], told["repairs"])
    yield from asyncio.run(_erased(settings))


def strays(settings: Settings) -> Iterator[Finding]:
    """Objects in the object store, where there is one, that no recording names: somebody pays for them."""
    import asyncio

    from smartlogd import wiring
    from smartlogd.store.check import Finding

    if found := asyncio.run(wiring.stray_objects(settings)):
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        what = f"{found[0]}{more}: it belongs to no recording; `smartlogd db check --repair` erases it."
        yield Finding("objects", what, grave=False)


async def _erased(settings: Settings) -> list[Mapping[str, str]]:
    """Erase objects without a row, in one bout."""
    from smartlogd import wiring

    if not (found := await wiring.stray_objects(settings)):
        return []
    await wiring.erase_objects(settings, found)
    return [{"about": str(place), "what": f"{place}: it belonged to no recording, and was erased."} for place in found]
