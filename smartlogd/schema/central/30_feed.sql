-- The feed: which row of which table changed last, in the order of commits.
--
-- A device asks for what changed after its cursor. That loses nothing only if a number becomes visible after all smaller
-- ones. So whoever writes the feed holds one lock from before it draws a number until it commits. Events are no part of
-- the feed, and plain batches of events never come here.

-- Wait for every other writer of the feed. A row of `meta` serves as the lock: advisory locks may be forbidden to all.
CREATE FUNCTION internal.lock_feed() RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM public.meta WHERE key = 'feed' FOR UPDATE;
END
$$;

-- Put a row at the end of the feed; a row that stood there already moves.
CREATE FUNCTION internal.note(what text, named text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM internal.lock_feed();
    INSERT INTO public.changes (kind, key, seq)
    VALUES (what, named, (SELECT coalesce(max(seq), 0) + 1 FROM public.changes))
    ON CONFLICT (kind, key) DO UPDATE SET seq = excluded.seq;
END
$$;

-- The trigger of all tables that the feed follows. TG_ARGV: the kind, then the columns that name the row.
CREATE FUNCTION internal.noted() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    changed jsonb := to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END);
BEGIN
    IF TG_ARGV[0] = 'model' THEN
        PERFORM internal.note('model', jsonb_build_array(changed -> 'name', changed -> 'version')::text);
    ELSE
        PERFORM internal.note(TG_ARGV[0], changed ->> TG_ARGV[1]);
    END IF;
    RETURN NULL;
END
$$;

-- A user whom we only know to exist (a placeholder) is not worth telling.
CREATE TRIGGER feed_new AFTER INSERT ON public.users FOR EACH ROW
    WHEN (NEW.name IS NOT NULL OR NEW.email IS NOT NULL OR NEW.forgotten_at IS NOT NULL)
    EXECUTE FUNCTION internal.noted('user', 'uid');
CREATE TRIGGER feed_changed AFTER UPDATE ON public.users FOR EACH ROW
    WHEN ((OLD.uid, OLD.email, OLD.name, OLD.role, OLD.updated_at, OLD.consent_at, OLD.forgotten_at)
        IS DISTINCT FROM (NEW.uid, NEW.email, NEW.name, NEW.role, NEW.updated_at, NEW.consent_at, NEW.forgotten_at))
    EXECUTE FUNCTION internal.noted('user', 'uid');

-- Of the many who are seen, only those whom another device could recognise, or who are somebody.
CREATE TRIGGER feed_new AFTER INSERT ON public.subjects FOR EACH ROW
    WHEN (NEW.has_face OR NEW.user_id IS NOT NULL OR NEW.ignored OR NEW.merged_into IS NOT NULL)
    EXECUTE FUNCTION internal.noted('subject', 'uuid');
CREATE TRIGGER feed_changed AFTER UPDATE ON public.subjects FOR EACH ROW
    WHEN ((OLD.has_face, OLD.user_id, OLD.ignored, OLD.merged_into, OLD.rev)
        IS DISTINCT FROM (NEW.has_face, NEW.user_id, NEW.ignored, NEW.merged_into, NEW.rev))
    EXECUTE FUNCTION internal.noted('subject', 'uuid');

-- Of these every change counts, and so does their end.
CREATE TRIGGER feed AFTER INSERT OR UPDATE OR DELETE ON public.face_templates FOR EACH ROW
    EXECUTE FUNCTION internal.noted('template', 'id');
CREATE TRIGGER feed AFTER INSERT OR UPDATE ON public.tombstones FOR EACH ROW
    EXECUTE FUNCTION internal.noted('tombstone', 'uid');
CREATE TRIGGER feed AFTER INSERT OR UPDATE OR DELETE ON public.routines FOR EACH ROW
    EXECUTE FUNCTION internal.noted('routine', 'uid');
CREATE TRIGGER feed AFTER INSERT OR UPDATE OR DELETE ON public.models FOR EACH ROW
    EXECUTE FUNCTION internal.noted('model');

-- What was there before the triggers were (a database migrated while it was without them) is told now, once.
INSERT INTO public.changes (kind, key, seq)
SELECT kind, key, (SELECT coalesce(max(seq), 0) FROM public.changes) + row_number() OVER ()
FROM (
    SELECT 'user' AS kind, uid::text AS key FROM public.users
    WHERE name IS NOT NULL OR email IS NOT NULL OR forgotten_at IS NOT NULL
    UNION ALL SELECT 'subject', uuid::text FROM public.subjects
    WHERE has_face OR user_id IS NOT NULL OR ignored OR merged_into IS NOT NULL
    UNION ALL SELECT 'template', id::text FROM public.face_templates
    UNION ALL SELECT 'tombstone', uid::text FROM public.tombstones
    UNION ALL SELECT 'routine', uid::text FROM public.routines
    UNION ALL SELECT 'model', jsonb_build_array(name, version)::text FROM public.models
) AS known
ON CONFLICT (kind, key) DO NOTHING;
