-- RFC 6962: hashes and proofs over plain bytea.
SET client_min_messages = error;
\getenv srcdir PG_ABS_SRCDIR
\set fresh :srcdir '/test/fresh.sql'
\i :fresh
CREATE EXTENSION sharing_guard;

-- The well-known leaves, and the roots of the trees of the first n of them.
CREATE TEMP TABLE leaf AS
SELECT n::bigint, entry, sharing_guard.leaf_hash(entry) AS hash
FROM unnest(ARRAY['', '\x00', '\x10', '\x2021', '\x3031', '\x40414243', '\x5051525354555657',
                  '\x606162636465666768696a6b6c6d6e6f']::bytea[]) WITH ORDINALITY l (entry, n);
CREATE TEMP TABLE published (size bigint, root bytea);
INSERT INTO published VALUES
    (0, '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'),
    (1, '\x6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'),
    (2, '\xfac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'),
    (3, '\xaeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'),
    (4, '\xd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7'),
    (5, '\x4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4'),
    (6, '\x76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef'),
    (7, '\xddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'),
    (8, '\x5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328');

-- The RFC's own definitions, as it writes them.
CREATE FUNCTION pg_temp.split(n bigint) RETURNS bigint LANGUAGE sql AS
$$ SELECT max(1::bigint << k) FROM generate_series(0, 61) k WHERE 1::bigint << k < n $$;
CREATE FUNCTION pg_temp.mth(d bytea[]) RETURNS bytea LANGUAGE sql AS $$
    SELECT CASE cardinality(d)
        WHEN 0 THEN sha256('')
        WHEN 1 THEN sharing_guard.leaf_hash(d[1])
        ELSE sharing_guard.node_hash(pg_temp.mth(d[:pg_temp.split(cardinality(d))::int]),
                                     pg_temp.mth(d[pg_temp.split(cardinality(d))::int + 1:]))
    END
$$;
CREATE FUNCTION pg_temp.path(m bigint, d bytea[]) RETURNS bytea[] LANGUAGE plpgsql AS $$
DECLARE
    k int := pg_temp.split(cardinality(d));
BEGIN
    IF cardinality(d) = 1 THEN RETURN '{}'; END IF;
    IF m < k THEN RETURN pg_temp.path(m, d[:k]) || pg_temp.mth(d[k + 1:]); END IF;
    RETURN pg_temp.path(m - k, d[k + 1:]) || pg_temp.mth(d[:k]);
END
$$;
CREATE FUNCTION pg_temp.subproof(m bigint, d bytea[], whole boolean) RETURNS bytea[] LANGUAGE plpgsql AS $$
DECLARE
    k int := pg_temp.split(cardinality(d));
BEGIN
    IF m = cardinality(d) THEN
        RETURN CASE WHEN whole THEN '{}' ELSE ARRAY[pg_temp.mth(d)] END;
    END IF;
    IF m <= k THEN RETURN pg_temp.subproof(m, d[:k], whole) || pg_temp.mth(d[k + 1:]); END IF;
    RETURN pg_temp.subproof(m - k, d[k + 1:], false) || pg_temp.mth(d[:k]);
END
$$;
CREATE FUNCTION pg_temp.tree(n bigint) RETURNS bytea[] LANGUAGE sql AS
$$ SELECT coalesce(array_agg(entry ORDER BY leaf.n), '{}') FROM leaf WHERE leaf.n <= $1 $$;

SELECT size, pg_temp.mth(pg_temp.tree(size)) = root AS as_published FROM published ORDER BY size;

-- Every proof there is in these trees.
CREATE TEMP TABLE inclusion AS
SELECT l.hash AS leaf, l.n - 1 AS index, p.size, pg_temp.path(l.n - 1, pg_temp.tree(p.size)) AS proof, p.root
FROM published p JOIN leaf l ON l.n <= p.size;
CREATE TEMP TABLE consistency AS
SELECT a.size AS size1, b.size AS size2, pg_temp.subproof(a.size, pg_temp.tree(b.size), true) AS proof,
    a.root AS root1, b.root AS root2
FROM published a JOIN published b ON a.size BETWEEN 1 AND b.size;
SELECT sharing_guard.verify_inclusion(leaf, index, size, proof, root) AS valid, count(*) FROM inclusion GROUP BY 1;
SELECT sharing_guard.verify_consistency(size1, size2, proof, root1, root2) AS valid, count(*) FROM consistency GROUP BY 1;
SELECT encode(unnest(proof), 'hex') AS path_of_the_sixth_leaf FROM inclusion WHERE index = 5 AND size = 8;
SELECT encode(unnest(proof), 'hex') AS from_6_to_8 FROM consistency WHERE size1 = 6 AND size2 = 8;

-- Anything else is false.
CREATE TEMP VIEW damage AS
SELECT * FROM (VALUES
    ('an element more'), ('one more, the root'), ('one more in front'), ('an element less'),
    ('an element missing in front'), ('a bit'), ('a NULL'), ('a short element'), ('a long element'),
    ('an empty element'), ('reversed'), ('two dimensions')) v (what);
CREATE FUNCTION pg_temp.damaged(what text, proof bytea[], root bytea) RETURNS bytea[] LANGUAGE sql AS $$
    SELECT CASE what
        WHEN 'an element more' THEN proof || sha256('x')
        WHEN 'one more, the root' THEN proof || root
        WHEN 'one more in front' THEN root || proof
        WHEN 'an element less' THEN trim_array(proof, least(1, cardinality(proof)))
        WHEN 'an element missing in front' THEN proof[2:]
        WHEN 'a bit' THEN set_byte(proof[1], 31, get_byte(proof[1], 31) # 1) || proof[2:]
        WHEN 'a NULL' THEN NULL::bytea || proof[2:]
        WHEN 'a short element' THEN substring(proof[1] FOR 31) || proof[2:]
        WHEN 'a long element' THEN proof[1] || '\x00'::bytea || proof[2:]
        WHEN 'an empty element' THEN ''::bytea || proof[2:]
        WHEN 'reversed' THEN (SELECT array_agg(e ORDER BY n DESC) FROM unnest(proof) WITH ORDINALITY u (e, n))
        WHEN 'two dimensions' THEN ARRAY[proof]
    END
$$;
SELECT what, sharing_guard.verify_inclusion(leaf, index, size, pg_temp.damaged(what, proof, root), root) AS valid, count(*)
FROM inclusion, damage
WHERE pg_temp.damaged(what, proof, root) IS DISTINCT FROM proof
    AND NOT (proof = '{}' AND what = 'two dimensions')
GROUP BY 1, 2 ORDER BY 1, 2;
SELECT what, sharing_guard.verify_consistency(size1, size2, pg_temp.damaged(what, proof, root1), root1, root2) AS valid, count(*)
FROM consistency, damage
WHERE pg_temp.damaged(what, proof, root1) IS DISTINCT FROM proof
    AND NOT (proof = '{}' AND what = 'two dimensions')
GROUP BY 1, 2 ORDER BY 1, 2;
-- Sizes that cannot be.  (A root does not say how large its tree is: of two
-- trees of one shape, the same proof holds.)
SELECT count(*) FROM inclusion i, generate_series(-2, 10) n, generate_series(-2, 17) s
WHERE (n < 0 OR n >= s) AND sharing_guard.verify_inclusion(i.leaf, n, s, i.proof, i.root);
SELECT count(*) FROM consistency c, generate_series(-2, 17) a, generate_series(-2, 17) b
WHERE (a <= 0 OR b < a) AND sharing_guard.verify_consistency(a, b, c.proof, c.root1, c.root2);
SELECT a, b FROM consistency c, generate_series(1, 9) a, generate_series(1, 9) b
WHERE size1 = 6 AND size2 = 8 AND a <= b AND sharing_guard.verify_consistency(a, b, c.proof, c.root1, c.root2) ORDER BY 1, 2;
SELECT n, s FROM inclusion i, generate_series(0, 9) n, generate_series(1, 9) s
WHERE i.index = 5 AND i.size = 8 AND sharing_guard.verify_inclusion(i.leaf, n, s, i.proof, i.root) ORDER BY 1, 2;
SELECT every(NOT sharing_guard.verify_inclusion(o.hash, index, size, proof, root)) AS another_leaf
FROM inclusion i JOIN leaf o ON o.hash <> i.leaf;
SELECT every(NOT sharing_guard.verify_inclusion(i.leaf, i.index, i.size, i.proof, p.root)) AS another_root
FROM inclusion i JOIN published p ON p.root <> i.root;
SELECT every(NOT sharing_guard.verify_consistency(size1, size2, proof, p.root, root2)
    AND NOT sharing_guard.verify_consistency(size1, size2, proof, root1, q.root)) AS another_root
FROM consistency c JOIN published p ON p.root <> root1 JOIN published q ON q.root <> root2;

-- Sizes at the ends of what there is.
\set h '''\\x6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d''::bytea'
SELECT sharing_guard.verify_inclusion(:h, 0, 0, '{}', :h),
    sharing_guard.verify_inclusion(:h, -1, 1, '{}', :h),
    sharing_guard.verify_inclusion(:h, 9223372036854775807, 9223372036854775807, '{}', :h),
    sharing_guard.verify_inclusion(:h, 9223372036854775806, 9223372036854775807, '{}', :h),
    sharing_guard.verify_inclusion(:h, 0, -9223372036854775808, '{}', :h),
    sharing_guard.verify_inclusion(:h, 0, 9223372036854775807, array_fill(:h, ARRAY[63]), :h),
    sharing_guard.verify_inclusion(:h, 0, 9223372036854775807, array_fill(:h, ARRAY[100000]), :h);
SELECT sharing_guard.verify_consistency(0, 0, '{}', sha256(''), sha256('')),
    sharing_guard.verify_consistency(0, 1, '{}', sha256(''), :h),
    sharing_guard.verify_consistency(1, 0, '{}', :h, :h),
    sharing_guard.verify_consistency(-1, 1, '{}', :h, :h),
    sharing_guard.verify_consistency(9223372036854775806, 9223372036854775807, '{}', :h, :h),
    sharing_guard.verify_consistency(4611686018427387904, 9223372036854775807, array_fill(:h, ARRAY[62]), :h, :h),
    sharing_guard.verify_consistency(-9223372036854775808, -9223372036854775808, '{}', :h, :h);
-- The largest tree: 2^62 times the same node is a tree whose root can be computed.
SELECT sharing_guard.verify_inclusion(:h, 9223372036854775806, 9223372036854775807,
    (SELECT array_agg(:h) FROM generate_series(1, 62)),
    (WITH RECURSIVE up (n, r) AS (SELECT 0, :h UNION ALL SELECT n + 1, sharing_guard.node_hash(:h, r) FROM up WHERE n < 62)
     SELECT r FROM up WHERE n = 62));

-- NULL in any place.
SELECT sharing_guard.verify_inclusion(NULL, 0, 1, '{}', :h), sharing_guard.verify_inclusion(:h, NULL, 1, '{}', :h),
    sharing_guard.verify_inclusion(:h, 0, NULL, '{}', :h), sharing_guard.verify_inclusion(:h, 0, 1, NULL, :h),
    sharing_guard.verify_inclusion(:h, 0, 1, '{}', NULL), sharing_guard.verify_inclusion(:h, 0, 1, '{}', :h);
SELECT sharing_guard.verify_consistency(NULL, 1, '{}', :h, :h), sharing_guard.verify_consistency(1, NULL, '{}', :h, :h),
    sharing_guard.verify_consistency(1, 1, NULL, :h, :h), sharing_guard.verify_consistency(1, 1, '{}', NULL, :h),
    sharing_guard.verify_consistency(1, 1, '{}', :h, NULL), sharing_guard.verify_consistency(1, 1, '{}', :h, :h);

-- Hashes of the wrong length.
SELECT sharing_guard.verify_inclusion('', 0, 1, '{}', ''), sharing_guard.verify_inclusion(:h || '\x00'::bytea, 0, 1, '{}', :h),
    sharing_guard.verify_inclusion(:h, 0, 1, '{}', substring(:h FOR 31));

-- A leaf is never a node, and the RFC's prefixes are what tells them apart.
SELECT encode(sharing_guard.leaf_hash('L123456'), 'hex') AS leaf, encode(sharing_guard.node_hash('N123', 'N456'), 'hex') AS node;
SELECT sharing_guard.leaf_hash(:h || :h) <> sharing_guard.node_hash(:h, :h) AS different;
