"""`smartlogd routine`: what happens at certain times; changed by the running daemon or, without one, in its place."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartlogd.cli.changed import iso, local, made, tell
from smartlogd.cli.columns import columns
from smartlogd.cli.options import AsJson, Config
from smartlogd.cli.steps import step_of, written

if TYPE_CHECKING:
    import datetime as dt

    from smartlogd.settings import Settings
    from smartlogd.store.plans import Plan

app = typer.Typer(
    help="Routines: treats, play and drills at certain times.", no_args_is_help=True, rich_markup_mode=None
)
Which = Annotated[str, typer.Argument(metavar="NAME", help="Its name, or its uid.")]
_NONE = 'There is no routine yet. Add one: smartlogd routine add NAME --cron "0 8 * * 1-5" --step treat'


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is to be called.")],
    cron: Annotated[
        str,
        typer.Option(metavar="FIELDS", help='Minute, hour, day, month, weekday: "30 7 * * 1-5"; 0 and 7 are Sunday.'),
    ],
    step: Annotated[
        list[str],
        typer.Option(
            metavar="STEP",
            help="In their order: pet, treat, play, sit_drill, fetch or wait, as TYPE[:SECONDS][,KEY=VALUE].",
        ),
    ],
    timezone: Annotated[
        str, typer.Option(metavar="ZONE", help="Whose wall clock: Europe/Rome; the device's own unless given.")
    ] = "",
    disabled: Annotated[bool, typer.Option("--disabled", help="Add it, and let it wait.")] = False,  # noqa: FBT002
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Let something happen at certain times.

    For example: smartlogd routine add breakfast --cron "0 8 * * 1-5" --step treat --step wait:30 --step play:60
    """
    steps = [step_of(text) for text in step]
    more = {"cron": cron, "timezone": timezone, "steps": steps, "enabled": not disabled}
    told = _made(config, "routine-add", name, **more)
    tell(told, f"{told['name']} is added. When it begins: smartlogd routine next", as_json=as_json)


@app.command("list")
def list_(
    system: Annotated[bool, typer.Option("--system", help="The running daemon's own jobs instead.")] = False,  # noqa: FBT002
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Say which routines there are, and how they go."""
    settings = _settings(config)
    if system:
        _jobs(settings, as_json=as_json)
        return
    from smartlogd.store.plans import last_result

    state = settings.folders().state
    found = [(plan, last_result(state, plan.uid), _next(plan, settings, 1)) for plan in _plans(settings)]
    if as_json:
        for plan, last, times in found:
            typer.echo(json.dumps({**_fields(plan), "last_result": last.get("result"), "next_at": _first(times)}))
    elif found:
        head = ("name", "cron", "zone", "steps", "enabled", "last run", "went", "next")
        typer.echo(columns(head, [_row(plan, last, times) for plan, last, times in found]))
    else:
        typer.echo(_NONE)
    for plan, *_ in () if as_json else found:
        if plan.fault:
            typer.echo(f"{plan.name} cannot be run: {plan.fault}.")


@app.command("next")
def next_(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Its name, or its uid; all without.")] = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=1000, help="So many times.")] = 5,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Say when routines begin next, over summer and winter time."""
    settings = _settings(config)
    plans = _plans(settings) if name is None else [_named(settings, name)]
    wanted = [plan for plan in plans if name is not None or (plan.is_enabled and not plan.fault)]
    times = sorted((at, plan.name, plan) for plan in wanted for at in _next(plan, settings, count, paused=True))
    for at, called, plan in times[:count]:
        if as_json:
            typer.echo(
                json.dumps({"routine": called, "uid": plan.uid, "at": at.isoformat(), "enabled": plan.is_enabled})
            )
        else:
            typer.echo(f"{at:%a %Y-%m-%d %H:%M %Z}  {called}{'' if plan.is_enabled else ' (disabled)'}")
    if not times and not as_json:
        typer.echo("Nothing begins by itself." if plans else _NONE)


@app.command("run")
def run(name: Which, config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Let the daemon begin one now.

    Also one that is disabled. Its end is in the log, and in `routine list`.
    """
    from smartlogd.control import ask

    told = ask(_settings(config).folders().socket, "command", what="routine", arguments={"run": name})
    tell(told, f"{told.get('name')} has begun.", as_json=as_json)


@app.command("enable")
def enable(name: Which, config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Let one begin by itself again."""
    told = _made(config, "routine-enable", name)
    said = "begins by itself again" if told["changed"] else "is enabled already"
    tell(told, f"{told['name']} {said}.", as_json=as_json)


@app.command("disable")
def disable(name: Which, config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Let one begin by itself no more."""
    told = _made(config, "routine-disable", name)
    said = "begins by itself no more" if told["changed"] else "is disabled already"
    tell(told, f"{told['name']} {said}.", as_json=as_json)


@app.command("remove")
def remove(name: Which, config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Take one away; what it did stays in the log."""
    told = _made(config, "routine-remove", name)
    tell(told, f"{told['name']} is removed.", as_json=as_json)


def _jobs(settings: Settings, *, as_json: bool) -> None:
    """The daemon's own jobs; it is asked for them, for nobody else knows."""
    from smartlogd.control import ask

    told = ask(settings.folders().socket, "command", what="jobs", arguments={})
    jobs = [job for job in _list(told.get("jobs")) if isinstance(job, Mapping)]
    if as_json:
        for job in jobs:
            typer.echo(json.dumps(job))
        return
    head = ("job", "when", "last", "next", "trouble")
    rows = [
        (job.get("name"), job.get("when"), _instant(job.get("last_at")), _instant(job.get("next_at")), _how(job))
        for job in jobs
    ]
    typer.echo(columns(head, rows))


def _how(job: Mapping[str, object]) -> str:
    return str(job.get("trouble") or ("at work" if job.get("running") else ""))


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []


def _instant(text: object) -> str:
    from smartlogd.base.time import instant

    return local(instant(text)) if isinstance(text, str) else "-"


def _settings(config: Path | None) -> Settings:
    from smartlogd.settings import read_settings

    return read_settings(config)


def _made(config: Path | None, what: str, name: str, **more: object) -> Mapping[str, object]:
    return made(config, what, device=_settings(config).device.name, name=name, **more)


def _plans(settings: Settings) -> list[Plan]:
    from smartlogd.store.plans import plans

    return list(plans(settings.folders().state, settings.device.name))


def _named(settings: Settings, name: str) -> Plan:
    """The routine of this name or uid; errors as of a change."""
    from smartlogd.store.plans import named

    return named(settings.folders().state, settings.device.name, name)


def _next(plan: Plan, settings: Settings, count: int, *, paused: bool = False) -> list[dt.datetime]:
    """When it begins next, by its own wall clock; of one that is disabled only where that is asked."""
    from zoneinfo import ZoneInfo

    from smartlogd.base.cron import upcoming
    from smartlogd.base.time import SystemClock
    from smartlogd.device import zone

    if plan.fault or not (plan.is_enabled or paused):
        return []
    place = ZoneInfo(plan.timezone) if plan.timezone else zone(settings.device.timezone)
    now = SystemClock().now().utc
    return [at.astimezone(place) for at in islice(upcoming(plan.times(), place, now), count)]


def _first(times: Sequence[dt.datetime]) -> str | None:
    return times[0].isoformat() if times else None


def _row(plan: Plan, last: Mapping[str, object], times: Sequence[dt.datetime]) -> tuple[object, ...]:
    steps = " ".join(written(step.type, step.duration_s, step.params) for step in plan.steps)
    enabled = "no" if not plan.is_enabled else "cannot be run" if plan.fault else "yes"
    comes = f"{times[0]:%Y-%m-%d %H:%M}" if times else "-"
    zone = plan.timezone or "device"
    return plan.name, plan.cron, zone, steps or "-", enabled, local(plan.last_run), last.get("result") or "-", comes


def _fields(plan: Plan) -> dict[str, object]:
    return {
        "uid": plan.uid,
        "name": plan.name,
        "cron": plan.cron,
        "timezone": plan.timezone or None,
        "steps": [{"type": step.type, "duration_s": step.duration_s, "params": step.params} for step in plan.steps],
        "enabled": plan.is_enabled,
        "centre": plan.is_ordered,
        "fault": plan.fault or None,
        "last_run_at": iso(plan.last_run),
    }
