"""What may be asked, and what may not: names that fool the eye, numbers without bound, keys that nobody knows."""

from __future__ import annotations

import pytest

from smartlogd.store.requests import is_uuid, name_or_uid, plain_address, plain_name


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Anna", "Anna"),
        ("  Anna \u00a0 K. ", "Anna K."),
        ("Zoe\u0308", "Zoë"),
        ("O'Brien-Nguyễn", "O'Brien-Nguyễn"),
        ("李小龍", "李小龍"),
        ("محمد", "محمد"),
        ("Agent 7", "Agent 7"),
    ],
)
def test_a_name_is_kept_in_one_spelling(given: str, kept: str) -> None:
    assert plain_name(given) == kept


HIDDEN = {
    "a line break": "An\nna",
    "a tab": "Anna\tK",
    "a null": "Anna\0",
    "an escape": "\x1b[31mAnna",
    "a turn of the direction": "Anna\u202egnp.",
    "an isolate": "\u2066Anna\u2069",
    "no width": "An\u200bna",
    "a joiner": "An\u200dna",
    "a soft hyphen": "An\u00adna",
    "a byte order mark": "\ufeffAnna",
    "half a pair": "Anna\ud800",
    "a private sign": "Anna\ue000",
    "a line separator": "Anna\u2028",
    "a tag": "Anna\U000e0041",
}


@pytest.mark.parametrize("name", HIDDEN.values(), ids=HIDDEN.keys())
def test_a_name_with_invisible_signs_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="invisible"):
        plain_name(name)


@pytest.mark.parametrize("name", ["", "   ", "---", "?!", "\u0301", "🙂"])
def test_a_name_that_cannot_be_read_aloud_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="letter or digit"):
        plain_name(name)


def test_a_name_is_no_uuid_and_a_uid_is_taken_as_one() -> None:
    uid = "0198F3A2-0000-7000-8000-000000000000"
    assert is_uuid(uid)
    assert not is_uuid(uid.replace("-", ""))
    assert name_or_uid(uid) == uid.lower()
    assert name_or_uid(" Anna ") == "Anna"
    with pytest.raises(ValueError, match="uuid"):
        plain_name(uid)


@pytest.mark.parametrize("address", ["a@b.c", "anna+door@mail.example.org", "ö@exämple.org"])
def test_an_address_is_taken_as_it_is(address: str) -> None:
    assert plain_address(address) == address


@pytest.mark.parametrize("address", ["anna", "a@b", "@b.c", "a b@c.d", "a@b.c d", "a@@b.c", "a@b.c\u200b", "a\n@b.c"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="written as"):
        plain_address(address)
