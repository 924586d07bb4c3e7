"""`smartlogd models`: the networks on this device: which are here, fetch, check, add, put one in, take it back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartlogd.base.errors import Exit
from smartlogd.cli.columns import columns
from smartlogd.cli.options import AsJson, Config

if TYPE_CHECKING:
    from smartlogd.cli.speech import Screen
    from smartlogd.detect.catalogue import ModelSpec
    from smartlogd.detect.registry import ModelState, Progress, Registry
    from smartlogd.settings import Settings

app = typer.Typer(
    help="The models on this device: list, fetch, verify, add, activate, rollback.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Say which models there are, and which are here."""
    registry = _registry(config)
    _print(registry, registry.states(), as_json=as_json)


@app.command("verify")
def verify(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Compare every model that is here with its hash.

    Exit 65 when one has been changed.
    """
    registry = _registry(config)
    states = registry.verify()
    _print(registry, states, as_json=as_json)
    if any(state.word == "tampered" for state in states):
        raise typer.Exit(int(Exit.UNUSABLE_INPUT))


@app.command("fetch")
def fetch(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Which; without, those that smartlogd runs on in either profile."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Other editions and the model of sounds, too.")] = False,  # noqa: FBT002
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Get the models that are not here, and verify them.

    The folder named in SMARTLOG_MODEL_MIRROR is asked first, then the sources in config/models.toml.
    """
    from smartlogd.cli.speech import Screen

    registry = _registry(config)
    wanted = names or _usual(registry, config, everything=everything)
    fresh = obtain(registry, wanted, Screen(), quiet=as_json)
    if as_json:
        for name in wanted:
            typer.echo(json.dumps({"name": name, "path": str(registry.path(name)), "fetched": name in fresh}))
    elif not fresh:
        typer.echo(f"All {len(wanted)} are here already, verified.")


@app.command("add")
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A model file.")],
    name: Annotated[str | None, typer.Option(help="Of a model of your own: what it is called (a-z, 0-9, _).")] = None,
    version: Annotated[str, typer.Option(help="Of a model of your own: which version of it this is.")] = "1",
    place: Annotated[
        str | None, typer.Option(help="Of a model of your own: the model in whose place it can be used, or action.")
    ] = None,
    type_: Annotated[str | None, typer.Option("--type", help="Its type, where it is not that of the place.")] = None,
    licence: Annotated[str, typer.Option(help="Of a model of your own: its licence, as SPDX writes it.")] = "unknown",
    labels: Annotated[
        str | None, typer.Option(help="Of a model of your own: what its classes are called, with commas.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Take a local file as a model.

    Without --name it is the model of the catalogue that its hash says it is; with it, one of your own.
    """
    registry = _registry(config)
    if name is None:
        spec = registry.add(file)
        said: dict[str, object] = {"name": spec.name, "version": spec.version, "path": str(registry.path(spec.name))}
        typer.echo(json.dumps(said) if as_json else f"{file} is {spec.name} {spec.version}, and is kept.")
        return
    from smartlogd.modelling import changed
    from smartlogd.settings import read_settings

    own = registry.add_own(
        file,
        {
            "name": name,
            "version": version,
            "place": place or name,
            "licence": licence,
            "labels": [label.strip() for label in labels.split(",")] if labels else [],
            **({"type": type_} if type_ else {}),
        },
    )
    told = changed(read_settings(config), "add", own)
    typer.echo(json.dumps(told) if as_json else f"{file} is kept as {name} {version}. Use it: {_activating(told)}")


@app.command("activate")
def activate(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which model.")],
    version: Annotated[str, typer.Argument(metavar="VERSION", help="Which version of it.")],
    anyway: Annotated[  # noqa: FBT002
        bool, typer.Option("--anyway", help="Also where it agrees little with the model in use.")
    ] = False,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Use this model from now on, in its place.

    It must fit there. A running daemon lets it look at the last minute first and says how far it agrees with the one
    in use, goes on without a break, and takes it back by itself when it fails three times.
    """
    from smartlogd.modelling import changed
    from smartlogd.settings import read_settings

    told = changed(
        read_settings(config), "activate", {"name": name, "version": version, **({"anyway": True} if anyway else {})}
    )
    typer.echo(json.dumps(told) if as_json else put_in(told))


@app.command("rollback")
def rollback(
    place: Annotated[
        str | None, typer.Argument(metavar="[PLACE]", help="In which place; without, where one was put in last.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Use again the model that was used before."""
    from smartlogd.modelling import changed
    from smartlogd.settings import read_settings

    told = changed(read_settings(config), "roll_back", {"place": place} if place else {})
    version = f" {told['version']}" if told.get("version") else ""
    typer.echo(
        json.dumps(told) if as_json else f"In the place of {told['place']}, {told['name']}{version} is used again."
    )


def put_in(told: Mapping[str, object]) -> str:
    """What putting a model in came to, in words.

    >>> put_in({"name": "a", "version": "2", "place": "b", "pictures": 0})
    'a 2 is used now, in the place of b. It was not tried on pictures: none of the last minute are there for it.'
    """
    said = f"{told['name']} {told['version']} is used now, in the place of {told['place']}."
    if not told.get("pictures"):
        return f"{said} It was not tried on pictures: none of the last minute are there for it."
    shares = {key: float(str(told[key])) for key in ("agreement", "old_ms", "new_ms", "gap_s")}
    return (
        f"{said}\nOn {told['pictures']} pictures of the last minute it agreed with the one before on "
        f"{shares['agreement']:.0%}, and took {shares['new_ms']:.0f} ms instead of {shares['old_ms']:.0f} ms. "
        f"Frames went on after {shares['gap_s']:.2f} s."
    )


def _activating(told: Mapping[str, object]) -> str:
    return f"smartlogd models activate {told['name']} {told['version']}"


def _usual(registry: Registry, config: Path | None, *, everything: bool) -> list[str]:
    """What is fetched when nothing is named: what any profile uses, and what these settings ask for besides."""
    from smartlogd.settings import read_settings

    asked = needed(read_settings(config))
    specs = [state.spec for state in registry.states() if state.spec.sources]
    if everything:
        return [spec.name for spec in specs]
    usual = (spec.stands_for == spec.name and spec.type != "sound" for spec in specs)
    return [spec.name for spec, is_usual in zip(specs, usual, strict=True) if is_usual or spec.name in asked]


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


def _print(registry: Registry, states: tuple[ModelState, ...], *, as_json: bool) -> None:
    """The models one under the other; `used` is which of them runs in its place."""
    for state in states if as_json else ():
        spec = state.spec
        fields = {"name": spec.name, "version": spec.version, "type": spec.type, "state": state.word}
        more = {"bytes": spec.bytes, "licence": spec.licence, "path": str(state.path), "place": spec.stands_for}
        typer.echo(json.dumps({**fields, **more, "status": _status(registry, spec)}))
    if as_json:
        return
    rows = [
        (
            spec.name,
            spec.version,
            spec.type,
            state.word,
            _status(registry, spec),
            f"{spec.bytes / 1e6:.1f} MB",
            spec.licence,
        )
        for state in states
        for spec in (state.spec,)
    ]
    typer.echo(columns(("name", "version", "type", "state", "status", "size", "licence"), rows))


def _row(registry: Registry, state: ModelState) -> tuple[str, ...]:
    spec = state.spec
    size = f"{spec.bytes / 1e6:.1f} MB"
    return spec.name, spec.version, spec.type, state.word, _status(registry, spec), size, spec.licence


def _status(registry: Registry, spec: ModelSpec) -> str:
    """Whether it runs in its place, as the registry's table says it; a dash for what is no model."""
    if spec.type in {"picture", "weights"}:
        return "-"
    return "active" if registry.in_use(spec.stands_for) == spec else "available"
