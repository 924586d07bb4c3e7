-- Everything that is no event: people, subjects, faces, tombstones, passings by hand, days, recordings. There are few of
-- these, and each may touch the others, so they are taken one after the other. `json_to_recordset` gives null for what a
-- device of an earlier version does not say.

-- People. The newer word wins, one from the future counting as now; who was forgotten stays so. An address that somebody
-- else holds is left out, and the administrator is told.
CREATE FUNCTION internal.take_users(device integer, items json) RETURNS bigint[] LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    u record;
BEGIN
    FOR u IN
        SELECT * FROM json_to_recordset(items) AS x (
            uid uuid, email text, name text, role text, created bigint, updated bigint, consent bigint
        ) ORDER BY uid
    LOOP
        CONTINUE WHEN EXISTS (SELECT FROM public.tombstones WHERE uid = u.uid);
        IF EXISTS (SELECT FROM public.users WHERE lower(email) = lower(u.email) AND uid <> u.uid) THEN
            INSERT INTO public.rejects (device_id, kind, reason, payload)
            VALUES (device, 'user', 'The address belongs to somebody else and was left out.', jsonb_build_object('uid', u.uid));
            u.email := (SELECT email FROM public.users WHERE uid = u.uid);
        END IF;
        INSERT INTO public.users AS known (uid, email, name, role, created_at, updated_at, consent_at)
        VALUES (u.uid, u.email, u.name, coalesce(u.role, 'member'), coalesce(internal.instant(u.created), now()),
            least(internal.instant(u.updated), now()), internal.instant(u.consent))
        ON CONFLICT (uid) DO UPDATE SET
            email = excluded.email, name = excluded.name, role = excluded.role, updated_at = excluded.updated_at,
            created_at = least(known.created_at, excluded.created_at), consent_at = excluded.consent_at
        WHERE excluded.updated_at > known.updated_at AND known.forgotten_at IS NULL;
    END LOOP;
    RETURN '{}';
END
$$;

-- Subjects. A face once seen stays seen, the span of time only grows; name, merger and ignoring go together and follow
-- the higher revision. At an equal one with another content the later arrival counts, and is counted up.
CREATE FUNCTION internal.take_subjects(items json) RETURNS bigint[] LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    s record;
    person integer;
BEGIN
    FOR s IN
        SELECT uuid, "user", coalesce(has_face, false) AS has_face, coalesce(ignored, false) AS ignored,
            nullif(merged_into, uuid) AS merged_into, internal.instant(first) AS first, internal.instant(last) AS last,
            coalesce(rev, 0) AS rev
        FROM json_to_recordset(items) AS x (
            uuid uuid, "user" uuid, has_face boolean, ignored boolean, merged_into uuid, first bigint, last bigint, rev integer
        ) ORDER BY uuid DESC
    LOOP
        CONTINUE WHEN EXISTS (SELECT FROM public.tombstones WHERE uid = s.uuid);
        IF EXISTS (SELECT FROM public.tombstones WHERE uid = internal.heir(s.user) AND what = 'person') THEN
            PERFORM internal.forget_strangers(ARRAY[s.uuid], now());  -- it was theirs
            CONTINUE;
        END IF;
        IF EXISTS (SELECT FROM public.tombstones WHERE uid = s.merged_into) THEN
            s.merged_into := NULL;
        END IF;
        person := internal.person(s.user);
        INSERT INTO public.subjects (uuid, has_face, ignored, first_seen, last_seen)
        SELECT s.merged_into, false, false, s.first, s.first WHERE s.merged_into IS NOT NULL
        ON CONFLICT (uuid) DO NOTHING;
        INSERT INTO public.subjects AS known (uuid, user_id, has_face, ignored, merged_into, first_seen, last_seen, rev)
        VALUES (s.uuid, person, s.has_face, s.ignored, s.merged_into, s.first, s.last, s.rev)
        ON CONFLICT (uuid) DO UPDATE SET
            has_face = known.has_face OR excluded.has_face,
            first_seen = least(known.first_seen, excluded.first_seen),
            last_seen = greatest(known.last_seen, excluded.last_seen);
        UPDATE public.subjects AS known
        SET user_id = person, ignored = s.ignored, merged_into = s.merged_into,
            rev = CASE WHEN s.rev > known.rev THEN s.rev ELSE known.rev + 1 END
        WHERE uuid = s.uuid AND s.rev >= known.rev AND (known.user_id, known.ignored, known.merged_into, known.rev)
            IS DISTINCT FROM (person, s.ignored, s.merged_into, s.rev);
    END LOOP;
    RETURN '{}';
END
$$;

-- Faces, sealed as they are, and the wrapped key of whose they are. One that was sealed anew, for another owner or with
-- another vector, takes the place of the old. Those of who was forgotten are not kept; those of who was merged will come
-- again, under the heir's key.
CREATE FUNCTION internal.take_templates(items json) RETURNS bigint[] LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    f record;
    twice bigint[] := '{}';
BEGIN
    FOR f IN
        SELECT * FROM json_to_recordset(items) AS x (
            seq bigint, id uuid, subject uuid, "user" uuid, model text, vector text, quality double precision,
            source text, created bigint, key text, gone boolean
        ) ORDER BY id
    LOOP
        -- Of a face that is gone the feed keeps the word, and so it stays gone: what was sent before that, and held up on the
        -- way, brings it back no more.
        IF f.gone THEN
            DELETE FROM public.face_templates WHERE id = f.id;
            IF NOT EXISTS (SELECT FROM public.changes WHERE kind = 'template' AND key = f.id::text) THEN
                PERFORM internal.note('template', f.id::text);
            END IF;
            CONTINUE;
        END IF;
        IF EXISTS (SELECT FROM public.changes WHERE kind = 'template' AND key = f.id::text)
            AND NOT EXISTS (SELECT FROM public.face_templates WHERE id = f.id) THEN
            twice := twice || f.seq;
            CONTINUE;
        END IF;
        CONTINUE WHEN EXISTS (SELECT FROM public.tombstones WHERE uid IN (f.subject, f.user));
        IF octet_length(f.vector) > 16384 OR octet_length(f.key) > 4096 THEN
            RAISE EXCEPTION 'A face, or its key, is larger than any that is known.' USING ERRCODE = '22001';
        END IF;
        PERFORM internal.placeholders(ARRAY[f.user]);
        INSERT INTO public.subjects (uuid, has_face, ignored, first_seen, last_seen)
        SELECT f.subject, true, false, internal.instant(f.created), internal.instant(f.created) WHERE f.subject IS NOT NULL
        ON CONFLICT (uuid) DO NOTHING;
        INSERT INTO public.person_keys AS known (owner, wrapped)
        SELECT coalesce(f.user, f.subject), decode(f.key, 'base64') WHERE f.key IS NOT NULL
        ON CONFLICT (owner) DO UPDATE SET wrapped = excluded.wrapped WHERE known.wrapped <> excluded.wrapped;
        INSERT INTO public.face_templates AS known (id, subject, "user", model, vector, quality, source, created_at)
        VALUES (f.id, f.subject, f.user, f.model, decode(f.vector, 'base64'), f.quality, coalesce(f.source, 'track'),
            coalesce(internal.instant(f.created), now()))
        ON CONFLICT (id) DO UPDATE SET
            subject = excluded.subject, "user" = excluded.user, model = excluded.model, vector = excluded.vector,
            quality = excluded.quality, source = excluded.source
        WHERE (known.subject, known.user, known.vector) IS DISTINCT FROM (excluded.subject, excluded.user, excluded.vector);
        IF NOT FOUND THEN
            twice := twice || f.seq;
        END IF;
    END LOOP;
    DELETE FROM public.person_keys AS k USING public.tombstones AS t
    WHERE t.uid = k.owner AND NOT EXISTS (SELECT FROM public.face_templates AS face WHERE face.user = k.owner);
    RETURN twice;
END
$$;

-- Put the mergers of this person, and of all whom they led to, at the end of the feed again.
CREATE FUNCTION internal.repeat_mergers(who uuid) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    FOR step IN 1..32 LOOP
        PERFORM FROM public.tombstones WHERE uid = who AND what = 'merged';
        EXIT WHEN NOT FOUND;
        PERFORM internal.note('tombstone', who::text);
        SELECT heir INTO who FROM public.tombstones WHERE uid = who;
    END LOOP;
END
$$;

-- Who was forgotten, or is another by now. A device that was away tells it again; the second time nothing happens.
CREATE FUNCTION internal.take_tombstones(items json) RETURNS bigint[] LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    t record;
    twice bigint[] := '{}';
BEGIN
    FOR t IN
        SELECT seq, uid, what, heir, least(coalesce(internal.instant(at), now()), now()) AS at
        FROM json_to_recordset(items) AS x (seq bigint, uid uuid, what text, heir uuid, at bigint) ORDER BY uid
    LOOP
        IF t.what = 'merged' AND t.heir = t.uid THEN
            RAISE EXCEPTION 'A person cannot be merged into themselves.' USING ERRCODE = '22023';
        ELSIF t.what = 'merged' AND internal.heir(t.heir) = t.uid THEN
            -- Made one the other way round elsewhere, and that came first: the device is told so once more.
            PERFORM internal.repeat_mergers(t.heir);
            PERFORM internal.note('user', t.uid::text);
            twice := twice || t.seq;
            CONTINUE;
        END IF;
        INSERT INTO public.tombstones AS known (uid, what, heir, at) VALUES (t.uid, t.what, t.heir, t.at)
        ON CONFLICT (uid) DO UPDATE SET what = 'person', heir = NULL, at = excluded.at
        WHERE known.what = 'merged' AND excluded.what = 'person';
        IF NOT FOUND THEN
            twice := twice || t.seq;
        ELSIF t.what = 'person' THEN
            PERFORM internal.forget_person(t.uid, t.at);
        ELSIF t.what = 'stranger' THEN
            PERFORM internal.forget_strangers(ARRAY[t.uid], t.at);
        ELSE
            PERFORM internal.merge_people(t.uid, t.heir, t.at);
        END IF;
    END LOOP;
    RETURN twice;
END
$$;

-- Passings that someone wrote by hand: rows of `smartlog` without an event. They count as crossings.
CREATE FUNCTION internal.take_passings(device integer, owner integer, items json) RETURNS bigint[] LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    p record;
    person integer;
    late_before timestamptz := internal.late_before();
    twice bigint[] := '{}';
BEGIN
    FOR p IN
        SELECT *, internal.instant(ts) AS at
        FROM json_to_recordset(items) AS x (
            seq bigint, id uuid, ts bigint, action text, "user" uuid, uuid uuid, line text, confidence double precision,
            track integer, image text, boot uuid, mono bigint, trusted boolean
        ) ORDER BY uuid DESC, seq
    LOOP
        IF p.id IS NULL OR p.action IS NULL THEN
            RAISE EXCEPTION 'A passing needs an id and an action.' USING ERRCODE = '23502';
        END IF;
        IF p.at < timestamptz '2020-01-01 00:00:00+00' OR p.at > now() + interval '1 day' THEN
            RAISE EXCEPTION 'Its clock was wrong: the time is before 2020 or in the future.' USING ERRCODE = '22008';
        END IF;
        IF EXISTS (
            SELECT FROM public.tombstones
            WHERE uid = p.uuid OR uid = internal.heir(p.user) AND what = 'person'
        ) THEN
            p.uuid := p.id; p.user := NULL; p.track := NULL; p.image := NULL;
        ELSIF p.uuid IS NOT NULL THEN
            INSERT INTO public.subjects AS s (uuid, has_face, ignored, first_seen, last_seen)
            VALUES (p.uuid, false, false, p.at, p.at)
            ON CONFLICT (uuid) DO UPDATE SET
                first_seen = least(s.first_seen, p.at), last_seen = greatest(s.last_seen, p.at);
        END IF;
        person := CASE WHEN p.uuid IS NULL THEN internal.person(p.user) ELSE internal.person_above(p.uuid) END;
        IF EXISTS (
            SELECT FROM public.smartlog WHERE device_id = device AND event_id = p.id AND "timestamp" = p.at
        ) THEN
            twice := twice || p.seq;
            CONTINUE;
        END IF;
        IF p.at < late_before THEN
            INSERT INTO public.late_rows (
                device_id, event_id, ts, user_id, type, data, subject_uuid, boot_id, mono_us, clock_trusted, person_id,
                action, line, confidence, track_id, image_path
            )
            VALUES (device, p.id, p.at, owner, 'passing', '{}', p.uuid, p.boot, p.mono, p.trusted, person, p.action,
                p.line, p.confidence, p.track, p.image)
            ON CONFLICT DO NOTHING;
        ELSE
            INSERT INTO public.smartlog (
                user_id, uuid, action, "timestamp", image_path, event_id, device_id, line, confidence, track_id, boot_id,
                mono_us, clock_trusted
            )
            SELECT person, p.uuid, p.action, p.at, p.image, p.id, device, p.line, p.confidence, p.track, p.boot, p.mono,
                p.trusted
            WHERE NOT EXISTS (
                SELECT FROM public.late_rows WHERE device_id = device AND event_id = p.id AND ts = p.at
            )
            ON CONFLICT DO NOTHING;
        END IF;
        IF NOT FOUND THEN
            twice := twice || p.seq;
            CONTINUE;
        END IF;
        INSERT INTO public.counts_hourly AS c (device_id, type, line, hour, count, in_count, out_count)
        VALUES (device, 'crossing', coalesce(p.line, ''),
            date_bin('1 hour', p.at, timestamptz '1970-01-01 00:00:00+00'), 1, (p.action = 'I')::integer, (p.action = 'O')::integer)
        ON CONFLICT (device_id, type, line, hour) DO UPDATE SET count = c.count + 1,
            in_count = c.in_count + excluded.in_count, out_count = c.out_count + excluded.out_count;
    END LOOP;
    RETURN twice;
END
$$;

-- A device's days, as it counted them itself: absolute numbers, so that one sent again changes nothing. The owner's day is
-- the sum over all devices, made anew.
CREATE FUNCTION internal.take_metrics(device integer, owner integer, items json) RETURNS bigint[] LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    days date[];
BEGIN
    SELECT array_agg(DISTINCT date) INTO days FROM json_to_recordset(items) AS x (date date);
    INSERT INTO public.device_metrics_daily AS known (
        device_id, date, sit_count, stand_count, lie_count, fetch_count, fetch_success_count, treats_dispensed,
        time_in_frame_min, calm_minutes, barks, howls, whines, in_count, out_count
    )
    SELECT DISTINCT ON (date) device, date, coalesce(sit_count, 0), coalesce(stand_count, 0), coalesce(lie_count, 0),
        coalesce(fetch_count, 0), coalesce(fetch_success_count, 0), coalesce(treats_dispensed, 0),
        coalesce(time_in_frame_min, 0), coalesce(calm_minutes, 0), coalesce(barks, 0), coalesce(howls, 0),
        coalesce(whines, 0), coalesce(in_count, 0), coalesce(out_count, 0)
    FROM json_to_recordset(items) AS x (
        seq bigint, date date, sit_count integer, stand_count integer, lie_count integer, fetch_count integer,
        fetch_success_count integer, treats_dispensed integer, time_in_frame_min double precision,
        calm_minutes double precision, barks integer, howls integer, whines integer, in_count integer, out_count integer
    )
    ORDER BY date, seq DESC
    ON CONFLICT (device_id, date) DO UPDATE SET
        (sit_count, stand_count, lie_count, fetch_count, fetch_success_count, treats_dispensed, time_in_frame_min,
            calm_minutes, barks, howls, whines, in_count, out_count)
        = (excluded.sit_count, excluded.stand_count, excluded.lie_count, excluded.fetch_count,
            excluded.fetch_success_count, excluded.treats_dispensed, excluded.time_in_frame_min, excluded.calm_minutes,
            excluded.barks, excluded.howls, excluded.whines, excluded.in_count, excluded.out_count);
    INSERT INTO public.ai_metrics_daily AS known (
        user_id, date, sit_count, stand_count, lie_count, fetch_count, fetch_success_count, treats_dispensed,
        time_in_frame_min, calm_minutes, barks, howls, whines, in_count, out_count
    )
    SELECT owner, date, sum(sit_count), sum(stand_count), sum(lie_count), sum(fetch_count), sum(fetch_success_count),
        sum(treats_dispensed), sum(time_in_frame_min), sum(calm_minutes), sum(barks), sum(howls), sum(whines),
        sum(in_count), sum(out_count)
    FROM public.device_metrics_daily AS m JOIN public.devices AS d ON d.id = m.device_id
    WHERE d.user_id = owner AND m.date = ANY (days)
    GROUP BY date ORDER BY date
    ON CONFLICT (user_id, date) DO UPDATE SET
        (sit_count, stand_count, lie_count, fetch_count, fetch_success_count, treats_dispensed, time_in_frame_min,
            calm_minutes, barks, howls, whines, in_count, out_count)
        = (excluded.sit_count, excluded.stand_count, excluded.lie_count, excluded.fetch_count,
            excluded.fetch_success_count, excluded.treats_dispensed, excluded.time_in_frame_min, excluded.calm_minutes,
            excluded.barks, excluded.howls, excluded.whines, excluded.in_count, excluded.out_count);
    RETURN '{}';
END
$$;

-- Recordings: what is known of them; the bytes go elsewhere. One that was uploaded stays so, whatever comes late, until it
-- is lost: then nothing leads to its bytes any more. How often a link still opens is counted here: while it is the same
-- link, what the device says may not raise it again.
CREATE FUNCTION internal.phase_after(known text, told text) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN 'lost' IN (known, told) THEN 'lost' WHEN known = 'uploaded' THEN known ELSE told END;

-- Clips, each known by the event of its being saved.
CREATE FUNCTION internal.take_clips(device integer, owner integer, items json) RETURNS bigint[] LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM internal.only_own('clips', device, items);
    INSERT INTO public.clips AS known (
        user_id, device_id, event_id, start_ts, duration_ms, preview_png, s3_uri, labels, bytes, sha256, phase,
        share_token_hash, share_expires_at, share_uses_left
    )
    SELECT owner, device, event_id, internal.instant(start_ts), duration_ms, preview_png,
        CASE WHEN phase IS DISTINCT FROM 'lost' THEN s3_uri END, coalesce(labels, '[]'), bytes, sha256, coalesce(phase, 'kept'), share_token_hash, internal.instant(share_expires_at), share_uses_left
    FROM (
        SELECT DISTINCT ON (event_id) * FROM json_to_recordset(items) AS x (
            seq bigint, event_id uuid, start_ts bigint, duration_ms integer, preview_png text, s3_uri text, labels jsonb,
            bytes bigint, sha256 text, phase text, share_token_hash text, share_expires_at bigint, share_uses_left integer
        ) ORDER BY event_id, seq DESC
    ) AS newest
    ON CONFLICT (event_id) DO UPDATE SET
        duration_ms = excluded.duration_ms, preview_png = coalesce(excluded.preview_png, known.preview_png),
        s3_uri = CASE WHEN 'lost' NOT IN (known.phase, excluded.phase) THEN coalesce(excluded.s3_uri, known.s3_uri) END,
        labels = excluded.labels,
        bytes = coalesce(excluded.bytes, known.bytes), sha256 = coalesce(excluded.sha256, known.sha256),
        phase = internal.phase_after(known.phase, excluded.phase),
        share_token_hash = excluded.share_token_hash, share_expires_at = excluded.share_expires_at,
        share_uses_left = CASE WHEN known.share_token_hash = excluded.share_token_hash
            THEN least(known.share_uses_left, excluded.share_uses_left) ELSE excluded.share_uses_left END;
    RETURN '{}';
END
$$;

CREATE FUNCTION internal.take_snapshots(device integer, owner integer, items json) RETURNS bigint[] LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM internal.only_own('snapshots', device, items);
    INSERT INTO public.snapshots AS known (
        user_id, device_id, event_id, ts, note, s3_uri, labels, bytes, sha256, phase, share_token_hash, share_expires_at,
        share_uses_left
    )
    SELECT owner, device, event_id, internal.instant(ts), note,
        CASE WHEN phase IS DISTINCT FROM 'lost' THEN s3_uri END, coalesce(labels, '[]'), bytes, sha256,
        coalesce(phase, 'kept'), share_token_hash, internal.instant(share_expires_at), share_uses_left
    FROM (
        SELECT DISTINCT ON (event_id) * FROM json_to_recordset(items) AS x (
            seq bigint, event_id uuid, ts bigint, note text, s3_uri text, labels jsonb, bytes bigint, sha256 text,
            phase text, share_token_hash text, share_expires_at bigint, share_uses_left integer
        ) ORDER BY event_id, seq DESC
    ) AS newest
    ON CONFLICT (event_id) DO UPDATE SET
        note = excluded.note,
        s3_uri = CASE WHEN 'lost' NOT IN (known.phase, excluded.phase) THEN coalesce(excluded.s3_uri, known.s3_uri) END,
        labels = excluded.labels,
        bytes = coalesce(excluded.bytes, known.bytes), sha256 = coalesce(excluded.sha256, known.sha256),
        phase = internal.phase_after(known.phase, excluded.phase),
        share_token_hash = excluded.share_token_hash, share_expires_at = excluded.share_expires_at,
        share_uses_left = CASE WHEN known.share_token_hash = excluded.share_token_hash
            THEN least(known.share_uses_left, excluded.share_uses_left) ELSE excluded.share_uses_left END;
    RETURN '{}';
END
$$;

-- A recording that another device made cannot be spoken for.
CREATE FUNCTION internal.only_own(what text, device integer, items json) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    foreign_ones integer;
BEGIN
    EXECUTE format(
        'SELECT count(*) FROM public.%I AS m JOIN json_to_recordset($1) AS x (event_id uuid) USING (event_id)'
        ' WHERE m.device_id <> $2', what
    ) INTO foreign_ones USING items, device;
    IF foreign_ones > 0 THEN
        RAISE EXCEPTION 'This recording is another device''s.' USING ERRCODE = '23505';
    END IF;
END
$$;
