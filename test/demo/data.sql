-- What the policy would have said of each row of a vendor's audit file, brought
-- in by data-load.sql and data-pass.sql; test/demo/show plays it.
\set QUIET on
SET timezone = 'UTC';

-- # The columns of the file
SELECT coalesce(name, '(no name)') AS "in the file",
       CASE WHEN used THEN meaning
            WHEN meaning = '(nothing here)' THEN 'not needed here'
            WHEN meaning IS NOT NULL THEN 'not used: another column is the ' || meaning
            WHEN name IS NULL THEN 'not used'
            ELSE 'not known: not used' END AS "taken for"
FROM heading
WHERE position <= (SELECT fields FROM raw ORDER BY line LIMIT 1) ORDER BY position;

-- # What the policy would have said
\pset tuples_only on
SELECT format('Rows that passed the table in observe mode: %s, in %s s. Nothing was stopped.',
              to_char(count(*), 'FM999,999,999'),
              round(extract(epoch FROM stop - start), 1))
FROM search, load_time GROUP BY start, stop;
SELECT CASE
    WHEN NOT EXISTS (SELECT FROM heading WHERE used AND meaning = 'search time')
        THEN 'The file has no column with the time of the search.'
    WHEN min(searched_at) IS NULL
        THEN format('None of the times could be read, such as "%s".',
                    (SELECT f[(SELECT position FROM heading WHERE used AND meaning = 'search time')]
                     FROM record ORDER BY line OFFSET 1 LIMIT 1))
    ELSE format('They are of %s to %s (UTC)%s.', min(searched_at)::date, max(searched_at)::date,
                CASE WHEN count(searched_at) < count(*)
                     THEN format('; rows whose time could not be read: %s', count(*) - count(searched_at)) END)
    END
FROM search;
SELECT 'Decided under the policy us-ca: each organization counts as the one that the rows went to. '
       'If it is your own agency, say so with make demo DATA=... AGENCY=''its name in the file''.'
WHERE EXISTS (SELECT FROM heading WHERE used AND meaning = 'organization');
SELECT 'There is no column with an organization: they count as searches by the home agency itself.'
WHERE NOT EXISTS (SELECT FROM heading WHERE used AND meaning = 'organization');
SELECT 'There is no column with a reason, so no row has a purpose.'
WHERE NOT EXISTS (SELECT FROM heading WHERE used AND meaning IN ('reason', 'offense'));
SELECT 'No words in the reasons matched a tag.'
WHERE NOT EXISTS (SELECT FROM sharing_guard.audit WHERE NOT tags <@ '{no_purpose}');
\pset tuples_only off

-- By class of destination, decision and tags. A tag says that words matched,
-- never that anything was unlawful.
SELECT destination_class, would_be_outcome AS "would be", count(*) AS rows, tags
FROM sharing_guard.audit_rows
GROUP BY destination_class, would_be_outcome, tags
ORDER BY would_be_outcome = 'block' DESC, would_be_outcome DESC, rows DESC, tags LIMIT 25;

-- By rule: why.
SELECT r.outcome, count(*) AS rows, r.description
FROM sharing_guard.audit_rows, unnest(rule_ids) AS id JOIN sharing_guard.rule r ON r.rule_id = id
GROUP BY r.rule_id, r.outcome, r.description ORDER BY r.outcome, rows DESC;

-- The organizations with the most rows.
SELECT destination AS organization, destination_class AS class, count(*) AS rows
FROM sharing_guard.audit_rows
GROUP BY destination, destination_class ORDER BY rows DESC, destination LIMIT 8;

-- Some of the tagged reasons, for a person to read.
SELECT tag, rows, reason
FROM (SELECT tag, count(*) AS rows, left(regexp_replace(purpose, '\s+', ' ', 'g'), 60) AS reason,
             row_number() OVER (PARTITION BY tag ORDER BY count(*) DESC, purpose) AS place
      FROM sharing_guard.audit_rows, unnest(tags) AS tag
      WHERE tag <> 'no_purpose' GROUP BY tag, purpose) AS reason
WHERE place <= CASE tag WHEN 'vague_purpose' THEN 4 ELSE 6 END
ORDER BY tag = 'vague_purpose', tag, place;
