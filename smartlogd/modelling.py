"""Models put in, taken back or added: asked of the running daemon, or done here where none runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from smartlogd import wiring
from smartlogd.base.time import SystemClock
from smartlogd.changing import ANSWER_S, by_either
from smartlogd.control import ask
from smartlogd.schema.instants import micros
from smartlogd.store import networks
from smartlogd.store.alone import done_alone
from smartlogd.store.engine import make_folder

if TYPE_CHECKING:
    from smartlogd.settings import Settings

Done = TypeVar("Done")


def changed(settings: Settings, what: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
    """Put a model in (activate), take it back (roll_back) or add it: by the daemon, else here; what it came to.

    A daemon tries it out first. Without one there are no pictures to try it on; whether it fits is asked all the same.
    """
    folders, asked = settings.folders(), {"what": what, **arguments}
    return by_either(
        lambda: ask(folders.socket, "command", answer_s=ANSWER_S, what="model", arguments=asked),
        lambda: _ALONE[what](settings, arguments),
    )


def _activated(settings: Settings, asked: Mapping[str, object]) -> Mapping[str, object]:
    spec = wiring.known_model(settings, str(asked["name"]), str(asked["version"]))
    wiring.heard(settings, wiring.model_registry(settings), spec)
    network = wiring.network_of(spec)
    _done(settings, lambda connection, at: networks.put_in(connection, network, micros(at.utc)))
    return {"name": spec.name, "version": spec.version, "place": spec.stands_for, "gap_s": 0.0, "pictures": 0}


def _rolled_back(settings: Settings, asked: Mapping[str, object]) -> Mapping[str, object]:
    place, network = _done(settings, lambda connection, _: networks.roll_back(connection, str(asked.get("place", ""))))
    version = network.version if network else None
    return {"place": place, "name": network.name if network else place, "version": version, "gap_s": 0.0}


def _added(settings: Settings, asked: Mapping[str, object]) -> Mapping[str, object]:
    network = wiring.described(asked)
    _done(settings, lambda connection, at: networks.enter(connection, network, micros(at.utc)))
    return {"name": network.name, "version": network.version, "place": network.place}


def _done(settings: Settings, work: Callable[..., Done]) -> Done:
    """Do it in the log's one transaction; a folder is made where there is none, for models may come first."""
    make_folder(settings.folders().state)
    return done_alone(settings.folders().state, work, SystemClock())


_ALONE: Mapping[str, Callable[[Settings, Mapping[str, object]], Mapping[str, object]]] = {
    "activate": _activated,
    "roll_back": _rolled_back,
    "add": _added,
}
