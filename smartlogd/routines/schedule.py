"""What happens when: jobs at intervals and by cron, one clockwork for all of them.

Intervals go by the monotonic clock and are deaf to a wall clock that is set. What goes by cron follows the wall clock:
set forward over its time, it comes at once, and is told when it had been due; set back by less than three hours, it
does not come a second time.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from smartlogd.base.cron import MOST_SKIPPED, Cron, cron, following
from smartlogd.base.errors import SmartlogError
from smartlogd.base.time import Clock, SystemClock

if TYPE_CHECKING:
    from smartlogd.routines.wheel import Wheel

LOOK_S = 5.0
"""How often it is looked whether somebody set the clock."""
JUMP_S = 1.0
"""A clock that went wrong by more than this between two looks was set, and did not only run fast."""
_EARLY_S = 0.5
"""A job that is woken so much too early, because two clocks do not agree, was meant all the same."""
_NEVER_S = 366 * 86_400.0

log = logging.getLogger("smartlogd.routines")

Work = Callable[[], Awaitable[object]]
Due = Callable[[dt.datetime], Awaitable[object]]
"""Is told when it was due: some time ago, where the clock was set forward."""
Zone = Callable[[], dt.tzinfo]


@dataclass(frozen=True, slots=True)
class Job:
    """A job as a person is told of it: `when` is its interval or its cron, `trouble` why it failed the last time."""

    name: str
    when: str
    next_at: dt.datetime | None
    last_at: dt.datetime | None
    is_running: bool
    trouble: str


@dataclass(slots=True)
class _Turn:
    """A job, and when it is due: `due_s` on the loop's clock for an interval, `due` for a cron."""

    name: str
    when: float | Cron
    work: Due
    zone: Zone
    jitter_s: float
    is_ours: bool
    first_s: float = 0.0
    due_s: float = 0.0
    due: dt.datetime | None = None
    came: dt.datetime | None = None
    last_at: dt.datetime | None = None
    is_running: bool = False
    trouble: str = field(default="", repr=False)


class Schedule:
    """Jobs, and their turns while `run` runs; they may be put in and taken out before and meanwhile.

    `zone` is asked when a job by cron is planned. `chance` gives numbers from 0 to 1.
    """

    def __init__(self, zone: Zone, clock: Clock, *, chance: Callable[[], float] = random.random) -> None:
        self._zone, self._clock, self._chance = zone, clock, chance
        self._wall = SystemClock()
        self._turns: dict[str, _Turn] = {}
        self._wheel: Wheel | None = None
        self._group: asyncio.TaskGroup | None = None

    def every(self, name: str, when: float | str, work: Work, *, jitter_s: float = 0.0, first_s: float = 0.0) -> None:
        """Do it every so many seconds, for the first time after `first_s`, or by cron in the device's time zone.

        `jitter_s` is how much later than that it may be, each time by chance. A job of this name is replaced.
        ValueError for a cron that is none.
        """
        times = cron(when) if isinstance(when, str) else when
        self._put(_Turn(name, times, lambda _: work(), self._zone, jitter_s, is_ours=True, first_s=first_s))

    def at(self, name: str, times: Cron, zone: Zone, work: Due, *, came: dt.datetime | None = None) -> None:
        """Do it by cron in a time zone of its own; `came` is when it was last done. It is none of the daemon's jobs."""
        self._put(_Turn(name, times, work, zone, 0.0, is_ours=False, came=came))

    def drop(self, name: str) -> None:
        """Do it no more; harmless where there is no such job. One that is being done is finished."""
        if self._turns.pop(name, None) is not None and self._wheel is not None:
            self._wheel.take(name)

    def has(self, name: str) -> bool:
        """Whether there is such a job."""
        return name in self._turns

    def next_of(self, name: str) -> dt.datetime | None:
        """When a job comes next; None where it does not."""
        turn = self._turns.get(name)
        return None if turn is None or self._wheel is None else self._next(turn)

    def jobs(self) -> tuple[Job, ...]:
        """The daemon's own jobs, in the order in which they were put in."""
        ours = (turn for turn in self._turns.values() if turn.is_ours)
        return tuple(
            Job(turn.name, _told(turn.when), self.next_of(turn.name), turn.last_at, turn.is_running, turn.trouble)
            for turn in ours
        )

    def again(self) -> None:
        """Plan what goes by cron anew: the time zone is another, or the clock was set."""
        for turn in self._turns.values():
            if isinstance(turn.when, Cron) and not self._is_over(turn):
                self._plan(turn)
            if self._wheel is not None:
                self._wheel.turn(turn.name)

    async def run(self) -> None:
        """Let jobs have their turns until cancelled; those that are being done are cancelled then, and waited for."""
        self._wheel = wheel = await asyncio.to_thread(_made, self)
        wheel.start()
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                for turn in self._turns.values():
                    self._begin(turn)
                await self._watch()
            finally:
                self._wheel = self._group = None
                wheel.stop()

    # What the wheel asks -----------------------------------------------------------------------------

    def left_s(self, name: str) -> float:
        """How long a job is still to wait; zero or less where it is due."""
        turn = self._turns.get(name)
        if turn is None:
            return _NEVER_S
        if not isinstance(turn.when, Cron):
            return turn.due_s - _loop_s()
        return _NEVER_S if turn.due is None else (turn.due - self._clock.now().utc).total_seconds()

    def passed(self, name: str) -> None:
        """The time of a job has come: plan the next."""
        turn = self._turns.get(name)
        if turn is None:
            return
        early_s = _EARLY_S if isinstance(turn.when, Cron) else min(_EARLY_S, turn.when / 2)
        if self.left_s(name) <= early_s:
            turn.came = turn.due
            self._plan(turn)

    async def come(self, name: str) -> None:
        """Do a job, and return when it is done, however it went."""
        turn, group = self._turns.get(name), self._group
        if turn is not None and group is not None:
            await asyncio.wait({group.create_task(self._done(turn), name=f"job: {name}")})

    # Inside ------------------------------------------------------------------------------------------

    def _put(self, turn: _Turn) -> None:
        self._turns[turn.name] = turn
        if self._wheel is not None:
            self._begin(turn)

    def _begin(self, turn: _Turn) -> None:
        assert self._wheel is not None, "run() comes first"
        if isinstance(turn.when, Cron):
            self._plan(turn)
        else:
            turn.due_s = _loop_s() + turn.first_s + turn.jitter_s * self._chance()
        self._wheel.put(turn.name)

    def _plan(self, turn: _Turn) -> None:
        lag_s = turn.jitter_s * self._chance()
        if not isinstance(turn.when, Cron):
            turn.due_s = _loop_s() + turn.when + lag_s
            return
        now = self._clock.now().utc
        after = max(now, turn.came) if turn.came is not None and turn.came - now <= MOST_SKIPPED else now
        due = following(turn.when, turn.zone(), after)
        turn.due = None if due is None else due + dt.timedelta(seconds=lag_s)

    async def _done(self, turn: _Turn) -> None:
        now = self._clock.now().utc
        turn.last_at, turn.is_running = now, True
        try:
            await turn.work(turn.came or now)
        except SmartlogError as error:
            self._suffered(turn, error)
        else:
            turn.trouble = ""
        finally:
            turn.is_running = False

    def _suffered(self, turn: _Turn, error: SmartlogError) -> None:
        """Say a trouble once, for as long as it lasts, however many jobs have it."""
        trouble = str(error)
        if all(other.trouble != trouble for other in self._turns.values()):
            log.warning("job failed", extra={"job": turn.name, "what": error.what, "hint": error.hint})
        turn.trouble = trouble

    async def _watch(self) -> NoReturn:
        """See to it that jobs by cron keep to a clock that is set."""
        offsets = self._offsets()
        while True:
            await asyncio.sleep(LOOK_S)
            before, offsets = offsets, self._offsets()
            by_s = max((new - old for old, new in zip(before, offsets, strict=True)), key=abs)
            if abs(by_s) > JUMP_S:
                log.info("clock was set", extra={"by_s": round(by_s, 1)})
                self.again()

    def _offsets(self) -> tuple[float, float]:
        """How far the wall clock, and the clock that stamps rows, are ahead of the one that never steps."""
        now_s = _loop_s()
        return self._wall.now().utc.timestamp() - now_s, self._clock.now().utc.timestamp() - now_s

    def _is_over(self, turn: _Turn) -> bool:
        return turn.due is not None and turn.due <= self._clock.now().utc

    def _next(self, turn: _Turn) -> dt.datetime | None:
        if isinstance(turn.when, Cron):
            return turn.due
        return self._clock.now().utc + dt.timedelta(seconds=max(0.0, self.left_s(turn.name)))


def _made(schedule: Schedule) -> Wheel:
    """The wheel, on a thread: importing APScheduler takes a tenth of a second, in which frames are to be seen."""
    from smartlogd.routines.wheel import Wheel

    return Wheel(schedule.left_s, schedule.passed, schedule.come)


def _told(when: float | Cron) -> str:
    return when.text if isinstance(when, Cron) else f"every {when:g} s"


def _loop_s() -> float:
    """Seconds on the running loop's clock, which never steps."""
    return asyncio.get_running_loop().time()
