"""What is taken of one person's photographs, and how each of them is answered."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartlogd.base.errors import SmartlogError
from smartlogd.cli.entrust import Acquaintances, Describing, Face, Source, entrust
from smartlogd.identify.enrol import DOUBLE, Enroller, Taken, is_double, is_unlike, mistaken
from smartlogd.identify.gallery import Gallery
from smartlogd.identify.photo import read_photo
from smartlogd.identify.quality import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from smartlogd.identify.options import IdentifyOptions
    from smartlogd.settings import Settings

_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\u2027\u202f-\u2065\u2070-\U0010ffff]")
"""Control characters, and signs that break a line or turn its direction."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one photograph: taken with a `quality`, or refused.

    It may be doubtful: `like` is another person whose face it resembles as much, and it may be `unlike` the others.
    """

    photo: str
    person: str
    quality: float | None = None
    like: str | None = None
    is_unlike: bool = False
    refusal: Refusal | None = None

    def as_line(self) -> str:
        """As people read it: one line, whatever the file is called."""
        line = f"taken    {self.photo}  (quality {self.quality or 0:.2f}){self._doubt()}"
        if self.refusal is not None:
            line = f"refused  {self.photo}  {self.refusal.sentence} {self.refusal.hint}".rstrip()
        return _UNPRINTABLE.sub("?", line)

    def _doubt(self) -> str:
        if self.like:
            return f" It is as like {self.like}: is it the right photograph?"
        return f" It is unlike {self.person}'s others: is it the right photograph?" if self.is_unlike else ""

    def as_json(self) -> str:
        """As programs read it."""
        fields = {"type": "photo", "photo": self.photo, "person": self.person, "taken": self.refusal is None}
        if self.refusal is None:
            doubts = {"like": self.like, "unlike": self.is_unlike}
            return json.dumps({**fields, "quality": round(self.quality or 0.0, 3), **doubts})
        reason = {"reason": self.refusal.word, "says": self.refusal.sentence, "hint": self.refusal.hint}
        return json.dumps({**fields, **reason})


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of one person's photographs; `told` is what the change answered, empty where nothing was kept."""

    person: str
    taken: int
    refused: int
    doubles: int
    told: Mapping[str, object]

    @property
    def is_known(self) -> bool:
        """Whether the person is known by one of these photographs at least."""
        return bool(self.taken or self.doubles)

    def as_line(self) -> str:
        """As people read it."""
        refused = self.refused + self.doubles
        tail = f"; {refused} refused" if refused else ""
        if not self.taken:
            return f"{self.person}: nothing new{tail}." if self.doubles else f"{self.person}: no face could be taken."
        name, faces = self.told["name"], "1 face" if self.taken == 1 else f"{self.taken} faces"
        if self.told["is_new"]:
            return f"{name} is known from now on, by {faces}{tail}."
        return f"{name} was known already: {faces} more, {self.told['templates']} in all{tail}."

    def as_json(self) -> str:
        """As programs read it."""
        more = {key: self.told.get(key) for key in ("uid", "is_new", "templates")}
        fields = {"type": "person", "person": self.person, "taken": self.taken}
        return json.dumps({**fields, "refused": self.refused + self.doubles, **more})


class Album:
    """One person's faces, gathered one by one, and then kept."""

    def __init__(
        self, name: str, model: str, known: Acquaintances, about: Describing, options: IdentifyOptions
    ) -> None:
        """`model` is the network of the faces."""
        self._name, self._model, self._known, self._about, self._options = name, model, known, about, options
        met = None if about.is_new else known.named(name)
        own = [met is not None and str(template.who.id) == met.uid for template in known.templates]
        pairs = list(zip(known.templates, own, strict=True))
        self._own = [template.vector for template, is_own in pairs if is_own]
        self._others = Gallery([template for template, is_own in pairs if not is_own])
        self._faces: list[Face] = []
        self._refused = self._doubles = 0

    def take(self, label: str, seen: Taken | Refusal, source: Source) -> Answer:
        """Put the face of a photograph into the album, unless it is refused, or there already."""
        if isinstance(seen, Refusal):
            self._refused += 1
            return Answer(label, self._name, refusal=seen)
        return self.add(label, Face(seen.vector, seen.quality.overall, source))

    def add(self, label: str, face: Face) -> Answer:
        """Put a face into the album, unless it is there already."""
        if is_double(face.vector, self._own):
            self._doubles += 1
            return Answer(label, self._name, refusal=DOUBLE)
        near, far = self._options.known_distance, self._options.doubt_distance
        other = mistaken(face.vector, self._own, self._others, near, far)
        unlike = is_unlike(face.vector, self._own, far)
        self._own.append(face.vector)
        self._faces.append(face)
        like = self._known.called(other) if other else None
        return Answer(label, self._name, quality=face.quality, like=like, is_unlike=unlike)

    def keep(self, settings: Settings) -> Kept:
        """Hand over what is in the album."""
        told: Mapping[str, object] = {}
        if self._faces:
            told = entrust(settings, self._name, self._faces, self._model, self._about)
            self._known.add(str(told["uid"]), str(told["name"]), self._faces, self._model)
        return Kept(self._name, len(self._faces), self._refused, self._doubles, told)


def looked(enroller: Enroller, photo: Path) -> Taken | Refusal:
    """What a photograph gives; a file that cannot be read is refused as well."""
    try:
        pixels = read_photo(photo)
    except SmartlogError as error:
        return Refusal("unreadable", error.what, error.hint)
    return enroller.look(pixels)
