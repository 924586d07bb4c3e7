"""What listens: the microphone, and the model that hears what its sound is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from smartlogd.base.ports import Microphone
from smartlogd.base.time import Clock
from smartlogd.settings import Settings
from smartlogd.wiring.models import model_registry

if TYPE_CHECKING:
    from smartlogd.detect.hearing import Ear


def microphone(settings: Settings, clock: Clock) -> Microphone:
    """The microphone that [capture.microphone] names; not opened before its first sound is asked for."""
    from smartlogd.capture.microphone import LiveMicrophone

    return LiveMicrophone(settings.capture.microphone, clock)


def ear(settings: Settings, *, may_stand_in: Callable[[str], None] | None = None) -> Ear:
    """What hears, its model loaded; raises Missing, with the hint how to fetch it, when it is not there.

    `may_stand_in` is for judging recordings: an unofficial copy of the model will do then, and it is told so.
    """
    from smartlogd.detect.hearing import open_ear

    return open_ear(settings.detect.sounds, model_registry(settings), may_stand_in=may_stand_in)
