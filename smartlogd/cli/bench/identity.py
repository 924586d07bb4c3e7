"""`smartlogd bench embed` and `bench gallery`: what it costs to say who someone is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartlogd.cli.bench.report import Runs, disk, settings_of, tell
from smartlogd.cli.options import AsJson, Config

WANTED_EMBED = 0.1
WANTED_NEAREST_MS = 2.0
WANTED_LOAD_S = 0.5
_MIB = 1024 * 1024


def embed(runs: Runs = 9, config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """One embedding by TFLite, beside dlib.

    Both run the same network, in turns, on one thread each.
    """
    from smartlogd.cli.bench.embed import embed as measure

    settings = settings_of(config, None)
    measured = measure(settings, runs)
    ours, theirs, ratio = measured.tflite, measured.dlib, measured.ratio
    beside = (
        f"dlib is not measured: {measured.absent}"
        if theirs is None or ratio is None
        else f"dlib {theirs.median_s * 1e3:.1f} ms, {theirs.grown_bytes / _MIB:.0f} MiB; "
        f"ratio {ratio:.3f} (at most {WANTED_EMBED:g})"
    )
    tell(
        {
            "what": "embed", "precision": settings.identify.precision,
            "tflite_ms": [round(one * 1e3, 3) for one in ours.seconds],
            "dlib_ms": [round(one * 1e3, 3) for one in theirs.seconds] if theirs else None,
            "tflite_mib": round(ours.grown_bytes / _MIB, 1),
            "dlib_mib": round(theirs.grown_bytes / _MIB, 1) if theirs else None,
            "ratio": None if ratio is None else round(ratio, 4), "wanted": WANTED_EMBED, "absent": measured.absent,
        },
        f"embedding: {ours.median_s * 1e3:.1f} ms, {ours.grown_bytes / _MIB:.0f} MiB; {beside}",
        as_json=as_json,
    )  # fmt: skip


def gallery(
    templates: Annotated[int, typer.Option(min=10, max=100_000, help="How many remembered faces.")] = 10_000,
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="On which disk; the temporary one unless given.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Finding a face among many, and reading them all.

    They are made up, half of them known persons', and read from a database in which each being's are sealed.
    """
    from smartlogd.cli.bench.gallery import gallery as measure

    settings_of(config, None)
    measured = measure(disk(folder), templates)
    nearest_ms, cpu_ms = measured.nearest_s * 1e3, measured.nearest_cpu_s * 1e3
    tell(
        {
            "what": "gallery", "templates": measured.templates, "beings": measured.beings,
            "nearest_ms": round(nearest_ms, 3), "nearest_cpu_ms": round(cpu_ms, 3),
            "load_s": round(measured.load_s, 3),
            "wanted_nearest_ms": WANTED_NEAREST_MS, "wanted_load_s": WANTED_LOAD_S,
        },
        f"gallery of {measured.templates:,} faces of {measured.beings:,} beings: found in {nearest_ms:.2f} ms "
        f"(at most {WANTED_NEAREST_MS:g}); read in {measured.load_s:.2f} s (at most {WANTED_LOAD_S:g})",
        as_json=as_json,
    )  # fmt: skip
