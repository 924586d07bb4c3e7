"""`smartlogd models`: the networks on this device: which are here, fetch them, check them, add one by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartlogd.base.errors import Exit
from smartlogd.cli.columns import columns
from smartlogd.cli.options import AsJson, Config

if TYPE_CHECKING:
    from smartlogd.cli.speech import Screen
    from smartlogd.detect.registry import ModelState, Progress, Registry
    from smartlogd.settings import Settings

app = typer.Typer(
    help="The models on this device: list, fetch, verify, add.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("list")
def list_(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Say which models there are, and which are here."""
    _print(_registry(config).states(), as_json=as_json)


@app.command("verify")
def verify(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Compare every model that is here with its hash.

    Exit 65 when one has been changed.
    """
    states = _registry(config).verify()
    _print(states, as_json=as_json)
    if any(state.word == "tampered" for state in states):
        raise typer.Exit(int(Exit.UNUSABLE_INPUT))


@app.command("fetch")
def fetch(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Which; without, all of them.")] = None,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Get the models that are not here, and verify them.

    The folder named in SMARTLOG_MODEL_MIRROR is asked first, then the sources in config/models.toml.
    """
    from smartlogd.cli.speech import Screen

    registry = _registry(config)
    wanted = names or [state.spec.name for state in registry.states()]
    fresh = obtain(registry, wanted, Screen(), quiet=as_json)
    if as_json:
        for name in wanted:
            typer.echo(json.dumps({"name": name, "path": str(registry.path(name)), "fetched": name in fresh}))
    elif not fresh:
        typer.echo(f"All {len(wanted)} are here already, verified.")


@app.command("add")
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A model file; its hash says which it is.")],
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Take a local file as the model that its hash says it is."""
    registry = _registry(config)
    spec = registry.add(file)
    said = {"name": spec.name, "version": spec.version, "path": str(registry.path(spec.name))}
    typer.echo(json.dumps(said) if as_json else f"{file} is {spec.name} {spec.version}, and is kept.")


def needed(settings: Settings) -> tuple[str, ...]:
    """What these settings run on: the models of the profile, and the demo's photographs where it is the demo."""
    from smartlogd.wiring import DEMO_PHOTOS, models_in_use

    return (*models_in_use(settings), *(DEMO_PHOTOS if settings.capture.source == "demo" else ()))


def fetched(settings: Settings, screen: Screen) -> None:
    """Get what these settings run on and is not here yet."""
    from smartlogd import wiring

    obtain(wiring.model_registry(settings), needed(settings), screen, quiet=False)


def obtain(registry: Registry, names: Iterable[str], screen: Screen, *, quiet: bool) -> frozenset[str]:
    """Get these models where they are missing, telling how far it is; gives the names of those that were."""
    wanted = tuple(names)
    before = {state.spec.name: state.word for state in registry.verify()}
    missing = frozenset(name for name in wanted if before.get(name) != "ok")
    registry.fetch(wanted, (lambda _: None) if quiet else _Bar(screen))
    screen.clear()
    for name in sorted(missing) if not quiet else ():
        screen.say(f"{name}: fetched and verified.")
    return missing


class _Bar:
    """Tells how far the fetching is: a bar on a terminal, else nothing but what went wrong."""

    WIDTH = 24

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def __call__(self, progress: Progress) -> None:
        if progress.note:
            self._screen.say(progress.note)
        elif self._screen.is_live:
            share = progress.done / max(1, progress.total)
            bar = "#" * round(share * self.WIDTH)
            size = f"{progress.total / 1e6:.1f} MB"
            self._screen.show(f"{progress.model:<20} [{bar:<{self.WIDTH}}] {share:4.0%} of {size}")


def _registry(config: Path | None) -> Registry:
    from smartlogd import wiring
    from smartlogd.settings import read_settings

    return wiring.model_registry(read_settings(config))


def _print(states: tuple[ModelState, ...], *, as_json: bool) -> None:
    for state in states if as_json else ():
        spec = state.spec
        fields = {"name": spec.name, "version": spec.version, "type": spec.type, "state": state.word}
        typer.echo(json.dumps({**fields, "bytes": spec.bytes, "licence": spec.licence, "path": str(state.path)}))
    if as_json:
        return
    rows = [
        (state.spec.name, state.spec.type, state.word, f"{state.spec.bytes / 1e6:.1f} MB", state.spec.licence)
        for state in states
    ]
    typer.echo(columns(("name", "type", "state", "size", "licence"), rows))
