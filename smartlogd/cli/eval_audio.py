"""Sounds, against what people heard in them: every bark is to be found, and nothing else is to be taken for a dog."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from pydantic import BaseModel, ConfigDict

from smartlogd.cli.labels import read_labels

if TYPE_CHECKING:
    from smartlogd.base.known import Burst
    from smartlogd.detect.hearing import Ear
    from smartlogd.settings import Settings


class SoundLabel(BaseModel):
    """What is said of one recording: whether a dog barks in it, and what it is."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    bark: bool
    label: str = ""


@dataclass(frozen=True, slots=True)
class SoundScore:
    """How many recordings there are, in how many of those with a bark one was heard, and which were judged wrongly.

    `false` are recordings without a bark in which one, a howl or a whine was heard.
    """

    files: int
    bark_files_found: int
    false: int
    wrong: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """As programs read it."""
        return {"files": self.files, "bark_files_found": self.bark_files_found, "false": self.false}

    def as_table(self) -> str:
        """As people read it: below the numbers the recordings that were judged wrongly."""
        told = f"{self.files} files: barks found in {self.bark_files_found}, false in {self.false}"
        return "\n".join([told, *(f"  {line}" for line in self.wrong)])


async def judged(folder: Path, settings: Settings) -> SoundScore:
    """Listen to each recording of the folder."""
    from smartlogd import wiring

    sounds = read_labels(folder, SoundLabel)
    ear = wiring.ear(settings, may_stand_in=lambda said: typer.echo(said, err=True))
    found, false, wrong = 0, 0, []
    try:
        for number, (path, label) in enumerate(sounds, 1):
            heard = {burst.what for burst in await bursts(path, ear)}
            of_dogs = sorted(heard & {"bark", "howl", "whine"})
            typer.echo(f"{number} of {len(sounds)}: {path.name}: {', '.join(sorted(heard)) or 'nothing'}", err=True)
            found += label.bark and "bark" in heard
            false += not label.bark and bool(of_dogs)
            if label.bark != ("bark" in heard if label.bark else bool(of_dogs)):
                wrong.append(f"{path.name}: {label.label or 'a bark'}, heard {' and '.join(of_dogs) or 'no dog'}")
    finally:
        await ear.close()
    return SoundScore(len(sounds), found, false, tuple(wrong))


async def bursts(path: Path, ear: Ear) -> tuple[Burst, ...]:
    """All that is heard in a recording, by when it began. Missing or UnusableInput for one that cannot be read."""
    from smartlogd.capture.soundtrack import Soundtrack

    told: list[Burst] = []
    async for sound in Soundtrack(path).sounds():
        told += await ear.hear(sound)
    told += await ear.finish()
    return tuple(sorted(told, key=lambda burst: (burst.start.mono_ns, burst.what)))
