"""What enrolling and importing share: noting consent, knowing who is known already, handing faces over."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias
from uuid import UUID

import numpy as np
import typer

from smartlogd.base.errors import Exit, Missing, SmartlogError
from smartlogd.base.known import PersonId
from smartlogd.base.who import Embedding, Template, Who

if TYPE_CHECKING:
    from smartlogd.settings import Settings
    from smartlogd.store.people import Person

PORTION = 60
"""Faces in one request: together they stay below the 64 KiB that a line of the control socket may have."""
Source: TypeAlias = Literal["photo", "camera", "import"]
"""Where a face came from."""
WHY = "A face is biometric data: it says who someone is for life. Ask first; --consent notes that they agreed."


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face to be remembered: its vector, how good the picture was (0 to 1), and where it came from."""

    vector: Embedding
    quality: float
    source: Source


@dataclass(frozen=True, slots=True)
class Describing:
    """What is said of someone beside their faces."""

    email: str | None = None
    role: str | None = None
    is_new: bool = False
    has_agreed: bool = False


class Acquaintances:
    """Who is known, and by which faces, as the database had it before this command; those it adds are noted."""

    def __init__(self, settings: Settings) -> None:
        from smartlogd import wiring
        from smartlogd.store.people import people

        self._folder = settings.folders().state
        self._templates = list(wiring.templates(self._folder))
        try:
            self._people = {person.uid: person for person in people(self._folder)}
        except Missing:  # there is no log yet
            self._people = {}
        self._names = {UUID(uid): person.name or uid for uid, person in self._people.items()}

    @property
    def templates(self) -> Sequence[Template]:
        """The faces of everyone, strangers too."""
        return tuple(self._templates)

    def named(self, name: str) -> Person | None:
        """The person of this name or uid, None where nobody is called so; errors where several are."""
        from smartlogd.store.find import people_named, the_one
        from smartlogd.store.recognise import asking

        if not self._people:
            return None
        with asking(self._folder) as connection:
            found = people_named(connection, name)
        return self._people.get(the_one(found, name).uid) if found else None

    def called(self, who: Who) -> str:
        """What someone known is called."""
        return self._names.get(who.id, str(who.id))

    def add(self, uid: str, name: str, faces: Sequence[Face], model: str) -> None:
        """Note faces that were kept meanwhile."""
        from smartlogd.base.ids import uuid7
        from smartlogd.base.time import SystemClock

        who, now = Who(PersonId(UUID(uid)), is_known=True), SystemClock().now()
        self._names[who.id] = name
        self._templates += [Template(uuid7(now), who, model, face.vector, face.quality) for face in faces]


def right_name(text: str) -> str:
    """A name as it is kept, or a uid; a usage error for what is none."""
    from smartlogd.store.requests import name_or_uid

    try:
        name = name_or_uid(text)
    except ValueError as error:
        raise SmartlogError(
            f"{text!r:.80} is no name: {error}.", "Write it as people say it.", code=Exit.USAGE
        ) from error
    if len(name) > 200:
        raise SmartlogError("A name has at most 200 letters.", "Write a shorter one.", code=Exit.USAGE)
    return name


def introduced(settings: Settings, names: Sequence[str], about: Describing) -> Acquaintances:
    """Who is known; before that it is said, once for all, of whom no consent is noted, now or before."""
    known = Acquaintances(settings)
    met = [None if about.is_new else known.named(name) for name in names]
    silent = [name for name, before in zip(names, met, strict=True) if not (before and before.consent)]
    if silent and not about.has_agreed:
        whom = silent[0] if len(silent) == 1 else f"each of these {len(silent)} people"
        typer.echo(f"No consent is noted of {whom}. {WHY}", err=True)
    return known


def entrust(
    settings: Settings, whom: str, faces: Sequence[Face], model: str, about: Describing | None = None
) -> Mapping[str, object]:
    """Hand someone's faces to the daemon, or keep them here where none runs; what the first answer says, and the total.

    `whom` is a name or a uid. They are handed over in portions, each kept for good before the next.
    """
    from smartlogd.changing import changed

    about = about or Describing()
    told: dict[str, object] = {}
    for start in range(0, len(faces), PORTION):
        arguments: dict[str, object] = {"name": told.get("uid", whom), "consent": about.has_agreed, "model": model}
        arguments["templates"] = [_written(face) for face in faces[start : start + PORTION]]
        if not told:
            said = {"email": about.email, "role": about.role, "new": about.is_new or None}
            arguments |= {key: value for key, value in said.items() if value is not None}
        told = {**changed(settings, "enrol", arguments), **({"is_new": told["is_new"]} if told else {})}
    return told


def _written(face: Face) -> Mapping[str, object]:
    """A face as a change takes it."""
    vector = base64.b64encode(np.asarray(face.vector, "<f4").tobytes()).decode()
    return {"vector": vector, "quality": round(float(face.quality), 4), "source": face.source}
