-- What analysts read. Every view shows names, and times as the devices' clocks were corrected later; none shows a face.
-- A day is one of the zone in meta 'timezone' (default UTC). What the views share are views too, for a view reads with its
-- owner's rights and a function called in it with the reader's.

-- The zone, when this day began in it, and since when a passing says that someone is there.
CREATE VIEW internal.calendar AS
SELECT zone, date_trunc('day', now() AT TIME ZONE zone) AT TIME ZONE zone AS today,
    now() - hours * interval '1 hour' AS present_since
FROM (
    SELECT coalesce((SELECT value #>> '{}' FROM public.meta WHERE key = 'timezone'), 'UTC') AS zone,
        coalesce((SELECT value #>> '{}' FROM public.meta WHERE key = 'presence_hours')::integer, 24) AS hours
) AS options;

-- All passings, those that came late among them, at the corrected time.
CREATE VIEW internal.passings AS
SELECT l.device_id, l.line, l.action, l.user_id, l.uuid, l.confidence, l."timestamp" AS stamped,
    CASE WHEN l.clock_trusted IS FALSE AND l.mono_us IS NOT NULL AND z.zero_at IS NOT NULL
        THEN z.zero_at + l.mono_us * interval '1 microsecond' ELSE l."timestamp" END AS at
FROM public.smartlog AS l
LEFT JOIN public.clock_corrections AS z ON z.device_id = l.device_id AND z.boot_id = l.boot_id
UNION ALL
SELECT r.device_id, r.line, r.action, r.person_id, r.subject_uuid::text, r.confidence, r.ts,
    CASE WHEN r.clock_trusted IS FALSE AND r.mono_us IS NOT NULL AND z.zero_at IS NOT NULL
        THEN z.zero_at + r.mono_us * interval '1 microsecond' ELSE r.ts END
FROM public.late_rows AS r
LEFT JOIN public.clock_corrections AS z ON z.device_id = r.device_id AND z.boot_id = r.boot_id
WHERE r.action IS NOT NULL;

-- Today's passings, and those of the hours in which someone counts as present. Two short ways instead of one long: by the
-- stamp, and the few whose clock was corrected.
CREATE VIEW internal.recent_passings AS
SELECT l.device_id, l.line, l.action, l.user_id, l.uuid, l."timestamp" AS at
FROM public.smartlog AS l
WHERE l."timestamp" >= (SELECT least(today, present_since) FROM internal.calendar)
    AND (l.clock_trusted IS NOT FALSE OR l.mono_us IS NULL OR NOT EXISTS (
        SELECT FROM public.clock_corrections AS z WHERE z.device_id = l.device_id AND z.boot_id = l.boot_id))
UNION ALL
SELECT l.device_id, l.line, l.action, l.user_id, l.uuid, z.zero_at + l.mono_us * interval '1 microsecond'
FROM public.clock_corrections AS z
JOIN public.smartlog AS l ON l.device_id = z.device_id AND l.boot_id = z.boot_id AND l.clock_trusted = false
WHERE z.zero_at + l.mono_us * interval '1 microsecond' >= (SELECT least(today, present_since) FROM internal.calendar)
UNION ALL
SELECT r.device_id, r.line, r.action, r.person_id, r.subject_uuid::text, z.zero_at + r.mono_us * interval '1 microsecond'
FROM public.clock_corrections AS z
JOIN public.late_rows AS r ON r.device_id = z.device_id AND r.boot_id = z.boot_id AND r.clock_trusted = false
WHERE r.action IS NOT NULL
    AND z.zero_at + r.mono_us * interval '1 microsecond' >= (SELECT least(today, present_since) FROM internal.calendar);

-- How many are inside by each line now: today's ins without today's outs, and never fewer than none.
CREATE VIEW report.occupancy_now AS
SELECT d.name AS device, d.site, coalesce(p.line, '') AS line,
    greatest(count(*) FILTER (WHERE p.action = 'I') - count(*) FILTER (WHERE p.action = 'O'), 0) AS inside,
    count(*) FILTER (WHERE p.action = 'I') AS in_today, count(*) FILTER (WHERE p.action = 'O') AS out_today,
    max(p.at) AS newest
FROM internal.recent_passings AS p JOIN public.devices AS d ON d.id = p.device_id
WHERE p.at >= (SELECT today FROM internal.calendar)
GROUP BY d.name, d.site, coalesce(p.line, '');

-- Ins and outs by the hour, however many rows there are: read from the counts that api.ingest keeps.
CREATE VIEW report.in_out_hourly AS
SELECT d.name AS device, d.site, c.line, c.hour, c.in_count, c.out_count
FROM public.counts_hourly AS c JOIN public.devices AS d ON d.id = c.device_id
WHERE c.type = 'crossing';

-- Everything that happened, by the hour and by what it was.
CREATE VIEW report.events_hourly AS
SELECT d.name AS device, d.site, c.type, c.line, c.hour, c.count
FROM public.counts_hourly AS c JOIN public.devices AS d ON d.id = c.device_id;

-- Who a passing was of: the person, or the stranger at the root of all mergers. A circle of mergers ends where it began.
CREATE FUNCTION internal.root_of(subject uuid) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    WITH RECURSIVE up (uuid, next) AS (
        SELECT subject, s.merged_into FROM public.subjects AS s WHERE s.uuid = subject
        UNION
        SELECT s.uuid, s.merged_into FROM up JOIN public.subjects AS s ON s.uuid = up.next
    )
    SELECT coalesce((SELECT uuid FROM up WHERE next IS NULL LIMIT 1), subject)
$$;

-- Persons and strangers whose newest passing was inwards: since when, by which line. Only passings of so many hours count
-- (meta 'presence_hours', default 24): a stranger who is not recognised on the way out would else stay for ever.
CREATE VIEW report.who_is_in AS
SELECT coalesce(u.name, 'stranger ' || right(n.uuid, 6)) AS who, u.name IS NOT NULL AS is_known,
    n.at AS since, d.name AS device, d.site, n.line
FROM (
    SELECT DISTINCT ON (p.user_id, p.root) p.*
    FROM (
        SELECT q.*, CASE WHEN q.user_id IS NOT NULL THEN NULL WHEN s.merged_into IS NULL THEN q.uuid
            ELSE internal.root_of(s.uuid)::text END COLLATE "C" AS root
        FROM internal.recent_passings AS q
        LEFT JOIN public.subjects AS s
            ON q.user_id IS NULL AND s.uuid = CASE WHEN q.uuid ~ '^[0-9a-f-]{36}$' THEN q.uuid::uuid END
        WHERE q.at >= (SELECT present_since FROM internal.calendar)
    ) AS p
    ORDER BY p.user_id, p.root, p.at DESC
) AS n
JOIN public.devices AS d ON d.id = n.device_id
LEFT JOIN public.users AS u ON u.id = n.user_id
WHERE n.action = 'I';

-- A person's days: first in, last out, how often each. Asked person by person: the log is looked up by its index, however
-- long it is, where a join with all passings would read them all.
CREATE VIEW report.person_day AS
SELECT u.name AS person, (p.at AT TIME ZONE c.zone)::date AS day,
    min(p.at) FILTER (WHERE p.action = 'I') AS first_in, max(p.at) FILTER (WHERE p.action = 'O') AS last_out,
    count(*) FILTER (WHERE p.action = 'I') AS ins, count(*) FILTER (WHERE p.action = 'O') AS outs
FROM internal.calendar AS c
CROSS JOIN public.users AS u
CROSS JOIN LATERAL (
    SELECT l.action, CASE WHEN l.clock_trusted IS FALSE AND l.mono_us IS NOT NULL AND z.zero_at IS NOT NULL
        THEN z.zero_at + l.mono_us * interval '1 microsecond' ELSE l."timestamp" END AS at
    FROM public.smartlog AS l
    LEFT JOIN public.clock_corrections AS z ON z.device_id = l.device_id AND z.boot_id = l.boot_id
    WHERE l.user_id = u.id
    UNION ALL
    SELECT r.action, CASE WHEN r.clock_trusted IS FALSE AND r.mono_us IS NOT NULL AND z.zero_at IS NOT NULL
        THEN z.zero_at + r.mono_us * interval '1 microsecond' ELSE r.ts END
    FROM public.late_rows AS r
    LEFT JOIN public.clock_corrections AS z ON z.device_id = r.device_id AND z.boot_id = r.boot_id
    WHERE r.person_id = u.id AND r.action IS NOT NULL
) AS p
WHERE u.name IS NOT NULL
GROUP BY u.id, u.name, (p.at AT TIME ZONE c.zone)::date;

-- How the devices are. The clock is that of the newest event: trusted, untrusted, or corrected later.
CREATE VIEW report.device_health AS
SELECT d.name AS device, d.site, d.type,
    CASE WHEN NOT d.enabled THEN 'disabled' WHEN d.last_seen > now() - interval '5 minutes' THEN d.status ELSE 'offline' END
        AS status,
    d.last_seen, d.software_version, coalesce(c.rows_24h, 0) AS rows_24h, e.newest_event,
    CASE WHEN e.clock_trusted THEN 'trusted' WHEN e.zero_at IS NOT NULL THEN 'corrected'
        WHEN e.clock_trusted IS FALSE THEN 'untrusted' END AS clock,
    coalesce(r.rejects_24h, 0) AS rejects_24h, coalesce(r.rejects, 0) AS rejects
FROM public.devices AS d
LEFT JOIN (
    SELECT device_id, sum(count)::bigint AS rows_24h FROM public.counts_hourly
    WHERE hour > now() - interval '24 hours' GROUP BY device_id
) AS c ON c.device_id = d.id
LEFT JOIN (
    SELECT device_id, count(*) AS rejects, count(*) FILTER (WHERE at > now() - interval '24 hours') AS rejects_24h
    FROM public.rejects GROUP BY device_id
) AS r ON r.device_id = d.id
LEFT JOIN LATERAL (
    SELECT newest.ts AS newest_event, newest.clock_trusted, z.zero_at
    FROM (
        SELECT ts, clock_trusted, boot_id FROM public.events
        WHERE device_id = d.id ORDER BY ts DESC LIMIT 1
    ) AS newest
    LEFT JOIN public.clock_corrections AS z ON z.device_id = d.id AND z.boot_id = newest.boot_id
) AS e ON true;

-- The days as the devices counted them, by device.
CREATE VIEW report.daily_metrics AS
SELECT d.name AS device, d.site, coalesce(o.name, 'owner') AS owner, m.date, m.sit_count, m.stand_count, m.lie_count,
    m.fetch_count, m.fetch_success_count, m.treats_dispensed, m.time_in_frame_min, m.calm_minutes, m.barks, m.howls,
    m.whines, m.in_count, m.out_count
FROM public.device_metrics_daily AS m
JOIN public.devices AS d ON d.id = m.device_id JOIN public.users AS o ON o.id = d.user_id;

-- Whoever asks should not wait for a compiler: over the chunks of a year it took 26 s to compile a plan (jit) that ran for
-- 0.6 s. The database's owner may say so; elsewhere it is the server's affair.
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET jit = off', current_database());
EXCEPTION WHEN insufficient_privilege THEN
    NULL;
END
$$;
