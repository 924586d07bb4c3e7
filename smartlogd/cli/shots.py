"""Five good views of someone who stands before the camera, with a word about what is still wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import typer

from smartlogd.base.errors import CameraLost, Exit, ServiceAway, UnusableInput
from smartlogd.base.ports import Camera
from smartlogd.base.seen import Pixels
from smartlogd.base.time import Stamp
from smartlogd.identify.enrol import Taken
from smartlogd.identify.quality import Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from smartlogd.base.seen import Frame

WANTED = 5
PATIENCE_S = 60.0
SETTLE_S = 1.0
"""A live camera's first pictures are dark or green until its exposure and white balance have settled."""
PAUSE_S = 0.8
"""Between two shots; and nobody reads advice that changes faster."""
OTHER_DISTANCE, OTHER_YAW, OTHER_SIZE = 0.25, 8.0, 1.25
"""A view differs from another by this much in its vector, its turn in degrees, or its size as a ratio."""
POSES = (
    "Look into the camera.",
    "Turn your head a little to the left.",
    "Now a little to the right.",
    "Come a little nearer.",
    "Step back a little, and smile.",
)
_ADVICE = {
    "no face": "Come before the camera, so that your whole face is seen.",
    "several faces": "Only one person, please: the others step aside.",
    "small": "Come nearer.",
    "dark": "More light: turn towards a window or a lamp.",
    "bright": "Less light: step out of the glare.",
    "blurred": "Hold still.",
    "turned": "Look towards the camera.",
    "unsure": "Show your whole face, without mask or hand before it.",
}


class Shooting:
    """One person's live shots; `look` judges a picture, and whoever is beyond `doubt_distance` is someone else."""

    def __init__(
        self, look: Callable[[Pixels], Taken | Refusal], doubt_distance: float, *, patience_s: float = PATIENCE_S
    ) -> None:
        self._look, self._doubt_distance, self._patience_s = look, doubt_distance, patience_s
        self._taken: list[Taken] = []
        self._last: Stamp | None = None
        self._advice: tuple[str, Stamp] | None = None

    async def shots(self, camera: Camera) -> tuple[Taken, ...]:
        """Up to five good views that differ, at most a minute's; the camera is closed then.

        CameraLost where it gives no picture; UnusableInput where nothing could be taken of whom it showed.
        """
        frames, seen = camera.frames(), 0
        try:
            async with asyncio.timeout(self._patience_s):
                async for frame in _settled(frames):
                    seen += 1
                    self._note(await asyncio.to_thread(self._look, frame.pixels), frame.stamp)
                    if len(self._taken) == WANTED:
                        break
        except TimeoutError:
            typer.echo(f"{self._patience_s:g} s are over.", err=True)
        finally:
            await camera.close()
        if not seen:
            raise CameraLost(f"{camera.name} gives no picture.", "Is another program using it?")
        if not self._taken:
            last = self._advice[0] if self._advice else ""
            raise UnusableInput("No good view of one face came before the camera.", last)
        return tuple(self._taken)

    def _note(self, seen: Taken | Refusal, stamp: Stamp) -> None:
        """Take the view if it is good and another one; else say what is wanted."""
        if isinstance(seen, Refusal):
            return self._advise(_ADVICE.get(seen.word, seen.hint), stamp)
        if self._taken and _apart(seen, self._taken[0]) > self._doubt_distance:
            return self._advise("This is someone else: let the same person stand here.", stamp)
        if self._last is not None and (stamp.since(self._last) < PAUSE_S or not _differs(seen, self._taken)):
            return self._advise(POSES[len(self._taken)], stamp)
        self._taken.append(seen)
        self._last, self._advice = stamp, None
        typer.echo(f"{len(self._taken)} of {WANTED}.", err=True)
        return None

    def _advise(self, text: str, stamp: Stamp) -> None:
        """Say what is wanted, when it is something else than before."""
        if self._advice is not None and (self._advice[0] == text or stamp.since(self._advice[1]) < PAUSE_S):
            return
        self._advice = (text, stamp)
        typer.echo(text, err=True)


def refuse_beside_daemon(path: Path) -> None:
    """A running daemon (at the control socket `path`) has the camera: ServiceAway then."""
    from smartlogd.control import NobodyAnswers, ask

    try:
        ask(path, "status", answer_s=3.0)
    except NobodyAnswers:
        return
    what = "A smartlogd is running, and it has the camera."
    raise ServiceAway(what, "Stop it first (smartlogd stop), or enrol photographs.", code=Exit.SERVICE_AWAY)


async def _settled(frames: AsyncIterator[Frame]) -> AsyncIterator[Frame]:
    first: Stamp | None = None
    async for frame in frames:
        first = first or frame.stamp
        if frame.stamp.since(first) >= SETTLE_S:
            yield frame


def _differs(seen: Taken, taken: Sequence[Taken]) -> bool:
    """Whether a view shows something that no other does."""
    return all(_is_other(seen, before) for before in taken)


def _is_other(one: Taken, other: Taken) -> bool:
    sizes = sorted((one.quality.size_px, other.quality.size_px))
    return (
        abs(one.quality.yaw - other.quality.yaw) >= OTHER_YAW
        or sizes[1] >= OTHER_SIZE * sizes[0]
        or _apart(one, other) >= OTHER_DISTANCE
    )


def _apart(one: Taken, other: Taken) -> float:
    return float(np.linalg.norm(one.vector - other.vector))
