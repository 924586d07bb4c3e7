"""`smartlogd bench`: numbers about this machine, each with what it is measured against."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from smartlogd.cli.bench.identity import embed, gallery
from smartlogd.cli.bench.report import Runs, disk, settings_of, tell
from smartlogd.cli.bench.sending import drain, fleet, reports, upload
from smartlogd.cli.options import AsJson, Config, Profile

app = typer.Typer(help="Measure this machine: speed, start, memory, log, faces, centre.", rich_markup_mode=None)
for measure in (embed, gallery, drain, fleet, reports, upload):
    app.command()(measure)

Measured = TypeVar("Measured")

WANTED_SPEED: Mapping[str, float] = {"wide": 0.95, "door": 1.15}
WANTED_STILL = 0.05
WANTED_RECOGNITION = 0.8
WANTED_CLIPS = 0.85
WANTED_START_S = 2.0
WANTED_MIB = 300
WANTED_JOURNAL = 0.5
WANTED_GROWTH_MB = 4.0
WANTED_ALONE_KIB, WANTED_BURST_KIB = 64, 4
_MIB = 1024 * 1024


@app.callback(invoke_without_command=True)
def bench(
    context: typer.Context,
    clip: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Without a subcommand: the video for the speed of replay.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Measure speed, cost, start and memory, the log's write rate, and faces; without a subcommand all of these.

    What is measured with a server (drain, fleet, reports, upload) is done when it is asked for.
    """
    if context.invoked_subcommand is not None:
        return
    start(config=config, as_json=as_json)
    still(config=config, as_json=as_json)
    journal(config=config, as_json=as_json)
    embed(config=config, as_json=as_json)
    gallery(config=config, as_json=as_json)
    if clip is None:
        typer.echo("The speed of replay is not measured: give a video with --clip FILE.", err=True)
        return
    for profile in ("wide", "door"):
        replay(clip, profile, config=config, as_json=as_json)


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A video to replay.")],
    profile: Profile = None,
    runs: Runs = 5,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Replay beside a bare loop of the same work.

    The bare loop decodes the same pictures and makes the same model runs, one after another in one
    thread, and nothing else. The ratio of the two medians is how many bare loops a replay is worth.
    """
    from smartlogd.capture.refuse import refuse_unusable
    from smartlogd.cli.bench.speed import speed

    settings = settings_of(config, profile)
    refuse_unusable(file)
    measured = _finished(speed(file, settings, runs, _aside))
    used = settings.detect.profile
    tell(
        {
            "what": "replay", "profile": used, "file": file.name, "frames": measured.frames,
            "model_runs": dict(measured.model_runs),
            "replay_s": [round(one, 3) for one in measured.ours_s],
            "bare_s": [round(one, 3) for one in measured.bare_s],
            "replay_cpu_s": [round(one, 3) for one in measured.ours_cpu_s],
            "bare_cpu_s": [round(one, 3) for one in measured.bare_cpu_s],
            "replay_fps": round(measured.ours_fps, 1), "bare_fps": round(measured.bare_fps, 1),
            "ratio": round(measured.ratio, 3), "wanted": WANTED_SPEED[used],
        },
        f"replay, {used}: {measured.ours_fps:.1f} fps; bare loop {measured.bare_fps:.1f} fps; "
        f"ratio {measured.ratio:.2f} (at least {WANTED_SPEED[used]})",
        as_json=as_json,
    )  # fmt: skip


@app.command()
def recognition(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Videos that show faces.")],
    profile: Profile = None,
    runs: Runs = 5,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Replay with recognition beside replay without it."""
    from smartlogd.capture.refuse import refuse_unusable
    from smartlogd.cli.bench.recognised import cost

    settings = settings_of(config, profile)
    for file in files:
        refuse_unusable(file)
    measured = _finished(cost(files, settings, runs, _aside))
    tell(
        {
            "what": "recognition", "profile": settings.detect.profile, "files": [file.name for file in files],
            "frames": measured.frames, "looks": measured.looks,
            "with_s": [round(one, 3) for one in measured.with_s],
            "without_s": [round(one, 3) for one in measured.without_s],
            "ratio": round(measured.ratio, 3), "wanted": WANTED_RECOGNITION,
        },
        f"recognition: {measured.frames} frames, {measured.looks} looks; "
        f"ratio {measured.ratio:.2f} (at least {WANTED_RECOGNITION})",
        as_json=as_json,
    )  # fmt: skip


@app.command()
def clips(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A video in which lines are crossed.")],
    profile: Profile = None,
    runs: Runs = 5,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Replay with clips beside replay without them.

    Once with the video's own packets, and once as if the camera gave none, so that all is encoded here. Every crossing
    is filmed, into a folder that is thrown away.
    """
    from smartlogd.capture.refuse import refuse_unusable
    from smartlogd.cli.bench.clips import clips as measure

    settings = settings_of(config, profile)
    refuse_unusable(file)
    measured = _finished(measure(file, settings, runs, _aside))
    tell(
        {
            "what": "clips", "profile": settings.detect.profile, "file": file.name, "frames": measured.frames,
            "clips": list(measured.clips), "skipped": measured.skipped,
            "ring_bytes": measured.ring_bytes, "ring_most_bytes": measured.ring_most_bytes,
            "without_s": [round(one, 3) for one in measured.without_s],
            "packets_s": [round(one, 3) for one in measured.packets_s],
            "encoded_s": [round(one, 3) for one in measured.encoded_s],
            "cpu_s": [[round(one, 3) for one in each] for each in measured.cpu_s],
            "ratio": round(measured.ratio, 3), "encoded_ratio": round(measured.encoded_ratio, 3),
            "cpu_ratios": [round(one, 3) for one in measured.cpu_ratios],
            "wanted": WANTED_CLIPS,
        },
        f"clips: {measured.clips[0]} cut; ratio {measured.ratio:.2f} with the camera's packets, "
        f"{measured.encoded_ratio:.2f} encoded here (at least {WANTED_CLIPS}); "
        f"the ring took {measured.ring_bytes / _MIB:.1f} MiB (at most {measured.ring_most_bytes / _MIB:.0f})",
        as_json=as_json,
    )  # fmt: skip


@app.command()
def still(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A video of a still scene; the empty demo unless given.")
    ] = None,
    profile: Profile = None,
    seconds: Annotated[float, typer.Option(min=20, max=3600, help="How long to watch.")] = 20.0,
    fps: Annotated[float, typer.Option(min=0.5, max=60, help="Frames a second.")] = 5.0,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """What it costs to watch a scene in which nothing happens."""
    from smartlogd.cli.bench.still import still as watch

    settings = settings_of(config, profile, {"capture.fps": fps})
    measured = _finished(watch(settings, seconds, file))
    tell(
        {
            "what": "still", "profile": settings.detect.profile, "fps": fps, "frames": measured.frames,
            "scans": measured.scans, "seconds": round(measured.span_s, 2), "cpu_s": round(measured.cpu_s, 3),
            "core_share": round(measured.share, 4), "wanted": WANTED_STILL,
        },
        f"still scene at {fps:g} fps: {measured.share:.1%} of one core over {measured.span_s:.0f} s, "
        f"{measured.scans} of {measured.frames} frames scanned (at most {WANTED_STILL:.0%})",
        as_json=as_json,
    )  # fmt: skip


@app.command()
def start(
    source: Annotated[str, typer.Option(help="The camera of the started daemon.")] = "demo",
    profile: Profile = None,
    runs: Runs = 3,
    linger: Annotated[
        float, typer.Option(min=0, max=600, help="Seconds from the first frame to the look at memory.")
    ] = 5.0,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """How soon the first frame is through, and the memory then."""
    from smartlogd.cli.bench.start import start as measure

    settings = settings_of(config, profile)
    measured = _finished(measure(settings, source, runs, linger))
    mib = measured.resident_bytes / _MIB
    tell(
        {
            "what": "start", "profile": settings.detect.profile, "source": source,
            "first_frame_s": [round(one, 3) for one in measured.first_frame_s],
            "median_s": round(measured.median_s, 3), "resident_mib": round(mib, 1),
            "wanted_s": WANTED_START_S, "wanted_mib": WANTED_MIB,
        },
        f"start to first frame: {measured.median_s:.2f} s (at most {WANTED_START_S:g}); "
        f"memory {mib:.0f} MiB (at most {WANTED_MIB})",
        as_json=as_json,
    )  # fmt: skip


@app.command()
def journal(
    rows: Annotated[int, typer.Option(min=100, max=1_000_000, help="Events in each round.")] = 5000,
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="On which disk; the temporary one unless given.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Events a second through the journal, beside bare executemany."""
    from smartlogd.store.pace import pace

    settings_of(config, None)
    measured = _finished(pace(disk(folder), rows))
    tell(
        {
            "what": "journal", "rows": rows, "journal_rows_per_s": round(measured.journal_rows_per_s),
            "bare_rows_per_s": round(measured.bare_rows_per_s), "ratio": round(measured.ratio, 3),
            "wanted": WANTED_JOURNAL,
        },
        f"journal: {measured.journal_rows_per_s:,.0f} events/s; bare executemany {measured.bare_rows_per_s:,.0f}; "
        f"ratio {measured.ratio:.2f} (at least {WANTED_JOURNAL})",
        as_json=as_json,
    )  # fmt: skip


@app.command("disk")
def disk_(
    events: Annotated[
        int, typer.Option(min=100, max=100_000, help="Events one by one; ten times as many in bursts.")
    ] = 400,
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="On which disk; the temporary one unless given.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Bytes written to the disk for each event.

    One by one and in bursts of 100, each sent to a centre and acknowledged.
    """
    import tempfile

    from smartlogd.store.wear import wear

    settings_of(config, None)
    for burst, number, wanted_kib in ((1, events, WANTED_ALONE_KIB), (100, 10 * events, WANTED_BURST_KIB)):
        with tempfile.TemporaryDirectory(dir=disk(folder), prefix="smartlogd-bench-") as place:
            measured = _finished(wear(Path(place) / "state", number, burst))
        most = max(measured.handed_bytes, measured.disk_bytes)
        tell(
            {
                "what": "disk", "events": number, "burst": burst, "handed_bytes": round(measured.handed_bytes),
                "disk_bytes": round(measured.disk_bytes), "syncs_per_s": round(measured.syncs_per_s, 3),
                "wanted_bytes": wanted_kib * 1024, "wanted_syncs_per_s": 1,
            },
            f"disk, {burst} at a time: {most / 1024:.1f} KiB an event (at most {wanted_kib}); "
            f"at 20,000 a day {measured.syncs_per_s:.2f} fsync a second (at most 1)",
            as_json=as_json,
        )  # fmt: skip


@app.command()
def soak(
    file: Annotated[Path, typer.Argument(metavar="CLIP", help="A video to play over and over.")],
    frames: Annotated[int, typer.Option(min=500, max=100_000_000, help="How many frames go through.")] = 100_000,
    most_mb: Annotated[
        float, typer.Option(min=0, max=1000, help="By so many megabytes memory may grow.")
    ] = WANTED_GROWTH_MB,
    profile: Profile = None,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Whether memory, descriptors or threads grow.

    A clip goes through everything again and again, into a database that is thrown away. What is held after
    20,000 frames (a fifth of them, where there are fewer) is compared with what is held at the end; where
    that is more, the exit code is 1.
    """
    from smartlogd.capture.refuse import refuse_unusable
    from smartlogd.cli.bench.soak import soak as measure

    settings = settings_of(config, profile)
    refuse_unusable(file)
    measured = _finished(measure(file, settings, frames, _aside))
    first, last, is_flat = measured.warm, measured.last, measured.is_flat(round(most_mb * 1e6))
    tell(
        {
            "what": "soak", "profile": settings.detect.profile, "file": file.name, "frames": measured.frames,
            "scans": measured.scans, "events": measured.events, "seconds": round(measured.span_s, 1),
            "fps": round(measured.fps, 1), "warm_frames": first.frames,
            "resident_bytes": [first.resident_bytes, last.resident_bytes], "grown_bytes": measured.grown_bytes,
            "descriptors": [first.descriptors, last.descriptors], "threads": [first.threads, last.threads],
            "wanted_bytes": round(most_mb * 1e6), "is_flat": is_flat,
        },
        f"soak: {measured.frames:,} frames at {measured.fps:.0f} fps; memory {first.resident_bytes / 1e6:.1f} MB, then "
        f"{last.resident_bytes / 1e6:.1f} ({measured.grown_bytes / 1e6:+.1f}, at most {most_mb:+g}); "
        f"descriptors {first.descriptors}, then {last.descriptors}; threads {first.threads}, then {last.threads}",
        as_json=as_json,
    )  # fmt: skip
    if not is_flat:
        raise typer.Exit(1)


def _finished(work: Coroutine[Any, Any, Measured]) -> Measured:
    import asyncio

    return asyncio.run(work)


def _aside(text: str) -> None:
    typer.echo(text, err=True)
