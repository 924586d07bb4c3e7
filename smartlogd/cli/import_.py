"""`smartlogd people import`: take over a gallery that was made with face_recognition."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartlogd.cli.options import AsJson, Config

QUALITY = 0.5
"""How good the pictures were is not written in such a gallery."""


def import_(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE.npz", help="With the arrays `encodings` and `names`, or one for each person."),
    ],
    consent: Annotated[bool, typer.Option("--consent", help="They agreed to be recognised.")] = False,  # noqa: FBT002
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Take over faces from face_recognition.

    What is in FILE is added to whom it names; faces that are known already are left out.
    """
    from smartlogd.base.who import NETWORK
    from smartlogd.cli.album import Album
    from smartlogd.cli.entrust import Describing, Face, introduced, right_name
    from smartlogd.cli.progress import steps
    from smartlogd.cli.speech import log_to_stderr
    from smartlogd.identify.library import read_library
    from smartlogd.settings import read_settings

    library = [(right_name(person.name), person.vectors) for person in read_library(file)]
    settings, about = read_settings(config), Describing(has_agreed=consent)
    log_to_stderr("warning")
    known = introduced(settings, [name for name, _ in library], about)
    with steps("people", len(library)) as progress:
        for name, vectors in library:
            album = Album(name, NETWORK, known, about, settings.identify)
            for vector in vectors:
                album.add(name, Face(vector, QUALITY, "import"))
            kept = album.keep(settings)
            progress.say(kept.as_json() if as_json else kept.as_line())
            progress.step()
