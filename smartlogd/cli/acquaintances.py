"""Whom a replay knows: the people of this device, and the strangers of its database and of its clips so far."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from smartlogd import wiring
from smartlogd.base.errors import SmartlogError
from smartlogd.identify.gallery import Gallery
from smartlogd.store.whom import called

if TYPE_CHECKING:
    from smartlogd.identify.identifier import FaceIdentifier
    from smartlogd.settings import Settings


class Acquaintances:
    """The faces a replay goes by, and what their people are called.

    Strangers that the device itself remembers are left out: a replay of other footage is not about them.
    """

    def __init__(self, settings: Settings, db: Path | None = None) -> None:
        """`db` is the database that the replay writes, where it writes one."""
        self.db = db
        self._settings = settings
        state = settings.folders().state
        faces = [template for template in wiring.templates(state) if template.who.is_known]
        self.people = called(state)
        """By uid; their ids are those of the database that is written, else of the device's."""
        if db is not None and db.is_file():
            faces += wiring.templates(db.parent, db.name)
        self._gallery = Gallery(list({face.id: face for face in faces}.values()))
        self._complaint = ""
        self._has_complained = False

    def introduced(self) -> None:
        """The database that is written knows the people by now, by ids of its own."""
        if self.db is not None:
            self.people.update(called(self.db.parent, name=self.db.name))

    def identifier(self) -> FaceIdentifier | None:
        """What looks at the faces of the next clip; None where it is switched off, or a model is not here."""
        try:
            return wiring.identifier(self._settings, self._gallery, is_patient=True)
        except SmartlogError as error:
            self._complaint = f"Nobody is recognised: {error}"
            return None

    def met(self, identifier: FaceIdentifier | None) -> None:
        """Know in the next clip who was seen in this one; say once on standard error why nobody was."""
        if identifier is not None:
            self._gallery = identifier.gallery
        elif self._complaint and not self._has_complained:
            typer.echo(self._complaint, err=True)
            self._has_complained = True
