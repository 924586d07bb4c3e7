from __future__ import annotations

import re

from smartlogd.sync.logins import login_name, secret


def test_a_secret_is_32_bytes_in_letters_that_need_no_quoting() -> None:
    made = {secret() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", each) for each in made)


def test_long_names_that_begin_alike_get_logins_of_their_own() -> None:
    alike = [login_name("d" * 60 + end) for end in ("a", "b", "")]
    assert len(set(alike)) == 3
    assert {len(login) for login in alike} == {63}
