"""`smartlogd eval`: what people found in clips, pictures and sounds by hand, against what is found here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from smartlogd.base.errors import Missing
from smartlogd.cli.options import AsJson, Config, Profile

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from smartlogd.settings import Settings


class Judged(Protocol):
    """How far the two agree."""

    def as_json(self) -> dict[str, object]:
        """As programs read it."""
        ...

    def as_table(self) -> str:
        """As people read it."""
        ...


def eval_(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of clips, pictures or sounds, and what is in them.")
    ],
    profile: Profile = None,
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Compare what is found with what people found.

    DIR holds clips and their GROUND_TRUTH.json (lines are counted), or pictures or sounds and their LABELS.json
    (postures, dogs, or barks are told).
    """
    import asyncio

    from smartlogd.cli.speech import log_to_stderr
    from smartlogd.settings import read_settings

    settings = read_settings(config, {"detect.profile": profile} if profile else {})
    log_to_stderr("warning")
    judgement = asyncio.run(_judge(folder)(folder, settings))
    typer.echo(json.dumps(judgement.as_json()) if as_json else judgement.as_table())


def _judge(folder: Path) -> Callable[[Path, Settings], Coroutine[None, None, Judged]]:
    """Who judges such a folder."""
    from smartlogd.cli import labels, truth

    if not folder.is_dir():
        raise Missing(f"There is no folder {folder}.", "Name one that holds clips, pictures or sounds.")
    if (folder / truth.FILE).exists() or not (folder / labels.FILE).exists():
        from smartlogd.cli.eval_clips import judged as judge_clips

        return judge_clips
    subject = labels.subject(folder, ("people", "dogs", "bark"))
    if subject == "people":
        from smartlogd.cli.eval_poses import judged as judge_poses

        return judge_poses
    if subject == "dogs":
        from smartlogd.cli.eval_dogs import judged as judge_dogs

        return judge_dogs
    from smartlogd.cli.eval_audio import judged as judge_sounds

    return judge_sounds
