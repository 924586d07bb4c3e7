"""What may be asked of people, strangers, recordings and what waits: each change with its bounds. Pure.

These are read from the control socket and from the command line alike, and nothing that does not fit them comes near
the database.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MOST_TEMPLATES = 200
"""Faces in one request; a line of the control socket has room for some eighty."""
_HIDDEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
_PART = re.compile(r"[0-9a-fA-F-]{4,36}")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def plain_name(text: str) -> str:
    """The name in one spelling: composed letters, single spaces.

    ValueError for what cannot be read aloud or would fool the eye: no letter or digit, control characters, marks that
    turn the direction of writing, signs without width; and for a uuid, which would be taken for someone's uid.

    >>> plain_name(" Ada   Lovelace ")
    'Ada Lovelace'
    """
    hidden = next((sign for sign in text if unicodedata.category(sign) in _HIDDEN), None)
    if hidden is not None:
        raise ValueError(f"a name has no invisible signs (U+{ord(hidden):04X})")
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not any(unicodedata.category(sign)[0] in "LN" for sign in name):
        raise ValueError("a name has at least one letter or digit")
    if is_uuid(name):
        raise ValueError("a name is not written as a uuid")
    return name


def is_uuid(text: str) -> bool:
    """Whether this is a whole uuid, as people and strangers are named by.

    >>> is_uuid("0198f3a2-0000-7000-8000-000000000000"), is_uuid("Anna")
    (True, False)
    """
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def plain_address(text: str) -> str:
    """An e-mail address, as far as one can tell without writing to it."""
    if any(unicodedata.category(sign) in _HIDDEN for sign in text) or not _ADDRESS.fullmatch(text):
        raise ValueError("an address is written as name@example.org")
    return text


def name_or_uid(text: str) -> str:
    """Someone as they are named on the command line: by uid, or by a name as `plain_name` has it."""
    return text.lower() if is_uuid(text) else plain_name(text)


def part_of_uuid(text: str) -> str:
    """The text, if it may be a uuid or a piece of one."""
    if not _PART.fullmatch(text):
        raise ValueError("write the uuid, or at least four signs of its beginning or end (0-9, a-f)")
    return text


Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(plain_name)]
Whom: TypeAlias = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(name_or_uid)]
Stranger: TypeAlias = Annotated[str, Field(max_length=200), AfterValidator(part_of_uuid)]
Role: TypeAlias = Literal["owner", "admin", "member", "guest"]
_SOURCES: TypeAlias = Literal["photo", "camera", "import"]


class Request(BaseModel):
    """Something asked of people, strangers, what waits or recordings; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# People ------------------------------------------------------------------------------------------


class Face(Request):
    """One face to remember someone by."""

    vector: str = Field(pattern=r"^[A-Za-z0-9+/]{683}=$", description="128 little-endian float32 in base64.")
    quality: float = Field(ge=0, le=1, allow_inf_nan=False, description="How good the picture was.")
    source: _SOURCES = Field("photo", description="Where the picture came from.")


class Enrol(Request):
    """Take faces of someone, who is made known if nobody is called so."""

    name: Whom = Field(description="Name, or the uid of someone who is known.")
    new: bool = Field(default=False, description="Another person of the same name, and not the one who is known by it.")
    email: Annotated[str, AfterValidator(plain_address)] | None = Field(None, min_length=3, max_length=320)
    role: Role | None = Field(None, description="member where nothing is said of someone new.")
    consent: bool = Field(default=False, description="The person agreed to be recognised.")
    model: str = Field("", max_length=64, pattern=r"^[ -~]*$", description="The network that made the vectors.")
    templates: tuple[Face, ...] = Field((), max_length=MOST_TEMPLATES)


class Rename(Request):
    """Call someone by another name."""

    name: Whom
    to: Name


class MergePeople(Request):
    """Make two who are one person into one: all that is the other's becomes the first one's."""

    name: Whom
    other: Whom


class Forget(Request):
    """Take a person out of everything that is kept, for good."""

    name: Whom


# Strangers ---------------------------------------------------------------------------------------


class OfStranger(Request):
    """Something asked of one stranger."""

    uuid: Stranger = Field(description="The uuid, or at least four characters of its beginning or its end.")


class Assign(OfStranger):
    """Say who a stranger is."""

    name: Whom = Field(description="Someone who is known, by name or uid; a name that nobody has makes a new person.")
    as_given: bool = Field(default=False, description="This very subject, and not the stranger it is a part of.")
    consent: bool = Field(default=False, description="The person agreed to be recognised.")


class Unassign(OfStranger):
    """Take back who a stranger was said to be."""


class Ignore(OfStranger):
    """Count a stranger, and ask nothing about them any more."""


class Unignore(OfStranger):
    """Ask about a stranger again."""


class MergeStrangers(OfStranger):
    """Say that two strangers are one."""

    other: Stranger
    as_given: bool = Field(default=False, description="The other becomes the first, even where only it has a name.")


class Unmerge(OfStranger):
    """Take back that a stranger is another."""


class Purge(Request):
    """Destroy the faces of strangers who were long not seen; the rows keep their uuid."""

    older_than_s: float = Field(ge=0, le=100 * 366 * 86400, allow_inf_nan=False, description="Not seen for this long.")


# What waits to be sent ---------------------------------------------------------------------------


class Plainly(Request):
    """Something that is asked without arguments."""


class Retry(Request):
    """Send dead letters again."""

    seqs: tuple[Annotated[int, Field(ge=0, lt=2**63)], ...] | None = Field(
        None, min_length=1, max_length=2000, description="Their numbers; null: all of them."
    )


# Recordings --------------------------------------------------------------------------------------

LONGEST_LINK_S = 10 * 366 * 86400
_HASH = r"^[0-9a-f]{64}$"


class OfRecording(Request):
    """Something asked of one clip or snapshot."""

    recording: Stranger = Field(description="Its id, or at least four characters of its beginning or its end.")


class Share(OfRecording):
    """Let a link open a recording, instead of one that did so before."""

    token_sha256: str = Field(pattern=_HASH, description="SHA-256 of the link's token, which is told to nobody else.")
    expires_s: float = Field(gt=0, le=LONGEST_LINK_S, allow_inf_nan=False, description="For how long it opens.")
    uses: int | None = Field(None, ge=1, le=1_000_000, description="How often it opens; null: without limit.")


class OpenLink(Request):
    """Open a recording by its link, once."""

    token_sha256: str = Field(pattern=_HASH)


class Copy(OfRecording):
    """Plan a copy of a clip in which faces cannot be known, for sharing."""

    suffix: str = Field(pattern=r"^\.[a-z0-9]{1,8}$", description="The ending of its file's name.")


class Placed(Request):
    """The file of a copy that was planned is there, whole."""

    recording: str = Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
    bytes: int = Field(ge=1, lt=2**53)
    sha256: str = Field(pattern=_HASH)
