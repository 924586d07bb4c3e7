from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from smartlogd.store.follow import follow, follow_new, group, person, root

Seen = Callable[..., UUID]
Known = Callable[..., Any]


def logged(database: sqlite3.Connection) -> dict[str, int | None]:
    return dict(database.execute("SELECT uuid, user_id FROM smartlog"))


def put(database: sqlite3.Connection, subject: UUID, column: str, value: object) -> None:
    database.execute(f"UPDATE subjects SET {column} = ? WHERE uuid = ?", (value, str(subject)))


def test_naming_a_stranger_names_its_past_and_taking_the_name_away_takes_it_back(
    database: sqlite3.Connection, seen: Seen, known: Known
) -> None:
    one, other = seen(), seen()
    resident, _ = known()
    before = logged(database)
    put(database, one, "user_id", resident)
    assert follow(database, [one]) == 1
    assert logged(database) == {str(one): resident, str(other): None}
    assert follow(database, [one]) == 0  # nothing left to change
    put(database, one, "user_id", None)
    follow(database, [one])
    assert logged(database) == before


def test_whoever_was_merged_into_someone_named_bears_the_name(
    database: sqlite3.Connection, seen: Seen, known: Known
) -> None:
    resident, guest = known()[0], known("Guest")[0]
    top = seen(user_id=resident)
    middle = seen(into=top)
    low, own = seen(into=middle), seen(into=middle, user_id=guest)
    below = seen(into=own)
    follow(database, [str(top)])
    assert logged(database) == {
        str(top): resident, str(middle): resident, str(low): resident, str(own): guest, str(below): guest,
    }  # fmt: skip
    put(database, middle, "merged_into", None)
    follow(database, [middle])
    assert logged(database) == {
        str(top): resident, str(middle): None, str(low): None, str(own): guest, str(below): guest,
    }  # fmt: skip


def test_ones_own_name_is_nearer_than_any_further_up(database: sqlite3.Connection, seen: Seen, known: Known) -> None:
    resident, guest = known()[0], known("Guest")[0]
    for own, above in ((resident, guest), (guest, resident)):
        one = seen(user_id=own, into=seen(user_id=above))
        follow(database, [one])
        assert logged(database)[str(one)] == own


def test_only_those_of_the_new_passings_that_have_a_name_are_looked_at(
    database: sqlite3.Connection, seen: Seen, known: Known
) -> None:
    resident, _ = known()
    named = seen(user_id=resident)
    merged, nobody = seen(into=named), seen()
    follow_new(database, [str(merged), str(nobody), str(uuid4())])
    assert logged(database) == {str(named): None, str(merged): resident, str(nobody): None}
    follow_new(database, [])
    follow_new(database, [str(named)])
    assert logged(database)[str(named)] == resident


def test_rows_written_by_hand_without_a_uuid_are_left_alone(
    database: sqlite3.Connection, seen: Seen, known: Known
) -> None:
    resident, _ = known()
    one = seen()
    database.execute("INSERT INTO smartlog (user_id, action, timestamp) VALUES (?, 'O', 0)", (resident,))
    follow(database, [one])
    assert database.execute("SELECT user_id FROM smartlog WHERE uuid IS NULL").fetchone() == (resident,)


def test_the_root_is_at_the_end_of_all_mergers(database: sqlite3.Connection, seen: Seen, known: Known) -> None:
    resident, _ = known()
    top = seen()
    middle = seen(into=top, user_id=resident)
    low = seen(into=middle)
    assert [root(database, one) for one in (low, middle, top)] == [top] * 3
    assert root(database, str(low)) == str(top)
    assert [person(database, one) for one in (low, middle, top)] == [resident, resident, None]
    assert set(group(database, low)) == {top, middle, low}
    assert group(database, low)[0] == top
    stranger = uuid4()
    assert root(database, stranger) == stranger
    assert person(database, stranger) is None


def test_a_very_long_chain_is_walked_quickly(database: sqlite3.Connection, seen: Seen, known: Known) -> None:
    resident, _ = known()
    database.execute("BEGIN")
    chain = [seen()]
    for _ in range(5000):
        chain.append(seen(into=chain[-1]))
    put(database, chain[0], "user_id", resident)
    assert follow(database, [chain[0]]) == 5001
    assert root(database, chain[-1]) == chain[0]
    assert person(database, chain[-1]) == resident
    database.execute("COMMIT")


def test_a_circle_made_by_hand_is_walked_once(database: sqlite3.Connection, seen: Seen) -> None:
    one = seen()
    other = seen(into=one)
    put(database, one, "merged_into", str(other))
    assert follow(database, [one, other]) == 0
    assert root(database, one) in {one, other}
    assert set(group(database, one)) == {one, other}


def test_following_finds_its_rows_by_index(database: sqlite3.Connection) -> None:
    from smartlogd.store import follow as module

    plan = database.execute(f"EXPLAIN QUERY PLAN {module._FOLLOW}", {"subjects": "[]"}).fetchall()
    steps = [step for *_, step in plan]
    assert any("ix_smartlog_uuid" in step for step in steps), steps
    assert any("ix_subjects_merged_into" in step for step in steps), steps
    assert not any(step.startswith(("SCAN s", "SCAN smartlog", "SCAN subjects")) for step in steps), steps


def test_whether_anyone_has_a_name_is_read_off_the_indexes_of_those_who_have(database: sqlite3.Connection) -> None:
    from smartlogd.store import follow as module

    steps = [step for *_, step in database.execute(f"EXPLAIN QUERY PLAN {module._ANYONE}")]
    looks = [step for step in steps if "subjects" in step]
    assert len(looks) == 2
    assert all("COVERING INDEX ix_subjects_" in step for step in looks)
