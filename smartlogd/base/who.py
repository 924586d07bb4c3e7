"""Who someone is: whose face, how like, and what was learnt about a subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import numpy as np
import numpy.typing as npt

from smartlogd.base.known import PersonId, SubjectId, TrackId
from smartlogd.base.time import Stamp

Embedding: TypeAlias = npt.NDArray[np.float32]
"""float32[128]: a face as a point; the nearer two points (Euclidean), the more alike the faces."""

DIMENSIONS = 128
NETWORK = "dlib_resnet_v1"
"""The network of face_recognition, whoever runs it and at whatever precision: its points are comparable."""

MOST_OF_A_STRANGER = 5
"""So many faces are remembered of one stranger, over all subjects that were merged; the best ones.

Someone who stays for hours is looked at hundreds of times.
"""


@dataclass(frozen=True, slots=True, order=True)
class Who:
    """Whose face it is: a known person's (`id` is a PersonId), or a stranger's (`id` is a SubjectId)."""

    id: UUID
    is_known: bool


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """One remembered face: whose, which model made the `vector`, and how good the picture was (0..1)."""

    id: UUID
    who: Who
    model: str
    vector: Embedding
    quality: float


@dataclass(frozen=True, slots=True)
class Likeness:
    """How far a face is from the remembered faces of one being."""

    who: Who
    distance: float


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One good look at a track's face: its embedding, how good it is (0..1), and who it is like.

    `model` made the `vector`. `likenesses` has the nearest beings, each once, nearest first. `stretch` counts
    a track's unambiguous stretches: after an occlusion a new one begins, and what was seen before may be
    someone else. `crop` is a small JPEG of the face, None where none is to be kept.
    """

    track: TrackId
    stretch: int
    stamp: Stamp
    model: str
    vector: Embedding
    quality: float
    likenesses: tuple[Likeness, ...] = ()
    crop: bytes | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Recognition:
    """What was learnt about a subject; the log's rows of its uuid follow.

    `person` is who it turned out to be, `merged_into` the stranger it turned out to be; neither means that it
    showed a face that nobody knows. `templates` are faces to remember it by, `crop` a JPEG to show a person.
    """

    subject: SubjectId
    stamp: Stamp
    person: PersonId | None = None
    merged_into: SubjectId | None = None
    templates: tuple[Template, ...] = ()
    crop: bytes | None = None
