"""`smartlogd people enrol`: photographs of someone, of many, or live shots, become faces to know them by."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartlogd.base.errors import Exit, SmartlogError
from smartlogd.cli.options import AsJson, Config

if TYPE_CHECKING:
    from smartlogd.cli.entrust import Describing
    from smartlogd.settings import Settings

PICTURES = (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".heic", ".heif", ".avif")
"""What is tried in a folder; of kinds that cannot be read it is then said so."""
MOST_PHOTOS = 10_000


class Role(enum.Enum):
    """What someone is to this device."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Someone:
    """Whom to enrol, and their photographs."""

    name: str
    photos: tuple[Path, ...]


def enrol(
    name: Annotated[
        str, typer.Argument(metavar="NAME|FOLDER", help="Who it is; or a folder that holds a folder for each person.")
    ],
    photos: Annotated[
        list[Path] | None, typer.Argument(metavar="[PHOTO]...", help="Photographs of this person, or folders of them.")
    ] = None,
    email: Annotated[str | None, typer.Option(help="The person's address.")] = None,
    role: Annotated[Role | None, typer.Option(help="What the person is here; a member unless said.")] = None,
    consent: Annotated[bool, typer.Option("--consent", help="They agreed to be recognised.")] = False,  # noqa: FBT002
    new: Annotated[bool, typer.Option("--new", help="Someone else of a name that is known.")] = False,  # noqa: FBT002
    camera: Annotated[bool, typer.Option("--camera", help="Take five good shots live.")] = False,  # noqa: FBT002
    config: Config = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Let people be known by their faces.

    Says of each photograph whether it was taken, or why not; exit 65 when there is someone of whom none was.
    """
    from smartlogd.cli.entrust import Describing
    from smartlogd.cli.speech import log_to_stderr
    from smartlogd.settings import read_settings
    from smartlogd.store.changes import understood

    people = whom(name, photos or [], camera=camera)
    if email and len(people) > 1:
        raise SmartlogError("An address belongs to one person.", "Leave --email out.", code=Exit.USAGE)
    if email:
        understood("enrol", {"name": people[0].name, "email": email})  # before the work that it would waste
    settings = read_settings(config)
    log_to_stderr("warning")
    about = Describing(email, role.value if role else None, new, consent)
    work = _shot if camera else _read
    work(settings, people, about, as_json=as_json)


def whom(name: str, photos: Sequence[Path], *, camera: bool) -> tuple[Someone, ...]:
    """Who is to be enrolled, with which photographs; a usage error where that is not clear."""
    from smartlogd.cli.entrust import right_name

    if camera and photos:
        raise SmartlogError("Photographs and --camera do not go together.", "Leave one of them out.", code=Exit.USAGE)
    if camera or photos:
        return (Someone(right_name(name), _all(photos)),)
    folder = Path(name)
    if not _is_folder(folder):
        hint = f'Name them: smartlogd people enrol "{name}" PHOTO... Or take some: --camera.'
        raise SmartlogError(f"No photographs of {name} are named.", hint, code=Exit.USAGE)
    inner = [each for each in _inside(folder) if each.is_dir() and not each.name.startswith(".")]
    if not inner:
        hint = f'It should hold a folder for each person. Of one person: smartlogd people enrol "NAME" {name}'
        raise SmartlogError(f"{name} holds no folders.", hint, code=Exit.USAGE)
    return tuple(Someone(right_name(each.name), _all([each])) for each in inner)


def _all(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The photographs that are meant, folders opened, each once."""
    found: dict[Path, None] = {}
    for path in paths:
        within = [each for each in _inside(path) if _is_photo(each)] if _is_folder(path) else [path]
        found |= dict.fromkeys(within)
    if len(found) > MOST_PHOTOS:
        raise SmartlogError(f"These are more than {MOST_PHOTOS} photographs.", "Enrol in parts.", code=Exit.USAGE)
    return tuple(found)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name longer than any file's
        return False


def _inside(folder: Path) -> list[Path]:
    """What is in a folder, by name."""
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        what = f"The folder {folder} cannot be read: {(error.strerror or str(error)).lower()}."
        raise SmartlogError(what, "Check its owner and permissions.", code=Exit.PERMISSION) from error


def _is_photo(path: Path) -> bool:
    return path.suffix.lower() in PICTURES and not path.name.startswith(".") and path.is_file()


def _read(settings: Settings, people: Sequence[Someone], about: Describing, *, as_json: bool) -> None:
    """Look at everybody's photographs, and keep what can be taken, one person after the other."""
    from smartlogd import wiring
    from smartlogd.cli.album import Album, looked
    from smartlogd.cli.entrust import introduced
    from smartlogd.cli.progress import steps

    known = introduced(settings, [someone.name for someone in people], about)
    enroller = wiring.enroller(settings)
    is_missing = False
    with steps("photographs", sum(len(someone.photos) for someone in people)) as progress:
        for someone in people:
            album = Album(someone.name, enroller.model, known, about, settings.identify)
            for photo in someone.photos:
                answer = album.take(str(photo), looked(enroller, photo), "photo")
                progress.say(answer.as_json() if as_json else answer.as_line())
                progress.step()
            kept = album.keep(settings)
            progress.say(kept.as_json() if as_json else kept.as_line())
            is_missing |= not kept.is_known
    if is_missing:
        raise typer.Exit(int(Exit.UNUSABLE_INPUT))


def _shot(settings: Settings, people: Sequence[Someone], about: Describing, *, as_json: bool) -> None:
    """Take live shots of the one person, and keep them."""
    import asyncio

    from smartlogd import wiring
    from smartlogd.base.time import SystemClock
    from smartlogd.cli.album import Album
    from smartlogd.cli.entrust import introduced
    from smartlogd.cli.shots import Shooting, refuse_beside_daemon

    (someone,) = people
    refuse_beside_daemon(settings.folders().socket)
    known = introduced(settings, [someone.name for someone in people], about)
    enroller = wiring.enroller(settings)
    album = Album(someone.name, enroller.model, known, about, settings.identify)
    shooting = Shooting(enroller.look, settings.identify.doubt_distance)
    for number, shot in enumerate(asyncio.run(shooting.shots(wiring.camera(settings, SystemClock()))), 1):
        answer = album.take(f"shot {number}", shot, "camera")
        typer.echo(answer.as_json() if as_json else answer.as_line())
    kept = album.keep(settings)
    typer.echo(kept.as_json() if as_json else kept.as_line())
