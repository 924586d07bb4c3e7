"""What a stolen device can do at the centre: call three functions, as itself. Everything else is denied or harmless."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from smartlogd.sync.hardening import gaps, harden

if TYPE_CHECKING:
    from centre import Centre, Cluster

    from smartlogd.sync.administrator import Connection

pytestmark = pytest.mark.services
NOON_US = 1_795_348_800_000_000
DAY_US = 86_400_000_000
DENIED = "42501"
# What tells of one device: each with the column that says whose a row is.
OWNED = {
    "events": "device_id",
    "smartlog": "device_id",
    "late_rows": "device_id",
    "counts_hourly": "device_id",
    "device_metrics_daily": "device_id",
    "device_epochs": "device_id",
    "clips": "device_id",
    "snapshots": "device_id",
    "clock_corrections": "device_id",
    "rejects": "device_id",
    "device_logins": "device_id",
    "fleet_keys": "device_id",
    "devices": "id",
}
TABLES = (*OWNED, "users", "subjects", "face_templates", "person_keys", "tombstones", "changes", "meta", "models")
HOSTILE = (
    "'; DROP TABLE public.events; --",
    '"); DELETE FROM public.users; --',
    "$$; SELECT pg_sleep(100); $$",
    "%s %(name)s {} \\copy",
    "${jndi:ldap://x}\r\n\t<script>",
    "\u202e\U0001f600",
)


def event(seq: int = 1, **other: Any) -> dict[str, Any]:
    """An honest crossing; `other` says what is not honest about it."""
    passing = {"line": "door", "action": "I", "confidence": 0.9, "track": 1, "image": None}
    whole = {
        "seq": seq,
        "kind": "event",
        "v": 1,
        "id": str(uuid4()),
        "type": "crossing",
        "ts": NOON_US - 3 * DAY_US + seq,
        "data": {"line": "door", "action": "I"},
        "video_ts_ms": None,
        "subject": str(uuid4()),
        "person": None,
        "ended": None,
        "boot": str(uuid4()),
        "mono": 5,
        "trusted": True,
        "passing": passing,
    }
    return whole | other


def ingest(device: Connection, epoch: str, items: object, about: object = None) -> dict[str, Any]:
    body = items if isinstance(items, str) else json.dumps(items)
    said = device.execute("SELECT api.ingest(%s::uuid, 1, %s::jsonb, %s::json)", (epoch, json.dumps(about or {}), body))
    found = said.fetchone()
    assert found is not None
    assert isinstance(found[0], dict)
    return found[0]


def state_of(error: pytest.ExceptionInfo[psycopg.Error]) -> str | None:
    return error.value.sqlstate


class Scene:
    """A closed centre with a victim, whose rows are remembered, and a thief who has another device's login."""

    def __init__(self, centre: Centre) -> None:
        self.centre = centre
        harden(centre.connect())
        self.victim = centre.device("victim")
        self.thief = self.victim
        self.epoch, self.victims_epoch = centre.enrol("thief").epoch, centre.enrol("victim").epoch
        self.victims_event = event(7)
        self.clip = {
            "seq": 9,
            "kind": "clip",
            "v": 1,
            "event_id": str(uuid4()),
            "start_ts": NOON_US - 9,
            "duration_ms": 9000,
            "labels": [],
            "bytes": 7,
            "sha256": "a" * 64,
            "phase": "kept",
        }
        day = {"seq": 8, "kind": "metrics", "v": 1, "date": "2026-11-20", "in_count": 3}
        assert ingest(self.victim, self.victims_epoch, [self.victims_event, day, self.clip])["rejected"] == []
        self.before = self.rows_of("victim")
        self._known: dict[str, list[str]] = {}

    def begin(self) -> None:
        """A fresh session of the thief, whose rows until now are known."""
        self.thief = self.centre.device("thief")
        self._known = self.rows_of("thief")

    def new(self, table: str) -> list[str]:
        """The thief's rows that this test brought."""
        return [row for row in self.rows_of("thief")[table] if row not in self._known[table]]

    def rows_of(self, name: str) -> dict[str, list[str]]:
        """All rows of a device, as text: what a thief nests deeply enough, Python does not read."""
        id_ = self.centre.enrol(name).device_id
        with self.centre.connect() as reader:
            kept = {
                table: reader.execute(f"SELECT to_jsonb(t)::text FROM {table} AS t WHERE {column} = {id_}".encode())
                for table, column in OWNED.items()
            }
            return {table: sorted(row for (row,) in rows.fetchall()) for table, rows in kept.items()}

    def end(self) -> None:
        """The victim's rows are what they were, and the centre still serves both."""
        assert self.rows_of("victim") == self.before
        self.thief.rollback()
        assert ingest(self.thief, self.epoch, [event(1000, type="sit", passing=None)])["ok"] == [1000]
        self.thief.close()
        assert self.victim.execute("SELECT api.wire()").fetchone() == (1,)


@pytest.fixture(scope="module")
def closed(cluster: Cluster) -> Iterator[Scene]:
    from centre import make_centre

    made = make_centre(cluster)
    yield Scene(made)
    made.remove()


@pytest.fixture
def scene(closed: Scene) -> Iterator[Scene]:
    closed.begin()
    yield closed
    closed.end()


def test_nothing_is_open_to_a_device_in_this_database(scene: Scene) -> None:
    assert [gap.what for gap in gaps(scene.centre.connect()) if not gap.is_advice and "limit" not in gap.what] == []


def test_no_table_can_be_read_or_written(scene: Scene) -> None:
    for table in TABLES:
        for statement in (
            f"SELECT * FROM public.{table}",
            f"TABLE {table}",
            f"INSERT INTO public.{table} DEFAULT VALUES",
            f"DELETE FROM public.{table}",
            f"TRUNCATE public.{table}",
            f"BEGIN; LOCK TABLE public.{table}",
            f"ALTER TABLE public.{table} ADD COLUMN mine text",
            f"DROP TABLE public.{table}",
            f"COPY public.{table} TO STDOUT",
        ):
            with pytest.raises(psycopg.Error) as error:
                scene.thief.execute(statement)
            scene.thief.rollback()
            assert state_of(error) in {DENIED, "42P01"}, statement


@pytest.mark.parametrize(
    "statement",
    [
        # the catalogue's views of others
        "SELECT query FROM pg_stat_activity",
        "SELECT * FROM pg_stat_get_activity(NULL)",
        "SELECT * FROM pg_stat_ssl",
        "SELECT * FROM pg_stat_replication",
        "SELECT * FROM pg_stat_user_tables",
        "SELECT * FROM pg_locks",
        "SELECT * FROM pg_lock_status()",
        "SELECT * FROM pg_roles",
        "SELECT * FROM pg_auth_members",
        "SELECT rolpassword FROM pg_authid",
        "SELECT * FROM pg_shadow",
        "SELECT * FROM pg_stats",
        "SELECT * FROM pg_prepared_xacts",
        "SELECT * FROM pg_hba_file_rules",
        "SHOW data_directory",
        # other sessions
        "SELECT pg_terminate_backend({pid})",
        "SELECT pg_terminate_backend({pid}, 1000)",
        "SELECT pg_cancel_backend({pid})",
        "SELECT pg_log_backend_memory_contexts({pid})",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_try_advisory_lock(1, 2)",
        "SELECT pg_advisory_xact_lock(1)",
        "SELECT pg_try_advisory_xact_lock_shared(1)",
        "SELECT pg_notify('channel', 'payload')",
        "SELECT pg_export_snapshot()",
        # time and room
        "SELECT pg_sleep(100)",
        "SELECT pg_sleep_for('1 hour')",
        "SELECT pg_sleep_until('infinity')",
        "SELECT lo_create(0)",
        "SELECT lo_creat(-1)",
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT lo_put(1, 0, 'x')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT pg_logical_emit_message(false, 'a', 'b')",
        "CREATE TEMPORARY TABLE mine (x int)",
        "CREATE TABLE pg_temp.mine (x int)",
        "SELECT 1 AS x INTO TEMPORARY mine",
        "CREATE TEMPORARY VIEW mine AS SELECT 1",
        "CREATE TEMPORARY SEQUENCE mine",
        # code and things of one's own
        "DO 'BEGIN END'",
        "CREATE FUNCTION pg_temp.now() RETURNS timestamptz LANGUAGE sql RETURN timestamptz '1999-01-01'",
        "CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql RETURN timestamptz '1999-01-01'",
        "CREATE FUNCTION api.wire() RETURNS integer LANGUAGE sql RETURN 2",
        "CREATE OR REPLACE FUNCTION api.wire() RETURNS integer LANGUAGE sql RETURN 2",
        "CREATE TABLE public.mine (x int)",
        "CREATE SCHEMA mine",
        "CREATE LANGUAGE mine HANDLER plpgsql_call_handler",
        "CREATE ROLE mine LOGIN",
        "CREATE DATABASE mine",
        "CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)",
        "CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION pg_catalog.now()",
        "SELECT query_to_xml('SELECT 1', true, true, '')",
        "SELECT database_to_xml(true, true, '')",
        # files and programs
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "COPY (SELECT 1) TO '/tmp/smartlog-mine'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_ls_dir('.')",
        "SELECT pg_stat_file('.')",
        "LOAD 'plpgsql'",
        # somebody else
        "SET ROLE postgres",
        "SET ROLE pg_read_all_data",
        "SET ROLE smartlog_report",
        "SET SESSION AUTHORIZATION postgres",
        "SELECT set_config('role', 'postgres', false)",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "ALTER ROLE CURRENT_USER CONNECTION LIMIT -1",
        "ALTER ROLE CURRENT_USER SET temp_file_limit = -1",
        "SET temp_file_limit = -1",
        "SET session_replication_role = replica",
        "ALTER ROLE smartlog_device LOGIN",
        "ALTER SYSTEM SET shared_buffers = '1GB'",
        "SELECT pg_reload_conf()",
        "CHECKPOINT",
        # the centre's own rooms
        "SELECT * FROM report.who_is_in",
        "SELECT internal.option('centre')",
        "SELECT internal.forget_person(gen_random_uuid(), now())",
        "SELECT internal.lock_feed()",
        "GRANT SELECT ON public.events TO PUBLIC",
        "SELECT * FROM public.person_keys",
    ],
)  # fmt: skip
def test_a_device_is_denied(scene: Scene, statement: str) -> None:
    pid = scene.victim.info.backend_pid
    with pytest.raises(psycopg.Error) as error:
        scene.thief.execute(statement.format(pid=pid).encode())
    assert state_of(error) == DENIED, error.value
    assert scene.victim.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize(
    "statement",
    [
        "NOTIFY channel, 'payload'",
        "LISTEN channel",
        "SET statement_timeout = 0",
        "SET ROLE smartlog_device",
        "ANALYZE",
        "SET LOCAL work_mem = '1GB'",
        "PREPARE mine AS SELECT 1",
        "SELECT txid_current()",
    ],
)
def test_what_cannot_be_denied_is_harmless(scene: Scene, statement: str) -> None:
    scene.thief.execute(statement.encode())
    assert ingest(scene.thief, scene.epoch, [event(1)])["ok"] == [1]
    ids = scene.centre.execute("SELECT DISTINCT device_id FROM events WHERE event_id <> %s", scene.victims_event["id"])
    assert ids == [(scene.centre.enrol("thief").device_id,)]


# The three functions --------------------------------------------------------------------------------


def test_a_forged_device_in_every_field_changes_nothing_about_whose_rows_they_are(scene: Scene) -> None:
    victim = scene.centre.enrol("victim")
    forged: dict[str, Any] = {}
    for key in ("device", "device_id", "device_name", "name", "login", "session_user", "user_id", "owner", "epoch"):
        for value in (victim.device_id, victim.name, victim.login, victim.epoch):
            forged[f"{key}{'' if value == victim.device_id else value}"] = value
    forged |= {"device": victim.name, "device_id": victim.device_id, "login": victim.login}
    items = [
        event(1, **forged),
        event(2, data={"line": "door", **forged}),
        event(3, passing={"line": "door", "action": "O", **forged}),
    ]
    assert sorted(ingest(scene.thief, scene.epoch, items, forged)["ok"]) == [1, 2, 3]
    assert (len(scene.new("events")), len(scene.new("smartlog"))) == (3, 3)


def test_another_devices_epoch_is_refused_and_nothing_of_the_batch_stays(scene: Scene) -> None:
    with pytest.raises(psycopg.Error) as error:
        ingest(scene.thief, scene.victims_epoch, [event(1)])
    assert state_of(error) == DENIED
    assert scene.new("events") == []


def test_another_devices_event_and_recording_stay_what_they_are(scene: Scene) -> None:
    same = scene.victims_event | {"seq": 1, "data": {"line": "mine"}, "passing": None}
    ingest(scene.thief, scene.epoch, [same])
    verdict = ingest(scene.thief, scene.epoch, [scene.clip | {"seq": 2, "s3_uri": "s3://mine/now", "phase": "lost"}])
    assert [seq for seq, _ in verdict["rejected"]] == [2]
    taken = scene.thief.execute(
        "SELECT api.media_done(%s::uuid, 's3://mine/now', 1, %s)", (scene.clip["event_id"], "b" * 64)
    ).fetchone()
    assert taken is not None
    assert taken[0]["ok"] is False


def test_a_day_of_its_own_is_no_day_of_another(scene: Scene) -> None:
    ingest(scene.thief, scene.epoch, [{"seq": 1, "kind": "metrics", "v": 1, "date": "2026-11-20", "in_count": 99}])
    assert [json.loads(row)["in_count"] for row in scene.new("device_metrics_daily")] == [99]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_sql_in_every_text_is_text(scene: Scene, hostile: str) -> None:
    passing = {"line": hostile, "action": "I", "confidence": 1, "track": 1, "image": hostile}
    user = {"kind": "user", "v": 1, "role": "member", "created": NOON_US, "updated": NOON_US, "consent": None}
    face = {"kind": "template", "v": 1, "id": str(uuid4()), "subject": str(uuid4()), "user": None, "quality": 1}
    items = [
        event(1, type=hostile[:32], data={hostile: hostile}, passing=passing),
        {"seq": 2, "uid": str(uuid4()), "email": hostile, "name": hostile, **user},
        {"seq": 3, "kind": hostile, "v": 1, "name": hostile},
        {"seq": 4, **user, "uid": hostile, "role": hostile},
        {"seq": 5, **face, "model": hostile, "vector": "AAAA", "source": hostile[:10], "created": NOON_US, "key": None},
        {
            "seq": 6,
            "kind": "snapshot",
            "v": 1,
            "event_id": str(uuid4()),
            "ts": NOON_US,
            "note": hostile,
            "s3_uri": hostile,
        },
    ]
    verdict = ingest(scene.thief, scene.epoch, items, {"version": hostile, "capabilities": [hostile]})
    assert 1 in verdict["ok"]
    assert {3, 4} <= {seq for seq, _ in verdict["rejected"]}
    asked = "SELECT type, data, line FROM events JOIN smartlog USING (event_id) WHERE event_id = %s"
    kept = scene.centre.execute(asked, items[0]["id"])
    assert kept == [(hostile[:32], {hostile: hostile}, hostile)]


def test_an_oversized_batch_is_refused_whole(scene: Scene) -> None:
    for items in ([event(n) for n in range(1, 2002)], [event(1, data={"x": "y" * 1_600_000})]):
        with pytest.raises(psycopg.Error) as error:
            ingest(scene.thief, scene.epoch, items)
        assert state_of(error) == "54000"
    assert scene.new("events") == []


@pytest.mark.parametrize(
    "body",
    [
        "[" * 200_000 + "]" * 200_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        "[{}]",
        "{}",
        "null",
        "1e400000",
        '"text"',
        '[{"seq": 1e400000, "kind": "event"}]',
        '[{"seq": 99999999999999999999, "kind": "event"}]',
        '[{"seq": null, "kind": "event"}]',
        '[{"seq": "\\u0000", "kind": "event"}]',
        '[{"seq": 1, "kind": "\\ud800"}]',
        '[{"seq": 1, "kind": "event", "v": 1e99}]',
        "[1, 2, 3]",
        "[null]",
        "[[[]]]",
        "not json",
        "",
        "[NaN]",
    ],
    ids=lambda body: f"{body[:40]} ({len(body)})",
)
def test_what_is_no_batch_is_refused_and_the_session_goes_on(scene: Scene, body: str) -> None:
    refused: str | None = None
    taken: list[int] = []
    try:
        taken = ingest(scene.thief, scene.epoch, body)["ok"]
    except psycopg.Error as error:
        refused = error.sqlstate or "no state"
    assert taken == []
    assert refused is None or refused[:2] in {"22", "54", "23"}
    assert scene.new("events") == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("data", '{"a":' * 6_000 + "1" + "}" * 6_000),
        ("data", '{"n": 1e131072}'),
        ("data", '{"n": "\\u0000"}'),
        ("data", '{"n": "\\ud800"}'),
        ("data", '{"n": "\\udc00\\ud800"}'),
        ("data", '{"' + "k" * 300_000 + '": 1}'),
        ("type", '"' + "t" * 100_000 + '"'),
        ("ts", "1e30"),
        ("ts", "-9223372036854775808"),
        ("ts", "9223372036854775807"),
        ("ts", '"infinity"'),
        ("ts", "null"),
        ("id", '"not a uuid"'),
        ("id", "null"),
        ("subject", '"\'; SELECT 1"'),
        ("mono", "1e99"),
        ("trusted", '"maybe"'),
        ("passing", '{"line": "\\u0000", "action": "I"}'),
        ("passing", '{"line": "door", "action": "X"}'),
        ("passing", '{"line": "door", "action": "I", "confidence": 1e308}'),
        ("passing", '{"line": "door", "action": "I", "confidence": "NaN"}'),
        ("passing", '{"line": "' + "l" * 70 + '", "action": "I"}'),
        ("passing", "[1, 2, 3, 4, 5, 6, 7]"),
        ("passing", '"(,,,,)"'),
    ],
    ids=lambda value: value[:30],
)
def test_a_bad_item_takes_no_neighbour_with_it(scene: Scene, key: str, value: str) -> None:
    """Refused alone, or kept as what it is; at the worst the whole batch is an error that leaves nothing."""
    bad = json.dumps(event(2, **{key: "@@"})).replace('"@@"', value)
    body = f"[{json.dumps(event(1))}, {bad}, {json.dumps(event(3))}]"
    refused: str | None = None
    verdict: dict[str, Any] = {}
    try:
        verdict = ingest(scene.thief, scene.epoch, body)
    except psycopg.Error as error:
        refused = error.sqlstate
    kept = scene.new("events")
    if not verdict:
        assert (refused or "")[:2] in {"22", "54"}
        assert kept == []
        return
    assert {1, 3} <= set(verdict["ok"])
    assert len(kept) == (3 if 2 in verdict["ok"] else 2)


@pytest.mark.parametrize(
    "settings",
    [
        "search_path = pg_temp, public",
        "search_path = ''",
        "DateStyle = 'German, DMY'",
        "TimeZone = 'Pacific/Kiritimati'",
        "IntervalStyle = 'sql_standard'",
        "bytea_output = 'escape'",
        "extra_float_digits = -15",
        "standard_conforming_strings = off",
        "array_nulls = off",
        "transform_null_equals = on",
        "client_encoding = 'LATIN1'",
        "quote_all_identifiers = on",
        "row_security = off",
        "xmloption = document",
        "backslash_quote = on",
        "force_parallel_mode = on",
        "join_collapse_limit = 1",
        "default_transaction_isolation = 'serializable'",
        "geqo_threshold = 2",
    ],
)
def test_no_setting_of_the_session_changes_what_is_kept(scene: Scene, settings: str) -> None:
    name = settings.split(" ", maxsplit=1)[0]
    if not scene.centre.execute("SELECT 1 FROM pg_settings WHERE name = %s", name):
        pytest.skip(f"this server has no setting called {name}")
    scene.thief.execute(f"SET {settings}".encode())
    sent = event(1, ended=NOON_US - 2 * DAY_US + 123_457, data={"x": 0.1, "line": "door"})
    assert ingest(scene.thief, scene.epoch, [sent])["ok"] == [1]
    assert ingest(scene.thief, scene.epoch, [sent])["duplicate"] == [1]
    kept = scene.centre.execute(
        "SELECT (extract(epoch FROM e.ts) * 1000000)::bigint, (extract(epoch FROM ended_at) * 1000000)::bigint, data,"
        " l.confidence FROM events AS e JOIN smartlog AS l USING (event_id) WHERE event_id = %s", sent["id"],
    )  # fmt: skip
    assert kept == [(sent["ts"], sent["ended"], sent["data"], 0.9)]


def test_names_of_ones_own_in_pg_temp_are_not_taken_for_the_centres(scene: Scene) -> None:
    """Where a hosted service leaves everyone temporary tables and languages, the pinned search_path still holds."""
    login, database = scene.centre.enrol("thief").login, scene.centre.name
    scene.centre.execute(f'GRANT TEMPORARY ON DATABASE "{database}" TO "{login}"')
    scene.centre.execute(f'GRANT USAGE ON LANGUAGE sql, plpgsql TO "{login}"')
    thief = scene.thief
    thief.execute("SET search_path = pg_temp, pg_catalog")
    for table in ("device_logins", "devices", "events", "meta", "users", "device_epochs"):
        thief.execute(f"CREATE TEMPORARY TABLE {table} (id int, login text, device_id int, enabled bool, key text)")
    victim = scene.centre.enrol("victim").device_id
    thief.execute(f"INSERT INTO pg_temp.device_logins (login, device_id) VALUES ('{login}', {victim})")
    for name, arguments in (
        ("now", ""),
        ("json_typeof", "json"),
        ("json_array_length", "json"),
        ("cardinality", "anyarray"),
        ("internal_asking", ""),
        ("asking", ""),
        ("wire", ""),
        ("unnest", "anyarray"),
        ("coalesce_", "text"),
    ):
        thief.execute(
            f"CREATE FUNCTION pg_temp.{name}({arguments}) RETURNS text LANGUAGE plpgsql AS"
            " $$BEGIN RAISE EXCEPTION 'the thief was called'; END$$"
        )
    thief.execute("CREATE FUNCTION pg_temp.same(uuid, uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true'")
    thief.execute("CREATE OPERATOR pg_temp.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = pg_temp.same)")
    assert sorted(ingest(thief, scene.epoch, [event(1), event(2)])["ok"]) == [1, 2]
    assert len(scene.new("events")) == 2
    assert thief.execute("SELECT api.pull(0, 1, 10) -> 'device' ->> 'name'").fetchone() == ("thief",)
    scene.centre.execute(f'REVOKE TEMPORARY ON DATABASE "{database}" FROM "{login}"')
    scene.centre.execute(f'REVOKE USAGE ON LANGUAGE sql, plpgsql FROM "{login}"')


def test_a_login_that_is_no_devices_any_more_is_denied(scene: Scene) -> None:
    scene.centre.execute("UPDATE devices SET enabled = false WHERE name = 'thief'")
    for call in (
        f"SELECT api.ingest('{scene.epoch}', 1, '{{}}', '[]')",
        "SELECT api.pull(0, 1, 10)",
        f"SELECT api.media_done('{uuid4()}', 's3://a/b', 1, '{'a' * 64}')",
    ):
        with pytest.raises(psycopg.Error) as error:
            scene.thief.execute(call.encode())
        assert state_of(error) == DENIED
    scene.centre.execute("UPDATE devices SET enabled = true WHERE name = 'thief'")


@pytest.mark.parametrize(
    ("cursor", "wire", "most"),
    [(-1, 1, 1), (2**62, 1, 1000), (0, -5, 2**31 - 1), (0, 99, -1), (None, None, None)],
)
def test_pull_takes_any_numbers_and_gives_no_key_of_another(scene: Scene, cursor: int, wire: int, most: int) -> None:
    scene.centre.execute(
        "INSERT INTO fleet_keys (device_id, wrapped) VALUES (%s, 'the victim''s')",
        scene.centre.enrol("victim").device_id,
    )
    said = scene.thief.execute("SELECT api.pull(%s, %s, %s)", (cursor, wire, most)).fetchone()
    scene.centre.execute("DELETE FROM fleet_keys")
    assert said is not None
    assert said[0]["fleet_key"] is None
    assert said[0]["device"]["name"] == "thief"
