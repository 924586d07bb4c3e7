"""What the centre, or the way to it, complains of: by SQLSTATE, in words for the person at the device.

The class of an error says what becomes of what was sent. Only `BadItems` and `TooMuch` are about the rows; whatever
else happens, rows stay where they are.
"""

from __future__ import annotations

from smartlogd.base.errors import Exit, Fate, ServiceAway, SmartlogError


class SyncTrouble(SmartlogError):
    """Something between this device and another place; `word` is its name in `status`."""

    fate = Fate.RETRY
    code = Exit.SERVICE_AWAY
    word = "away"
    needs_someone = False
    """Whether only a person can mend it: then it is tried again slowly."""


class CentreTrouble(SyncTrouble):
    """Something between this device and the centre."""


class CentreAway(CentreTrouble, ServiceAway):
    """The centre does not answer, or cannot now: tried again soon, with jitter."""


class CentreRefuses(CentreTrouble):
    """The centre does not know this device, or lets it do less than it must: tried slowly, for a person mends it."""

    code = Exit.PERMISSION
    word = "refused"
    needs_someone = True


class CentreDiffers(CentreTrouble):
    """The centre is of another version, or no centre of ours: rows wait, and it is tried again slowly."""

    word = "held"
    needs_someone = True


class BadItems(CentreTrouble):
    """The centre choked on an item instead of giving its verdict: halves are sent until the item is found."""

    code = Exit.UNUSABLE_INPUT
    word = "rejected"


class TooMuch(CentreTrouble):
    """More at once than the centre takes: half of it is sent."""

    word = "too much"


_UPGRADE = "Bring the centre up to date: smartlogd central upgrade"
_LOGIN = "Ask who runs the centre: smartlogd central devices; a new bundle comes from smartlogd central add-device."

_AWAY = (CentreAway, "The centre cannot take rows now ({reason}).", "Nothing is lost; it is tried again by itself.")
_GONE = (CentreAway, "The centre cannot be reached ({reason}).", "Nothing is lost; it is tried again by itself.")
_REFUSED = (CentreRefuses, "The centre refuses this device ({reason}).", _LOGIN)
_OTHER = (CentreDiffers, "The centre does not speak as this smartlogd does ({reason}).", _UPGRADE)
_BAD = (BadItems, "{reason}", "See smartlogd sync dead list.")
_MUCH = (TooMuch, "The centre refuses so much at once ({reason}).", "")

_Kind = tuple[type[CentreTrouble], str, str]
_BY_STATE: dict[str, _Kind] = {
    "42501": _REFUSED,  # insufficient_privilege
    "54000": _MUCH,  # program_limit_exceeded
    "42883": _OTHER,  # undefined_function
    "42P01": _OTHER,  # undefined_table
    "42703": _OTHER,  # undefined_column
    "42P13": _OTHER,  # invalid_function_definition
    "3F000": _OTHER,  # invalid_schema_name
    "3D000": _REFUSED,  # invalid_catalog_name: there is no such database
    "25006": _AWAY,  # read_only_sql_transaction: a standby, or a disk put on hold
}
_BY_CLASS: dict[str, _Kind] = {
    "22": _BAD,  # data exception
    "23": _BAD,  # integrity constraint violation
    "28": _REFUSED,  # invalid authorization
    "08": _AWAY,  # connection exception
    "53": _AWAY,  # insufficient resources, 53300 too_many_connections among them
    "57": _AWAY,  # operator intervention, 57014 query_canceled among them
    "40": _AWAY,  # transaction rollback: deadlock, serialization
    "58": _AWAY,  # system error
    "55": _AWAY,  # object not in prerequisite state, 55P03 lock_not_available
    "XX": _AWAY,  # internal error
    "0A": _OTHER,  # feature not supported
    "42": _OTHER,  # syntax error or access rule violation
}
_LONGEST_REASON = 300

_TLS = (
    CentreRefuses,
    "The centre does not prove who it is ({reason}).",
    "Is it the server of the enrolment? A new bundle comes from smartlogd central add-device.",
)
# A failure to connect carries no SQLSTATE, only words; those of a server that speaks another language are taken for
# those of one that is away, and then it is merely tried again sooner.
_BY_WORDS: tuple[tuple[str, _Kind], ...] = (
    ("certificate verify failed", _TLS),
    ("signature failure", _TLS),
    ("server certificate for", _TLS),
    ("does not match host name", _TLS),
    ("server does not support ssl", _TLS),
    ("password authentication failed", _REFUSED),
    ("certificate authentication failed", _REFUSED),
    ("requires a valid client certificate", _REFUSED),
    ("tlsv1 alert", _REFUSED),
    ("tlsv13 alert", _REFUSED),
    ("alert certificate", _REFUSED),
    ("no pg_hba.conf entry", _REFUSED),
    ("pg_hba.conf rejects connection", _REFUSED),
    ("is not permitted to log in", _REFUSED),
    ("no password supplied", _REFUSED),
    ("permission denied for database", _REFUSED),
    ("certificate file", _REFUSED),
    ("private key file", _REFUSED),
)
_NOT_THERE = ("does not exist", ("role ", "database "))


def trouble_of(state: str | None, reason: str) -> CentreTrouble:
    """What an error of the centre means; without a SQLSTATE the line was cut.

    >>> trouble_of("53300", "too many connections").word, trouble_of("28P01", "no").word, trouble_of("23505", "x").word
    ('away', 'refused', 'rejected')
    """
    kind, what, hint = _kind(state or "08000")
    return kind(what.format(reason=shortened(reason)), hint)


def trouble_of_connecting(reason: str) -> CentreTrouble:
    """What it means that no connection came about.

    >>> trouble_of_connecting('FATAL: password authentication failed for user "door"').word
    'refused'
    >>> trouble_of_connecting("FATAL: sorry, too many clients already").word
    'away'
    """
    said = reason.lower()
    kind, what, hint = next((kind for words, kind in _BY_WORDS if words in said), _named(said))
    return kind(what.format(reason=shortened(reason.removeprefix("connection failed: "))), hint)


def _named(said: str) -> _Kind:
    """Refused where a role or a database is not there, else away."""
    ending, named = _NOT_THERE
    return _REFUSED if ending in said and any(word in said for word in named) else _GONE


def _kind(state: str) -> _Kind:
    return _BY_STATE.get(state) or _BY_CLASS.get(state[:2], _AWAY)


def shortened(reason: str) -> str:
    """The first line of what was said, not longer than a sentence may be, and without signs that a terminal obeys.

    >>> shortened("too many." + chr(10) + "DETAIL: much more")
    'too many'
    """
    line = reason.strip().partition("\n")[0].rstrip(". ")
    return "".join(sign for sign in line if sign.isprintable())[:_LONGEST_REASON]
