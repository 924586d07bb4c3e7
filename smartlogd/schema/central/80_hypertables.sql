-- Where TimescaleDB is there: `events` and `smartlog` in chunks of seven days, compressed when they are late (45 days, by
-- device) where the edition can, and dropped after so many days as meta 'retention_days' says, if it says so. Everything
-- works without it too. Running this again changes nothing, but finds an extension that came meanwhile.
DO $$
DECLARE
    late_days integer := coalesce(internal.option('late_after_days')::integer, 45);
    keep_days integer := internal.option('retention_days')::integer;
    hypertable record;
    can_compress boolean;
BEGIN
    -- Its loader sets this variable, and does so only where the server preloads it.
    IF current_setting('timescaledb.disable_load', true) IS NULL
        OR NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb') THEN
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        BEGIN
            CREATE EXTENSION timescaledb WITH SCHEMA public;
        EXCEPTION WHEN insufficient_privilege OR feature_not_supported THEN
            RAISE NOTICE 'TimescaleDB is installed, but may not be used here (%); the tables stay plain.', SQLERRM;
            RETURN;
        END;
    END IF;
    can_compress := current_setting('timescaledb.license', true) = 'timescale';
    FOR hypertable IN SELECT * FROM (VALUES ('events', 'ts'), ('smartlog', 'timestamp')) AS h (name, time_column) LOOP
        EXECUTE format(
            'SELECT public.create_hypertable(%L::regclass, %L::name, chunk_time_interval => interval ''7 days'','
            ' create_default_indexes => false, if_not_exists => true, migrate_data => true)',
            'public.' || hypertable.name, hypertable.time_column);
        CONTINUE WHEN NOT can_compress;
        EXECUTE format(
            'SELECT NOT compression_enabled FROM timescaledb_information.hypertables'
            ' WHERE hypertable_schema = ''public'' AND hypertable_name = %L', hypertable.name) INTO can_compress;
        IF can_compress THEN
            EXECUTE format(
                'ALTER TABLE public.%I SET (timescaledb.compress, timescaledb.compress_segmentby = ''device_id'','
                ' timescaledb.compress_orderby = ''%I DESC, event_id'')', hypertable.name, hypertable.time_column);
        END IF;
        can_compress := true;
        EXECUTE format(
            'SELECT public.remove_compression_policy(%L::regclass, if_exists => true)', 'public.' || hypertable.name);
        EXECUTE format(
            'SELECT public.add_compression_policy(%L::regclass, make_interval(days => %s))',
            'public.' || hypertable.name, late_days);
        EXECUTE format(
            'SELECT public.remove_retention_policy(%L::regclass, if_exists => true)', 'public.' || hypertable.name);
        IF keep_days IS NOT NULL THEN
            EXECUTE format(
                'SELECT public.add_retention_policy(%L::regclass, make_interval(days => %s))',
                'public.' || hypertable.name, keep_days);
        END IF;
    END LOOP;
    IF keep_days IS NOT NULL AND NOT can_compress THEN
        RAISE NOTICE 'This edition of TimescaleDB has no retention; rows older than % days stay.', keep_days;
    END IF;
END
$$;
