from __future__ import annotations

import pytest

from smartlogd.base.errors import Exit, SmartlogError
from smartlogd.sync.administrator import administrator, libpq, opened, refusal

URL = "postgresql+asyncpg://admin:hunter2@centre.example.org:5433/smartlog?sslmode=verify-full"


def test_whichever_driver_the_url_names_libpq_reads_it() -> None:
    made = libpq(administrator(None, {"DATABASE_URL": URL}))
    assert made == "postgresql://admin:hunter2@centre.example.org:5433/smartlog?sslmode=verify-full"


def test_the_command_line_comes_before_the_environment() -> None:
    assert administrator("postgresql:///other", {"DATABASE_URL": URL}).database == "other"


@pytest.mark.parametrize(
    ("given", "environment", "code"),
    [
        (None, {}, Exit.CONFIGURATION),
        (None, {"DATABASE_URL": ""}, Exit.CONFIGURATION),
        (None, {"DATABASE_URL": "sqlite:///smartlog.db"}, Exit.UNUSABLE_INPUT),
        (None, {"DATABASE_URL": "mysql://admin:hunter2@centre/smartlog"}, Exit.UNUSABLE_INPUT),
        (None, {"DATABASE_URL": "hunter2"}, Exit.UNUSABLE_INPUT),
        ("postgresql://admin:hunter2@centre/smartlog", {}, Exit.USAGE),
        ("postgresql://centre/smartlog?password=hunter2", {}, Exit.USAGE),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_its_password(
    given: str | None, environment: dict[str, str | None], code: Exit
) -> None:
    with pytest.raises(SmartlogError) as error:
        administrator(given, environment)
    assert error.value.code == code
    assert "hunter2" not in str(error.value)


def test_an_unknown_part_of_the_url_is_no_traceback_and_shows_nothing() -> None:
    url = administrator(None, {"DATABASE_URL": "postgresql://admin:hunter2@localhost/smartlog?wrong=1"})
    with pytest.raises(SmartlogError) as error, opened(url):
        pass
    assert error.value.code == Exit.UNUSABLE_INPUT
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("state", "said", "code"),
    [
        (None, 'connection to server at "x", port 1 failed: Connection refused', Exit.SERVICE_AWAY),
        (None, "failed: FATAL:  the database system is starting up", Exit.SERVICE_AWAY),
        (None, "failed: FATAL:  sorry, too many clients already", Exit.SERVICE_AWAY),
        (None, 'failed: FATAL:  password authentication failed for user "admin"', Exit.PERMISSION),
        (None, 'failed: FATAL:  no pg_hba.conf entry for host "x"', Exit.PERMISSION),
        (None, 'failed: FATAL:  role "admin" does not exist', Exit.PERMISSION),
        (None, 'failed: FATAL:  database "smartlog" does not exist', Exit.MISSING),
        (None, "failed: SSL error: certificate verify failed", Exit.PERMISSION),
        (None, 'failed: root certificate file "/x" does not exist', Exit.PERMISSION),
        ("42501", "permission denied for table users", Exit.PERMISSION),
        ("28P01", "password authentication failed", Exit.PERMISSION),
        ("57P01", "terminating connection", Exit.SERVICE_AWAY),
        ("42P07", 'relation "users" already exists', Exit.UNUSABLE_INPUT),
    ],
)
def test_every_complaint_has_its_exit_code(state: str | None, said: str, code: Exit) -> None:
    assert refusal(state, said).code == code
