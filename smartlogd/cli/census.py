"""How the centre and its devices are told, to people and to programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING

from smartlogd.cli.changed import iso, local

if TYPE_CHECKING:
    from smartlogd.sync.census import CentreSeen, DeviceSeen
    from smartlogd.sync.hardening import Gap

MOST_SHOWN = 3
_CLOCKS = {True: "good", False: "not trusted", None: ""}


def device_fields(device: DeviceSeen) -> dict[str, object]:
    """A device as programs read it."""
    return {**dataclasses.asdict(device), "last_seen": iso(device.last_seen)}


def device_rows(found: Iterable[DeviceSeen]) -> list[tuple[object, ...]]:
    """The devices as rows of a table."""
    return [
        (
            device.name,
            device.site or "",
            device.owner or "",
            local(device.last_seen),
            device.version or "",
            f"{device.rows:,}",
            device.late,
            device.rejects,
            _CLOCKS[device.clock],
            _word(device),
        )
        for device in found
    ]


def state_fields(seen: CentreSeen) -> dict[str, object]:
    """The centre as programs read it."""
    return dataclasses.asdict(seen)


def state_lines(seen: CentreSeen) -> list[str]:
    """The centre as a person reads it."""
    edition = f"{seen.edition} {seen.timescale}" if seen.timescale else seen.edition
    behind = "" if seen.schema == seen.newest_schema else f", {seen.newest_schema} is newer: smartlogd central upgrade"
    refused = f", {seen.rejects:,} refused" if seen.rejects else ""
    told = [
        ("centre", seen.centre + (", among others" if seen.is_shared else "")),
        ("server", f"{edition} (server {seen.server})"),
        ("schema", f"{seen.schema}{behind}, wire {seen.wire or 'none'}"),
        ("hypertables", ", ".join(seen.hypertables) or "none"),
        ("devices", f"{seen.devices}"),
        ("people", f"{seen.people}"),
        ("events", f"{seen.rows:,}, {seen.late:,} of them late{refused}"),
        ("size", f"{seen.bytes / 1e6:,.1f} MB"),
    ]
    width = max(len(name) for name, _ in told)
    return [f"{name:<{width}}  {text}" for name, text in told] + (gap_lines(seen.gaps) or ["Nothing is open."])


def gap_lines(gaps: Iterable[Gap]) -> list[str]:
    """What is open still, each with the first of the statements that would close it."""
    lines = []
    for gap in gaps:
        lines.append(f"{'To know' if gap.is_advice else 'Open'}: {gap.what}. What would close it:")
        lines += [f"  {statement};" for statement in gap.statements[:MOST_SHOWN]]
        if more := len(gap.statements) - MOST_SHOWN:
            lines += [f"  and {more} more (--json lists them)"] if more > 0 else []
    return lines


def _word(device: DeviceSeen) -> str:
    if not device.enabled:
        return "shut out"
    return "enrolled" if device.login else "no login"
