"""What is heard in a replay, told among what is seen in it, in the order of time."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from smartlogd.base.known import Event

if TYPE_CHECKING:
    from smartlogd.base.ports import Ids, Journal
    from smartlogd.base.seen import Frame
    from smartlogd.cli.tell import Teller
    from smartlogd.movement.scene import Scene
    from smartlogd.settings import Settings


async def overheard(path: Path, settings: Settings, ids: Ids) -> tuple[Event, ...]:
    """All that is heard in a recording, by when it began; nothing where it is silent, which is said on standard error.

    Raises Missing where the model is not there; a copy of it will do, and that is said as well.
    """
    from smartlogd import wiring
    from smartlogd.capture.soundtrack import holds
    from smartlogd.cli.eval_audio import bursts
    from smartlogd.record.compose import heard

    if "sound" not in holds(path):
        typer.echo(f"{path.name} holds no sound.", err=True)
        return ()
    ear = wiring.ear(settings, may_stand_in=lambda said: typer.echo(said, err=True))
    try:
        return tuple(heard(burst, ids, settings.device.name) for burst in await bursts(path, ear))
    finally:
        await ear.close()


class Overheard:
    """Tells each event of a sound with the first frame that is not before it, and keeps it in the journal if any."""

    def __init__(
        self, events: tuple[Event, ...], teller: Teller, journal: Journal | None, *, has_pictures: bool = True
    ) -> None:
        self._waiting, self._teller, self._journal = deque(events), teller, journal
        self.has_pictures = has_pictures

    def watch(self, frame: Frame, scene: Scene, events: tuple[Event, ...]) -> None:
        """Tell of the frame's own events and of what was heard by then; the pipeline calls this for each frame."""
        due: list[Event] = []
        while self._waiting and self._waiting[0].stamp.mono_ns <= frame.stamp.mono_ns:
            due.append(self._kept(self._waiting.popleft()))
        merged = sorted((*events, *due), key=lambda event: event.stamp.mono_ns)
        self._teller.watch(frame, scene, tuple(merged))

    def end(self) -> None:
        """Tell what is heard after the last frame, or where there are no frames at all."""
        self._teller.listen(tuple(self._kept(event) for event in self._waiting))
        self._waiting.clear()

    def _kept(self, event: Event) -> Event:
        if self._journal is not None:
            self._journal.append(event)
        return event
