"""What a running daemon is told to do: by the command line, by the broker, by SIGHUP; and the settings it runs on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from smartlogd import adjusting
from smartlogd.base.errors import DiskTrouble, ServiceAway, SmartlogError, UnusableInput
from smartlogd.base.health import Command
from smartlogd.reloading import sorted_out, taken_over

if TYPE_CHECKING:
    from smartlogd.crew import Crew
    from smartlogd.river import River
    from smartlogd.settings import Settings
    from smartlogd.telemetry.systemd import Notifier

log = logging.getLogger("smartlogd.control")


class Steering:
    """Holds the settings that run, and does what is asked. `read` reads the file anew, `stop` begins to stop."""

    def __init__(
        self,
        settings: Settings,
        read: Callable[[], Settings],
        river: Callable[[], River],
        notifier: Notifier,
        stop: Callable[[], None],
    ) -> None:
        self._read, self._river, self._notifier, self._stop = read, river, notifier, stop
        self._adjustments = adjusting.read(settings.folders().state)
        self._configured = settings.movement
        self.settings = adjusting.laid_over(settings, self._adjustments)
        self._crew: Crew | None = None
        self._one = asyncio.Lock()
        self._commands: Mapping[str, Callable[[Command], Awaitable[Mapping[str, object]]]] = {
            "pause": lambda _: self._pause(is_paused=True),
            "resume": lambda _: self._pause(is_paused=False),
            "snapshot": self._snapshot,
            "clip": self._clip,
            "bookmark": self._bookmark,
            "sync": lambda _: self._opened().link.asked("now"),
            "reload": lambda _: self.reload(),
            "restart": lambda _: self._restart(),
            "line": self._line,
            "model": self._model,
            "routine": self._routine,
            "jobs": self._jobs,
        }

    def opened(self, crew: Crew) -> None:
        """Everything is open: from here on, commands are obeyed."""
        self._crew = crew

    async def obey(self, command: Command) -> Mapping[str, object]:
        """Do it; what to answer. UnusableInput for what cannot be meant, ServiceAway while it is still starting."""
        do = self._commands.get(command.what)
        if do is None:
            raise UnusableInput("The command is none we know.", f"Known: {', '.join(self._commands)}.")
        reporter = self._opened().reporter
        answer = await do(command)
        log.info("command done", extra={"command": command.what})
        reporter.poke()
        return answer

    async def reload(self) -> Mapping[str, object]:
        """Read the settings again: lines, thresholds and models change in mid-run, and tracks live on.

        Gives the keys that were `applied`, and those that a restart is `restart_needed` for. When the new settings
        cannot be meant, or a model is missing, the old ones stay whole.
        """
        async with self._one:
            configured = self._read()
            new = adjusting.laid_over(configured, self._adjustments)
            applied, needed = sorted_out(self.settings, new)
            await self._apply(taken_over(self.settings, new))
            self._configured = configured.movement
            if self._crew:
                self._crew.link.again()
            log.info("settings read again", extra={"applied": len(applied), "restart_needed": ",".join(needed) or "no"})
            return {"applied": list(applied), "restart_needed": list(needed)}

    async def reload_quietly(self) -> None:
        """The same for SIGHUP, whose sender hears no answer: a refusal goes to the log."""
        try:
            await self.reload()
        except SmartlogError as error:
            log.error("settings not read again: %s", error)

    def _opened(self) -> Crew:
        if self._crew is None:
            raise ServiceAway("smartlogd is still starting.", "Try again in a moment.")
        return self._crew

    async def _apply(self, running: Settings) -> None:
        """Bring the settings into effect; what can fail comes first."""
        await self._river().apply(self.settings, running)
        logging.getLogger("smartlogd").setLevel(running.device.log_level.upper())
        old, self.settings = self.settings, running
        if self._crew:
            self._crew.changed(old, running)

    async def _pause(self, *, is_paused: bool) -> Mapping[str, object]:
        """Close the lens and note it, or note that it may open, and open it: in doubt it is closed."""
        river = self._river()
        async with self._one:
            if is_paused:
                await river.pause()
                await self._opened().hush()
            try:
                await river.remember_pause(is_paused=is_paused)
            except DiskTrouble as trouble:
                raise _not_noted(trouble, is_paused=is_paused) from trouble
            if not is_paused:
                await river.resume()
                await self._opened().listen()
        return {"paused": is_paused}

    async def _snapshot(self, command: Command) -> Mapping[str, object]:
        return await self._opened().filming.snapshot(command.arguments)

    async def _clip(self, command: Command) -> Mapping[str, object]:
        return await self._opened().filming.clip(command.arguments)

    async def _bookmark(self, command: Command) -> Mapping[str, object]:
        return await self._opened().filming.bookmark(command.arguments)

    async def _restart(self) -> Mapping[str, object]:
        if not self._notifier.is_heard:
            what = "smartlogd was not started by systemd, so nobody would start it again."
            raise UnusableInput(what, "Stop it, and start it anew.")
        asyncio.get_running_loop().call_later(ANSWERED_S, self._stop)
        return {"restarting": True}

    async def _model(self, command: Command) -> Mapping[str, object]:
        return await self._opened().trying.asked(command)

    async def _routine(self, command: Command) -> Mapping[str, object]:
        return await self._opened().clockwork.run_now(command.arguments)

    async def _jobs(self, _: Command) -> Mapping[str, object]:
        return self._opened().clockwork.jobs()

    async def _line(self, command: Command) -> Mapping[str, object]:
        """Set a line; it stays so over restarts, whatever the configuration says of it."""
        name = str(command.arguments.get("name", ""))
        given = {key: value for key, value in command.arguments.items() if key != "name"}
        async with self._one:
            configured = self.settings.model_copy(update={"movement": self._configured})
            adjustments = adjusting.adjusted(configured, self._adjustments, name, given)
            movement = adjusting.laid_over(configured, adjustments).movement
            await asyncio.to_thread(adjusting.write, self.settings.folders().state, adjustments)
            self._adjustments = adjustments
            await self._apply(self.settings.model_copy(update={"movement": movement}))
        line = movement.lines[name]
        return {"line": name, "counting": line.counts != "none", **line.model_dump(include={"start", "end", "inside"})}


def _not_noted(trouble: DiskTrouble, *, is_paused: bool) -> DiskTrouble:
    """The lens is closed, though the disk takes no note of it, or of its being opened."""
    what = "The camera is paused, but a restart would open it: the disk takes no note."
    if not is_paused:
        what = "The camera stays paused: the disk takes no note that it may open."
    return DiskTrouble(what, trouble.hint, fate=trouble.fate, code=trouble.code)


ANSWERED_S = 0.5
"""Whoever asked for a restart is answered before it begins."""
