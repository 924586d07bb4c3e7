-- The centre's own rooms, and the few words that its functions share.
--   api       what a device may ask for, and nothing else
--   report    what an analyst may read
--   internal  everything behind the two; nobody but the owner gets in
--
-- Every function looks for names in pg_catalog first and then in public; a caller's search_path changes nothing. The
-- one-line functions with RETURN need no such setting: their names were looked up when they were made.

CREATE SCHEMA internal;
CREATE SCHEMA api;
CREATE SCHEMA report;

-- What this database is, for good (`centre`), and the row that writers of the feed lock one after the other (`feed`).
INSERT INTO public.meta (key, value)
VALUES ('centre', to_json(gen_random_uuid())), ('feed', 'true')
ON CONFLICT (key) DO NOTHING;

-- The version of the wire that this centre speaks (smartlogd.base.wire.WIRE).
CREATE FUNCTION api.wire() RETURNS integer LANGUAGE sql STABLE
    RETURN 1;

-- An instant from whole microseconds since 1970, and back. Exact both ways: no float is involved that could round.
CREATE FUNCTION internal.instant(us bigint) RETURNS timestamptz LANGUAGE sql STABLE
    RETURN timestamptz '1970-01-01 00:00:00+00' + us * interval '1 microsecond';

CREATE FUNCTION internal.micros(at timestamptz) RETURNS bigint LANGUAGE sql STABLE
    RETURN (extract(epoch FROM at) * 1000000)::bigint;

-- base64 on one line, as everyone but encode() writes it.
CREATE FUNCTION internal.base64(bytes bytea) RETURNS text LANGUAGE sql STABLE
    RETURN translate(encode(bytes, 'base64'), E'\n', '');

-- One of the centre's options, as text; null where it was never set.
CREATE FUNCTION internal.option(name text) RETURNS text LANGUAGE sql STABLE
    RETURN (SELECT value #>> '{}' FROM public.meta WHERE key = name);

-- Rows from before this instant are late: their chunk may be compressed already, so they are kept beside it.
CREATE FUNCTION internal.late_before() RETURNS timestamptz LANGUAGE sql STABLE
    RETURN now() - coalesce(internal.option('late_after_days')::integer, 45) * interval '1 day';

-- Who is asking. The login says it and nothing else does; SET ROLE does not change session_user.
CREATE FUNCTION internal.asking() RETURNS public.devices LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    device public.devices;
BEGIN
    SELECT d.* INTO device
    FROM public.device_logins AS l JOIN public.devices AS d ON d.id = l.device_id
    WHERE l.login = session_user;
    IF NOT FOUND OR NOT device.enabled THEN
        RAISE EXCEPTION 'This login speaks for no device that is enabled.' USING ERRCODE = '42501';
    END IF;
    RETURN device;
END
$$;

-- An event as it stands in the JSON, and the passing inside it.
CREATE TYPE internal.passing AS (
    line text, action text, confidence double precision, track integer, image text
);
CREATE TYPE internal.item AS (
    seq bigint, kind text, v integer, id uuid, type text, ts bigint, data jsonb, video_ts_ms bigint, subject uuid,
    person uuid, ended bigint, boot uuid, mono bigint, trusted boolean, passing internal.passing
);

-- A batch of events, parsed, and what is to be known of it as a whole.
CREATE TYPE internal.events AS (
    items internal.item[], n bigint, ids bigint, first bigint, last bigint, persons uuid[], subjects uuid[], seqs bigint[],
    last_seq bigint, newest integer, are_events boolean
);
