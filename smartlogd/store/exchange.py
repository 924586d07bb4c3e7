"""Keys of people and strangers on their way between devices, wrapped by the fleet key.

A key is minted once, where the person is enrolled or the stranger is seen, and travels with their faces. Only when two
devices make one for the same owner before they heard of each other there are two: then one of them stays, the same
everywhere, and who has the other seals the faces anew.
"""

from __future__ import annotations

import hashlib
from uuid import UUID

from smartlogd.store.keys import Keys, Seal, Unsealable, key_file, sealing
from smartlogd.store.places import place

_COME = "The centre sends the fleet key with its next answer; `smartlogd sync status` tells."


def wrapped(keys: Keys, owner: UUID) -> bytes | None:
    """The owner's key file, wrapped by the fleet key; None where the owner has no key (any more).

    Unsealable where there is no fleet key yet, or the key file cannot be opened.
    """
    if not keys.is_of_a_fleet:
        raise Unsealable(f"The key of {owner} cannot be sent: there is no fleet key yet.", _COME)
    keys.rewrap(owner)
    return keys.file(owner)


def accept(keys: Keys, owner: UUID, file: bytes) -> bool:
    """Take the owner's key from elsewhere, where there is none here; False where another key stands here.

    A key whose wrapping key is not here yet is kept as it came. Unsealable for what is no key file of the owner's, or
    where one of the two keys cannot be opened, so that nobody can tell whether they are one.
    """
    given, found = keys.key_in(owner, file), keys.read(owner)
    if found is None:
        place(keys.path(owner), file)
        return True
    return found[0] == _known(owner, given)


def seal_of(keys: Keys, owner: UUID, file: bytes) -> Seal:
    """The key in a key file from elsewhere; Unsealable where nothing here opens it."""
    return sealing(owner, _known(owner, keys.key_in(owner, file)))


def gives_way(keys: Keys, owner: UUID, file: bytes) -> bool:
    """Of two keys of one owner, which one stays: True where that in `file` does, and the one that is here goes."""
    found, given = keys.read(owner), keys.key_in(owner, file)
    return found is not None and given is not None and _rank(given) < _rank(found[0])


def replace(keys: Keys, owner: UUID, file: bytes) -> None:
    """Let the key in `file` be the owner's; the one of before goes on opening what it sealed.

    So it does not matter whether faces that are sealed anew in a transaction are committed before a power cut.
    """
    found = keys.read(owner)
    if found is not None:
        place(keys.path_before(owner), key_file(owner, found[0], keys.wrapping()))
    place(keys.path(owner), file)


def _rank(key: bytes) -> bytes:
    return hashlib.sha256(b"smartlogd rank of a key" + key).digest()


def _known(owner: UUID, key: bytes | None) -> bytes:
    if key is None:
        raise Unsealable(f"A key of {owner} came that nothing here opens.", _COME)
    return key
