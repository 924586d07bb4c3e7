"""Which stretches of time are to be seen: windows around what happened, those that overlap made one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from smartlogd.base.known import EventId


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch that is to be seen, in nanoseconds of the stamps' monotonic clock, both ends included.

    `labels` say what it shows, `cause` is the event that asked for it first.
    """

    start_ns: int
    end_ns: int
    labels: tuple[str, ...] = ()
    cause: EventId | None = None

    def overlaps(self, other: Window) -> bool:
        """Whether there is no gap between the two."""
        return self.start_ns <= other.end_ns and other.start_ns <= self.end_ns


def joined(one: Window, other: Window) -> Window:
    """Both, and what lies between them: the labels of both, the cause of the one that begins first.

    >>> joined(Window(0, 9, ("a",)), Window(5, 12, ("b", "a")))
    Window(start_ns=0, end_ns=12, labels=('a', 'b'), cause=None)
    """
    first, then = sorted((one, other), key=lambda window: window.start_ns)
    labels = tuple(dict.fromkeys((*first.labels, *then.labels)))
    return Window(first.start_ns, max(one.end_ns, other.end_ns), labels, first.cause or then.cause)


def capped(window: Window, longest_ns: int) -> tuple[Window, Window | None]:
    """The window's first `longest_ns`, and what is left of it, which begins where that ends.

    >>> capped(Window(0, 25), 10)
    (Window(start_ns=0, end_ns=10, labels=(), cause=None), Window(start_ns=10, end_ns=25, labels=(), cause=None))
    """
    if window.end_ns - window.start_ns <= longest_ns:
        return window, None
    end_ns = window.start_ns + longest_ns
    return replace(window, end_ns=end_ns), replace(window, start_ns=end_ns)


def extended(begun: Window, more: Window, longest_ns: int) -> tuple[Window, Window | None]:
    """A window that was begun already, grown by one that overlaps it; its start stands. What is too long is left.

    >>> extended(Window(5, 10, ("a",)), Window(2, 20, ("b",)), 10)[1]
    Window(start_ns=15, end_ns=20, labels=('b',), cause=None)
    """
    end_ns = min(max(begun.end_ns, more.end_ns), begun.start_ns + longest_ns)
    labels = tuple(dict.fromkeys((*begun.labels, *more.labels)))
    grown = Window(begun.start_ns, end_ns, labels, begun.cause or more.cause)
    return grown, replace(more, start_ns=end_ns) if more.end_ns > end_ns else None


def merged(windows: Iterable[Window], longest_ns: int) -> tuple[Window, ...]:
    """The same stretches in order, those that overlap made one, none longer than `longest_ns`, none seen twice.

    Each has the labels of all that it shows, and the cause of the first of them.
    """
    ordered = sorted(windows, key=lambda each: (each.start_ns, each.end_ns))
    whole: list[Window] = []
    for window in ordered:
        if whole and window.start_ns <= whole[-1].end_ns:
            whole[-1] = joined(whole[-1], window)
        else:
            whole.append(window)
    return tuple(_told(part, ordered) for window in whole for part in _parts(window, longest_ns))


def _parts(window: Window, longest_ns: int) -> Iterator[Window]:
    rest: Window | None = window
    while rest is not None:
        part, rest = capped(rest, longest_ns)
        yield part


def _told(part: Window, ordered: Iterable[Window]) -> Window:
    """The part with the labels and the cause of the windows that it shows."""
    shown = [window for window in ordered if window.overlaps(part)]
    labels = tuple(dict.fromkeys(label for window in shown for label in window.labels))
    return replace(part, labels=labels, cause=next((window.cause for window in shown if window.cause), None))
