"""`smartlogd people`: who is known; read here, changed by the running daemon or, without one, in its place."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from smartlogd.base.errors import Exit, SmartlogError
from smartlogd.cli.changed import confirmed, iso, local, made, state_of, tell, times
from smartlogd.cli.columns import columns
from smartlogd.cli.enrol import enrol
from smartlogd.cli.import_ import import_
from smartlogd.cli.options import AsJson, Config
from smartlogd.cli.review import check
from smartlogd.cli.trial import eval_

if TYPE_CHECKING:
    from smartlogd.store.people import Person

app = typer.Typer(help="Who is known: enrol, list, check, rename, forget.", no_args_is_help=True, rich_markup_mode=None)

Who = Annotated[str, typer.Argument(metavar="NAME", help="Their name, or their uid.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask again.")]

app.command("enrol")(enrol)
app.command("import")(import_)


@app.command("list")
def list_(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Say who is known, and when each was last seen."""
    from smartlogd.store.people import people

    found = people(state_of(config))
    if as_json:
        for person in found:
            typer.echo(json.dumps(_fields(person)))
    elif found:
        head = ("name", "uid", "role", "consent", "faces", "seen", "passings", "last seen")
        typer.echo(columns(head, [_row(person) for person in found]))
    else:
        typer.echo("Nobody is known yet. Enrol someone: smartlogd people enrol NAME PHOTO...")


@app.command("show")
def show(name: Who, config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Say what is kept of one person."""
    from smartlogd.store.people import person

    found = person(state_of(config), name)
    if as_json:
        typer.echo(json.dumps(_fields(found)))
        return
    rows = [
        ("name", found.name or ""),
        ("uid", found.uid),
        ("address", found.email or "none"),
        ("role", found.role),
        ("consent", f"given {local(found.consent)}" if found.consent else "not given"),
        ("known since", local(found.created)),
        ("faces", f"{found.templates}, {found.strangers} from strangers who were given this name"),
        ("seen", times(found.seen)),
        ("passings", f"{found.passings}"),
        ("last seen", local(found.last_seen)),
    ]
    width = max(len(word) for word, _ in rows)
    typer.echo("\n".join(f"{word:<{width}}  {text}" for word, text in rows))


app.command("check")(check)
app.command("eval")(eval_)


@app.command("rename")
def rename(
    name: Who,
    new: Annotated[str, typer.Argument(metavar="NEW", help="What they are to be called.")],
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Call someone by another name, in the past too."""
    told = made(config, "rename", name=name, to=new)
    said = f"{told['was']} is called {told['name']} now." if told["changed"] else f"That is what {name} is called."
    tell(told, said, as_json=as_json)


@app.command("merge")
def merge(
    name: Who,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Who is the same person; goes.")],
    yes: Yes = False,  # noqa: FBT002
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Make two who are one person into one, for good."""
    confirmed(f"{other} becomes {name}, with all faces and passings, and cannot be told apart again. Do it?", yes=yes)
    told = made(config, "people-merge", name=name, other=other)
    said = f"{told['name']} has {told.get('templates')} faces now; {other} is gone."
    tell(told, said if told["changed"] else f"{name} and {other} are one already.", as_json=as_json)


@app.command("forget")
def forget(
    name: Who,
    receipt: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the receipt into this file as well.")
    ] = None,
    yes: Yes = False,  # noqa: FBT002
    config: Config = None,
    as_json: AsJson = False,  # noqa: ARG001, FBT002 - the receipt is JSON in any case
) -> None:
    """Take a person out of everything that is kept, for good.

    Passings stay and lose the person; faces, pictures and keys are destroyed. The receipt says how much.
    """
    if not yes and sys.stdin.isatty():
        _warn(config, name)
    with _paper(receipt) as paper:
        text = json.dumps(made(config, "forget", name=name))
        typer.echo(text)
        if paper is not None:
            paper.write(text + "\n")


def _warn(config: Path | None, name: str) -> None:
    """Say what will be lost, and ask; nobody of that name is left to the change itself to say."""
    from smartlogd.base.errors import Missing
    from smartlogd.store.people import person

    try:
        found = person(state_of(config), name)
    except Missing:
        return
    lost = f"{found.templates} faces are destroyed, and {found.passings} passings lose the person"
    confirmed(f"{found.name or found.uid}: {lost}. This cannot be undone. Forget?", yes=False)


@contextmanager
def _paper(path: Path | None) -> Iterator[TextIO | None]:
    """An empty file for the receipt, made before anything is erased, and taken away again if nothing is.

    One that is there already stays: it may be the receipt of the first time.
    """
    if path is None:
        yield None
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        what = f"The receipt {path} cannot be written: {(error.strerror or str(error)).lower()}; nothing was changed."
        raise SmartlogError(what, "Name another file.", code=Exit.CANNOT_CREATE) from error
    with os.fdopen(descriptor, "w") as paper:
        try:
            yield paper
        except SmartlogError:
            path.unlink()
            raise


def _row(person: Person) -> tuple[object, ...]:
    consent = "yes" if person.consent else "no"
    counts = person.templates, person.seen, person.passings
    return person.name or "", person.uid, person.role, consent, *counts, local(person.last_seen)


def _fields(person: Person) -> dict[str, object]:
    return {
        "uid": person.uid,
        "name": person.name,
        "email": person.email,
        "role": person.role,
        "consent_at": iso(person.consent),
        "created_at": iso(person.created),
        "templates": person.templates,
        "strangers": person.strangers,
        "seen": person.seen,
        "passings": person.passings,
        "last_seen": iso(person.last_seen),
    }
