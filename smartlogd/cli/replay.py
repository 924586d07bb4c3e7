"""`smartlogd replay`: count in recorded footage what the daemon would have counted live."""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from smartlogd.base.errors import Exit, SmartlogError
from smartlogd.base.known import Anchor
from smartlogd.cli.options import AsJson, Config, Profile

if TYPE_CHECKING:
    from smartlogd.base.ports import Journal
    from smartlogd.cli.acquaintances import Acquaintances
    from smartlogd.cli.film import Film
    from smartlogd.cli.footage import Account
    from smartlogd.cli.overheard import Overheard
    from smartlogd.cli.tell import Teller
    from smartlogd.pipeline import Ender, Watcher
    from smartlogd.record.movie import Movie
    from smartlogd.settings import Settings


Files: TypeAlias = Annotated[
    list[Path], typer.Argument(metavar="FILE", help="Videos or GIFs, played one after another.")
]
Lines: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--line",
        metavar="NAME=x1,y1,x2,y2:SIDE",
        help="A line to count at, in fractions of the picture; SIDE (left, right, above, below) is its inside. "
        "May be given several times; without it the configured lines are used.",
    ),
]
WhichPoint: TypeAlias = Annotated[
    Anchor, typer.Option(help="Which point of a body passes a --line: the middle of its box, or its feet.")
]
Database: TypeAlias = Annotated[
    Path | None, typer.Option(metavar="PATH", help="Also write the rows into this SQLite database.")
]
Video: TypeAlias = Annotated[
    Path | None, typer.Option(metavar="FILE.mp4", help="Also write the video with boxes, lines and counts drawn in.")
]
Others: TypeAlias = Annotated[
    bool,
    typer.Option("--events", help="Also tell of what is no crossing: who came, sat, ate or fetched, and until when."),
]
Sounds: TypeAlias = Annotated[
    bool, typer.Option("--sounds", help="Also tell what is heard: barks, howls, whines. Sound alone will do then.")
]


def replay(
    files: Files,
    line: Lines = None,
    anchor: WhichPoint = Anchor.CENTRE,
    profile: Profile = None,
    db: Database = None,
    out: Video = None,
    events: Others = False,  # noqa: FBT002
    sounds: Sounds = False,  # noqa: FBT002
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Count who passes in recorded footage.

    Every frame is looked at, as fast as it goes, and every run prints the same.
    """
    import asyncio

    from smartlogd.capture.refuse import refuse_unusable
    from smartlogd.cli.acquaintances import Acquaintances
    from smartlogd.cli.lines import given_lines, with_lines
    from smartlogd.cli.speech import log_to_stderr
    from smartlogd.cli.tell import Teller
    from smartlogd.settings import read_settings

    _refuse_clash(files, out)
    lines = given_lines(line or [], anchor)
    chosen = {"detect.profile": profile} if profile else {}
    settings = read_settings(config, {**chosen, "capture.microphone.enabled": sounds})
    settings = with_lines(settings, lines) if lines else settings
    for path in files:
        refuse_unusable(path)
    log_to_stderr("warning")
    acquaintances = Acquaintances(settings, db)
    people = acquaintances.people
    teller = Teller(as_json=as_json, with_events=events, names_files=len(files) > 1, people=people)
    asyncio.run(_replay(files, settings, teller, acquaintances, out))


def _refuse_clash(files: list[Path], out: Path | None) -> None:
    """Raise SmartlogError (exit 2) where the video to be drawn is of several files, or would replace its source."""
    if out is None:
        return
    if len(files) > 1:
        raise SmartlogError("--out takes one video.", "Replay the files one by one.", code=Exit.USAGE)
    if out.exists() and files[0].exists() and out.samefile(files[0]):
        raise SmartlogError(f"{out} would be replaced by its own replay.", "Name another file.", code=Exit.USAGE)


async def _replay(
    files: list[Path], settings: Settings, teller: Teller, acquaintances: Acquaintances, out: Path | None
) -> None:
    """Play all files, one after another; who was a stranger in one is known in the next."""
    for path in files:
        async with AsyncExitStack() as stack:
            journal: Journal | None = None
            if acquaintances.db is not None:
                from smartlogd.capture.stream import footage_sha256
                from smartlogd.cli.keep import kept

                boot, people = footage_sha256(path), acquaintances.people
                journal = await stack.enter_async_context(kept(acquaintances.db, settings, boot, people))
                acquaintances.introduced()
            overheard = await _overheard(path, settings, teller, journal)
            if overheard is not None and not overheard.has_pictures:
                _sound_alone(path, settings, teller, overheard)
                continue
            await _one(path, settings, teller, journal, acquaintances, out, overheard)


async def _overheard(path: Path, settings: Settings, teller: Teller, journal: Journal | None) -> Overheard | None:
    """What is heard in the file; None where nobody asked."""
    if not settings.capture.microphone.enabled:
        return None
    from smartlogd.base.ids import ReplayIds
    from smartlogd.capture.soundtrack import holds
    from smartlogd.capture.stream import footage_sha256
    from smartlogd.cli.overheard import Overheard, overheard

    events = await overheard(path, settings, ReplayIds(footage_sha256(path)))
    return Overheard(events, teller, journal, has_pictures="pictures" in holds(path))


def _sound_alone(path: Path, settings: Settings, teller: Teller, overheard: Overheard) -> None:
    """Tell what is heard in a file without pictures."""
    from smartlogd.cli.footage import Account

    teller.begin(path)
    overheard.end()
    teller.end(Account(tuple(line.name for line in settings.movement.crossing_lines())))


async def _one(
    path: Path,
    settings: Settings,
    teller: Teller,
    journal: Journal | None,
    acquaintances: Acquaintances,
    out: Path | None,
    overheard: Overheard | None = None,
) -> None:
    """Play one file: what happened goes to standard output, how quickly it went to standard error."""
    from smartlogd.base.time import monotonic_s
    from smartlogd.cli.footage import Account, play
    from smartlogd.cli.progress import progress
    from smartlogd.cli.tell import pace

    account = Account(tuple(line.name for line in settings.movement.crossing_lines()))
    identifier = acquaintances.identifier()
    began_s = monotonic_s()
    with ExitStack() as stack:
        watchers: list[Watcher] = [stack.enter_context(progress(path)), (overheard or teller).watch]
        enders: list[Ender] = [teller.over]
        if out is not None:
            film = _film(stack.enter_context(_movie(out, settings)), settings, account)
            watchers.append(film.watch)
            enders.append(film.over)
        teller.begin(path)
        await play(
            path,
            settings,
            account=account,
            journal=journal,
            identifier=identifier,
            watchers=tuple(watchers),
            listeners=(teller.listen,),
            enders=tuple(enders),
        )
    acquaintances.met(identifier)
    if overheard is not None:
        overheard.end()
    teller.end(account)
    typer.echo(pace(account.frames, account.seconds, monotonic_s() - began_s), err=True)


def _movie(out: Path, settings: Settings) -> Movie:
    """The annotated video, and a word where it is not one that plays everywhere."""
    from smartlogd.record.movie import Movie

    movie = Movie(out, settings.capture.fps, settings.record)
    if not movie.is_h264:
        typer.echo(
            f"This FFmpeg has no H.264 encoder: {out.name} is written as MPEG-4 Part 2, which VLC and mpv play.",
            err=True,
        )
    return movie


def _film(movie: Movie, settings: Settings, account: Account) -> Film:
    """Who draws each frame into `movie`."""
    from smartlogd.cli.film import Film

    return Film(movie, settings, account)
