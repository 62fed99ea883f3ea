-- Clauses: joins, set operations, order, subqueries, names.
-- columns: k int, s string, n int, x double
-- row: 1, 'a', 10, 1.5
-- row: 2, 'b', NULL, CAST('NaN' AS double)
-- row: 2, 'b', 20, 0.0
-- row: 3, NULL, 30, CAST('-0.0' AS double)
-- row: NULL, 'e', 40, NULL
SELECT * FROM t ORDER BY k, n
SELECT * FROM t ORDER BY k DESC, n DESC
SELECT k, n FROM t ORDER BY n DESC NULLS FIRST, k
SELECT k, n FROM t ORDER BY n NULLS LAST
SELECT x FROM t ORDER BY x, n
SELECT x FROM t ORDER BY x DESC, n
SELECT s FROM t ORDER BY s
SELECT k, s FROM t ORDER BY 2 DESC, 1
SELECT k, s FROM t ORDER BY ALL
SELECT k, s FROM t ORDER BY ALL DESC
SELECT k AS a, n AS b FROM t ORDER BY a, b
SELECT n FROM t ORDER BY k, n LIMIT 2
SELECT n FROM t ORDER BY k, n LIMIT 2 OFFSET 1
SELECT n FROM t ORDER BY n LIMIT ALL
SELECT k + 1 FROM t ORDER BY k
SELECT k + n, k * 2 AS d, -k, k = 1, upper(s), s || 'x' FROM t ORDER BY k, n
SELECT count(1), count(*), sum(n), avg(n) FROM t
SELECT CAST(k AS string), k::bigint, int(s IS NULL) FROM t ORDER BY k, n
SELECT CASE WHEN k = 1 THEN 'x' END, if(k = 1, 2, 3), coalesce(k, 0) FROM t ORDER BY k, n
SELECT t.k, t.s FROM t ORDER BY t.k, n
SELECT t.* FROM t ORDER BY k, n
SELECT * EXCEPT (s, x) FROM t ORDER BY k, n
SELECT k a, s b FROM t ORDER BY k, n
SELECT k AS `my key` FROM t ORDER BY k, n
SELECT K, S FROM t ORDER BY k, n
SELECT n * 2 AS d, d + 1 AS e FROM t ORDER BY d
SELECT n AS k, k AS n FROM t ORDER BY n, k
SELECT 1 AS one, one + 1
SELECT DISTINCT k FROM t ORDER BY k
SELECT DISTINCT k, s FROM t ORDER BY k, s
SELECT DISTINCT x FROM t ORDER BY x
SELECT k FROM t WHERE n > 10 ORDER BY k
SELECT k FROM t WHERE s = 'b' OR n = 10 ORDER BY k
SELECT k FROM t WHERE NOT s = 'b' ORDER BY k
SELECT k FROM t WHERE k <> 2 ORDER BY k
SELECT k FROM t WHERE x = 0 ORDER BY k
SELECT k FROM t WHERE x > 1 ORDER BY k
SELECT k FROM t WHERE s IN ('a', 'b') ORDER BY k
SELECT k FROM t WHERE k NOT IN (1, 2) ORDER BY k
SELECT k FROM t WHERE k NOT IN (1, NULL) ORDER BY k
SELECT k FROM t WHERE s LIKE 'a%' ORDER BY k
SELECT k FROM t WHERE n BETWEEN 10 AND 20 ORDER BY k
SELECT k FROM t WHERE k = '1'
SELECT k FROM t WHERE true AND NULL
SELECT k FROM t WHERE k
SELECT a.k, b.n FROM t a JOIN t b ON a.k = b.k ORDER BY 1, 2
SELECT a.k, b.n FROM t a LEFT JOIN t b ON a.k = b.k AND b.n > 10 ORDER BY 1, 2
SELECT a.k, b.k FROM t a RIGHT JOIN (SELECT 1 AS k UNION ALL SELECT 9) b ON a.k = b.k ORDER BY 2
SELECT a.k, b.k FROM t a FULL JOIN (SELECT 1 AS k UNION ALL SELECT 9) b ON a.k = b.k ORDER BY 1, 2
SELECT k, b.v FROM t JOIN (SELECT 1 AS k, 'one' AS v) b USING (k)
SELECT k, b.v FROM t LEFT JOIN (SELECT 1 AS k, 'one' AS v) b USING (k) ORDER BY k
SELECT k, b.v FROM t RIGHT JOIN (SELECT 9 AS k, 'nine' AS v) b USING (k)
SELECT k, b.v FROM t FULL JOIN (SELECT 9 AS k, 'nine' AS v) b USING (k) ORDER BY k, v
SELECT * FROM t FULL JOIN (SELECT 9 AS k, 'nine' AS v) b USING (k) ORDER BY k, n, v
SELECT * FROM t NATURAL JOIN (SELECT 1 AS k, 'one' AS v)
SELECT a.k FROM t a LEFT SEMI JOIN (SELECT 2 AS k) b ON a.k = b.k
SELECT a.k FROM t a LEFT ANTI JOIN (SELECT 2 AS k) b ON a.k = b.k ORDER BY 1
SELECT a.k FROM t a SEMI JOIN (SELECT 2 AS k) b USING (k)
SELECT a.k FROM t a ANTI JOIN (SELECT 2 AS k) b USING (k) ORDER BY 1
SELECT count(*) FROM t a CROSS JOIN t b
SELECT count(*) FROM t a, t b WHERE a.k = b.k
SELECT count(*) FROM t a JOIN t b ON a.k <=> b.k
SELECT count(*) FROM t a JOIN t b ON a.x = b.x
SELECT count(*) FROM t a JOIN t b ON a.k < b.k
SELECT count(*) FROM t a JOIN (SELECT '1' AS k) b ON a.k = b.k
SELECT k FROM t WHERE k IN (SELECT 2) ORDER BY k
SELECT k FROM t WHERE k NOT IN (SELECT 2) ORDER BY k
SELECT k FROM t WHERE k NOT IN (SELECT k FROM t)
SELECT k FROM t WHERE EXISTS (SELECT 1 FROM t u WHERE u.k = t.k AND u.n > 10) ORDER BY k
SELECT k FROM t WHERE NOT EXISTS (SELECT 1 FROM t u WHERE u.k = t.k AND u.n > 10) ORDER BY k
SELECT k FROM t WHERE EXISTS (SELECT count(*) FROM t u WHERE u.k > 100) ORDER BY k
SELECT k, (SELECT count(*) FROM t u WHERE u.k = t.k) AS c FROM t ORDER BY k, c
SELECT k, (SELECT max(u.n) FROM t u WHERE u.k = t.k) AS c FROM t ORDER BY k, c
SELECT k, n FROM t WHERE n = (SELECT max(n) FROM t)
SELECT (SELECT n FROM t)
SELECT (SELECT n FROM t WHERE k = 99)
SELECT k FROM t WHERE n > (SELECT avg(n) FROM t) ORDER BY k
SELECT k FROM t UNION SELECT n FROM t ORDER BY 1
SELECT k FROM t UNION ALL SELECT 1 ORDER BY 1
SELECT k FROM t UNION ALL SELECT 'x' ORDER BY 1
SELECT k FROM t UNION ALL SELECT 2.5 ORDER BY 1
SELECT k, s FROM t UNION ALL SELECT 1
SELECT k FROM t EXCEPT SELECT 2 ORDER BY 1
SELECT k FROM t EXCEPT ALL SELECT 2 ORDER BY 1
SELECT k FROM t MINUS SELECT 2 ORDER BY 1
SELECT k FROM t INTERSECT SELECT 2
SELECT k FROM t INTERSECT ALL SELECT k FROM t ORDER BY 1
SELECT k FROM t INTERSECT SELECT CAST(NULL AS int)
SELECT 1 UNION ALL SELECT 2 INTERSECT SELECT 2 ORDER BY 1
SELECT CAST(1 AS int) AS a UNION ALL SELECT 3000000000 ORDER BY a
SELECT DATE'2024-01-01' AS a UNION ALL SELECT TIMESTAMP'2024-01-02 03:04:05' ORDER BY a
SELECT NULL AS a UNION ALL SELECT 1 ORDER BY a
SELECT k AS a, s AS b FROM t UNION BY NAME SELECT 'z' AS b, 9 AS a ORDER BY a, b
WITH u AS (SELECT k FROM t) SELECT count(*) FROM u
WITH u AS (SELECT k FROM t), v AS (SELECT k FROM u WHERE k > 1) SELECT * FROM v ORDER BY k
WITH u(a) AS (SELECT k FROM t) SELECT a FROM u ORDER BY a
WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 3) SELECT i FROM r ORDER BY i
VALUES 1, 2
VALUES (1, 'a'), (2, 'b')
SELECT * FROM VALUES 1, 2 AS v(a) ORDER BY a
SELECT * FROM VALUES (1, 'a'), (2, NULL) AS v(a, b) ORDER BY a
SELECT * FROM (VALUES (1), (2.5)) ORDER BY 1
SELECT col1 FROM VALUES (1, 2) ORDER BY 1
SELECT * FROM (SELECT 1 AS a) x, (SELECT 2 AS b) y
SELECT u.k FROM (SELECT k FROM t) AS u ORDER BY 1
FROM t SELECT k ORDER BY k
TABLE t ORDER BY k, n
SELECT k FROM t SORT BY k
SELECT k FROM t WHERE s LIKE ANY ('a%', 'e%') ORDER BY k
SELECT k, count(*) FROM t GROUP BY k ORDER BY count(*) DESC, k
SELECT k FROM t GROUP BY k ORDER BY max(n)
SELECT k, s FROM t WHERE (k, s) IN ((1, 'a'), (2, 'x')) ORDER BY k
SELECT * FROM t TABLESAMPLE (100 PERCENT) ORDER BY k, n
SELECT max(k) + 1 AS v, 'a' AS c FROM t
SELECT 1, 'a', 1.5, NULL, true
SELECT 1 + 1, 2 * 3 + 1, 'a' || 'b', NOT true, -1, 7 / 2, 5 % 3
SELECT abs(-1), substring('abc', 1, 2), date'2024-01-01', array(1)[0], map('a', 1)['a']
SELECT current_date() = current_date()
SELECT `k` FROM `t` ORDER BY 1
SELECT missing FROM t
SELECT k FROM missing
SELECT a.k FROM t a JOIN t b ON a.k = b.k WHERE k = 1
SELECT k k FROM t ORDER BY k LIMIT 1
SELECT DISTINCT k FROM t ORDER BY n
SELECT 1 WHERE false
SELECT count(*) WHERE false
SELECT * FROM t WHERE false
SELECT sum(k) FROM t WHERE false
SELECT k FROM t LIMIT 0
SELECT /* a comment */ 1 AS one
SELECT /*+ BROADCAST(t) */ count(*) AS c FROM t
SELECT k, n FROM t WHERE k = 2 ORDER BY n;
SELECT named_struct('a', k).a FROM t ORDER BY 1
SELECT transform(array(k), x -> x + n) AS l FROM t ORDER BY k, n
SELECT 1 AS `a.b`
SELECT IDENTIFIER('k') FROM t ORDER BY 1
SELECT k FROM t WHERE rand() < 0
SELECT monotonically_increasing_id() >= 0 AS v FROM t
SELECT first(k) FROM (SELECT k FROM t WHERE k = 1)
SELECT any_value(s) FROM t WHERE k = 2
SELECT * FROM t a LEFT JOIN t b ON false ORDER BY a.k, a.n
SELECT t.k FROM t JOIN LATERAL (SELECT t.n * 2 AS m) ORDER BY 1
SELECT sum(m) FROM t, LATERAL (SELECT t.n * 2 AS m)
SELECT k, n FROM t |> WHERE n > 10 |> ORDER BY n
SELECT try_divide(n, 0), n / nullif(0, 0) FROM t ORDER BY k, n
SELECT k FROM t WHERE n / 0 > 1
SELECT k FROM t WHERE k = 1 AND n / (k - 2) < 0
SELECT k FROM t WHERE k <> 2 AND n / (k - 2) < 100 ORDER BY k
SELECT a.k, l.s, l.c FROM t a, LATERAL (SELECT sum(c) AS s, count(*) AS c FROM (SELECT count(*) AS c FROM t b WHERE b.k = a.n)) l ORDER BY a.k, a.n
SELECT a.k, l.m FROM t a, LATERAL (SELECT max(c) AS m FROM (SELECT count(*) AS c FROM t b WHERE b.k = a.k)) l ORDER BY a.k, a.n
SELECT a.k, l.m FROM t a, LATERAL (SELECT max(c) AS m FROM (SELECT b.s, count(*) AS c FROM t b WHERE b.k = a.k GROUP BY b.s)) l ORDER BY a.k, a.n
SELECT a.k, l.m FROM t a LEFT JOIN LATERAL (SELECT max(c) AS m FROM (SELECT count(*) AS c FROM t b WHERE b.n < a.n)) l ON l.m > 1 ORDER BY a.k, a.n
SELECT a.k, (SELECT max(c) FROM (SELECT count(*) AS c FROM t b WHERE b.k = a.n)) AS m FROM t a ORDER BY a.k, a.n
SELECT a.k, (SELECT sum(c) + count(*) FROM (SELECT count(b.n) AS c FROM t b WHERE b.n < a.n)) AS m FROM t a ORDER BY a.k, a.n
SELECT a.k, l.n FROM t a, LATERAL (SELECT b.n FROM t b WHERE b.k = a.k ORDER BY b.n DESC LIMIT 1) l ORDER BY a.k, a.n
SELECT a.k, a.n, l.n AS m FROM t a LEFT JOIN LATERAL (SELECT b.n FROM t b WHERE b.n < a.n ORDER BY b.n DESC LIMIT 2) l ORDER BY a.k, a.n, l.n
SELECT a.k, a.n, l.n AS m FROM t a, LATERAL (SELECT b.n FROM t b ORDER BY b.n NULLS LAST LIMIT 1 OFFSET 1) l ORDER BY a.k, a.n
SELECT a.k, l.nr, l.n AS m FROM t a, LATERAL (SELECT row_number() OVER (ORDER BY b.n) AS nr, b.n FROM t b WHERE b.k = a.k) l ORDER BY a.k, a.n, l.nr
SELECT a.k, l.s AS p FROM t a, LATERAL (SELECT DISTINCT upper(b.s) || a.s AS s FROM t b WHERE b.k = a.k) l ORDER BY 1, 2
SELECT a.k, l.v FROM t a, LATERAL (SELECT a.k AS v UNION ALL SELECT b.n FROM t b WHERE b.k = a.k) AS l(v) ORDER BY a.k, a.n, l.v
SELECT a.k, l.v FROM t a, LATERAL (SELECT b.n + a.k AS v FROM t b JOIN t c ON b.k = c.k AND c.n < a.n) l ORDER BY a.k, a.n, l.v
SELECT a.k, l.v, l.w FROM t a, LATERAL (SELECT b.n, c.n FROM (SELECT n FROM t WHERE k = a.k) b LEFT JOIN (SELECT n FROM t WHERE n > a.n) c ON b.n < c.n) AS l(v, w) ORDER BY a.k, a.n, l.v, l.w
SELECT a.k, l.c FROM t a, LATERAL (SELECT count(*) AS c FROM t b WHERE b.k = a.k HAVING count(*) > 1) l ORDER BY a.k, a.n
SELECT a.k, l.c FROM t a, LATERAL (SELECT count(*) AS c FROM t b WHERE b.k = a.k AND false) l ORDER BY a.k, a.n
SELECT c FROM (SELECT count(*) AS c, 1 AS one FROM t) WHERE one = 2
SELECT c FROM (SELECT count(*) AS c, 1 AS one FROM t WHERE k = 77) WHERE one = 1
SELECT count(*) FROM (SELECT count(*) AS c FROM t) WHERE 1 = 2
SELECT v.c FROM (SELECT 1 AS one, count(*) AS c FROM t) v JOIN t ON one = t.k WHERE t.k = 2
SELECT count(*) AS c FROM t HAVING false
SELECT 1 AS one FROM t WHERE false HAVING count(*) = 0
WITH r AS (SELECT rand() AS x) SELECT a.x BETWEEN 0 AND 1 AS y FROM r a
WITH r AS (SELECT current_date() AS x) SELECT a.x = b.x AS y FROM r a, r b
SELECT count(t.*) FROM t
SELECT sum(CAST(n AS double)) * 100 / sum(sum(CAST(n AS double))) OVER () AS share FROM t
SELECT k, sum(CAST(n AS double)) * 100 / sum(sum(CAST(n AS double))) OVER () AS share, sum(CAST(n AS double)) AS s FROM t GROUP BY k ORDER BY k
SELECT if(NULL, 1, 2) AS i, e() AS e
SELECT k, s, v FROM t UNPIVOT (v FOR c IN (n, x)) ORDER BY k, s, v
SELECT * FROM t UNPIVOT (v FOR c IN (s, n))
SELECT count() FROM t
SELECT a.k FROM t a WHERE EXISTS (SELECT 1 FROM (SELECT row_number() OVER (ORDER BY b.n) AS nr FROM t b WHERE b.k = a.k) WHERE nr = 2) ORDER BY a.k
SELECT a.k, a.k IN (SELECT row_number() OVER (ORDER BY b.n) FROM t b WHERE b.k = a.k) AS i FROM t a ORDER BY a.k, a.n
SELECT a.k, a.n FROM t a WHERE a.n IN (SELECT b.n FROM t b WHERE b.k = a.k ORDER BY b.n DESC LIMIT 1) ORDER BY a.k, a.n
SELECT a.k, a.n FROM t a WHERE a.k NOT IN (SELECT b.k FROM t b WHERE b.n < a.n ORDER BY b.n DESC LIMIT 1) ORDER BY a.k, a.n
SELECT a.k, a.n FROM t a WHERE a.n IN (SELECT b.n FROM t b WHERE b.k = a.k UNION ALL SELECT 40) ORDER BY a.k, a.n
SELECT a.k, a.n FROM t a WHERE EXISTS (SELECT b.n FROM t b WHERE b.k = a.k AND b.n > 10 UNION SELECT b.n FROM t b WHERE b.n = a.n AND b.n > 30) ORDER BY a.k, a.n
SELECT a.k, a.n FROM t a WHERE EXISTS (SELECT max(b.n) FROM t b WHERE b.n <> a.n GROUP BY b.s HAVING max(b.n) = 40) ORDER BY a.k, a.n
SELECT a.k, NOT EXISTS (SELECT sum(b.n) FROM t b WHERE b.n < a.n GROUP BY b.k HAVING sum(b.n) > 10) AS e FROM t a ORDER BY a.k, a.n
SELECT a.k, l.n FROM t a, LATERAL (SELECT b.n FROM t b WHERE b.k = a.k AND b.n = 20 LIMIT 1) l ORDER BY a.k, a.n
SELECT a.k FROM t a WHERE EXISTS (SELECT 1 FROM t x LEFT JOIN (SELECT * FROM t WHERE k = a.k) y ON x.k = y.k WHERE y.k IS NULL) ORDER BY a.k
