"""What recognises people: the embedder, whoever looks at faces, and the faces that are remembered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smartlogd.base.errors import Missing
from smartlogd.base.ports import Embedder
from smartlogd.base.who import NETWORK, Template
from smartlogd.settings import Settings
from smartlogd.wiring.models import embedder_model, model_registry

if TYPE_CHECKING:
    from smartlogd.identify.enrol import Enroller
    from smartlogd.identify.gallery import Gallery
    from smartlogd.identify.identifier import FaceIdentifier, Refine
    from smartlogd.identify.strangers import Strangers
    from smartlogd.movement.vote import VoteRules

LEAST_FACE_SCORE = 0.3
"""What is at least so surely a face is hidden."""


def embedder(settings: Settings) -> Embedder:
    """The network that makes points of faces, loaded; errors as of `detector`, and Missing without dlib, if asked."""
    from smartlogd.detect.interpreter import from_bytes
    from smartlogd.identify.embedder import TfliteEmbedder

    if settings.identify.embedder == "dlib":
        return _dlib_embedder(settings)
    name = embedder_model(settings)
    content = model_registry(settings).content(name)
    return TfliteEmbedder(from_bytes(content, name, settings.detect.delegate), NETWORK)


def _dlib_embedder(settings: Settings) -> Embedder:
    """The network run by dlib, with the weights of the models folder, else with those that face_recognition brought."""
    from smartlogd.identify.dlib import DlibEmbedder

    weights: Path | None
    try:
        weights = model_registry(settings).path(embedder_model(settings))
    except Missing:
        weights = None
    return DlibEmbedder(weights)


def identifier(settings: Settings, gallery: Gallery, *, is_patient: bool = False) -> FaceIdentifier | None:
    """What looks at faces; None where [identify] is off, or the profile finds no faces.

    Raises Missing, with the hint how to fetch them, when a model is not there. `is_patient` is for replays.
    """
    if not settings.identify.enabled or settings.detect.profile == "wide":
        return None
    from smartlogd.identify.identifier import FaceIdentifier

    made, refine = face_models(settings)
    return FaceIdentifier(made, refine, settings.identify, gallery, patient=is_patient)


def face_models(settings: Settings) -> tuple[Embedder, Refine]:
    """The embedder, and what finds a face's exact keypoints; raises Missing where a model is not there."""
    from smartlogd.detect.stills import open_stills

    return embedder(settings), open_stills(settings.detect, model_registry(settings)).refined


def enroller(settings: Settings) -> Enroller:
    """What looks at photographs of people who are to be known; raises Missing where a model is not there."""
    from smartlogd.detect.stills import open_stills
    from smartlogd.identify.enrol import Enroller

    faces = open_stills(settings.detect, model_registry(settings))
    return Enroller(faces.find, embedder(settings), settings.identify.gate())


def strangers(settings: Settings) -> Strangers:
    """What finds the faces of those whom nobody has enrolled; raises Missing where a model is not there.

    It looks for faces that the log would not be sure of: one too many is hidden rather than one too few.
    """
    from smartlogd.detect.stills import open_stills
    from smartlogd.identify.gallery import Gallery
    from smartlogd.identify.strangers import Strangers

    lenient = settings.detect.model_copy(update={"face_score": min(settings.detect.face_score, LEAST_FACE_SCORE)})
    faces = open_stills(lenient, model_registry(settings))
    known = Gallery(templates(settings.folders().state))
    return Strangers(faces.find, embedder(settings), known, settings.identify.known_distance)


def templates(folder: Path, name: str | None = None) -> tuple[Template, ...]:
    """The remembered faces of the database in `folder`, the device's own unless `name` is another.

    None where there is no such database yet, or one of a version before faces were kept.
    """
    from smartlogd.schema.migrate import head
    from smartlogd.store.keys import Keys
    from smartlogd.store.pragmas import DATABASE
    from smartlogd.store.recognise import version_of
    from smartlogd.store.templates import load

    name = name or DATABASE
    if version_of(folder / name) != head():
        return ()
    return load(folder, Keys.open(folder), model=NETWORK, name=name)


def votes(settings: Settings) -> VoteRules:
    """The thresholds of naming someone, as plain values."""
    from smartlogd.movement.vote import VoteRules

    options = settings.identify
    return VoteRules(
        doubt_distance=options.doubt_distance,
        known_distance=options.known_distance,
        stranger_distance=options.stranger_distance,
        margin=options.margin,
        same_distance=options.same_distance,
        other_distance=options.other_distance,
    )
