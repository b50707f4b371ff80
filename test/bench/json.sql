-- The figures of a run, for programs.
SELECT jsonb_pretty(jsonb_build_object(
    'server_version', current_setting('server_version'),
    'extension_version', (SELECT extversion FROM pg_extension WHERE extname = 'sharing_guard'),
    'measured_at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'processors', :processors, 'rows', :rows, 'rounds', :rounds,
    'settings', (SELECT jsonb_object_agg(name, current_setting(name)) FROM pg_settings
                 WHERE name IN ('shared_buffers', 'fsync', 'synchronous_commit', 'wal_level',
                                'autovacuum', 'max_wal_size', 'jit', 'shared_preload_libraries')),
    'cases', (SELECT jsonb_agg(jsonb_build_object(
        'name', c.name, 'about', c.about, 'rows', c.rows, 'baseline', c.baseline,
        'target', c.target,
        'variants', (SELECT jsonb_agg(jsonb_build_object(
            'name', r.variant, 'seconds', r.rounds, 'median_seconds', r.seconds, 'median_cpu_seconds', r.cpu,
            'rows_per_second', r.rows / r.seconds, 'ratio', r.ratio,
            'least_ratio', r.least, 'most_ratio', r.most, 'cpu_ratio', r.cpu_ratio,
            'events', r.events, 'log_bytes', r.log_bytes, 'wal_bytes', r.wal_bytes)
            ORDER BY r.place) FROM bench_ratio AS r WHERE r."case" = c.name),
        'figures', (SELECT jsonb_agg(jsonb_build_object('variant', f.variant, 'name', f.name,
            'value', f.value)) FROM bench_figure AS f WHERE f."case" = c.name))
        ORDER BY c.position) FROM bench_case AS c)));
