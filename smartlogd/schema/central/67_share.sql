-- Links to recordings: whoever brings the token is told where the bytes are, and one use of it is used up.

-- What a token opens, and one use less of it; null where it opens nothing, for whichever reason: nobody learns whether there
-- ever was such a link. The token itself is kept nowhere, and is looked up by its SHA-256: how long that takes depends on
-- the hash, from which nobody comes nearer to a token. It opens only an object that is called after the recording itself,
-- so that no device makes a link to what is another's. A device may ask, a member of smartlog_share, and the owner.
CREATE FUNCTION api.share(token text) RETURNS json LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    hash text;
    found_one record;
BEGIN
    IF session_user <> current_user AND NOT pg_has_role(session_user, 'smartlog_share', 'MEMBER') THEN
        PERFORM internal.asking();
    END IF;
    IF token IS NULL OR octet_length(token) NOT BETWEEN 16 AND 256 THEN
        RETURN NULL;
    END IF;
    hash := encode(sha256(convert_to(token, 'UTF8')), 'hex');
    UPDATE public.clips AS m SET share_uses_left = share_uses_left - 1
    WHERE m.share_token_hash = hash AND m.phase = 'uploaded' AND internal.is_own_object(m.s3_uri, m.event_id)
        AND (m.share_expires_at IS NULL OR m.share_expires_at > now())
        AND (m.share_uses_left IS NULL OR m.share_uses_left > 0)
    RETURNING m.event_id, m.device_id, m.s3_uri, m.bytes, m.sha256, m.share_expires_at, m.share_uses_left
    INTO found_one;
    IF NOT FOUND THEN
        UPDATE public.snapshots AS m SET share_uses_left = share_uses_left - 1
        WHERE m.share_token_hash = hash AND m.phase = 'uploaded' AND internal.is_own_object(m.s3_uri, m.event_id)
            AND (m.share_expires_at IS NULL OR m.share_expires_at > now())
            AND (m.share_uses_left IS NULL OR m.share_uses_left > 0)
        RETURNING m.event_id, m.device_id, m.s3_uri, m.bytes, m.sha256, m.share_expires_at, m.share_uses_left
        INTO found_one;
    END IF;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    RETURN json_build_object(
        'recording', found_one.event_id, 'device', (SELECT name FROM public.devices WHERE id = found_one.device_id),
        'uri', found_one.s3_uri, 'bucket', split_part(found_one.s3_uri, '/', 3),
        'key', substr(found_one.s3_uri, length('s3://' || split_part(found_one.s3_uri, '/', 3) || '/') + 1),
        'type', internal.media_type(found_one.s3_uri), 'bytes', found_one.bytes, 'sha256', found_one.sha256,
        'expires', internal.micros(found_one.share_expires_at), 'uses_left', found_one.share_uses_left);
END
$$;

-- Whether an object is called after this recording, as ours are (smartlogd.sync.place).
CREATE FUNCTION internal.is_own_object(uri text, event uuid) RETURNS boolean LANGUAGE sql IMMUTABLE
    RETURN uri ~ ('^s3://[^/[:cntrl:]]+/([^[:cntrl:]]+/)?' || event::text || '\.[a-z0-9]{1,8}$');

-- The media type of an object, by how it is called.
CREATE FUNCTION internal.media_type(uri text) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN CASE lower(substring(uri FROM '\.([A-Za-z0-9]+)$'))
        WHEN 'mp4' THEN 'video/mp4' WHEN 'mov' THEN 'video/quicktime' WHEN 'mkv' THEN 'video/x-matroska'
        WHEN 'webm' THEN 'video/webm' WHEN 'avi' THEN 'video/x-msvideo' WHEN 'jpg' THEN 'image/jpeg'
        WHEN 'png' THEN 'image/png' ELSE 'application/octet-stream' END;
