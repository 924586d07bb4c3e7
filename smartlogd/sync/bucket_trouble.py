"""What the object store, or the way to it, complains of: by the codes of S3, in words for the person at the device.

Whatever happens, recordings stay where they are: on this device, until they are in the object store.
"""

from __future__ import annotations

from collections.abc import Mapping

from smartlogd.base.errors import Exit, ServiceAway
from smartlogd.sync.trouble import SyncTrouble, shortened


class ObjectsTrouble(SyncTrouble):
    """Something between this device and the object store."""


class ObjectsAway(ObjectsTrouble, ServiceAway):
    """The object store does not answer, cannot now, or has no room: tried again soon, with jitter."""


class ObjectsRefuse(ObjectsTrouble):
    """The object store does not know this device, its bucket, or lets it do less than it must: tried slowly."""

    code = Exit.PERMISSION
    word = "refused"
    needs_someone = True


class ObjectsDiffer(ObjectsTrouble):
    """What answers is no object store, or one that cannot do what is needed: tried slowly."""

    word = "held"
    needs_someone = True


class NotTaken(ObjectsTrouble):
    """The object store takes everything but this one object: it is put aside, and the others go on."""

    code = Exit.UNUSABLE_INPUT
    word = "aside"


_KEYS = "Check the access key and the secret key, and what they may do with the bucket."
_AGAIN = "Nothing is lost; it is tried again by itself."
_AWAY = (ObjectsAway, "The object store cannot take it now ({reason}).", _AGAIN)
_REFUSED = (ObjectsRefuse, "The object store refuses this device ({reason}).", _KEYS)
_NO_BUCKET = (ObjectsRefuse, "There is no such bucket ({reason}).", "Make the bucket, or set [sync.media] bucket.")
_REGION = (ObjectsRefuse, "The bucket is elsewhere ({reason}).", "Set [sync.media] region and endpoint.")
_CLOCK = (ObjectsAway, "This device's clock is wrong ({reason}).", "It needs a time server; then this mends by itself.")
_FULL = (ObjectsAway, "The object store has no room ({reason}).", "Make room there; nothing is lost here.")
_OTHER = (ObjectsDiffer, "What answers there does not speak S3 as we do ({reason}).", "Check [sync.media] endpoint.")
_ASIDE = (NotTaken, "The object store takes everything but this ({reason}).", "")

_Kind = tuple[type[ObjectsTrouble], str, str]
_BY_CODE: Mapping[str, _Kind] = {
    "NoSuchBucket": _NO_BUCKET,
    "InvalidBucketName": _NO_BUCKET,
    "PermanentRedirect": _REGION,
    "TemporaryRedirect": _AWAY,
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "RequestTimeTooSkewed": _CLOCK,
    "RequestExpired": _CLOCK,
    "RequestTimeout": _AWAY,
    "SlowDown": _AWAY,
    "BadDigest": _AWAY,  # the bytes were harmed on their way
    "IncompleteBody": _AWAY,
    "XAmzContentSHA256Mismatch": _AWAY,
    "QuotaExceeded": _FULL,
    "XMinioStorageFull": _FULL,
    "EntityTooLarge": _ASIDE,
    "KeyTooLongError": _ASIDE,
    "MetadataTooLarge": _ASIDE,
}
_BY_STATUS: Mapping[int, _Kind] = {
    301: _REGION,
    401: _REFUSED,
    403: _REFUSED,
    408: _AWAY,
    413: _ASIDE,
    429: _AWAY,
    507: _FULL,
}


def trouble_of(code: str, status: int, reason: str) -> ObjectsTrouble:
    """What an answer of the object store means that is none of success.

    >>> [trouble_of(*said, "").word for said in (("SlowDown", 503), ("AccessDenied", 403), ("Odd", 418))]
    ['away', 'refused', 'held']
    """
    kind, what, hint = _BY_CODE.get(code) or _BY_STATUS.get(status) or (_AWAY if status >= 500 else _OTHER)
    told = shortened(reason) or code
    return kind(what.format(reason=f"{code}: {told}" if code not in ("", told) else told), hint)


def unreachable(reason: str) -> ObjectsAway:
    """No connection came about, or it was cut."""
    what = f"The object store cannot be reached ({shortened(reason)})."
    return ObjectsAway(what, _AGAIN)


def unproven(reason: str) -> ObjectsRefuse:
    """Who answers does not prove who it is."""
    what = f"The object store does not prove who it is ({shortened(reason)})."
    return ObjectsRefuse(what, "Check [sync.media] endpoint and ca_file, and this device's clock.")
