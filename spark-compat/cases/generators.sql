-- Rows out of lists, maps and texts.
-- columns: i int, a array<int>, s string, m map<string,int>, w array<struct<k:string,v:int>>, j string
-- row: 1, array(10, NULL, 30), 'a,b', map('x', 1, 'y', 2), array(named_struct('k', 'p', 'v', 1), named_struct('k', 'q', 'v', NULL)), '{"a":1,"b":"x"}'
-- row: 2, array(), '', map(), array(), '{"a":null}'
-- row: 3, NULL, NULL, NULL, NULL, NULL
-- row: 4, array(7), 'c', map('z', NULL), array(NULL), 'broken'
SELECT i, explode(a) FROM t ORDER BY i, 2
SELECT i, explode(a) AS x FROM t ORDER BY i, x
SELECT i, explode_outer(a) AS x FROM t ORDER BY i, x
SELECT i, posexplode(a) FROM t ORDER BY i, 2
SELECT i, posexplode(a) AS (p, x) FROM t ORDER BY i, p
SELECT i, posexplode_outer(a) AS (p, x) FROM t ORDER BY i, p
SELECT i, explode(m) FROM t ORDER BY i, key
SELECT i, explode(m) AS (k, v) FROM t ORDER BY i, k
SELECT i, explode_outer(m) AS (k, v) FROM t ORDER BY i, k
SELECT i, posexplode(m) FROM t ORDER BY i, pos
SELECT i, inline(w) FROM t ORDER BY i, k
SELECT i, inline(w) AS (a1, b1) FROM t ORDER BY i, a1
SELECT i, inline_outer(w) FROM t ORDER BY i, k
SELECT i, explode(w) AS e FROM t ORDER BY i, e
SELECT i, explode(w).k FROM t ORDER BY i
SELECT i, explode(split(s, ',')) AS x FROM t ORDER BY i, x
SELECT i, explode(sequence(1, i)) AS x FROM t ORDER BY i, x
SELECT i, stack(2, 'a', i, 'b', i * 2) FROM t ORDER BY i, 2
SELECT stack(2, 1, 2, 3)
SELECT i, json_tuple(j, 'a', 'b') FROM t ORDER BY i
SELECT i, json_tuple(j, 'a', 'b') AS (x, y) FROM t ORDER BY i
SELECT i, x FROM t LATERAL VIEW explode(a) v AS x ORDER BY i, x
SELECT i, x FROM t LATERAL VIEW OUTER explode(a) v AS x ORDER BY i, x
SELECT i, p, x FROM t LATERAL VIEW posexplode(a) v AS p, x ORDER BY i, p
SELECT i, k, v FROM t LATERAL VIEW explode(m) e AS k, v ORDER BY i, k
SELECT i, x, y FROM t LATERAL VIEW explode(a) v AS x LATERAL VIEW explode(split(s, ',')) u AS y ORDER BY i, x, y
SELECT i, e.k, e.v FROM t LATERAL VIEW inline(w) e ORDER BY i, e.k
SELECT i, v.* FROM t LATERAL VIEW explode(a) v AS x ORDER BY i, x
SELECT * FROM (SELECT i, a FROM t) LATERAL VIEW explode(a) v ORDER BY i, col
SELECT i, x FROM t LATERAL VIEW explode(a) v AS x WHERE x > 8 ORDER BY i
SELECT x, count(*) FROM t LATERAL VIEW explode(split(s, ',')) v AS x GROUP BY x ORDER BY x
SELECT i, y FROM t LATERAL VIEW json_tuple(j, 'b') v AS y ORDER BY i
SELECT i, x FROM t, LATERAL explode(a) AS v(x) ORDER BY i, x
SELECT i, x FROM t LEFT JOIN LATERAL explode(a) AS v(x) ORDER BY i, x
SELECT i, x FROM t, LATERAL (SELECT i * 2 AS x) ORDER BY i
SELECT * FROM explode(array(1, 2))
SELECT * FROM posexplode(array('a', 'b'))
SELECT * FROM range(3)
SELECT * FROM range(1, 10, 3)
SELECT id * 2 AS v FROM range(3) ORDER BY v
SELECT explode(array(1, 2)), 'x'
SELECT explode(array(1, 2)) + 1
SELECT explode(a), explode(a) FROM t
SELECT explode(1)
SELECT count(*) FROM (SELECT explode(a) FROM t)
SELECT sum(x) FROM (SELECT explode(a) AS x FROM t)
SELECT i, explode(array(i, i + 1)) AS x FROM t WHERE i < 3 ORDER BY i, x
SELECT i, explode(transform(a, x -> x * 2)) AS x FROM t ORDER BY i, x
SELECT i, explode(map_entries(m)) AS e FROM t ORDER BY i, e.key
SELECT i, explode(from_json('[1,2]', 'array<int>')) AS x FROM t WHERE i = 1 ORDER BY x
SELECT * FROM (SELECT i, i * 10 AS j1, i * 20 AS j2 FROM t) UNPIVOT (val FOR name IN (j1, j2)) ORDER BY i, name
SELECT i, col FROM (SELECT i, explode(a) FROM t) ORDER BY i, col
SELECT i, explode(filter(a, x -> x IS NOT NULL)) AS x FROM t ORDER BY i, x
SELECT i, element_at(a, 1), x FROM t LATERAL VIEW OUTER explode(filter(a, y -> y > 8)) v AS x WHERE i = 1 ORDER BY x
