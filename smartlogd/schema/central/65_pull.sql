-- What changed at the centre since a device last asked.

-- A row as it is told to a device; null for one that is gone and has nothing to say.
CREATE FUNCTION internal.told(what text, named text, device public.devices) RETURNS json LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    row_told json;
BEGIN
    CASE what
    WHEN 'user' THEN
        SELECT json_build_object('kind', 'user', 'v', 1, 'uid', u.uid, 'email', u.email, 'name', u.name, 'role', u.role,
            'created', internal.micros(u.created_at), 'updated', internal.micros(u.updated_at),
            'consent', internal.micros(u.consent_at), 'forgotten', internal.micros(u.forgotten_at))
        INTO row_told FROM public.users AS u WHERE u.uid = named::uuid;
    WHEN 'subject' THEN
        SELECT json_build_object('kind', 'subject', 'v', 1, 'uuid', s.uuid, 'user', u.uid, 'has_face', s.has_face,
            'ignored', s.ignored, 'merged_into', s.merged_into, 'first', internal.micros(s.first_seen),
            'last', internal.micros(s.last_seen), 'rev', s.rev)
        INTO row_told
        FROM public.subjects AS s LEFT JOIN public.users AS u ON u.id = s.user_id WHERE s.uuid = named::uuid;
    WHEN 'template' THEN
        SELECT json_build_object('kind', 'template', 'v', 1, 'id', f.id, 'subject', f.subject, 'user', f.user,
            'model', f.model, 'vector', internal.base64(f.vector), 'quality', f.quality, 'source', f.source,
            'created', internal.micros(f.created_at), 'key', internal.base64(k.wrapped))
        INTO row_told
        FROM public.face_templates AS f LEFT JOIN public.person_keys AS k ON k.owner = coalesce(f.user, f.subject)
        WHERE f.id = named::uuid;
        row_told := coalesce(row_told, json_build_object('kind', 'template', 'v', 1, 'id', named, 'gone', true));
    WHEN 'tombstone' THEN
        SELECT json_build_object('kind', 'tombstone', 'v', 1, 'uid', t.uid, 'what', t.what, 'heir', t.heir,
            'at', internal.micros(t.at))
        INTO row_told FROM public.tombstones AS t WHERE t.uid = named::uuid;
    WHEN 'routine' THEN
        -- One that is another device's now is gone for this one, as it was this one's perhaps.
        SELECT json_build_object('kind', 'routine', 'v', 1, 'uid', r.uid, 'owner', o.uid,
            'device', CASE WHEN r.device_id IS NOT NULL THEN device.name END, 'name', r.name, 'cron', r.cron,
            'timezone', r.timezone, 'steps', r.steps, 'enabled', r.enabled, 'created', internal.micros(r.created_at),
            'updated', internal.micros(r.updated_at), 'last_run', internal.micros(r.last_run_at),
            'next_run', internal.micros(r.next_run_at))
        INTO row_told
        FROM public.routines AS r JOIN public.users AS o ON o.id = r.user_id
        WHERE r.uid = named::uuid AND r.user_id = device.user_id AND coalesce(r.device_id, device.id) = device.id;
        row_told := coalesce(row_told, json_build_object('kind', 'routine', 'v', 1, 'uid', named, 'gone', true));
    WHEN 'model' THEN
        SELECT json_build_object('kind', 'model', 'v', 1, 'name', m.name, 'version', m.version, 'type', m.type,
            'artifact_uri', m.artifact_uri, 'status', m.status, 'created', internal.micros(m.created_at),
            'sha256', m.sha256, 'license', m.license, 'metadata', m.metadata)
        INTO row_told FROM public.models AS m
        WHERE m.name = named::jsonb ->> 0 AND m.version = named::jsonb ->> 1;
        row_told := coalesce(row_told, json_build_object(
            'kind', 'model', 'v', 1, 'name', named::jsonb ->> 0, 'version', named::jsonb ->> 1, 'gone', true));
    END CASE;
    RETURN row_told;
END
$$;

-- Rows of the feed after `cursor`: at most `most` and about 1 MiB of them, but always one where there is one.
CREATE FUNCTION api.pull(cursor bigint, wire integer, most integer) RETURNS json LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    device public.devices := internal.asking();
    reached bigint := greatest(coalesce(cursor, 0), 0);
    change record;
    one json;
    told json[] := '{}';
    size integer := 0;
BEGIN
    UPDATE public.devices SET last_seen = now(), status = 'online'
    WHERE id = device.id AND (last_seen IS NULL OR last_seen < now() - interval '1 minute');
    FOR change IN
        SELECT c.kind, c.key, c.seq FROM public.changes AS c WHERE c.seq > reached
        ORDER BY c.seq LIMIT least(greatest(coalesce(most, 1000), 1), 1000)
    LOOP
        one := internal.told(change.kind, change.key, device);
        size := size + coalesce(octet_length(one::text), 0);
        EXIT WHEN size > 1024 * 1024 AND cardinality(told) > 0;
        IF one IS NOT NULL THEN
            told := told || one;
        END IF;
        reached := change.seq;
    END LOOP;
    RETURN json_build_object(
        'centre', internal.option('centre'), 'wire', api.wire(), 'cursor', reached,
        'last', NOT EXISTS (SELECT FROM public.changes AS c WHERE c.seq > reached), 'rows', array_to_json(told),
        'device', json_build_object('name', device.name, 'enabled', device.enabled, 'site', device.site, 'owner', (
            SELECT json_build_object('uid', u.uid, 'email', u.email, 'name', u.name, 'role', u.role)
            FROM public.users AS u WHERE u.id = device.user_id)),
        'fleet_key', (SELECT internal.base64(k.wrapped) FROM public.fleet_keys AS k WHERE k.device_id = device.id));
END
$$;
