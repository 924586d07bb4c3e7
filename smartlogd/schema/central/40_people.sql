-- Who someone seen is, that the log follows it, and how someone is forgotten.
--
-- The law is that of smartlogd/store/follow.py: in a row of `smartlog` with a uuid, user_id is the person of the subject
-- of that uuid: the subject's own, else that of the nearest along `merged_into` that has one, else nobody.
--
-- Rows of subjects are always locked from the later uuid to the earlier one. A subject is merged into an earlier one, so
-- that is also the way up a chain, and two transactions never wait for each other crosswise.

-- Rows for these people, where there are none yet: without a name, and older than anything a device may say of them.
CREATE FUNCTION internal.placeholders(uids uuid[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO public.users (uid, role, created_at, updated_at)
    SELECT DISTINCT uid, 'member', now(), timestamptz '1970-01-01 00:00:00+00' FROM unnest(uids) AS uid
    WHERE uid IS NOT NULL AND NOT EXISTS (SELECT FROM public.users AS u WHERE u.uid = uid.uid)
    ORDER BY uid
    ON CONFLICT (uid) DO NOTHING;
END
$$;

-- users.id of a person, made if missing; of one who was merged, that of the heir. Null for null.
CREATE FUNCTION internal.person(who uuid) RETURNS integer LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    named uuid := internal.heir(who);
    found_id integer;
BEGIN
    SELECT id INTO found_id FROM public.users WHERE uid = named;
    IF found_id IS NULL AND named IS NOT NULL THEN
        PERFORM internal.placeholders(ARRAY[named]);
        SELECT id INTO found_id FROM public.users WHERE uid = named;
    END IF;
    RETURN found_id;
END
$$;

-- Who this person is by now: the last of a chain of mergers, itself where there is none. A circle ends somewhere.
CREATE FUNCTION internal.heir(who uuid) RETURNS uuid LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    following uuid;
BEGIN
    FOR step IN 1..32 LOOP
        SELECT heir INTO following FROM public.tombstones WHERE uid = who AND what = 'merged';
        EXIT WHEN following IS NULL;
        who := following;
    END LOOP;
    RETURN who;
END
$$;

-- The person of a subject that was merged into another: up the chain, each row held until we commit, so that a name
-- which is just being given to one of them either is seen here or finds our row.
CREATE FUNCTION internal.person_above(subject uuid) RETURNS integer LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found_id integer;
    walked uuid[] := '{}';
BEGIN
    WHILE subject IS NOT NULL AND NOT subject = ANY (walked) LOOP
        walked := walked || subject;
        SELECT s.user_id, s.merged_into INTO found_id, subject
        FROM public.subjects AS s WHERE s.uuid = subject FOR SHARE;
        EXIT WHEN found_id IS NOT NULL OR NOT FOUND;
    END LOOP;
    RETURN found_id;
END
$$;

-- Let the log's rows of these subjects, and of all merged into them, say who they are: also in late_rows, and in chunks
-- that are compressed. The window of time is that in which they were seen; it spares all other chunks.
CREATE FUNCTION internal.follow(changed uuid[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    theirs record;
BEGIN
    PERFORM set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '0', true);
    FOR theirs IN
        WITH RECURSIVE
        up (start, user_id, next) AS (
            SELECT uuid, user_id, merged_into FROM public.subjects WHERE uuid = ANY (changed)
            UNION
            SELECT up.start, s.user_id, s.merged_into
            FROM up JOIN public.subjects AS s ON s.uuid = up.next WHERE up.user_id IS NULL
        ),
        down (uuid, user_id) AS (
            SELECT start, max(user_id) FROM up GROUP BY start
            UNION
            SELECT s.uuid, coalesce(s.user_id, down.user_id)
            FROM down JOIN public.subjects AS s ON s.merged_into = down.uuid
        ),
        named AS (SELECT uuid, max(user_id) AS user_id FROM down GROUP BY uuid)
        SELECT n.user_id, array_agg(n.uuid) AS uuids, min(s.first_seen) AS since, max(s.last_seen) AS until
        FROM named AS n JOIN public.subjects AS s USING (uuid) GROUP BY n.user_id
    LOOP
        EXECUTE 'UPDATE public.smartlog SET user_id = $1 WHERE uuid = ANY ($2)'
            ' AND "timestamp" >= $3 AND "timestamp" <= $4 AND user_id IS DISTINCT FROM $1'
            USING theirs.user_id, theirs.uuids::text[], theirs.since, theirs.until;
        UPDATE public.late_rows SET person_id = theirs.user_id
        WHERE subject_uuid = ANY (theirs.uuids) AND action IS NOT NULL AND person_id IS DISTINCT FROM theirs.user_id;
    END LOOP;
END
$$;

CREATE FUNCTION internal.followed() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM internal.follow(ARRAY[NEW.uuid]);
    RETURN NULL;
END
$$;

CREATE TRIGGER follow_new AFTER INSERT ON public.subjects FOR EACH ROW
    WHEN (NEW.user_id IS NOT NULL OR NEW.merged_into IS NOT NULL)
    EXECUTE FUNCTION internal.followed();
CREATE TRIGGER follow_changed AFTER UPDATE ON public.subjects FOR EACH ROW
    WHEN ((OLD.user_id, OLD.merged_into) IS DISTINCT FROM (NEW.user_id, NEW.merged_into))
    EXECUTE FUNCTION internal.followed();

-- Forgetting -------------------------------------------------------------------------------------

-- An event's data without what could tie it to others of the same being.
CREATE FUNCTION internal.anonymous(type text, data jsonb) RETURNS jsonb LANGUAGE sql STABLE
    RETURN CASE WHEN type = 'face_seen' OR jsonb_typeof(data) <> 'object' THEN '{}'::jsonb ELSE data - 'track' END;

-- Take the subjects, and the person where there is one, off every row of the log. Each passing becomes somebody's own,
-- whom nobody else ever is; the counts stay as they are.
CREATE FUNCTION internal.strip(gone uuid[], person integer) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    since timestamptz;
    until timestamptz;
BEGIN
    PERFORM set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '0', true);
    SELECT min(first_seen), max(last_seen) INTO since, until FROM public.subjects WHERE uuid = ANY (gone);
    IF person IS NOT NULL THEN  -- rows may name the person and no subject: their own time is asked first, by reading
        SELECT least(since, min(l."timestamp")), greatest(until, max(l."timestamp")) INTO since, until
        FROM public.smartlog AS l WHERE l.user_id = person;
        SELECT least(since, min(e.ts)), greatest(until, max(e.ts)) INTO since, until
        FROM public.events AS e WHERE e.subject_user_id = person;
    END IF;
    EXECUTE 'UPDATE public.smartlog SET uuid = coalesce(event_id, gen_random_uuid()), user_id = NULL,'
        ' image_path = NULL, embedding = NULL, track_id = NULL'
        ' WHERE (uuid = ANY ($1) OR user_id = $2) AND "timestamp" >= $3 AND "timestamp" <= $4'
        USING gone::text[], person, since, until;
    EXECUTE 'UPDATE public.events SET subject_uuid = NULL, subject_user_id = NULL,'
        ' data = internal.anonymous(type, data)'
        ' WHERE (subject_uuid = ANY ($1) OR subject_user_id = $2) AND ts >= $3 AND ts <= $4'
        USING gone, person, since, until;
    UPDATE public.late_rows
    SET subject_uuid = CASE WHEN action IS NOT NULL THEN event_id END, subject_user_id = NULL, person_id = NULL,
        image_path = NULL, track_id = NULL, data = internal.anonymous(type, data)
    WHERE subject_uuid = ANY (gone) OR subject_user_id = person OR person_id = person;
    DELETE FROM public.rejects
    WHERE EXISTS (SELECT FROM unnest(gone) AS g WHERE strpos(payload::text, g::text) > 0);
END
$$;

-- Forget these strangers. Their rows are made first where they are missing: whoever is just bringing an event of one of
-- them has to wait for us, or we for them, and nothing slips through.
CREATE FUNCTION internal.forget_strangers(gone uuid[], at timestamptz) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF cardinality(gone) = 0 THEN
        RETURN;
    END IF;
    INSERT INTO public.subjects AS s (uuid, has_face, ignored, first_seen, last_seen)
    SELECT g, false, false, at, at FROM unnest(gone) AS g ORDER BY g DESC
    ON CONFLICT (uuid) DO UPDATE SET last_seen = s.last_seen;
    INSERT INTO public.tombstones (uid, what, at) SELECT g, 'stranger', at FROM unnest(gone) AS g ORDER BY g
    ON CONFLICT (uid) DO NOTHING;
    PERFORM internal.strip(gone, NULL);
    DELETE FROM public.face_templates WHERE subject = ANY (gone);
    DELETE FROM public.person_keys WHERE owner = ANY (gone);
    UPDATE public.subjects SET merged_into = NULL, rev = rev + 1
    WHERE merged_into = ANY (gone) AND NOT uuid = ANY (gone);
    DELETE FROM public.subjects WHERE uuid = ANY (gone);
END
$$;

-- Forget a person: the row stripped, faces and key gone, every subject that was theirs forgotten as a stranger. Whoever
-- owns devices leaves the id to an owner without a name, so that the devices' rows need not be written anew.
CREATE FUNCTION internal.forget_person(who uuid, at timestamptz) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    known_id integer;
    theirs uuid[];
BEGIN
    PERFORM internal.placeholders(ARRAY[who]);
    SELECT id INTO known_id FROM public.users WHERE uid = who FOR UPDATE;
    WITH RECURSIVE t (uuid) AS (
        SELECT uuid FROM public.subjects WHERE user_id = known_id
        UNION
        SELECT s.uuid FROM t JOIN public.subjects AS s ON s.merged_into = t.uuid WHERE s.user_id IS NULL
    )
    SELECT coalesce(array_agg(uuid), '{}') INTO theirs FROM t;
    PERFORM internal.forget_strangers(theirs, at);
    PERFORM internal.strip(ARRAY[who], known_id);
    DELETE FROM public.face_templates WHERE "user" = who;
    DELETE FROM public.person_keys WHERE owner = who;
    IF EXISTS (SELECT FROM public.devices WHERE user_id = known_id) THEN
        UPDATE public.users
        SET uid = gen_random_uuid(), name = 'owner', email = NULL, role = 'owner', consent_at = NULL, updated_at = now()
        WHERE id = known_id;
        PERFORM internal.placeholders(ARRAY[who]);
    END IF;
    UPDATE public.users
    SET name = NULL, email = NULL, role = 'guest', consent_at = NULL, updated_at = greatest(updated_at, at), forgotten_at = at
    WHERE uid = who;
END
$$;

-- Two who are one: all that says `other` says `who` from here on. The other's faces stay under their own key until a
-- device has sealed them anew and sends them; then that key goes (take_templates).
CREATE FUNCTION internal.merge_people(other uuid, who uuid, at timestamptz) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    heir_id integer := internal.person(who);
    gone public.users;
BEGIN
    PERFORM internal.placeholders(ARRAY[other]);
    SELECT * INTO gone FROM public.users WHERE uid = other FOR UPDATE;
    IF gone.id = heir_id THEN
        RETURN;
    END IF;
    PERFORM set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '0', true);
    UPDATE public.subjects SET user_id = heir_id WHERE user_id = gone.id;  -- the log's rows follow
    UPDATE public.smartlog SET user_id = heir_id WHERE user_id = gone.id;
    UPDATE public.events SET subject_user_id = heir_id WHERE subject_user_id = gone.id;
    UPDATE public.late_rows
    SET person_id = CASE person_id WHEN gone.id THEN heir_id ELSE person_id END,
        subject_user_id = CASE subject_user_id WHEN gone.id THEN heir_id ELSE subject_user_id END
    WHERE person_id = gone.id OR subject_user_id = gone.id;
    IF NOT EXISTS (SELECT FROM public.face_templates WHERE "user" = other) THEN
        DELETE FROM public.person_keys WHERE owner = other;
    END IF;
    UPDATE public.users
    SET name = NULL, email = NULL, role = 'guest', consent_at = NULL, updated_at = greatest(updated_at, at), forgotten_at = at
    WHERE id = gone.id AND NOT EXISTS (SELECT FROM public.devices WHERE user_id = gone.id);
    UPDATE public.users
    SET consent_at = coalesce(consent_at, gone.consent_at), email = coalesce(email, gone.email),
        updated_at = greatest(updated_at + interval '1 microsecond', at)
    WHERE id = heir_id AND forgotten_at IS NULL
        AND (consent_at IS NULL AND gone.consent_at IS NOT NULL OR email IS NULL AND gone.email IS NOT NULL)
        AND NOT EXISTS (SELECT FROM public.users AS u WHERE u.email = gone.email);
END
$$;
