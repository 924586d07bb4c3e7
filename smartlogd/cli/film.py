"""The annotated video of a replay: boxes, lines, zones and counts, and what everybody is doing."""

from __future__ import annotations

from smartlogd.base.known import Event, TrackId
from smartlogd.base.seen import Frame
from smartlogd.cli.footage import Account
from smartlogd.movement.scene import Scene
from smartlogd.record.draw import draw
from smartlogd.record.movie import Movie
from smartlogd.settings import Settings

_SHOWN = ("sit", "stand", "lie", "eating", "drinking", "playing")


class Film:
    """Draws each frame into `movie`; the pipeline calls `watch` for each, and `over` when something has ended."""

    def __init__(self, movie: Movie, settings: Settings, account: Account) -> None:
        self._movie, self._account = movie, account
        self._lines, self._zones = settings.movement.crossing_lines(), settings.movement.watched_zones()
        self._going_on: dict[tuple[TrackId, str], None] = {}

    def watch(self, frame: Frame, scene: Scene, events: tuple[Event, ...]) -> None:
        """Note what began, and draw the frame."""
        self._going_on |= {_key(event): None for event in events if event.type in _SHOWN and event.ended is None}
        picture = draw(
            frame.pixels, scene.tracks, self._lines, self._account.counts(), zones=self._zones, words=self.words()
        )
        self._movie.add(picture, frame.stamp.mono_ns / 1e9)

    def over(self, event: Event) -> None:
        """Note what ended."""
        self._going_on.pop(_key(event), None)

    def words(self) -> dict[TrackId, str]:
        """What each track is doing, in the order in which it began."""
        words: dict[TrackId, str] = {}
        for track, word in self._going_on:
            words[track] = f"{words[track]}, {word}" if track in words else word
        return words


def _key(event: Event) -> tuple[TrackId, str]:
    return TrackId(int(str(event.data["track"]))), event.type
