"""The networks of this device: which there are, which is used in which place, and one that is on trial. Plain SQL.

A place is called by the name of the model that the catalogue puts there; where no row is active for it, that model is
used. A model that was activated is on trial until it has run for a while: its failures, and the starts of the daemon
that ended too soon, are counted, for one that takes the whole process down can be noticed in no other way.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from smartlogd.base.errors import Missing
from smartlogd.schema.migrate import head
from smartlogd.store.begin import note, noted
from smartlogd.store.pragmas import DATABASE
from smartlogd.store.recognise import read_only, version_of

BEFORE, TRIAL = "models_before", "model_trial"
"""The keys in `meta`: which models were used before those that are, by place; and the one on trial."""
MOST_BEFORE = 5
MOST_FAILURES = 3

_ALL = "SELECT name, version, type, status, artifact_uri, sha256, license, metadata FROM models ORDER BY name, version"
_ENTER = """
INSERT INTO models (name, version, type, artifact_uri, status, created_at, sha256, license, metadata)
VALUES (:name, :version, :type, :uri, 'available', :at, :sha256, :licence, :about)
ON CONFLICT (name, version) DO UPDATE SET
    type = excluded.type, artifact_uri = excluded.artifact_uri, sha256 = excluded.sha256, license = excluded.license,
    metadata = excluded.metadata
WHERE (type, artifact_uri, sha256, license, metadata)
    IS NOT (excluded.type, excluded.artifact_uri, excluded.sha256, excluded.license, excluded.metadata)
"""
_IDLE = """
UPDATE models SET status = 'available'
WHERE status = 'active' AND coalesce(json_extract(metadata, '$.place'), name) = ?
"""
_ACTIVE = "UPDATE models SET status = 'active' WHERE (name, version) = (?, ?)"


@dataclass(frozen=True, slots=True)
class Network:
    """One model as the registry knows it; `place` is where it can be used, `labels` what its classes are called."""

    name: str
    version: str
    type: str
    uri: str
    sha256: str | None
    licence: str | None
    place: str
    bytes: int | None = None
    labels: tuple[str, ...] = ()
    status: str = "available"


@dataclass(frozen=True, slots=True)
class Trial:
    """A model that was activated and has yet to prove itself: where, which, and how often it failed."""

    place: str
    name: str
    version: str
    failures: int = 0


def networks(connection: sqlite3.Connection) -> tuple[Network, ...]:
    """All of them, by name and version."""
    return tuple(_network(*row) for row in connection.execute(_ALL))


def all_of(folder: Path) -> tuple[Network, ...]:
    """All that the log in a state folder knows; none where there is no log yet, or one of an older version."""
    if version_of(folder / DATABASE) != head():
        return ()
    with read_only(folder / DATABASE) as connection:
        return networks(connection)


def in_use(folder: Path) -> Mapping[str, Network]:
    """The models that were activated, by place; none where there is no log yet, or one of an older version."""
    return {network.place: network for network in all_of(folder) if network.status == "active"}


def enter(connection: sqlite3.Connection, network: Network, at_us: int) -> None:
    """Know this model; one that is known already is not touched where it is the same."""
    about = {"place": network.place, "bytes": network.bytes, "labels": list(network.labels)}
    row = {**asdict(network), "at": at_us, "about": json.dumps(about)}
    del row["labels"]
    connection.execute(_ENTER, row)


def enter_all(connection: sqlite3.Connection, found: Iterable[Network], at_us: int) -> None:
    """Know these models."""
    for network in found:
        enter(connection, network, at_us)


def put_in(connection: sqlite3.Connection, network: Network, at_us: int) -> None:
    """Know this model and use it from now on, on trial."""
    enter(connection, network, at_us)
    activate(connection, network.name, network.version, on_trial=True)


def activate(connection: sqlite3.Connection, name: str, version: str, *, on_trial: bool) -> Network:
    """Use this model in its place from now on; Missing where it is not known."""
    network = next((one for one in networks(connection) if (one.name, one.version) == (name, version)), None)
    if network is None:
        raise Missing(f"No model {name} {version} is known here.", "See them: smartlogd models list")
    before = _before(connection)
    used = next((one for one in networks(connection) if one.place == network.place and one.status == "active"), None)
    former = [None if used is None else [used.name, used.version], *before.pop(network.place, [])][:MOST_BEFORE]
    _put(connection, network.place, [network.name, network.version])
    note(connection, BEFORE, {**before, network.place: former})
    if on_trial:
        note(connection, TRIAL, asdict(Trial(network.place, name, version)))
    return network


def roll_back(connection: sqlite3.Connection, place: str = "") -> tuple[str, Network | None]:
    """Use again what was used before in this place (else in the one that changed last); which place, and which model.

    None is the catalogue's own. Missing where nothing was used before.
    """
    before = _before(connection)
    place = place or next(reversed(before), "")
    former = before.pop(place, [])
    if not former:
        raise Missing("No model was used before this one.", "See them: smartlogd models list")
    _put(connection, place, former[0])
    note(connection, BEFORE, {**before, place: former[1:]} if former[1:] else before)
    _forget_trial(connection)
    return place, next((one for one in networks(connection) if one.place == place and one.status == "active"), None)


def trial(connection: sqlite3.Connection) -> Trial | None:
    """The model that is on trial, if any."""
    found = noted(connection, TRIAL)
    return Trial(**found) if isinstance(found, dict) else None


def failed(connection: sqlite3.Connection) -> Trial | None:
    """One more failure of the model on trial; with the third it is rolled back. The trial as it stands then."""
    on_trial = trial(connection)
    if on_trial is None:
        return None
    worse = Trial(on_trial.place, on_trial.name, on_trial.version, on_trial.failures + 1)
    note(connection, TRIAL, asdict(worse))
    if worse.failures >= MOST_FAILURES:
        roll_back(connection, worse.place)
    return worse


def forgiven(connection: sqlite3.Connection) -> None:
    """Take back one failure: the start that was counted ended as it should."""
    on_trial = trial(connection)
    if on_trial is not None:
        fewer = max(0, on_trial.failures - 1)
        note(connection, TRIAL, asdict(Trial(on_trial.place, on_trial.name, on_trial.version, fewer)))


def passed(connection: sqlite3.Connection) -> None:
    """The model has proved itself."""
    _forget_trial(connection)


def is_on_trial(folder: Path) -> bool:
    """Whether any model is; cheap, for it is asked at every start."""
    if version_of(folder / DATABASE) != head():
        return False
    with read_only(folder / DATABASE) as connection:
        return trial(connection) is not None


def _put(connection: sqlite3.Connection, place: str, which: list[str] | None) -> None:
    connection.execute(_IDLE, (place,))
    if which is not None:
        connection.execute(_ACTIVE, which)


def _before(connection: sqlite3.Connection) -> dict[str, list[list[str] | None]]:
    """What was used before, by place, the newest first; the place that changed last stands last."""
    found = noted(connection, BEFORE)
    return dict(found) if isinstance(found, dict) else {}


def _forget_trial(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM meta WHERE key = ?", (TRIAL,))


def _network(
    name: str,
    version: str,
    type_: str,
    status: str,
    uri: str,
    sha256: str | None,
    licence: str | None,
    metadata: str | None,
) -> Network:
    about = json.loads(metadata or "{}")
    labels = about.get("labels") or ()
    place = about.get("place") or name
    return Network(
        name, version, type_, uri, sha256, licence, str(place), about.get("bytes"), tuple(map(str, labels)), status
    )
