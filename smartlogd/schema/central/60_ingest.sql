-- What a device may ask for: api.ingest, api.pull (65_pull.sql), api.media_done.

-- Take items of one kind; gives the numbers of those that were there already.
CREATE FUNCTION internal.take(kind text, device integer, owner integer, items json) RETURNS bigint[] LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    CASE kind
        WHEN 'event' THEN RETURN internal.take_events(device, owner, internal.parsed(items));
        WHEN 'user' THEN RETURN internal.take_users(device, items);
        WHEN 'subject' THEN RETURN internal.take_subjects(items);
        WHEN 'template' THEN RETURN internal.take_templates(items);
        WHEN 'tombstone' THEN RETURN internal.take_tombstones(items);
        WHEN 'passing' THEN RETURN internal.take_passings(device, owner, items);
        WHEN 'metrics' THEN RETURN internal.take_metrics(device, owner, items);
        WHEN 'clip' THEN RETURN internal.take_clips(device, owner, items);
        WHEN 'snapshot' THEN RETURN internal.take_snapshots(device, owner, items);
    ELSE
        RAISE EXCEPTION 'This centre knows no items of this kind.' USING ERRCODE = '22023';
    END CASE;
END
$$;

-- Try it whole; if a row cannot be taken, in parts of 64, and such a part row by row, so that the neighbours of a bad row
-- go on. What is no fault of a row (a deadlock, a full disk) passes through to the device, which sends it all again.
CREATE FUNCTION internal.tried(
    kind text, device integer, owner integer, items json, OUT twice bigint[], OUT refused jsonb
) LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    n integer;
    part json;
    reason text;
    found record;
BEGIN
    refused := '[]';
    BEGIN
        twice := internal.take(kind, device, owner, items);
        RETURN;
    EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
        reason := left(translate(SQLERRM, E'\r\n\t', '   '), 500);
    END;
    twice := '{}';
    n := json_array_length(items);
    IF n = 1 THEN
        PERFORM internal.refuse(kind, device, items -> 0, reason);
        refused := jsonb_build_array(jsonb_build_array((items -> 0 ->> 'seq')::bigint, reason));
        RETURN;
    END IF;
    FOR part IN
        SELECT json_agg(e ORDER BY place) FROM json_array_elements(items) WITH ORDINALITY AS x (e, place)
        GROUP BY (place - 1) / CASE WHEN n > 64 THEN 64 ELSE 1 END ORDER BY min(place)
    LOOP
        found := internal.tried(kind, device, owner, part);
        twice := twice || found.twice;
        refused := refused || found.refused;
    END LOOP;
END
$$;

-- Keep what was refused for the administrator, cut to 4 KiB; of a face neither numbers nor key.
CREATE FUNCTION internal.refuse(kind text, device integer, item json, reason text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    came text := CASE kind WHEN 'template' THEN json_build_object('id', left(item ->> 'id', 64))::text ELSE item::text END;
BEGIN
    INSERT INTO public.rejects (device_id, kind, reason, payload)
    VALUES (device, left(kind, 32), reason, to_jsonb(left(came, CASE WHEN octet_length(came) <= 4096 THEN 4096 ELSE 1000 END)));
END
$$;

-- Items of a device, and what became of each. All of it or nothing, in the one transaction of the call. Every statement is
-- planned once for a connection: planning anew for each of the first five calls, as is usual, costs more than a small batch.
CREATE FUNCTION api.ingest(epoch uuid, wire integer, about jsonb, batch json) RETURNS json LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    device public.devices := internal.asking();
    events internal.events;
    twice bigint[];
BEGIN
    IF pg_column_size(batch) > 1536 * 1024 THEN
        RAISE EXCEPTION 'A batch may have 1.5 MiB.' USING ERRCODE = '54000';
    END IF;
    IF json_typeof(batch) IS DISTINCT FROM 'array' THEN
        RAISE EXCEPTION 'A batch is an array of items.' USING ERRCODE = '22023';
    END IF;
    BEGIN  -- nearly every batch: events only, all of them good, in a form that we know
        events := internal.parsed(batch);
        IF events.n <= 2000 AND events.are_events AND coalesce(events.newest, 1) <= api.wire() THEN
            PERFORM internal.heard(device.id, epoch, about, events.last_seq);
            twice := internal.take_events(device.id, device.user_id, events);
            RETURN internal.verdict(events.seqs, twice, '[]', '{}');
        END IF;
    EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
        NULL;  -- what it did is undone; now for the other way
    END;
    RETURN internal.take_mixed(device, epoch, about, batch);
END
$$;

-- The items that can be read at all. JSON may hold texts that PostgreSQL cannot keep (a NUL, half a surrogate pair), and
-- one of them makes the whole array unreadable; such an item is known by its number, and refused.
CREATE FUNCTION internal.sifted(batch json, OUT readable json, OUT unreadable json[]) LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    one json;
    good json[] := '{}';
BEGIN
    unreadable := '{}';
    FOR one IN SELECT e FROM json_array_elements(batch) AS e LOOP
        BEGIN
            PERFORM one::jsonb;
            good := good || one;
        EXCEPTION WHEN data_exception THEN
            unreadable := unreadable || one;
        END;
    END LOOP;
    readable := array_to_json(good);
END
$$;

-- A batch with other things than events in it, with items in a form that we do not know yet, or with bad ones. People come
-- before what speaks of them. Writers of the feed wait for each other before they touch anything else.
CREATE FUNCTION internal.take_mixed(device public.devices, epoch uuid, about jsonb, batch json)
RETURNS json LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    whole record;
    part record;
    done record;
    twice bigint[] := '{}';
    refused jsonb := '[]';
    spoken integer := api.wire();
    unreadable json[] := '{}';
    one json;
BEGIN
    BEGIN
        PERFORM FROM json_to_recordset(batch) AS x (seq bigint, kind text, v integer);
    EXCEPTION WHEN data_exception THEN
        SELECT s.readable, s.unreadable INTO batch, unreadable FROM internal.sifted(batch) AS s;
    END;
    SELECT count(*) AS n, count(seq) AS numbered, max(seq) AS last, array_agg(seq) AS seqs,
        coalesce(bool_and(kind = 'event'), true) AS are_events,
        coalesce(array_agg(seq) FILTER (WHERE v > spoken), '{}') AS held
    INTO whole
    FROM json_to_recordset(batch) AS x (seq bigint, kind text, v integer);
    IF whole.n > 2000 THEN
        RAISE EXCEPTION 'A batch may have 2,000 items.' USING ERRCODE = '54000';
    END IF;
    IF whole.numbered < whole.n THEN
        RAISE EXCEPTION 'An item has no number.' USING ERRCODE = '22023';
    END IF;
    IF NOT whole.are_events THEN
        PERFORM internal.lock_feed();
    END IF;
    PERFORM internal.heard(device.id, epoch, about, whole.last);
    FOREACH one IN ARRAY unreadable LOOP
        PERFORM internal.refuse('', device.id, one, 'It holds a text that PostgreSQL cannot keep.');
        refused := refused || jsonb_build_array(jsonb_build_array(
            substring(one::text FROM '"seq"\s*:\s*([0-9]{1,18})')::bigint,
            'It holds a text that PostgreSQL cannot keep.'));
    END LOOP;
    FOR part IN
        SELECT coalesce(item ->> 'kind', '') AS kind, json_agg(item ORDER BY place) AS items
        FROM json_array_elements(batch) WITH ORDINALITY AS x (item, place)
        WHERE NOT (item ->> 'seq')::bigint = ANY (whole.held) GROUP BY 1
        ORDER BY array_position(ARRAY['tombstone', 'user', 'subject', 'template', 'event'], coalesce(item ->> 'kind', ''))
    LOOP
        done := internal.tried(part.kind, device.id, device.user_id, part.items);
        twice := twice || done.twice;
        refused := refused || done.refused;
    END LOOP;
    RETURN internal.verdict(coalesce(whole.seqs, '{}'), twice, refused, whole.held);
END
$$;

-- What became of each item. One that is in none of the other lists was taken.
CREATE FUNCTION internal.verdict(seqs bigint[], twice bigint[], refused jsonb, held bigint[]) RETURNS json LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF cardinality(twice) + jsonb_array_length(refused) + cardinality(held) > 0 THEN
        seqs := ARRAY(
            SELECT s FROM unnest(seqs) AS s
            WHERE NOT s = ANY (twice || held)
                AND s NOT IN (SELECT (r ->> 0)::bigint FROM jsonb_array_elements(refused) AS r));
    END IF;
    RETURN json_build_object('wire', api.wire(), 'ok', seqs, 'duplicate', twice, 'rejected', refused, 'held', held);
END
$$;

-- A device is there: since when, with what, and how far. It speaks in an epoch of its own, never in another's. Holding its
-- row keeps two connections of one device from working at once.
CREATE FUNCTION internal.heard(device integer, in_epoch uuid, about jsonb, last bigint) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    can jsonb := about -> 'capabilities';
BEGIN
    -- What is acknowledged is deleted on the device in time: here it must be on the disk first, whatever the server is
    -- told to do for others. In force until the transaction has committed.
    IF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    UPDATE public.devices
    SET last_seen = now(), status = 'online', software_version = coalesce(left(about ->> 'version', 32), software_version),
        capabilities = CASE WHEN jsonb_typeof(can) = 'array' AND pg_column_size(can) < 4096 THEN can ELSE capabilities END,
        high_seq = CASE WHEN epoch = in_epoch THEN greatest(high_seq, last) ELSE coalesce(last, 0) END, epoch = in_epoch
    WHERE id = device;
    INSERT INTO public.device_epochs AS e (epoch, device_id, high_seq) VALUES (in_epoch, device, coalesce(last, 0))
    ON CONFLICT (epoch) DO UPDATE SET high_seq = greatest(e.high_seq, excluded.high_seq)
    WHERE e.device_id = excluded.device_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'This epoch is another device''s.' USING ERRCODE = '42501';
    END IF;
END
$$;

-- The bytes of a recording are where `s3_uri` says. Saying it again changes nothing.
CREATE FUNCTION api.media_done(event_id uuid, s3_uri text, bytes bigint, sha256 text) RETURNS json LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    device public.devices := internal.asking();
    found_one boolean;
BEGIN
    IF NOT coalesce(
        s3_uri ~ '^s3://[^/[:cntrl:]]+/[^[:cntrl:]]+$' AND octet_length(s3_uri) <= 1024 AND bytes >= 0
            AND sha256 ~ '^[0-9a-f]{64}$', false
    ) THEN
        RETURN json_build_object('ok', false, 'reason', 'Place, size or sum of the recording cannot be meant.');
    END IF;
    UPDATE public.clips AS m SET s3_uri = $2, bytes = $3, sha256 = $4, phase = 'uploaded'
    WHERE m.event_id = $1 AND m.device_id = device.id AND m.phase <> 'lost';
    found_one := FOUND;
    UPDATE public.snapshots AS m SET s3_uri = $2, bytes = $3, sha256 = $4, phase = 'uploaded'
    WHERE m.event_id = $1 AND m.device_id = device.id AND m.phase <> 'lost';
    IF found_one OR FOUND THEN
        RETURN json_build_object('ok', true, 'reason', NULL);
    END IF;
    RETURN json_build_object('ok', false, 'reason', 'This device has told of no such recording.');
END
$$;
