-- Years of a log, made at the centre itself. :rows passings of :devices devices with two lines each, spread evenly over
-- :days days until now; a tenth of them of one of fifty people with a name. Ids follow time, as UUIDv7 do.

-- name: people
INSERT INTO users (uid, name, role, created_at, updated_at)
SELECT gen_random_uuid(), 'Person ' || n, 'member', now(), now() FROM generate_series(1, 50) AS n;

-- name: devices
INSERT INTO devices (user_id, name, type, status, capabilities, site, enabled, epoch, high_seq)
SELECT (SELECT min(id) FROM users), 'device-' || n, 'camera', 'online', '[]', 'site-' || n %% 4, true, gen_random_uuid(), 0
FROM generate_series(1, %(devices)s::integer) AS n;

-- name: rows
WITH made AS MATERIALIZED (
    SELECT n, now() - %(days)s * interval '1 day' * (1 - n / %(rows)s::float8) AS at, first.id + n %% %(devices)s::integer AS device,
        CASE n %% 3 WHEN 0 THEN 'gate' ELSE 'door' END AS line, CASE WHEN random() < 0.5 THEN 'I' ELSE 'O' END AS action,
        CASE WHEN n %% 10 = 0 THEN person.id + n / 10 %% 50 END AS person
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n,
        (SELECT min(id) AS id FROM devices) AS first, (SELECT min(id) AS id FROM users WHERE name LIKE 'Person %%') AS person
),
named AS MATERIALIZED (
    SELECT m.*, (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || right(md5(n::text), 19))::uuid AS id
    FROM made AS m
),
happened AS (
    INSERT INTO events (user_id, type, ts, data, event_id, device_id, subject_uuid, boot_id, mono_us, clock_trusted)
    SELECT (SELECT min(id) FROM users), 'crossing', at, '{"x": 0.5, "y": 0.6, "track": 1}', id, device, id,
        '00000000-0000-7000-8000-000000000001', n, true
    FROM named
)
INSERT INTO smartlog (user_id, uuid, action, "timestamp", event_id, device_id, line, confidence, track_id, boot_id, mono_us, clock_trusted)
SELECT person, id::text, action, at, id, device, line, 0.9, 1, '00000000-0000-7000-8000-000000000001', n, true FROM named;

-- name: seen
INSERT INTO subjects (uuid, user_id, has_face, ignored, first_seen, last_seen)
SELECT uuid::uuid, user_id, false, false, "timestamp", "timestamp" FROM smartlog
WHERE "timestamp" > now() - interval '2 days' AND user_id IS NULL;

-- name: counts
-- The rule of api.ingest.
INSERT INTO counts_hourly (device_id, type, line, hour, count, in_count, out_count)
SELECT device_id, 'crossing', line, date_bin('1 hour', "timestamp", timestamptz '1970-01-01 00:00:00+00'),
    count(*), count(*) FILTER (WHERE action = 'I'), count(*) FILTER (WHERE action = 'O')
FROM smartlog GROUP BY 1, 3, 4;
