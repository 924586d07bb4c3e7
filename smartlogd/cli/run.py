"""`smartlogd run`: watch a camera and keep the log, until stopped."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartlogd.cli.options import AsJson, Config, Profile

if TYPE_CHECKING:
    from smartlogd.base.known import Event
    from smartlogd.cli.speech import Screen
    from smartlogd.settings import Settings

LIVE_S = 0.5
"""How often the last line is written anew on a terminal ..."""
QUIET_S = 60.0
"""... and how often a status line is printed elsewhere."""
LAST_RESORT_S = 9
"""A process that still lives this long after it was told to stop is ended by force."""

log = logging.getLogger("smartlogd.daemon")


def run(
    config: Config = None,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="WHERE", help='Camera: "auto", "picamera", /dev/videoN, rtsp://…, a video, "demo", "command:…".'
        ),
    ] = None,
    profile: Profile = None,
    or_demo: Annotated[  # noqa: FBT002
        bool, typer.Option("--or-demo", help="Where no camera is found, watch the built-in demo; fetch missing models.")
    ] = False,
    fetch: Annotated[bool, typer.Option("--fetch", help="Fetch missing models before starting.")] = False,  # noqa: FBT002
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Watch a camera and log who passes.

    Runs until Ctrl-C, `smartlogd stop` or SIGTERM; a recording also ends it.
    """
    from smartlogd.cli.speech import Screen, log_as_daemon
    from smartlogd.settings import read_settings

    given = {"capture.source": source, "detect.profile": profile}
    overrides: dict[str, object] = {key: value for key, value in given.items() if value is not None}
    settings = read_settings(config, overrides)
    screen = Screen()
    log_as_daemon(settings.device.log_level, screen)
    socket = settings.folders().socket
    with contextlib.ExitStack() as stack:
        if or_demo and not _has_camera(settings):
            overrides |= stack.enter_context(_demo(settings, screen))
        if or_demo or fetch:
            _fetch(read_settings(config, overrides), screen)
        _live(config, overrides, socket, screen, as_json=as_json)


def _live(config: Path | None, overrides: Mapping[str, object], socket: Path, screen: Screen, *, as_json: bool) -> None:
    import asyncio
    import faulthandler

    from smartlogd.base.time import process_began_s
    from smartlogd.cli.speech import event_fields, event_json, event_line, farewell, status_line
    from smartlogd.cli.thrift import be_thrifty
    from smartlogd.daemon import Daemon
    from smartlogd.settings import read_settings
    from smartlogd.telemetry.systemd import Notifier

    be_thrifty()
    line = event_json if as_json else event_line
    notifier = Notifier.from_environment()
    daemon: Daemon

    def watch(_frame: object, _scene: object, events: tuple[Event, ...]) -> None:
        for event in events:
            if notifier.is_heard:
                log.info("event", extra=event_fields(event))
            else:
                screen.say(line(event, daemon.name_of(event.person)))

    async def live() -> None:
        nonlocal daemon
        daemon = Daemon(
            read_settings(config, overrides),
            read=lambda: read_settings(config, overrides),
            socket=socket,
            watchers=(watch,),
            # systemd has a line of its own for how the daemon fares, which wears no card out.
            report=None if as_json or notifier.is_heard else lambda state: screen.show(status_line(state)),
            report_s=LIVE_S if screen.is_live else QUIET_S,
            # Works even when a driver holds a thread, or the interpreter itself, for ever.
            last_resort=lambda: faulthandler.dump_traceback_later(LAST_RESORT_S, exit=True),
            began_s=process_began_s(),
            notifier=notifier,
        )
        await daemon.run()
        screen.clear()
        if not as_json and not notifier.is_heard:
            screen.say(farewell(daemon.state()))
        if daemon.left_behind and "the database" not in daemon.left_behind:
            _leave_at_once()

    asyncio.run(live())


def _leave_at_once() -> None:
    """End the process: all is written, and a thread that hangs in a model would never let it end by itself."""
    sys.stdout.flush()
    logging.shutdown()
    os._exit(0)


def _has_camera(settings: Settings) -> bool:
    from smartlogd.base.errors import Missing
    from smartlogd.capture.choose import find_camera

    if settings.capture.source != "auto":
        return True
    try:
        find_camera(settings.capture)
    except Missing:
        return False
    return True


@contextlib.contextmanager
def _demo(settings: Settings, screen: Screen) -> Iterator[Mapping[str, object]]:
    """The overrides for a demo whose log is thrown away at its end; the models stay in their usual folder."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="smartlogd-demo-") as folder:
        screen.say("No camera was found: this is the built-in demo, two photographs walked through a made doorway.")
        screen.say(f"Its log lies in {folder} and is thrown away at the end. Ctrl-C stops it.")
        yield {
            "capture.source": "demo",
            "device.state_dir": folder,
            "detect.models_dir": str(settings.folders().models),
        }


def _fetch(settings: Settings, screen: Screen) -> None:
    from smartlogd.cli.models import fetched

    fetched(settings, screen)
