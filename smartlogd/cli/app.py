"""The `smartlogd` command: every subcommand hangs here, in the order in which someone meets them.

Command modules import what they need when they run, so that `smartlogd --help` is quick and `smartlogd run`
carries nothing it does not use.
"""

from __future__ import annotations

from typing import Annotated

import typer

import smartlogd
from smartlogd.cli import (
    bookmark,
    central,
    check,
    clip,
    daemonic,
    db,
    doctor,
    eval,  # noqa: A004
    log,
    look,
    media,
    metrics,
    models,
    people,
    replay,
    routine,
    run,
    share,
    status,
    sync,
    unknown,
)
from smartlogd.cli.bench import commands as bench

app = typer.Typer(
    name="smartlogd",
    help="Watch a door and keep the log: who came in, who went out, and when.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:  # noqa: FBT001 - the shape that Typer calls
    if asked:
        typer.echo(f"smartlogd {smartlogd.__version__}")
        raise typer.Exit


@app.callback()
def smartlogd_(
    version: Annotated[  # noqa: FBT002
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Watch a door and keep the log: who came in, who went out, and when."""


# Watching
app.command("run")(run.run)

# Setting up
app.command("look")(look.look)
app.command("check-config")(check.check_config)
app.command("doctor")(doctor.doctor)
app.add_typer(models.app, name="models")

# Who it is
app.add_typer(people.app, name="people")
app.add_typer(unknown.app, name="unknown")

# Recorded footage
app.command("replay")(replay.replay)
app.command("eval")(eval.eval_)

# This machine
app.add_typer(bench.app, name="bench")

# A running daemon
app.command("status")(status.status)
app.command("pause")(daemonic.pause)
app.command("resume")(daemonic.resume)
app.command("snapshot")(daemonic.snapshot)
app.command("clip")(clip.clip)
app.command("bookmark")(bookmark.bookmark)
app.command("reload")(daemonic.reload)
app.command("stop")(daemonic.stop)

# Reading the log
app.command("log")(log.log)
app.add_typer(metrics.app, name="metrics")

# Recordings
app.add_typer(media.clips, name="clips")
app.add_typer(media.snapshots, name="snapshots")
app.add_typer(share.app, name="share")

# What happens by itself
app.add_typer(routine.app, name="routine")

# Looking after the log
app.add_typer(db.app, name="db")

# The way to the centre
app.add_typer(sync.app, name="sync")

# The centre, for its administrator
app.add_typer(central.app, name="central")
