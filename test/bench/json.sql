-- The figures of a run, for programs.
SELECT jsonb_pretty(jsonb_build_object(
    'server_version', current_setting('server_version'),
    'extension_version', (SELECT extversion FROM pg_extension WHERE extname = 'sharing_guard'),
    'measured_at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'processors', :processors, 'rows', :rows, 'rounds', :rounds,
    'settings', (SELECT jsonb_object_agg(name, current_setting(name)) FROM pg_settings
                 WHERE name IN ('shared_buffers', 'fsync', 'synchronous_commit', 'wal_level',
                                'autovacuum', 'max_wal_size', 'jit')),
    'cases', (SELECT jsonb_agg(jsonb_build_object(
                  'name', name, 'min_seconds', least, 'median_seconds', median,
                  'max_seconds', most, 'rows_per_second', rows_per_second,
                  'to_noop', to_noop, 'to_unguarded', to_unguarded,
                  'rounds', (SELECT jsonb_agg(seconds ORDER BY round) FROM bench_result r
                             WHERE r.name = c.name),
                  'events', (SELECT max(events) FROM bench_result r WHERE r.name = c.name),
                  'audit_bytes', (SELECT max(audit_bytes) FROM bench_result r WHERE r.name = c.name))
                  ORDER BY position)
              FROM bench_ratio c),
    'memory', (SELECT jsonb_agg(to_jsonb(m) ORDER BY name) FROM bench_memory m)));
