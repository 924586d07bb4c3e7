-- Events, and the passings in them: the common road. Every step works on the whole batch; nothing is called per row.
--
-- A function of this kind takes items of one kind and gives the numbers (`seq`) of those that were there already. What
-- cannot be taken raises an error of class 22 or 23, and nothing of the call stays; `internal.tried` (60_ingest.sql) then
-- finds out which row it was.

-- Read the JSON, once: parsing is a good part of what a batch costs.
CREATE FUNCTION internal.parsed(batch json) RETURNS internal.events LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    events internal.events;
BEGIN
    SELECT array_agg(e), count(*), count(DISTINCT id), min(ts), max(ts),
        array_agg(DISTINCT person) FILTER (WHERE person IS NOT NULL),
        array_agg(subject) FILTER (WHERE subject IS NOT NULL),
        array_agg(seq), max(seq), max(v), bool_and(kind IS NOT DISTINCT FROM 'event' AND seq IS NOT NULL)
    INTO events
    FROM json_populate_recordset(NULL::internal.item, batch) AS e;
    RETURN events;
END
$$;

-- The events of a batch. Those whose time is packed away go to `late_rows`, and those about who was forgotten lose what
-- told of them, before the rest of it goes its usual way.
CREATE FUNCTION internal.take_events(device integer, owner integer, events internal.events)
RETURNS bigint[] LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    late_before timestamptz := internal.late_before();
    items internal.item[] := events.items;
    twice bigint[] := '{}';
BEGIN
    IF events.ids < events.n THEN
        RAISE EXCEPTION 'An event has no id, or comes twice in one batch.' USING ERRCODE = '23505';
    END IF;
    IF events.first < 1577836800000000 OR internal.instant(events.last) > now() + interval '1 day' THEN
        RAISE EXCEPTION 'Its clock was wrong: the time is before 2020 or in the future.' USING ERRCODE = '22008';
    END IF;
    IF events.persons IS NOT NULL THEN
        PERFORM internal.placeholders(events.persons);
        PERFORM FROM public.users WHERE uid = ANY (events.persons) ORDER BY uid FOR KEY SHARE;
    END IF;
    IF EXISTS (SELECT FROM public.tombstones WHERE uid = ANY (events.subjects || events.persons)) THEN
        items := internal.redacted(items);
    END IF;
    IF internal.instant(events.first) < late_before THEN
        twice := internal.insert_late(
            device, owner, ARRAY(SELECT e FROM unnest(items) AS e WHERE internal.instant(e.ts) < late_before));
        items := ARRAY(SELECT e FROM unnest(items) AS e WHERE NOT internal.instant(e.ts) < late_before);
    END IF;
    IF cardinality(items) > 0 THEN
        twice := twice || internal.insert_events(device, owner, items, late_before);
    END IF;
    IF EXISTS (
        SELECT FROM public.tombstones AS t JOIN public.subjects AS s ON s.uuid = t.uid WHERE t.uid = ANY (events.subjects)
    ) THEN
        RAISE EXCEPTION 'Someone in this batch was forgotten meanwhile.' USING ERRCODE = '40001';
    END IF;
    RETURN twice;
END
$$;

-- One statement for all of it: the subjects are noted as seen and thereby held, so that a name which is being given to
-- one of them elsewhere is either known here or finds our rows; then events, passings and counts.
CREATE FUNCTION internal.insert_events(
    device integer, owner integer, items internal.item[], late_before timestamptz
)
RETURNS bigint[] LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    late uuid[] := '{}';
    twice bigint[];
    corrected boolean;
    more bigint[];
BEGIN
    -- Late rows of a time that is not late (the option was changed): they are there already.
    IF EXISTS (SELECT FROM public.late_rows WHERE device_id = device AND ts >= late_before) THEN
        SELECT array_agg(l.event_id) INTO late FROM public.late_rows AS l
        JOIN unnest(items) AS e ON l.event_id = e.id AND l.ts = internal.instant(e.ts)
        WHERE l.device_id = device;
    END IF;
    WITH item AS MATERIALIZED (
        SELECT *, timestamptz '1970-01-01 00:00:00+00' + ts * interval '1 microsecond' AS at
        FROM unnest(items) AS e
    ),
    seen AS (
        INSERT INTO public.subjects AS s (uuid, has_face, ignored, first_seen, last_seen)
        SELECT subject, false, false, min(at), max(at) FROM item WHERE subject IS NOT NULL
        GROUP BY subject ORDER BY subject DESC
        ON CONFLICT (uuid) DO UPDATE SET
            first_seen = least(s.first_seen, excluded.first_seen), last_seen = greatest(s.last_seen, excluded.last_seen)
        RETURNING uuid, user_id, merged_into
    ),
    kept AS (
        INSERT INTO public.events (
            user_id, type, ts, data, video_ts_ms, event_id, device_id, subject_uuid, subject_user_id, ended_at, boot_id,
            mono_us, clock_trusted
        )
        SELECT owner, i.type, i.at, i.data, i.video_ts_ms, i.id, device, i.subject, u.id,
            timestamptz '1970-01-01 00:00:00+00' + i.ended * interval '1 microsecond', i.boot, i.mono, i.trusted
        FROM item AS i LEFT JOIN public.users AS u ON u.uid = i.person
        WHERE NOT i.id = ANY (coalesce(late, '{}'))
        ON CONFLICT DO NOTHING
        RETURNING event_id
    ),
    logged AS (
        INSERT INTO public.smartlog (
            user_id, uuid, action, "timestamp", image_path, event_id, device_id, line, confidence, track_id, boot_id,
            mono_us, clock_trusted
        )
        SELECT CASE WHEN s.user_id IS NULL AND s.merged_into IS NOT NULL
                THEN internal.person_above(s.merged_into) ELSE s.user_id END,
            coalesce(i.subject, i.id)::text, (i.passing).action, i.at, (i.passing).image, i.id, device,
            (i.passing).line, (i.passing).confidence, (i.passing).track, i.boot, i.mono, i.trusted
        FROM kept AS k JOIN item AS i ON i.id = k.event_id LEFT JOIN seen AS s ON s.uuid = i.subject
        WHERE i.passing IS DISTINCT FROM NULL
        ON CONFLICT DO NOTHING
    ),
    counted AS (
        INSERT INTO public.counts_hourly AS c (device_id, type, line, hour, count, in_count, out_count)
        SELECT device, i.type, coalesce((i.passing).line, ''),
            date_bin('1 hour', CASE WHEN i.trusted IS FALSE AND i.mono IS NOT NULL AND z.zero_at IS NOT NULL
                THEN z.zero_at + i.mono * interval '1 microsecond' ELSE i.at END, timestamptz '1970-01-01 00:00:00+00') AS hour,
            count(*), count(*) FILTER (WHERE (i.passing).action = 'I'), count(*) FILTER (WHERE (i.passing).action = 'O')
        FROM kept AS k JOIN item AS i ON i.id = k.event_id
        LEFT JOIN public.clock_corrections AS z ON z.device_id = device AND z.boot_id = i.boot
        GROUP BY 2, 3, 4
        ON CONFLICT (device_id, type, line, hour) DO UPDATE SET count = c.count + excluded.count,
            in_count = c.in_count + excluded.in_count, out_count = c.out_count + excluded.out_count
    )
    SELECT array_agg(i.seq) FILTER (WHERE k.event_id IS NULL), bool_or(i.type = 'clock_corrected'),
        array_agg(i.seq) FILTER (WHERE k.event_id IS NULL AND (i.ended IS NOT NULL OR i.video_ts_ms IS NOT NULL))
    INTO twice, corrected, more
    FROM item AS i LEFT JOIN kept AS k ON k.event_id = i.id;
    IF corrected THEN
        PERFORM internal.correct_clocks(device, items);
    END IF;
    IF more IS NOT NULL THEN
        PERFORM internal.add_to_events(device, ARRAY(SELECT e FROM unnest(items) AS e WHERE e.seq = ANY (more)), late_before);
    END IF;
    RETURN coalesce(twice, '{}');
END
$$;

-- Events that were there already, and of which more is known now: what takes time is told when it begins, and once more when
-- it is over; where a clip shows it is known when the clip is. Each is noted once, nothing takes it back, and no count
-- changes. Only chunks that cannot be compressed are looked at: the bounds are written out, so that the planner leaves out
-- the others.
CREATE FUNCTION internal.add_to_events(device integer, items internal.item[], late_before timestamptz) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    last timestamptz;
BEGIN
    SELECT max(internal.instant(ts)) INTO last FROM unnest(items);
    EXECUTE format(
        'UPDATE public.events AS e SET ended_at = coalesce(e.ended_at, internal.instant(i.ended)),'
        ' data = CASE WHEN e.ended_at IS NULL AND i.ended IS NOT NULL THEN coalesce(i.data, e.data) ELSE e.data END,'
        ' video_ts_ms = coalesce(e.video_ts_ms, i.video_ts_ms) FROM unnest($1) AS i'
        ' WHERE e.device_id = %s AND e.ts >= %L AND e.ts <= %L AND e.event_id = i.id AND e.ts = internal.instant(i.ts)'
        ' AND (e.ended_at IS NULL AND i.ended IS NOT NULL OR e.video_ts_ms IS NULL AND i.video_ts_ms IS NOT NULL)',
        device, late_before, last
    ) USING items;
    PERFORM internal.add_to_late(device, items);
END
$$;

-- What was told again of events that came too late: their ends are kept beside them.
CREATE FUNCTION internal.add_to_late(device integer, items internal.item[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE public.late_rows AS l SET ended_at = coalesce(l.ended_at, internal.instant(i.ended)),
        data = CASE WHEN l.ended_at IS NULL AND i.ended IS NOT NULL THEN coalesce(i.data, l.data) ELSE l.data END,
        video_ts_ms = coalesce(l.video_ts_ms, i.video_ts_ms)
    FROM unnest(items) AS i
    WHERE l.device_id = device AND l.event_id = i.id AND l.ts = internal.instant(i.ts)
        AND (l.ended_at IS NULL AND i.ended IS NOT NULL OR l.video_ts_ms IS NULL AND i.video_ts_ms IS NOT NULL);
END
$$;

-- Events whose time is packed away already, in a table beside it. One that stands in `events` since then is there
-- already, and the counts of a late one are kept like those of any other.
CREATE FUNCTION internal.insert_late(device integer, owner integer, items internal.item[])
RETURNS bigint[] LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    twice bigint[];
    corrected boolean;
    more bigint[];
BEGIN
    WITH item AS MATERIALIZED (
        SELECT *, internal.instant(ts) AS at
        FROM unnest(items) AS e
    ),
    seen AS (
        INSERT INTO public.subjects AS s (uuid, has_face, ignored, first_seen, last_seen)
        SELECT subject, false, false, min(at), max(at) FROM item WHERE subject IS NOT NULL
        GROUP BY subject ORDER BY subject DESC
        ON CONFLICT (uuid) DO UPDATE SET
            first_seen = least(s.first_seen, excluded.first_seen), last_seen = greatest(s.last_seen, excluded.last_seen)
        RETURNING uuid, user_id, merged_into
    ),
    kept AS (
        INSERT INTO public.late_rows (
            device_id, event_id, ts, user_id, type, data, video_ts_ms, subject_uuid, subject_user_id, ended_at, boot_id,
            mono_us, clock_trusted, person_id, action, line, confidence, track_id, image_path
        )
        SELECT device, i.id, i.at, owner, i.type, i.data, i.video_ts_ms,
            CASE WHEN i.passing IS DISTINCT FROM NULL THEN coalesce(i.subject, i.id) ELSE i.subject END, u.id,
            internal.instant(i.ended), i.boot, i.mono, i.trusted,
            CASE WHEN i.passing IS NOT DISTINCT FROM NULL THEN NULL
                WHEN s.user_id IS NULL AND s.merged_into IS NOT NULL THEN internal.person_above(s.merged_into)
                ELSE s.user_id END,
            (i.passing).action, (i.passing).line, (i.passing).confidence, (i.passing).track, (i.passing).image
        FROM item AS i LEFT JOIN public.users AS u ON u.uid = i.person LEFT JOIN seen AS s ON s.uuid = i.subject
        WHERE NOT EXISTS (
            SELECT FROM public.events AS e WHERE e.device_id = device AND e.event_id = i.id AND e.ts = i.at
        )
        ON CONFLICT DO NOTHING
        RETURNING event_id
    ),
    counted AS (
        INSERT INTO public.counts_hourly AS c (device_id, type, line, hour, count, in_count, out_count)
        SELECT device, i.type, coalesce((i.passing).line, ''),
            date_bin('1 hour', CASE WHEN i.trusted IS FALSE AND i.mono IS NOT NULL AND z.zero_at IS NOT NULL
                THEN z.zero_at + i.mono * interval '1 microsecond' ELSE i.at END, timestamptz '1970-01-01 00:00:00+00') AS hour,
            count(*), count(*) FILTER (WHERE (i.passing).action = 'I'), count(*) FILTER (WHERE (i.passing).action = 'O')
        FROM kept AS k JOIN item AS i ON i.id = k.event_id
        LEFT JOIN public.clock_corrections AS z ON z.device_id = device AND z.boot_id = i.boot
        GROUP BY 2, 3, 4
        ON CONFLICT (device_id, type, line, hour) DO UPDATE SET count = c.count + excluded.count,
            in_count = c.in_count + excluded.in_count, out_count = c.out_count + excluded.out_count
    )
    SELECT array_agg(i.seq) FILTER (WHERE k.event_id IS NULL), bool_or(i.type = 'clock_corrected'),
        array_agg(i.seq) FILTER (WHERE k.event_id IS NULL AND (i.ended IS NOT NULL OR i.video_ts_ms IS NOT NULL))
    INTO twice, corrected, more
    FROM item AS i LEFT JOIN kept AS k ON k.event_id = i.id;
    IF corrected THEN
        PERFORM internal.correct_clocks(device, items);
    END IF;
    IF more IS NOT NULL THEN
        PERFORM internal.add_to_packed(device, ARRAY(SELECT e FROM unnest(items) AS e WHERE e.seq = ANY (more)));
    END IF;
    RETURN coalesce(twice, '{}');
END
$$;

-- The same, where the time is packed away. In `late_rows` it is noted; a row of `events` stays as it is, for its chunk may be
-- compressed, and the administrator is told of the end that it does not have.
CREATE FUNCTION internal.add_to_packed(device integer, items internal.item[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM internal.add_to_late(device, items);
    PERFORM internal.refuse('event', device, row_to_json(i), 'Its end came when its time was packed away already.')
    FROM unnest(items) AS i JOIN public.events AS e
        ON e.device_id = device AND e.event_id = i.id AND e.ts = internal.instant(i.ts)
    WHERE e.ended_at IS NULL AND i.ended IS NOT NULL;
END
$$;

-- The same items without what told of those who were forgotten; those who were merged under their heir's name. Few batches
-- come here, so it may go one by one.
CREATE FUNCTION internal.redacted(items internal.item[]) RETURNS internal.item[] LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    e internal.item;
    p internal.passing;
BEGIN
    FOR place IN 1..cardinality(items) LOOP
        e := items[place];
        e.person := internal.heir(e.person);
        IF EXISTS (
            SELECT FROM public.tombstones WHERE uid = e.subject OR uid = e.person AND what = 'person'
        ) THEN
            p := e.passing;
            p.track := NULL;
            p.image := NULL;
            e.passing := CASE WHEN e.passing IS DISTINCT FROM NULL THEN p END;
            e.subject := NULL;
            e.person := NULL;
            e.data := internal.anonymous(e.type, e.data);
        END IF;
        items[place] := e;
    END LOOP;
    RETURN items;
END
$$;

-- A device has learnt when its clock stood at zero: rows that were sealed before it knew keep their stamp, the views show
-- the right one, and their counts move to the right hours. Once for each start of its daemon; a second word is not heard.
CREATE FUNCTION internal.correct_clocks(device integer, items internal.item[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    boot uuid;
    zero timestamptz;
BEGIN
    FOR boot, zero IN
        SELECT DISTINCT ON (1) (e.data ->> 'boot_id')::uuid, internal.instant((e.data ->> 'zero_us')::bigint)
        FROM unnest(items) AS e
        WHERE e.type = 'clock_corrected' ORDER BY 1, e.ts
    LOOP
        INSERT INTO public.clock_corrections (device_id, boot_id, zero_at) VALUES (device, boot, zero)
        ON CONFLICT DO NOTHING;
        IF FOUND THEN
            PERFORM internal.move_counts(device, boot, zero);
        END IF;
    END LOOP;
END
$$;

CREATE FUNCTION internal.move_counts(device integer, boot uuid, zero timestamptz) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO public.counts_hourly AS c (device_id, type, line, hour, count, in_count, out_count)
    WITH sealed AS (
        SELECT e.type, coalesce(l.line, '') AS line, e.ts AS at, e.mono_us, l.action
        FROM public.events AS e
        LEFT JOIN public.smartlog AS l
            ON l.device_id = e.device_id AND l.event_id = e.event_id AND l."timestamp" = e.ts
        WHERE e.device_id = device AND e.boot_id = boot AND e.clock_trusted = false AND e.mono_us IS NOT NULL
        UNION ALL
        SELECT type, coalesce(line, ''), ts, mono_us, action FROM public.late_rows
        WHERE device_id = device AND boot_id = boot AND clock_trusted = false AND mono_us IS NOT NULL
    ),
    moves AS (
        SELECT type, line, action, date_bin('1 hour', at, timestamptz '1970-01-01 00:00:00+00') AS hour, -1 AS n FROM sealed
        UNION ALL
        SELECT type, line, action, date_bin('1 hour', zero + mono_us * interval '1 microsecond',
            timestamptz '1970-01-01 00:00:00+00'), 1 FROM sealed
    )
    SELECT device, type, line, hour, sum(n), coalesce(sum(n) FILTER (WHERE action = 'I'), 0),
        coalesce(sum(n) FILTER (WHERE action = 'O'), 0)
    FROM moves GROUP BY type, line, hour HAVING sum(n) <> 0 OR count(*) FILTER (WHERE action IS NOT NULL) > 0
    ON CONFLICT (device_id, type, line, hour) DO UPDATE SET count = c.count + excluded.count,
        in_count = c.in_count + excluded.in_count, out_count = c.out_count + excluded.out_count;
    DELETE FROM public.counts_hourly WHERE device_id = device AND count = 0 AND in_count = 0 AND out_count = 0;
END
$$;
