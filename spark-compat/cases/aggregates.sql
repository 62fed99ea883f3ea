-- Aggregates.
-- columns: k string, n int, g double, m decimal(10,2), s string, d date, b boolean, l bigint
-- row: 'a', 1, 1.5, 1.25, 'x', DATE'2024-01-01', true, 1
-- row: 'a', 2, 2.5, 2.50, 'y', DATE'2024-01-02', false, 2
-- row: 'a', 2, -1.0, 0.01, NULL, NULL, NULL, 3
-- row: 'b', NULL, NULL, NULL, 'x', DATE'2023-12-31', true, NULL
-- row: 'b', 7, 100.25, 99999999.99, '', DATE'2024-02-29', true, 3000000000
-- row: 'b', -3, 0.0, 99999999.99, 'é', DATE'0001-01-01', true, -5
-- row: NULL, 4, CAST('NaN' AS double), 3.00, 'z', DATE'9999-12-31', NULL, 7
-- row: 'c', NULL, NULL, NULL, NULL, NULL, NULL, NULL
SELECT count(*) FROM t
SELECT count(1) FROM t
SELECT count(n) FROM t
SELECT count(n, s) FROM t
SELECT count(DISTINCT n) FROM t
SELECT count(DISTINCT k, n) FROM t
SELECT count(DISTINCT n, s) FROM t
SELECT count(*) FROM t WHERE n > 100
SELECT sum(n) FROM t
SELECT sum(n) FROM t WHERE n > 100
SELECT sum(DISTINCT n) FROM t
SELECT sum(g) FROM t WHERE k IS NOT NULL
SELECT sum(g) FROM t
SELECT sum(m) FROM t
SELECT sum(m * 1.1) FROM t
SELECT sum(l) FROM t
SELECT sum(l * 9000000000) FROM t
SELECT sum(n * 1.5) FROM t
SELECT sum(s) FROM t
SELECT avg(n) FROM t
SELECT avg(m) FROM t
SELECT avg(g) FROM t WHERE k IS NOT NULL
SELECT avg(l) FROM t
SELECT avg(n) FROM t WHERE n > 100
SELECT mean(n) FROM t
SELECT avg(DISTINCT n) FROM t
SELECT min(n), max(n), min(g), max(g), min(m), max(m) FROM t
SELECT min(s), max(s), min(d), max(d), min(b), max(b) FROM t
SELECT k, count(*), sum(n), avg(n) FROM t GROUP BY k ORDER BY k
SELECT k, count(*) AS c FROM t GROUP BY k ORDER BY c DESC, k
SELECT k, sum(m) AS m FROM t GROUP BY k ORDER BY k NULLS LAST
SELECT k, avg(m) FROM t GROUP BY k ORDER BY k
SELECT k, sum(n) FROM t GROUP BY k HAVING sum(n) > 3 ORDER BY k
SELECT k, sum(n) AS total FROM t GROUP BY k HAVING total > 3 ORDER BY total, k
SELECT upper(k) AS u, count(*) FROM t GROUP BY u ORDER BY u
SELECT upper(k), count(*) FROM t GROUP BY 1 ORDER BY 1
SELECT k, count(*) FROM t GROUP BY ALL ORDER BY ALL
SELECT n % 2, count(*) FROM t GROUP BY n % 2 ORDER BY 1
SELECT year(d) AS y, count(*) FROM t GROUP BY year(d) ORDER BY y
SELECT k, count(*) FILTER (WHERE n > 1) FROM t GROUP BY k ORDER BY k
SELECT k, sum(n) FILTER (WHERE b) FROM t GROUP BY k ORDER BY k
SELECT count_if(n > 1) FROM t
SELECT count_if(n > 100) FROM t
SELECT sum(CASE WHEN n > 1 THEN 1 ELSE 0 END) FROM t
SELECT sum(if(b, n, 0)) FROM t
SELECT first(n), last(n) FROM (SELECT n FROM t ORDER BY n) AS x
SELECT first(n, true) FROM (SELECT n FROM t ORDER BY n) AS x
SELECT last(s, true) FROM (SELECT s FROM t ORDER BY s) AS x
SELECT first_value(n) IGNORE NULLS FROM (SELECT n FROM t ORDER BY n) AS x
SELECT any_value(k) FROM t WHERE k = 'a'
SELECT max_by(s, n), min_by(s, n) FROM t
SELECT k, max_by(n, d) FROM t GROUP BY k ORDER BY k
SELECT k, min_by(n, d) FROM t GROUP BY k ORDER BY k
SELECT max(struct(n, s)) FROM t
SELECT max(struct(d, n)).n FROM t
SELECT bool_and(b), bool_or(b), every(b), some(b), any(b) FROM t
SELECT k, bool_and(b), bool_or(b) FROM t GROUP BY k ORDER BY k
SELECT bool_and(b) FROM t WHERE b IS NULL
SELECT sort_array(collect_list(n)) FROM t
SELECT sort_array(collect_set(n)) FROM t
SELECT sort_array(collect_set(s)) FROM t
SELECT k, sort_array(collect_list(n)) FROM t GROUP BY k ORDER BY k
SELECT k, sort_array(collect_set(s)) AS c FROM t GROUP BY k ORDER BY k
SELECT size(collect_set(k)) FROM t
SELECT array_join(sort_array(collect_list(s)), ',') FROM t
SELECT concat_ws(',', sort_array(collect_list(n))) FROM t
SELECT sort_array(array_agg(n)) FROM t
SELECT collect_list(n) FROM t WHERE n > 100
SELECT sort_array(collect_list(struct(n, s))) FROM t WHERE k = 'a'
SELECT sort_array(collect_list(named_struct('n', n))) FROM t WHERE k = 'b'
SELECT listagg(s, ',') WITHIN GROUP (ORDER BY s) FROM t
SELECT string_agg(k, '-') WITHIN GROUP (ORDER BY n DESC) FROM t WHERE n IS NOT NULL
SELECT k, listagg(s, ';') WITHIN GROUP (ORDER BY n) FROM t GROUP BY k ORDER BY k
SELECT stddev(n), stddev_samp(n), stddev_pop(n), std(n) FROM t
SELECT variance(n), var_samp(n), var_pop(n) FROM t
SELECT k, stddev(n), variance(n) FROM t GROUP BY k ORDER BY k
SELECT corr(n, l), covar_pop(n, l), covar_samp(n, l) FROM t
SELECT skewness(n), kurtosis(n) FROM t
SELECT corr(n, m) FROM t
SELECT regr_slope(n, l), regr_count(n, l), regr_r2(n, l) FROM t
SELECT percentile(n, 0.5) FROM t
SELECT percentile(n, 0.25), percentile(n, 0), percentile(n, 1) FROM t
SELECT percentile(n, array(0.25, 0.5, 0.75)) FROM t
SELECT percentile(g, 0.5) FROM t WHERE k IS NOT NULL
SELECT percentile(n, 0.5) FROM t WHERE n > 100
SELECT percentile(n, 1.5) FROM t
SELECT k, percentile(n, 0.5) FROM t GROUP BY k ORDER BY k
SELECT median(n), median(l) FROM t
SELECT k, median(m) FROM t GROUP BY k ORDER BY k
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY n) FROM t
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY n) FROM t
SELECT percentile_cont(0.25) WITHIN GROUP (ORDER BY n DESC) FROM t
SELECT percentile_approx(n, 0.5) FROM t
SELECT percentile_approx(n, array(0.25, 0.5, 0.75)) FROM t
SELECT percentile_approx(n, 0.5, 100) FROM t
SELECT approx_percentile(l, 0.9) FROM t
SELECT percentile_approx(m, 0.5), percentile_approx(d, 0.5) FROM t
SELECT k, percentile_approx(n, 0.5) FROM t GROUP BY k ORDER BY k
SELECT approx_count_distinct(n) FROM t
SELECT approx_count_distinct(s), approx_count_distinct(k) FROM t
SELECT mode(n) FROM t
SELECT mode(k) FROM t WHERE k <> 'b'
SELECT bit_and(n), bit_or(n), bit_xor(n) FROM t
SELECT map_from_entries(sort_array(collect_list(struct(k, n)))) FROM t WHERE n IN (1, 7)
SELECT try_sum(l), try_avg(n) FROM t
SELECT try_sum(l * 4000000000) FROM t
SELECT max(n) - min(n) AS span FROM t
SELECT sum(n) / count(n) FROM t
SELECT sum(n) / count(*) AS per_row FROM t
SELECT round(avg(n), 2) FROM t
SELECT sum(m) / sum(n) FROM t
SELECT sum(n) + 1, count(*) * 2 FROM t
SELECT k, n, sum(l) FROM t GROUP BY k, n ORDER BY k, n
SELECT DISTINCT k FROM t ORDER BY k
SELECT DISTINCT n % 2 AS r FROM t ORDER BY r
SELECT k, sum(n) FROM t GROUP BY k WITH ROLLUP ORDER BY k, 2
SELECT k, b, count(*) FROM t GROUP BY k, b WITH CUBE ORDER BY k, b, 3
SELECT k, b, count(*) FROM t GROUP BY ROLLUP (k, b) ORDER BY k, b, 3
SELECT k, b, count(*) FROM t GROUP BY CUBE (k, b) ORDER BY k, b, 3
SELECT k, b, count(*) FROM t GROUP BY GROUPING SETS ((k), (b), ()) ORDER BY k, b, 3
SELECT k, b, count(*) FROM t GROUP BY k, b GROUPING SETS ((k), (k, b)) ORDER BY k, b, 3
SELECT k, grouping(k), count(*) FROM t GROUP BY ROLLUP (k) ORDER BY 2, 1
SELECT k, b, grouping_id(k, b), count(*) FROM t GROUP BY CUBE (k, b) ORDER BY 3, 1, 2
SELECT grouping__id, k, count(*) FROM t GROUP BY k WITH ROLLUP ORDER BY 1, 2
SELECT coalesce(k, 'all') AS k, sum(n) FROM t GROUP BY ROLLUP (k) ORDER BY 1, 2
SELECT k FROM t GROUP BY k HAVING count(*) > 1 ORDER BY k
SELECT count(*) FROM t HAVING count(*) > 100
SELECT max(n) FROM t GROUP BY k ORDER BY max(n)
SELECT k, max(n) FROM t GROUP BY k ORDER BY max(d) DESC, k
SELECT k, n FROM t GROUP BY k
SELECT sum(n) FROM t WHERE sum(n) > 1
SELECT k, sum(sum(n)) OVER () FROM t GROUP BY k ORDER BY k
SELECT count(DISTINCT n), sum(DISTINCT l), count(*) FROM t
SELECT k, count(DISTINCT s), count(DISTINCT n) FROM t GROUP BY k ORDER BY k
SELECT k, collect_list(n)[0] IS NULL FROM t GROUP BY k ORDER BY k
SELECT min(named_struct('n', n, 's', s)) FROM t WHERE n IS NOT NULL
SELECT max(array(n, 1)) FROM t
SELECT count(*), k AS key FROM t GROUP BY key ORDER BY key
SELECT sum(CAST(n AS tinyint)), avg(CAST(n AS smallint)) FROM t
SELECT sum(CAST(g AS float)) FROM t WHERE k = 'a'
SELECT sum(b) FROM t
SELECT max(NULL) FROM t
SELECT * FROM (SELECT k, n FROM t) PIVOT (sum(n) FOR k IN ('a', 'b')) ORDER BY 1
SELECT * FROM (SELECT k, b, n FROM t WHERE k IS NOT NULL) PIVOT (sum(n) AS s, count(*) AS c FOR b IN (true AS yes, false AS no)) ORDER BY k
SELECT percentile(g, 0.5, 2), percentile(g, 0.3, n + 4), percentile(g, array(0.0, 0.1, 0.5, 0.9, 1.0), l + 5) FROM t
SELECT k, percentile(m, 0.25, n + 4) AS p, percentile(DISTINCT n, 0.5, 3) AS q FROM t GROUP BY k ORDER BY k
SELECT percentile(g, 0.5, n) FROM t
SELECT percentile(g, 0.5, 0), percentile(g, 0.5, NULL) FROM t
SELECT percentile(g, 0.5, 1.5) FROM t
SELECT percentile(g, 0.5, '1') FROM t
SELECT k, percentile(g, 0.5, 2) OVER (PARTITION BY k) AS p FROM t ORDER BY k, p
