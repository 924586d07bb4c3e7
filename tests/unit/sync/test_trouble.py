from __future__ import annotations

import pytest

from smartlogd.base.errors import Fate
from smartlogd.sync.trouble import (
    BadItems,
    CentreAway,
    CentreDiffers,
    CentreRefuses,
    CentreTrouble,
    TooMuch,
    trouble_of,
    trouble_of_connecting,
)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("22003", BadItems),
        ("22P02", BadItems),
        ("23514", BadItems),
        ("08006", CentreAway),
        ("53300", CentreAway),
        ("57P01", CentreAway),
        ("40P01", CentreAway),
        ("25006", CentreAway),
        ("28P01", CentreRefuses),
        ("28000", CentreRefuses),
        ("42501", CentreRefuses),
        ("42883", CentreDiffers),
        ("3F000", CentreDiffers),
        ("42P01", CentreDiffers),
        ("54000", TooMuch),
        ("P0001", CentreAway),
        (None, CentreAway),
    ],
)
def test_an_sqlstate_says_what_becomes_of_the_rows(state: str | None, kind: type[CentreTrouble]) -> None:
    trouble = trouble_of(state, "so it is")
    assert type(trouble) is kind
    assert trouble.fate is Fate.RETRY
    assert "so it is" in trouble.what


def test_another_version_is_told_how_to_be_mended() -> None:
    assert "smartlogd central upgrade" in trouble_of("42883", "function api.ingest does not exist").hint


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ('connection failed: FATAL:  password authentication failed for user "door"', CentreRefuses),
        ('FATAL:  role "smartlogd_door" does not exist', CentreRefuses),
        ('FATAL:  role "smartlogd_door" is not permitted to log in', CentreRefuses),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1"', CentreRefuses),
        ('FATAL:  database "smartlog" does not exist', CentreRefuses),
        ("SSL error: certificate verify failed", CentreRefuses),
        ("SSL error: provider signature failure", CentreRefuses),
        ("SSL error: unexpected eof while reading", CentreAway),
        ('server certificate for "a" does not match host name "b"', CentreRefuses),
        ("FATAL:  sorry, too many clients already", CentreAway),
        ("FATAL:  the database system is starting up", CentreAway),
        ("connection refused", CentreAway),
        ("FATAL:  Passwort-Authentifizierung fehlgeschlagen", CentreAway),
    ],
)
def test_a_failure_to_connect_is_known_by_its_words(words: str, kind: type[CentreTrouble]) -> None:
    assert type(trouble_of_connecting(words)) is kind


def test_a_reason_is_short_and_obeyed_by_no_terminal() -> None:
    what = trouble_of("57000", "a\x1b[2Jb" + "c" * 1000 + "\nDETAIL: a row").what
    assert what.isprintable()
    assert len(what) < 400
    assert "DETAIL" not in what
