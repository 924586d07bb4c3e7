"""How long it takes to find a face among very many, and to read them all when the daemon starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import UUID

import numpy as np

from smartlogd.base.time import cpu_s, monotonic_s
from smartlogd.base.who import DIMENSIONS, NETWORK, Embedding, Template, Who
from smartlogd.identify.gallery import Gallery
from smartlogd.store.recall import recall

EACH = 5
"""Templates of each being."""
_LENGTH, _SPREAD = 1.4, 0.25
"""How long embeddings are, and how far apart those of one being lie, about."""
_LOOKS, _LOADS = 200, 5


@dataclass(frozen=True, slots=True)
class Recall:
    """Medians: seconds of finding a face, by the clock and of the processor, and of reading all from the database."""

    templates: int
    beings: int
    nearest_s: float
    nearest_cpu_s: float
    load_s: float


def gallery(folder: Path, templates: int) -> Recall:
    """Measure with so many made-up templates, half of them of known persons, in a database made in `folder`."""
    kept = tuple(_crowd(templates))
    loads = recall(folder, kept, _LOADS)
    held = Gallery(kept)
    looks = [_look_s(held, kept[index].vector) for index in range(0, len(kept), max(1, len(kept) // _LOOKS))]
    by_clock, by_processor = zip(*looks, strict=True)
    return Recall(len(kept), len({one.who for one in kept}), median(by_clock), median(by_processor), median(loads))


def _crowd(templates: int) -> Iterator[Template]:
    """Templates of one being after another, its vectors round a place of its own."""
    draw = np.random.default_rng(0)
    for number in range(templates):
        being = number // EACH
        if number % EACH == 0:
            middle = draw.normal(size=DIMENSIONS)
        vector = middle / np.linalg.norm(middle) * _LENGTH + draw.normal(0, _SPREAD / np.sqrt(DIMENSIONS), DIMENSIONS)
        who = Who(UUID(int=being + 1), is_known=being % 2 == 0)
        yield Template(UUID(int=number + 1), who, NETWORK, vector.astype(np.float32), 0.8)


def _look_s(held: Gallery, vector: Embedding) -> tuple[float, float]:
    """Seconds of one look, and of the processor."""
    began_s, used_s = monotonic_s(), cpu_s()
    held.nearest(vector)
    return monotonic_s() - began_s, cpu_s() - used_s
