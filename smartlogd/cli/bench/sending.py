"""`smartlogd bench drain`, `fleet`, `reports` and `upload`: how device, centre and object store get along."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartlogd.base.errors import Missing
from smartlogd.cli.bench.report import Runs, disk, settings_of, tell
from smartlogd.cli.options import AsJson, Config

if TYPE_CHECKING:
    from smartlogd.schema.migrate import DatabaseUrl

WANTED_DRAIN = 0.25
WANTED_UPLOAD = 0.9
WANTED_AGE_S = 5.0
WANTED_IDLE_S = 33.0
"""30 s of [sync] idle_s, and the time between two looks at it."""
WANTED_REPORT_MS = 100.0

Where = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="A PostgreSQL to measure in a database made and dropped there, without a password; unless given, "
        "$DATABASE_URL or .env; without any, a server started for it.",
    ),
]
Folder = Annotated[Path | None, typer.Option(metavar="DIR", help="On which disk; the temporary one unless given.")]


def drain(
    rows: Annotated[int, typer.Option(min=100, max=5_000_000, help="Events that wait in the outbox.")] = 200_000,
    runs: Runs = 3,
    url: Where = None,
    folder: Folder = None,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """A device's backlog sent to a centre, beside bare COPY.

    Both write the same rows into the same tables, turn about: the device by its own outbox, login and connection, COPY
    in one stream and one transaction.
    """
    import asyncio

    from smartlogd.cli.bench.drain import drain as measure

    settings_of(config, None)
    measured = asyncio.run(measure(disk(folder), _url(url), rows, runs, _aside))
    tell(
        {
            "what": "drain", "rows": measured.rows, "rows_at_centre": measured.at_centre,
            "drain_s": [round(one, 3) for one in measured.drained_s],
            "drain_cpu_s": [round(one, 3) for one in measured.drained_cpu_s],
            "copy_s": [round(one, 3) for one in measured.copied_s],
            "drain_rows_per_s": round(measured.rows_per_s), "copy_rows_per_s": round(measured.copied_per_s),
            "ratio": round(measured.ratio, 3), "wanted": WANTED_DRAIN,
        },
        f"drain: {measured.rows_per_s:,.0f} events/s; bare COPY {measured.copied_per_s:,.0f}; "
        f"ratio {measured.ratio:.2f} (at least {WANTED_DRAIN:g})",
        as_json=as_json,
    )  # fmt: skip


def upload(
    size: Annotated[int, typer.Option(min=1, max=5000, metavar="MIB", help="How large the recording is.")] = 64,
    runs: Runs = 5,
    endpoint: Annotated[
        str | None, typer.Option(metavar="URL", help="The object store; that of [sync.media] unless given.")
    ] = None,
    bucket: Annotated[
        str | None, typer.Option(metavar="NAME", help="The bucket; that of [sync.media] unless given.")
    ] = None,
    folder: Folder = None,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """A recording sent to an object store, beside a bare client.

    Both send the same file into the same bucket, turn about; what was sent is taken away again. The keys are the
    device's own, else AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the environment.
    """
    import asyncio
    import os

    from smartlogd import wiring
    from smartlogd.cli.bench.upload import keys
    from smartlogd.cli.bench.upload import upload as measure

    given = {"sync.media.endpoint": endpoint, "sync.media.bucket": bucket}
    settings = settings_of(config, None, {name: value for name, value in given.items() if value is not None})
    media = settings.sync.media
    if not media.is_on:
        raise Missing("No bucket is named.", "Set [sync.media] bucket, or say --bucket NAME.")
    credentials = keys(settings.folders().state, wiring.credentials(), os.environ)
    measured = asyncio.run(measure(media, credentials, disk(folder), size, runs, _aside))
    tell(
        {
            "what": "upload", "bytes": measured.bytes,
            "upload_s": [round(one, 3) for one in measured.ours_s],
            "bare_s": [round(one, 3) for one in measured.bare_s],
            "upload_mib_per_s": round(measured.ours_mib_per_s, 1), "bare_mib_per_s": round(measured.bare_mib_per_s, 1),
            "ratio": round(measured.ratio, 3), "wanted": WANTED_UPLOAD,
        },
        f"upload of {size} MiB: {measured.ours_mib_per_s:,.0f} MiB/s; bare client {measured.bare_mib_per_s:,.0f}; "
        f"ratio {measured.ratio:.2f} (at least {WANTED_UPLOAD:g})",
        as_json=as_json,
    )  # fmt: skip


def fleet(
    devices: Annotated[int, typer.Option(min=2, max=5000, help="How many devices.")] = 500,
    seconds: Annotated[float, typer.Option(min=10, max=3600, help="How long events come.")] = 60.0,
    switch_on: Annotated[float, typer.Option(min=0, max=600, help="Within how long they are switched on.")] = 15.0,
    silence: Annotated[float, typer.Option(min=0, max=600, help="How long nothing happens after that.")] = 60.0,
    shortage: Annotated[
        float, typer.Option(min=0, max=600, help="How long the server lets in only a tenth of them; 0: never.")
    ] = 20.0,
    folder: Folder = None,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Many devices on one PostgreSQL of this machine.

    Each has a login of its own, over TLS, and makes one event in each ten seconds. How old an event is when the centre
    shows it is counted from its stamp to the commit.
    """
    import asyncio

    from smartlogd.cli.bench.fleet import Span
    from smartlogd.cli.bench.fleet import fleet as measure

    settings_of(config, None)
    span = Span(seconds, switch_on, silence, shortage, max(1, devices // 10))
    with _hushed():
        it = asyncio.run(measure(disk(folder), devices, span, _aside))
    tell(
        {
            "what": "fleet", "devices": it.devices, "switched_on_s": switch_on,
            "events": it.made, "missing": it.missing, "twice": it.twice,
            "strange": it.strange, "measured": it.ages.rows, "age_p50_s": round(it.ages.p50_s, 3),
            "age_p99_s": round(it.ages.p99_s, 3), "age_most_s": round(it.ages.highest_s, 3),
            "connections_each": it.most_each, "idle_most_s": round(it.idle_s, 1), "connected": it.connected,
            "connected_in_silence": it.fewest, "turned_away": it.turned_away,
            "recovered_s": round(it.recovered_s, 1), "devices_cpu_s": round(it.cpu_s, 1),
            "wanted_age_p99_s": WANTED_AGE_S, "wanted_idle_s": WANTED_IDLE_S,
        },
        f"fleet of {it.devices}: {it.made:,} events, {it.missing} missing, {it.twice} twice; age when seen "
        f"{it.ages.p50_s:.1f} s, 99 of 100 within {it.ages.p99_s:.1f} s (at most {WANTED_AGE_S:g}); "
        f"{it.most_each} connection each, idle for {it.idle_s:.0f} s at most (at most {WANTED_IDLE_S:g}), "
        f"{it.fewest} of {it.connected} left in silence; "
        f"{it.turned_away} turned away, all well {it.recovered_s:.0f} s after",
        as_json=as_json,
    )  # fmt: skip


def reports(
    rows: Annotated[int, typer.Option(min=1000, max=100_000_000, help="Passings in the log.")] = 10_000_000,
    devices: Annotated[int, typer.Option(min=1, max=1000, help="Of how many devices, two lines each.")] = 10,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Over how many days until now.")] = 365,
    runs: Runs = 9,
    url: Where = None,
    folder: Folder = None,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """The reports over years of a log.

    They are asked for as a dashboard does.

    The log is made up at the server, some six gigabytes for ten million passings, and removed afterwards.
    """
    from smartlogd.cli.bench.reports import reports as measure
    from smartlogd.sync.years import Span

    settings_of(config, None)
    measured = measure(disk(folder), _url(url), Span(rows, devices, days), runs, _aside)
    slowest_ms = measured.hourly_s * 1e3
    tell(
        {
            "what": "reports", "server": measured.server, "rows": measured.rows, "counts": measured.counts,
            "ms": {name: round(took_s * 1e3, 1) for name, (_, took_s) in measured.panels.items()},
            "rows_of": {name: number for name, (number, _) in measured.panels.items()},
            "hourly_ms": round(slowest_ms, 1), "wanted_ms": WANTED_REPORT_MS,
        },
        f"reports over {measured.rows:,} passings ({measured.counts:,} counts), {measured.server}: "
        f"in_out_hourly within {slowest_ms:.0f} ms (at most {WANTED_REPORT_MS:g})\n"
        + "\n".join(
            f"  {name}: {took_s * 1e3:.1f} ms, {number:,} rows" for name, (number, took_s) in measured.panels.items()
        ),
        as_json=as_json,
    )  # fmt: skip


def _url(given: str | None) -> DatabaseUrl | None:
    """The server to measure; None for one of our own."""
    import os

    from dotenv import dotenv_values

    from smartlogd.sync.administrator import VARIABLE, administrator

    file = dotenv_values(".env", interpolate=False) if Path(".env").is_file() else {}
    known = {**file, **os.environ}
    return administrator(given, known) if given or known.get(VARIABLE) else None


@contextmanager
def _hushed() -> Iterator[None]:
    """A centre that is stopped on purpose is no news, for as long as that lasts."""
    import logging

    logger = logging.getLogger("smartlogd.sync")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _aside(text: str) -> None:
    typer.echo(text, err=True)
