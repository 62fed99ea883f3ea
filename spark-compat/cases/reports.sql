-- What a data team types in its week: orders, clicks, people, sensors and dirty lists of customers.
-- orders
-- columns: id int, customer string, at timestamp, status string, amount decimal(10,2), country string, coupon string, items array<struct<sku:string,qty:int,price:double>>, tags map<string,string>
-- row: 1, 'ana', TIMESTAMP'2024-01-03 09:15:00', 'paid', 120.50, 'ES', NULL, array(named_struct('sku', 'A1', 'qty', 2, 'price', 50.0D), named_struct('sku', 'B2', 'qty', 1, 'price', 20.5D)), map('channel', 'web', 'ab', 'x')
-- row: 2, 'bob', TIMESTAMP'2024-01-03 23:59:59', 'paid', 15.00, 'US', 'NEW10', array(named_struct('sku', 'C3', 'qty', 3, 'price', 5.0D)), map('channel', 'app')
-- row: 3, 'ana', TIMESTAMP'2024-01-17 10:00:00', 'refunded', 60.00, 'ES', NULL, array(named_struct('sku', 'A1', 'qty', 1, 'price', 60.0D)), map('ab', 'x', 'channel', 'web')
-- row: 4, 'cho', TIMESTAMP'2024-02-01 00:00:00', 'paid', 99.99, 'KR', 'VIP', array(named_struct('sku', 'B2', 'qty', 4, 'price', 24.9975D)), map('channel', 'web')
-- row: 5, 'dee', TIMESTAMP'2024-02-11 12:30:00.5', 'pending', NULL, 'US', NULL, NULL, NULL
-- row: 6, 'bob', TIMESTAMP'2024-02-29 08:00:00', 'paid', 200.00, 'US', NULL, array(named_struct('sku', 'D4', 'qty', 1, 'price', 200.0D)), map('channel', 'store', 'ab', 'y')
-- row: 7, 'ana', TIMESTAMP'2024-03-31 02:30:00', 'paid', 35.25, 'FR', 'NEW10', array(named_struct('sku', 'C3', 'qty', 5, 'price', 5.05D), named_struct('sku', 'E5', 'qty', 1, 'price', 10.0D)), map('channel', 'app', 'ab', 'y')
-- row: 8, NULL, TIMESTAMP'2024-03-31 18:45:10', 'paid', 12.00, NULL, NULL, CAST(array() AS array<struct<sku:string,qty:int,price:double>>), CAST(map() AS map<string,string>)
-- row: 9, 'eve', NULL, 'cancelled', 0.00, 'FR', 'VIP', array(named_struct('sku', 'A1', 'qty', 0, 'price', 0.0D)), map('channel', NULL)
-- row: 10, 'cho', TIMESTAMP'2024-04-15 14:00:00', 'paid', 99.99, 'KR', NULL, array(named_struct('sku', 'B2', 'qty', 2, 'price', 30.0D), named_struct('sku', 'D4', 'qty', 1, 'price', 39.99D)), map('channel', 'app')
SELECT date_trunc('month', at) AS month, count(*) AS orders, sum(amount) AS revenue, avg(amount) AS average FROM t WHERE status = 'paid' GROUP BY date_trunc('month', at) ORDER BY month
SELECT date_format(at, 'yyyy-MM') AS month, country, sum(amount) AS revenue FROM t GROUP BY 1, 2 ORDER BY 1 NULLS LAST, 2
SELECT country, sum(amount) AS revenue, round(100 * sum(amount) / sum(sum(amount)) OVER (), 2) AS share FROM t GROUP BY country ORDER BY revenue DESC, country
SELECT coalesce(country, 'all') AS country, coalesce(status, 'all') AS status, count(*) AS n, sum(amount) AS s FROM t GROUP BY ROLLUP (country, status) ORDER BY country, status, n
SELECT country, status, grouping_id(country, status) AS g, count(*) AS n FROM t GROUP BY CUBE (country, status) ORDER BY g, country, status
SELECT country, status, sum(amount) FROM t GROUP BY GROUPING SETS ((country), (status), ()) ORDER BY country NULLS LAST, status NULLS LAST, 3
SELECT country, grouping(country) AS g, sum(amount) AS s FROM t GROUP BY country WITH ROLLUP ORDER BY g, country
SELECT * FROM (SELECT country, status, amount FROM t) PIVOT (sum(amount) FOR status IN ('paid', 'refunded', 'pending')) ORDER BY country
SELECT * FROM (SELECT country, status, amount FROM t) PIVOT (sum(amount) AS total, count(*) AS n FOR status IN ('paid' AS p, 'refunded' AS r)) ORDER BY country
SELECT * FROM (SELECT customer, month(at) AS m, amount FROM t) PIVOT (max(amount) FOR m IN (1, 2, 3)) ORDER BY customer
SELECT customer, sum(CASE WHEN status = 'paid' THEN amount ELSE 0 END) AS paid, sum(CASE WHEN status <> 'paid' THEN amount END) AS other, count(CASE WHEN coupon IS NOT NULL THEN 1 END) AS coupons FROM t GROUP BY customer ORDER BY customer
SELECT customer, sum(amount) FILTER (WHERE status = 'paid') AS paid, count(*) FILTER (WHERE coupon IS NULL) AS without FROM t GROUP BY customer ORDER BY customer
SELECT customer, count(DISTINCT country) AS countries, count(DISTINCT country, status) AS pairs, collect_set(country) AS c FROM t WHERE customer IN ('bob', 'cho') GROUP BY customer ORDER BY customer
SELECT customer, array_join(sort_array(collect_set(country)), ',') AS countries, array_sort(collect_list(id)) AS ids FROM t GROUP BY customer ORDER BY customer
SELECT customer, max_by(status, at) AS last_status, min_by(id, at) AS first_id, max(at) AS last_at FROM t GROUP BY customer ORDER BY customer
SELECT * FROM (SELECT id, customer, row_number() OVER (PARTITION BY customer ORDER BY at DESC NULLS LAST, id) AS r FROM t) WHERE r = 1 ORDER BY id
SELECT id, customer, amount FROM t QUALIFY row_number() OVER (PARTITION BY customer ORDER BY amount DESC, id) = 1 ORDER BY id
SELECT id, customer, at, datediff(at, lag(at) OVER (PARTITION BY customer ORDER BY at)) AS gap FROM t ORDER BY customer, at, id
SELECT id, sum(amount) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS running, avg(amount) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS moving FROM t ORDER BY id
SELECT id, amount, amount - lag(amount, 1, 0) OVER (ORDER BY id) AS change, round((amount / lag(amount) OVER (ORDER BY id) - 1) * 100, 1) AS pct FROM t WHERE amount > 0 ORDER BY id
SELECT id, amount, ntile(4) OVER (ORDER BY amount DESC, id) AS quartile, percent_rank() OVER (ORDER BY amount) AS pr, cume_dist() OVER (ORDER BY amount) AS cd FROM t WHERE amount IS NOT NULL ORDER BY id
SELECT id, country, rank() OVER (PARTITION BY country ORDER BY amount DESC) AS r, dense_rank() OVER (ORDER BY amount DESC) AS d FROM t ORDER BY id
SELECT id, first_value(id) OVER w AS f, last_value(id) OVER w AS l, count(*) OVER w AS n FROM t WINDOW w AS (PARTITION BY country ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) ORDER BY id
SELECT id, sum(amount) OVER (ORDER BY at RANGE BETWEEN INTERVAL 30 DAYS PRECEDING AND CURRENT ROW) AS last30 FROM t WHERE at IS NOT NULL ORDER BY id
SELECT o.id, i.sku, i.qty * i.price AS total FROM t o LATERAL VIEW explode(items) e AS i ORDER BY o.id, i.sku
SELECT id, pos, item.sku FROM t LATERAL VIEW OUTER posexplode(items) AS pos, item ORDER BY id, pos
SELECT sku, sum(qty) AS qty, round(sum(qty * price), 2) AS total FROM (SELECT inline(items) FROM t) GROUP BY sku ORDER BY total DESC, sku
SELECT id, size(items) AS n, aggregate(items, 0D, (acc, x) -> acc + x.qty * x.price) AS total FROM t ORDER BY id
SELECT id, transform(items, x -> x.sku) AS skus, exists(items, x -> x.qty > 2) AS bulk, filter(items, x -> x.price > 20).sku AS dear FROM t ORDER BY id
SELECT id, items[0].sku AS first_sku, try_element_at(items, 2).sku AS second_sku, items.qty AS qtys, element_at(items.sku, -1) AS last_sku FROM t WHERE size(items) > 0 ORDER BY id
SELECT id, tags['channel'] AS channel, map_keys(tags) AS ks, size(tags) AS n, map_contains_key(tags, 'ab') AS ab FROM t ORDER BY id
SELECT channel, count(*) AS n FROM (SELECT tags.channel AS channel FROM t) GROUP BY channel ORDER BY n DESC, channel
SELECT k, v, count(*) AS n FROM t LATERAL VIEW explode(tags) x AS k, v GROUP BY k, v ORDER BY k, v
SELECT id, map_entries(tags) AS e, map_filter(tags, (k, v) -> k <> 'ab') AS f, transform_values(tags, (k, v) -> upper(v)) AS u FROM t ORDER BY id
WITH paid AS (SELECT * FROM t WHERE status = 'paid'), totals AS (SELECT customer, sum(amount) AS total FROM paid GROUP BY customer) SELECT p.id, p.customer, round(p.amount / s.total, 4) AS part FROM paid p JOIN totals s ON p.customer = s.customer ORDER BY p.id
WITH m AS (SELECT trunc(at, 'MM') AS month, sum(amount) AS s FROM t WHERE at IS NOT NULL GROUP BY 1), d AS (SELECT month, s, lag(s) OVER (ORDER BY month) AS before FROM m) SELECT month, s, before, s - before AS diff, CASE WHEN before IS NULL THEN 'new' WHEN s >= before THEN 'up' ELSE 'down' END AS trend FROM d ORDER BY month
WITH a AS (WITH b AS (SELECT id, amount FROM t WHERE amount > 50) SELECT max(amount) AS m, count(*) AS n FROM b) SELECT * FROM a
WITH a AS (SELECT 1 AS x), b AS (WITH a AS (SELECT 2 AS x) SELECT x FROM a) SELECT a.x AS o, b.x AS i FROM a, b
SELECT id FROM t WHERE amount > (SELECT avg(amount) FROM t) ORDER BY id
SELECT id FROM t o WHERE amount > (SELECT avg(amount) FROM t i WHERE i.country = o.country) ORDER BY id
SELECT id FROM t o WHERE amount = (SELECT max(i.amount) FROM t i WHERE i.customer = o.customer) ORDER BY id
SELECT id, (SELECT count(*) FROM t i WHERE i.customer = o.customer AND i.at < o.at) AS earlier FROM t o ORDER BY id
SELECT id, (SELECT max(i.at) FROM t i WHERE i.customer = o.customer AND i.id < o.id) AS before FROM t o ORDER BY id
SELECT id, (SELECT sum(i.amount) FROM t i WHERE i.id <= o.id) AS running FROM t o ORDER BY id
SELECT id, coalesce((SELECT sum(i.amount) FROM t i WHERE i.customer = o.customer AND i.id <> o.id), 0) AS others FROM t o ORDER BY id
SELECT id FROM t o WHERE EXISTS (SELECT 1 FROM t i WHERE i.customer = o.customer AND i.at > o.at AND i.at <= o.at + INTERVAL 30 DAYS) ORDER BY id
SELECT id FROM t o WHERE NOT EXISTS (SELECT 1 FROM t i WHERE i.country = o.country AND i.amount > o.amount) ORDER BY id
SELECT DISTINCT customer FROM t WHERE customer NOT IN (SELECT customer FROM t WHERE status = 'refunded') ORDER BY customer
SELECT DISTINCT customer FROM t WHERE customer NOT IN (SELECT customer FROM t WHERE status = 'refunded' AND customer IS NOT NULL) ORDER BY customer
SELECT id FROM t WHERE (customer, country) IN (SELECT customer, country FROM t WHERE coupon = 'NEW10') ORDER BY id
SELECT id, customer IN (SELECT customer FROM t WHERE coupon IS NOT NULL AND customer IS NOT NULL) AS had FROM t ORDER BY id
SELECT id, CASE WHEN EXISTS (SELECT 1 FROM t i WHERE i.customer = o.customer AND i.status = 'refunded') THEN 'risk' ELSE 'fine' END AS risk FROM t o ORDER BY id
SELECT c.name, count(o.id) AS n, sum(o.amount) AS s FROM VALUES ('ana', 'Ana'), ('bob', 'Bob'), ('zoe', 'Zoe') AS c(key, name) LEFT JOIN t o ON o.customer = c.key GROUP BY c.name ORDER BY c.name
SELECT o.id, r.rate, round(o.amount * r.rate, 2) AS eur FROM t o LEFT JOIN (VALUES ('US', 0.92), ('KR', 0.00069), ('ES', 1)) AS r(country, rate) ON r.country = o.country ORDER BY o.id
SELECT o.id, b.name FROM t o JOIN VALUES (0, 20, 'small'), (20, 100, 'medium'), (100, 100000, 'large') AS b(lo, hi, name) ON o.amount >= b.lo AND o.amount < b.hi ORDER BY o.id
SELECT a.id, b.id AS other FROM t a JOIN t b ON a.customer = b.customer AND a.id < b.id ORDER BY 1, 2
SELECT a.id, count(b.id) AS smaller FROM t a LEFT JOIN t b ON b.amount < a.amount GROUP BY a.id ORDER BY a.id
SELECT o.id, x.m FROM t o JOIN (SELECT country, max(amount) AS m FROM t GROUP BY country) x ON o.country <=> x.country AND o.amount <=> x.m ORDER BY o.id
SELECT a.id, b.id AS next FROM t a LEFT JOIN t b ON b.id = (SELECT min(c.id) FROM t c WHERE c.id > a.id AND c.customer = a.customer) ORDER BY a.id
SELECT o.id, l.total FROM t o, LATERAL (SELECT sum(i.amount) AS total FROM t i WHERE i.customer = o.customer) l ORDER BY o.id
SELECT coalesce(a.country, b.country) AS country, a.n, b.n AS m FROM (SELECT country, count(*) AS n FROM t WHERE status = 'paid' GROUP BY country) a FULL OUTER JOIN (SELECT country, count(*) AS n FROM t WHERE status <> 'paid' GROUP BY country) b ON a.country = b.country ORDER BY country, n, m
SELECT country FROM t WHERE status = 'paid' INTERSECT SELECT country FROM t WHERE status <> 'paid' ORDER BY country
SELECT customer FROM t EXCEPT SELECT customer FROM t WHERE coupon IS NOT NULL ORDER BY customer
SELECT 'orders' AS what, count(*) AS n FROM t UNION ALL SELECT 'customers', count(DISTINCT customer) FROM t UNION ALL SELECT 'revenue', sum(amount) FROM t ORDER BY what
SELECT percentile_approx(amount, 0.5) AS p50, percentile(amount, 0.9) AS p90, median(amount) AS m, percentile(amount, array(0.25, 0.75)) AS q FROM t
SELECT country, percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) AS c, percentile_disc(0.5) WITHIN GROUP (ORDER BY amount) AS d FROM t GROUP BY country ORDER BY country
SELECT country, count(*) AS n, min(amount) AS lo, max(amount) AS hi, stddev(amount) AS sd, variance(amount) AS v FROM t GROUP BY country HAVING count(*) > 1 ORDER BY country
SELECT year(at) AS y, quarter(at) AS q, count(*) AS n FROM t GROUP BY ALL ORDER BY ALL
SELECT dayofweek(at) AS d, date_format(at, 'EEEE') AS name, hour(at) AS h, count(*) AS n FROM t WHERE at IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 3
SELECT id, CASE WHEN amount IS NULL THEN 'none' WHEN amount < 20 THEN 'low' WHEN amount BETWEEN 20 AND 100 THEN 'mid' ELSE 'high' END AS band, if(coupon IS NULL, 0, 1) AS used FROM t ORDER BY id
SELECT CASE WHEN amount < 50 THEN 'low' ELSE 'high' END AS band, count(*) AS n, count(amount) AS m FROM t GROUP BY CASE WHEN amount < 50 THEN 'low' ELSE 'high' END ORDER BY band
SELECT width_bucket(amount, 0, 200, 4) AS b, count(*) AS n FROM t GROUP BY b ORDER BY b
SELECT floor(amount / 50) * 50 AS bucket, count(*) AS n FROM t GROUP BY bucket HAVING bucket IS NOT NULL ORDER BY bucket
SELECT id, amount AS total, total * 0.21 AS tax, total + tax AS gross FROM t ORDER BY id
SELECT id, nvl(coupon, 'none') AS c, nullif(status, 'paid') AS s, coalesce(amount, 0) AS a, greatest(amount, 50) AS g, least(amount, 50) AS l FROM t ORDER BY id
SELECT id, format_number(amount, 1) AS f, concat_ws('-', customer, country, coupon) AS k, lpad(CAST(id AS string), 4, '0') AS code, printf('%05.1f', CAST(amount AS double)) AS p FROM t ORDER BY id
SELECT to_json(named_struct('id', id, 'amount', amount, 'at', at, 'tags', tags)) AS j FROM t ORDER BY id
SELECT id, to_json(items) AS j FROM t ORDER BY id
SELECT customer, first_at, cohort, count(*) AS n FROM (SELECT customer, at, min(at) OVER (PARTITION BY customer) AS first_at, date_format(min(at) OVER (PARTITION BY customer), 'yyyy-MM') AS cohort FROM t WHERE customer IS NOT NULL AND at IS NOT NULL) GROUP BY ALL ORDER BY customer
WITH first AS (SELECT customer, trunc(min(at), 'MM') AS cohort FROM t GROUP BY customer), acts AS (SELECT DISTINCT customer, trunc(at, 'MM') AS month FROM t) SELECT f.cohort, CAST(months_between(a.month, f.cohort) AS int) AS n, count(DISTINCT a.customer) AS customers FROM first f JOIN acts a ON f.customer = a.customer WHERE a.month IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
SELECT customer, datediff(DATE'2024-05-01', max(at)) AS recency, count(*) AS frequency, sum(amount) AS monetary, ntile(2) OVER (ORDER BY sum(amount) DESC NULLS LAST, customer) AS tier FROM t GROUP BY customer ORDER BY customer
WITH RECURSIVE months(m) AS (SELECT DATE'2024-01-01' UNION ALL SELECT add_months(m, 1) FROM months WHERE m < DATE'2024-05-01') SELECT m, count(o.id) AS n FROM months LEFT JOIN t o ON trunc(o.at, 'MM') = m GROUP BY m ORDER BY m
SELECT d, coalesce(sum(o.amount), 0) AS s FROM (SELECT explode(sequence(DATE'2024-01-01', DATE'2024-01-05', INTERVAL 1 DAY)) AS d) c LEFT JOIN t o ON CAST(o.at AS date) = c.d GROUP BY d ORDER BY d
SELECT id FROM t WHERE at >= '2024-02-01' AND at < '2024-03-01' ORDER BY id
SELECT id FROM t WHERE at BETWEEN DATE'2024-02-01' AND DATE'2024-02-29' ORDER BY id
SELECT id FROM t WHERE CAST(at AS date) = '2024-01-03' AND amount > '20' ORDER BY id
SELECT id FROM t WHERE lower(status) LIKE 'p%' AND country NOT IN ('US', 'KR') ORDER BY id
SELECT id FROM t WHERE array_contains(items.sku, 'A1') OR coupon RLIKE '^V' ORDER BY id
SELECT count(*) AS n, count(coupon) AS c, count(*) - count(coupon) AS missing, round(100.0 * count(coupon) / count(*), 1) AS pct FROM t
SELECT sum(amount) / count(DISTINCT customer) AS per_customer, sum(amount) / count(*) AS per_order, avg(amount) AS a, try_divide(sum(amount), 0) AS z FROM t
SELECT any(status = 'refunded') AS has, every(amount >= 0) AS pos, bool_or(coupon = 'VIP') AS vip, count_if(amount > 50) AS n FROM t
SELECT customer, collect_list(struct(id, amount)) AS l FROM (SELECT * FROM t ORDER BY id) GROUP BY customer ORDER BY customer
SELECT customer, to_json(collect_list(named_struct('id', id, 'c', coupon))) AS j FROM (SELECT * FROM t WHERE customer = 'ana' ORDER BY id) GROUP BY customer
SELECT stack(2, 'min', min(amount), 'max', max(amount)) AS (what, v) FROM t
SELECT * FROM (SELECT min(amount) AS lo, max(amount) AS hi FROM t) UNPIVOT (v FOR what IN (lo, hi)) ORDER BY what
SELECT id, t.* EXCEPT (items, tags, at, id) FROM t ORDER BY id LIMIT 3
SELECT *, amount > 50 AS big FROM (SELECT id, amount FROM t) ORDER BY id LIMIT 4 OFFSET 2
SELECT country, sum(amount) AS s FROM t GROUP BY country ORDER BY sum(amount) DESC NULLS LAST, country LIMIT 2
SELECT mode(country) AS m, approx_count_distinct(customer) AS d, first(customer, true) AS f FROM (SELECT * FROM t ORDER BY id)
SELECT corr(id, amount) IS NOT NULL AS c, regr_count(id, amount) AS n, covar_pop(id, id) AS cp FROM t
SELECT t.tags, count(*) AS n FROM t GROUP BY t.tags ORDER BY n DESC, CAST(tags AS string)
SELECT DISTINCT items.sku AS s FROM t WHERE items IS NOT NULL ORDER BY s
SELECT id, at, window(at, '7 days').start AS w FROM t WHERE at IS NOT NULL ORDER BY id
SELECT window.start AS s, count(*) AS n FROM t WHERE at IS NOT NULL GROUP BY window(at, '30 days') ORDER BY s
SELECT id, transform(items, amount -> amount.qty) AS q FROM t ORDER BY id
SELECT id AS x, transform(items, x -> x.qty + 1) AS q, x + 1 AS y FROM t WHERE id < 4 ORDER BY x
SELECT id, CASE WHEN amount = 0 THEN 0 ELSE 100 / amount END AS r FROM t ORDER BY id
SELECT id, if(size(items) > 1, items[1].sku, 'one') AS s FROM t ORDER BY id
SELECT id FROM t ORDER BY CASE status WHEN 'paid' THEN 1 WHEN 'pending' THEN 2 ELSE 3 END, id DESC
SELECT id, (SELECT min(i.id) FROM t i WHERE i.country = o.country AND i.amount > o.amount AND i.status = 'paid') AS dearer FROM t o ORDER BY id
SELECT id, (SELECT count(*) FROM t i WHERE i.amount BETWEEN o.amount - 20 AND o.amount + 20 AND i.id <> o.id) AS near FROM t o ORDER BY id
SELECT id, (SELECT collect_list(i.id) FROM t i WHERE i.at < o.at AND i.country = o.country) AS before FROM t o ORDER BY id
SELECT country, sum(amount) AS s, (SELECT count(*) FROM t i WHERE i.amount > sum(o.amount)) AS above FROM t o GROUP BY country ORDER BY country
SELECT id FROM t o WHERE (SELECT count(DISTINCT i.customer) FROM t i WHERE i.at <= o.at) = 2 ORDER BY id
SELECT id, (SELECT max(i.amount) FROM t i WHERE i.at < o.at OR i.country = o.country) AS m FROM t o ORDER BY id
SELECT id, (SELECT sum(i.amount) / count(*) FROM t i WHERE i.id < o.id HAVING count(*) > 2) AS mean FROM t o ORDER BY id
SELECT o.id, p.id AS twin FROM t o JOIN t p ON o.id < p.id AND o.amount = (SELECT max(amount) FROM t WHERE amount < 100) AND p.amount = o.amount ORDER BY 1, 2
SELECT o.id FROM t o JOIN t p ON o.id = p.id AND EXISTS (SELECT 1 FROM t q WHERE q.customer = o.customer AND q.id > p.id) ORDER BY o.id
SELECT o.id FROM t o LEFT JOIN t p ON o.id = p.id AND p.customer IN (SELECT customer FROM t WHERE coupon IS NOT NULL) WHERE p.id IS NULL ORDER BY o.id
SELECT DISTINCT tags FROM t
SELECT id, max(amount) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS m, min(CAST(amount AS double)) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS n FROM t ORDER BY id
SELECT cast(map('b', 1, 'a', 2) AS string) AS m, count(*) AS n FROM t GROUP BY map('b', 1, 'a', 2)
-- clicks
-- columns: who int, at timestamp, event string, page string, props string
-- row: 1, TIMESTAMP'2024-05-01 10:00:00', 'view', '/home', '{"ref":"ads","n":1,"tags":["a","b"]}'
-- row: 1, TIMESTAMP'2024-05-01 10:05:00', 'view', '/item/1?color=red&size=M', '{"ref":"ads","n":2}'
-- row: 1, TIMESTAMP'2024-05-01 10:06:30', 'cart', '/item/1', '{"item":{"id":1,"price":9.5}}'
-- row: 1, TIMESTAMP'2024-05-01 11:30:00', 'view', '/home', NULL
-- row: 1, TIMESTAMP'2024-05-01 11:31:00', 'buy', '/checkout', '{"item":{"id":1,"price":9.5},"total":19.0}'
-- row: 2, TIMESTAMP'2024-05-01 23:50:00', 'view', '/home', '{}'
-- row: 2, TIMESTAMP'2024-05-02 00:10:00', 'view', '/item/2', '{"ref":null}'
-- row: 2, TIMESTAMP'2024-05-02 00:45:00', 'cart', '/item/2', 'not json'
-- row: 3, TIMESTAMP'2024-05-02 09:00:00', 'view', '/blog/2024/05/post', '{"ref":"mail","tags":[]}'
-- row: 3, TIMESTAMP'2024-05-02 09:00:00', 'view', '/blog/2024/05/post', '{"ref":"mail","tags":[]}'
-- row: NULL, TIMESTAMP'2024-05-03 12:00:00', 'view', NULL, '[1,2]'
SELECT who, event, count(*) AS n FROM t GROUP BY who, event ORDER BY who, event
SELECT DISTINCT * FROM t ORDER BY who, at
SELECT who, at, page, count(*) AS copies FROM t GROUP BY who, at, page HAVING count(*) > 1
WITH g AS (SELECT *, unix_timestamp(at) - unix_timestamp(lag(at) OVER (PARTITION BY who ORDER BY at)) AS gap FROM t), s AS (SELECT *, sum(CASE WHEN gap IS NULL OR gap > 1800 THEN 1 ELSE 0 END) OVER (PARTITION BY who ORDER BY at) AS session FROM g) SELECT who, session, min(at) AS began, max(at) AS ended, count(*) AS n FROM s GROUP BY who, session ORDER BY who, session
SELECT who, at, session_start FROM (SELECT who, at, last_value(CASE WHEN new THEN at END, true) OVER (PARTITION BY who ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS session_start FROM (SELECT who, at, at > lag(at) OVER (PARTITION BY who ORDER BY at) + INTERVAL 30 MINUTES OR lag(at) OVER (PARTITION BY who ORDER BY at) IS NULL AS new FROM t)) ORDER BY who, at
SELECT session_window.start AS s, session_window.end AS e, who, count(*) AS n FROM t GROUP BY session_window(at, '30 minutes'), who ORDER BY who, s
WITH v AS (SELECT who, min(at) AS at FROM t WHERE event = 'view' GROUP BY who), c AS (SELECT who, min(at) AS at FROM t WHERE event = 'cart' GROUP BY who), b AS (SELECT who, min(at) AS at FROM t WHERE event = 'buy' GROUP BY who) SELECT count(v.who) AS viewed, count(c.who) AS carted, count(b.who) AS bought FROM v LEFT JOIN c ON v.who = c.who AND c.at >= v.at LEFT JOIN b ON c.who = b.who AND b.at >= c.at
SELECT count(DISTINCT CASE WHEN event = 'view' THEN who END) AS v, count(DISTINCT CASE WHEN event = 'cart' THEN who END) AS c, count(DISTINCT who) FILTER (WHERE event = 'buy') AS b FROM t
SELECT who, collect_list(event) AS path FROM (SELECT * FROM t ORDER BY at) GROUP BY who ORDER BY who
SELECT who, event, lead(event) OVER (PARTITION BY who ORDER BY at) AS next, string(lead(at) OVER (PARTITION BY who ORDER BY at) - at) AS took FROM t WHERE who < 3 ORDER BY who, at
SELECT who, at, timestampdiff(MINUTE, lag(at) OVER (PARTITION BY who ORDER BY at), at) AS minutes FROM t WHERE who = 1 ORDER BY at
SELECT CAST(at AS date) AS day, count(DISTINCT who) AS dau, count(*) AS hits FROM t GROUP BY 1 ORDER BY 1
SELECT to_date(at) AS day, hour(at) AS h, count(*) AS n FROM t GROUP BY to_date(at), hour(at) ORDER BY day, h
SELECT window(at, '1 hour').start AS h, count(*) AS n FROM t GROUP BY window(at, '1 hour') ORDER BY h
SELECT window.start, window.end, count(*) AS n FROM t WHERE who = 1 GROUP BY window(at, '1 hour', '30 minutes') ORDER BY 1
SELECT regexp_extract(page, '^/([a-z]+)', 1) AS section, count(*) AS n FROM t GROUP BY 1 ORDER BY n DESC, section
SELECT page, split(page, '/')[1] AS s, parse_url(concat('http://x.org', page), 'QUERY', 'color') AS color, substring_index(page, '/', -1) AS leaf FROM t WHERE who = 1 ORDER BY at
SELECT at, get_json_object(props, '$.ref') AS ref, get_json_object(props, '$.item.price') AS price, get_json_object(props, '$.tags[0]') AS tag FROM t ORDER BY at
SELECT at, j.ref, j.n, j.item.id AS item FROM (SELECT at, from_json(props, 'ref STRING, n INT, item STRUCT<id: INT, price: DOUBLE>') AS j FROM t) ORDER BY at
SELECT at, r.ref, r.total FROM t LATERAL VIEW json_tuple(props, 'ref', 'total') r AS ref, total ORDER BY at, ref
SELECT DISTINCT tag FROM t LATERAL VIEW explode(from_json(get_json_object(props, '$.tags'), 'ARRAY<STRING>')) x AS tag ORDER BY tag
SELECT sum(CAST(get_json_object(props, '$.item.price') AS double)) AS s, max(CAST(get_json_object(props, '$.total') AS decimal(10,2))) AS m FROM t
SELECT json_array_length(get_json_object(props, '$.tags')) AS n, json_object_keys(props) AS k FROM t ORDER BY at
SELECT props:ref AS r FROM t ORDER BY at
SELECT who, string(max(at) - min(at)) AS span, max(unix_timestamp(at)) - min(unix_timestamp(at)) AS seconds FROM t GROUP BY who ORDER BY who
SELECT string(sum(b - a)) AS total FROM (SELECT at AS a, lead(at) OVER (PARTITION BY who ORDER BY at) AS b FROM t)
SELECT who, string(avg(took)) AS mean FROM (SELECT who, at - lag(at) OVER (PARTITION BY who ORDER BY at) AS took FROM t) GROUP BY who ORDER BY who
SELECT date_format(from_utc_timestamp(at, 'America/New_York'), 'yyyy-MM-dd HH') AS local, count(*) AS n FROM t GROUP BY 1 ORDER BY 1
SELECT who, count(*) FILTER (WHERE event = 'view') AS views, count(*) FILTER (WHERE event = 'buy') / count(*) FILTER (WHERE event = 'view') AS rate FROM t GROUP BY who ORDER BY who
SELECT event, count(*) * 100.0 / sum(count(*)) OVER () AS pct FROM t GROUP BY event ORDER BY event
SELECT event, cast(count(*) AS double) / (SELECT count(*) FROM t) AS part FROM t GROUP BY event ORDER BY event
SELECT * FROM (SELECT who, event FROM t) PIVOT (count(event) FOR event IN ('view', 'cart', 'buy')) ORDER BY who
SELECT who, map_from_entries(collect_list(struct(event, n))) AS m FROM (SELECT who, event, count(*) AS n FROM t WHERE who = 2 GROUP BY who, event ORDER BY event) GROUP BY who
SELECT who FROM t GROUP BY who HAVING max(event = 'cart') AND NOT max(event = 'buy') ORDER BY who
SELECT who FROM t a WHERE event = 'cart' AND NOT EXISTS (SELECT 1 FROM t b WHERE b.who = a.who AND b.event = 'buy' AND b.at > a.at) ORDER BY who
SELECT a.who, a.at, (SELECT max(b.at) FROM t b WHERE b.who = a.who AND b.event = 'view' AND b.at < a.at) AS last_view FROM t a WHERE a.event = 'cart' ORDER BY a.who
SELECT a.who, a.at, (SELECT b.page FROM t b WHERE b.who = a.who AND b.at < a.at ORDER BY b.at DESC LIMIT 1) AS before FROM t a WHERE a.event IN ('cart', 'buy') ORDER BY a.who, a.at
SELECT a.who, x.page FROM (SELECT DISTINCT who FROM t) a, LATERAL (SELECT b.page FROM t b WHERE b.who = a.who ORDER BY b.at DESC, b.page LIMIT 1) x ORDER BY a.who
SELECT who, at FROM t WHERE at > (SELECT max(at) - INTERVAL 1 DAY FROM t) ORDER BY at
SELECT who, sequence(min(to_date(at)), max(to_date(at))) AS days FROM t WHERE who IS NOT NULL GROUP BY who ORDER BY who
SELECT who, min(at) AS f, date_add(to_date(min(at)), 1) AS d1, max(CASE WHEN to_date(at) = date_add(d0, 1) THEN 1 ELSE 0 END) AS back FROM (SELECT who, at, to_date(min(at) OVER (PARTITION BY who)) AS d0 FROM t) GROUP BY who ORDER BY who
SELECT hash(who, event) % 4 AS b, abs(xxhash64(page)) % 3 AS x, md5(coalesce(page, '')) AS m FROM t ORDER BY at
SELECT event, first(page) AS f, last(page) AS l FROM (SELECT * FROM t ORDER BY at) GROUP BY event ORDER BY event
SELECT event, max(struct(at, page)).page AS latest FROM t GROUP BY event ORDER BY event
-- people
-- columns: id int, name string, boss int, dept string, hired date, pay decimal(9,2), left_on date
-- row: 1, 'Ines', NULL, 'board', DATE'2015-03-01', 9000.00, NULL
-- row: 2, 'Omar', 1, 'data', DATE'2018-02-28', 6500.50, NULL
-- row: 3, 'Li', 1, 'sales', DATE'2019-12-31', 5000.00, DATE'2023-06-30'
-- row: 4, 'Ada', 2, 'data', DATE'2020-02-29', 5500.00, NULL
-- row: 5, 'Ben', 2, 'data', DATE'2021-07-15', 5500.00, DATE'2024-01-31'
-- row: 6, 'Zoë', 3, 'sales', DATE'2022-01-01', 3200.75, NULL
-- row: 7, 'Kim', 4, 'data', DATE'2023-11-11', NULL, NULL
-- row: 8, 'Sam', NULL, NULL, NULL, 4100.00, NULL
WITH RECURSIVE tree(id, name, depth, path) AS (SELECT id, name, 0, name FROM t WHERE boss IS NULL UNION ALL SELECT t.id, t.name, tree.depth + 1, concat(tree.path, ' > ', t.name) FROM t JOIN tree ON t.boss = tree.id) SELECT * FROM tree ORDER BY id
SELECT e.name, b.name AS boss, coalesce(g.name, '-') AS grand FROM t e LEFT JOIN t b ON e.boss = b.id LEFT JOIN t g ON b.boss = g.id ORDER BY e.id
SELECT dept, count(*) AS n, avg(pay) AS mean, max(pay) - min(pay) AS spread, round(stddev_pop(pay), 3) AS sd FROM t GROUP BY dept ORDER BY dept
SELECT name, pay, pay - avg(pay) OVER (PARTITION BY dept) AS diff, rank() OVER (PARTITION BY dept ORDER BY pay DESC NULLS LAST) AS r FROM t ORDER BY id
SELECT dept, name, pay FROM (SELECT *, dense_rank() OVER (PARTITION BY dept ORDER BY pay DESC) AS r FROM t) x WHERE r <= 2 ORDER BY dept, pay DESC, name
SELECT max(pay) AS second FROM t WHERE pay < (SELECT max(pay) FROM t)
SELECT name FROM t e WHERE pay > (SELECT pay FROM t b WHERE b.id = e.boss) ORDER BY name
SELECT name FROM t e WHERE pay >= ALL (SELECT pay FROM t WHERE pay IS NOT NULL)
SELECT dept FROM t GROUP BY dept HAVING avg(pay) > (SELECT avg(pay) FROM t) ORDER BY dept
SELECT b.name, count(e.id) AS reports, sum(e.pay) AS cost FROM t b LEFT JOIN t e ON e.boss = b.id GROUP BY b.id, b.name HAVING count(e.id) > 0 ORDER BY b.id
SELECT name, floor(months_between(DATE'2024-03-01', hired) / 12) AS years, date_add(hired, 90) AS probation, last_day(hired) AS l, next_day(hired, 'MON') AS n FROM t ORDER BY id
SELECT name, hired, make_date(2024, month(hired), least(day(hired), 28)) AS jubilee, datediff(left_on, hired) AS stayed, string(DATE'2024-03-01' - hired) AS since FROM t ORDER BY id
SELECT year(hired) AS y, count(*) AS joined, sum(count(*)) OVER (ORDER BY year(hired)) AS total FROM t WHERE hired IS NOT NULL GROUP BY year(hired) ORDER BY y
SELECT m, count_if(hired <= m AND (left_on IS NULL OR left_on > m)) AS staff FROM (SELECT explode(sequence(DATE'2023-01-31', DATE'2024-03-31', INTERVAL 6 MONTHS)) AS m) CROSS JOIN t GROUP BY m ORDER BY m
SELECT dept, listagg(name, ', ') WITHIN GROUP (ORDER BY name) AS names FROM t GROUP BY dept ORDER BY dept
SELECT dept, string_agg(name, '|') AS names FROM (SELECT * FROM t ORDER BY id) GROUP BY dept ORDER BY dept
SELECT dept, concat_ws(', ', collect_list(name)) AS names FROM (SELECT * FROM t ORDER BY name) GROUP BY dept ORDER BY dept
SELECT initcap(lower(name)) AS n, upper(left(name, 2)) || '-' || right(name, 1) AS code, length(name) AS l, reverse(name) AS r, translate(name, 'aeio', '4310') AS leet FROM t ORDER BY id
SELECT name, pay * 12 AS year, round(pay * 1.035, 2) AS raised, CAST(pay AS int) AS whole, pay / 30 AS day, pay % 100 AS rest, bround(pay, 0) AS b FROM t ORDER BY id
SELECT sum(pay) OVER (PARTITION BY dept ORDER BY hired RANGE BETWEEN INTERVAL 2 YEARS PRECEDING AND CURRENT ROW) AS s, name FROM t WHERE hired IS NOT NULL ORDER BY id
SELECT name, sum(pay) OVER (ORDER BY pay RANGE BETWEEN 600 PRECEDING AND 600 FOLLOWING) AS near FROM t WHERE pay IS NOT NULL ORDER BY id
SELECT name, pay, sum(pay) OVER (PARTITION BY dept) AS d, sum(pay) OVER () AS a, round(pay / sum(pay) OVER (PARTITION BY dept), 3) AS part FROM t ORDER BY id
SELECT dept, percentile_approx(pay, array(0.25, 0.5, 0.75)) AS q FROM t WHERE dept IS NOT NULL GROUP BY dept ORDER BY dept
SELECT count(*) AS n, count(DISTINCT boss) AS bosses, sum(DISTINCT pay) AS s, avg(DISTINCT pay) AS a FROM t
SELECT a.name, b.name AS peer FROM t a JOIN t b ON a.dept = b.dept AND a.hired < b.hired AND (a.left_on IS NULL OR a.left_on > b.hired) ORDER BY a.id, b.id
SELECT d.dept, e.name FROM (SELECT DISTINCT dept FROM t) d LEFT JOIN t e ON e.id = (SELECT max(x.id) FROM t x WHERE x.dept = d.dept) ORDER BY d.dept
SELECT name FROM t WHERE dept IN (SELECT dept FROM t GROUP BY dept HAVING count(*) > 2) ORDER BY name
SELECT name FROM t e WHERE 1 < (SELECT count(*) FROM t x WHERE x.dept = e.dept AND x.pay >= e.pay) ORDER BY name
SELECT name FROM t e WHERE e.pay > (SELECT avg(x.pay) FROM t x WHERE x.hired < e.hired) ORDER BY name
SELECT name, (SELECT count(*) FROM t x WHERE x.hired < e.hired) AS seniors, (SELECT count(*) FROM t x WHERE x.pay BETWEEN e.pay - 1000 AND e.pay + 1000) AS near FROM t e ORDER BY id
SELECT name, (SELECT max(x.pay) FROM t x WHERE x.dept = e.dept AND x.id <> e.id) AS best_other FROM t e ORDER BY id
SELECT name, EXISTS (SELECT 1 FROM t x WHERE x.boss = e.id) AS leads, e.boss IN (SELECT id FROM t WHERE dept = 'board') AS near_top FROM t e ORDER BY id
SELECT e.name FROM t e LEFT ANTI JOIN t r ON r.boss = e.id ORDER BY e.name
SELECT DISTINCT b.name FROM t b LEFT SEMI JOIN t e ON e.boss = b.id AND e.dept = b.dept ORDER BY b.name
SELECT * FROM (SELECT dept, year(hired) AS y, pay FROM t) PIVOT (avg(pay) FOR (dept, y) IN (('data', 2018) AS d18, ('data', 2020) AS d20)) 
SELECT dept, any_value(name) IS NOT NULL AS v, min(struct(pay, name)) AS lo FROM t GROUP BY dept ORDER BY dept
SELECT dept, sum(pay) AS s FROM t WHERE left_on IS NULL GROUP BY dept UNION ALL SELECT 'total', sum(pay) FROM t WHERE left_on IS NULL ORDER BY s, dept
SELECT dept, CASE WHEN sum(pay) > 10000 THEN 'big' WHEN sum(pay) IS NULL THEN 'none' ELSE 'small' END AS size FROM t GROUP BY dept ORDER BY dept
SELECT dept AS d, count(*) AS n FROM t GROUP BY d HAVING n > 1 ORDER BY n DESC, d
SELECT date_format(hired, 'MMM yyyy') AS m, extract(WEEK FROM hired) AS w, date_part('DOY', hired) AS doy, weekday(hired) AS wd, dayname(hired) AS dn FROM t ORDER BY id
-- sensors
-- columns: sensor string, day date, reading double, quality int
-- row: 'a', DATE'2024-01-01', 10.5, 1
-- row: 'a', DATE'2024-01-02', NULL, 1
-- row: 'a', DATE'2024-01-03', 12.5, 0
-- row: 'a', DATE'2024-01-06', 11.0, 1
-- row: 'b', DATE'2024-01-01', -3.0, 1
-- row: 'b', DATE'2024-01-02', CAST('NaN' AS double), 1
-- row: 'b', DATE'2024-01-04', 0.0, NULL
-- row: 'c', DATE'2024-01-01', 1e10, 1
SELECT sensor, day, coalesce(reading, last_value(reading) IGNORE NULLS OVER (PARTITION BY sensor ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS filled FROM t ORDER BY sensor, day
SELECT sensor, day, date_sub(day, row_number() OVER (PARTITION BY sensor ORDER BY day)) AS island FROM t ORDER BY sensor, day
WITH i AS (SELECT sensor, day, date_sub(day, CAST(row_number() OVER (PARTITION BY sensor ORDER BY day) AS int)) AS g FROM t) SELECT sensor, min(day) AS b, max(day) AS e, count(*) AS n FROM i GROUP BY sensor, g ORDER BY sensor, b
SELECT sensor, d.day FROM (SELECT DISTINCT sensor FROM t) s CROSS JOIN (SELECT explode(sequence(DATE'2024-01-01', DATE'2024-01-06')) AS day) d LEFT ANTI JOIN t x USING (sensor, day) ORDER BY sensor, day
SELECT sensor, max(reading) AS hi, min(reading) AS lo, avg(reading) AS mean, count(reading) AS n, sum(reading) AS s FROM t GROUP BY sensor ORDER BY sensor
SELECT sensor, count_if(isnan(reading)) AS nans, sum(CASE WHEN isnan(reading) THEN 0 ELSE reading END) AS s, sum(nanvl(reading, 0)) AS v FROM t GROUP BY sensor ORDER BY sensor
SELECT sensor, day, reading, reading - lag(reading) OVER (PARTITION BY sensor ORDER BY day) AS d, (reading - avg(reading) OVER w) / nullif(stddev(reading) OVER w, 0) AS z FROM t WINDOW w AS (PARTITION BY sensor) ORDER BY sensor, day
SELECT sensor, collect_list(reading) AS l, sort_array(collect_list(reading)) AS s, array_max(collect_list(reading)) AS m FROM (SELECT * FROM t ORDER BY day) GROUP BY sensor ORDER BY sensor
SELECT sensor, slope, n FROM (SELECT sensor, regr_slope(reading, datediff(day, DATE'2024-01-01')) AS slope, regr_count(reading, quality) AS n FROM t WHERE sensor = 'a' GROUP BY sensor)
SELECT sensor, sum(reading * quality) / sum(quality) AS weighted FROM t WHERE NOT isnan(reading) GROUP BY sensor ORDER BY sensor
SELECT sensor, reading FROM t WHERE reading > 0 AND quality = 1 ORDER BY reading DESC
SELECT a.sensor, a.day, b.day AS next, b.reading FROM t a JOIN t b ON a.sensor = b.sensor AND b.day = date_add(a.day, 1) ORDER BY 1, 2
SELECT sensor, day, (SELECT max(b.reading) FROM t b WHERE b.sensor = a.sensor AND b.day < a.day) AS best FROM t a ORDER BY sensor, day
SELECT sensor, exp(avg(ln(reading))) AS geo FROM t WHERE reading > 0 AND NOT isnan(reading) GROUP BY sensor ORDER BY sensor
SELECT weekofyear(day) AS w, date_trunc('week', day) AS monday, count(*) AS n FROM t GROUP BY ALL ORDER BY w, monday
SELECT sensor, avg(reading) OVER (PARTITION BY sensor ORDER BY day RANGE BETWEEN INTERVAL 2 DAYS PRECEDING AND CURRENT ROW) AS m3 FROM t WHERE sensor = 'a' ORDER BY day
SELECT cast(reading AS int) AS i, round(reading) AS r, reading::string AS s FROM t WHERE reading < 100 ORDER BY sensor, day
SELECT sensor, histogram FROM (SELECT sensor, map_from_arrays(collect_list(b), collect_list(n)) AS histogram FROM (SELECT sensor, CAST(floor(reading / 5) * 5 AS int) AS b, count(*) AS n FROM t WHERE reading < 100 GROUP BY 1, 2 ORDER BY 1, 2) GROUP BY sensor) ORDER BY sensor
SELECT sensor, day, max(reading) OVER (PARTITION BY sensor ORDER BY day ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS hi, min(reading) OVER (PARTITION BY sensor ORDER BY day) AS lo FROM t ORDER BY sensor, day
SELECT max(reading) AS hi, min(reading) AS lo, max(CAST(reading AS float)) AS f FROM t
SELECT quality, max(reading) FILTER (WHERE sensor <> 'c') AS hi, min(CAST(reading AS float)) AS lo FROM t GROUP BY quality ORDER BY quality
SELECT sensor, sort_array(collect_list(reading), false) AS d, sort_array(collect_set(CAST(reading AS float))) AS s FROM t GROUP BY sensor ORDER BY sensor
-- customers as they come
-- columns: id string, name string, mail string, phone string, born string, spent string, seen string
-- row: '001', '  Ana  Gómez ', 'ANA@x.org', '+34 600-11-22', '1990-02-28', '1,234.50', '2024-01-01 10:00:00'
-- row: '1', 'ana gomez', 'ana@x.org ', '600 1122', '28/02/1990', '1234.5', '2024-03-01T08:30:00Z'
-- row: '002', 'BOB', NULL, 'n/a', '31.12.1985', '', '2024-01-15'
-- row: '3', 'Cho;Kim', 'cho@y.kr', '02-555', '1985-13-01', 'abc', 'yesterday'
-- row: 'x4', '', 'bad@@mail', NULL, NULL, '-5', NULL
-- row: '5', NULL, 'e.v.e@sub.z.com', '(555) 123 4567', '19770707', '1e3', '1709251200'
SELECT try_cast(id AS int) AS id, trim(regexp_replace(name, '\\s+', ' ')) AS name, lower(trim(mail)) AS mail, regexp_replace(phone, '[^0-9+]', '') AS phone FROM t ORDER BY t.id
SELECT id, coalesce(try_to_date(born, 'yyyy-MM-dd'), try_to_date(born, 'dd/MM/yyyy'), try_to_date(born, 'dd.MM.yyyy'), try_to_date(born, 'yyyyMMdd')) AS born FROM t ORDER BY id
SELECT id, try_cast(replace(spent, ',', '') AS decimal(12,2)) AS spent, try_to_number(spent, '9,999.99') AS n FROM t ORDER BY id
SELECT id, try_to_timestamp(seen) AS seen, coalesce(try_cast(seen AS timestamp), timestamp_seconds(try_cast(seen AS bigint))) AS s2 FROM t ORDER BY id
SELECT id, mail, mail RLIKE '^[^@\\s]+@[^@\\s]+\\.[a-zA-Z]{2,}$' AS ok, split_part(mail, '@', 2) AS domain, regexp_extract(mail, '@([^.]+)\\.', 1) AS d FROM t ORDER BY id
SELECT lower(trim(mail)) AS mail, count(*) AS n, collect_list(id) AS ids FROM (SELECT * FROM t ORDER BY id) GROUP BY lower(trim(mail)) ORDER BY mail
SELECT id, CASE WHEN name IS NULL OR trim(name) = '' THEN 'missing' WHEN name RLIKE ';' THEN 'odd' ELSE 'ok' END AS state, nullif(trim(name), '') AS name, length(name) AS l, char_length(trim(name)) AS c FROM t ORDER BY id
SELECT id, split(name, ';') AS parts, size(split(trim(name), '\\s+')) AS words, soundex(name) AS s, levenshtein(lower(name), 'ana gomez') AS d FROM t ORDER BY id
SELECT sum(CAST(spent AS double)) FROM t
SELECT sum(try_cast(spent AS double)) AS s, count(try_cast(spent AS double)) AS ok, count(spent) AS filled FROM t
SELECT id FROM t WHERE id > 1 ORDER BY id
SELECT id FROM t WHERE try_cast(id AS int) BETWEEN 1 AND 3 ORDER BY id
SELECT DISTINCT on_mail FROM (SELECT lower(trim(mail)) AS on_mail FROM t) ORDER BY 1
SELECT id, sha2(coalesce(mail, ''), 256) AS h, mask(phone) AS m, overlay(phone PLACING '***' FROM 2 FOR 3) AS o, base64(encode(name, 'UTF-8')) AS b FROM t ORDER BY id
SELECT id, concat(upper(substr(trim(name), 1, 1)), lower(substr(trim(name), 2))) AS n, instr(mail, '@') AS p, position('@' IN mail) AS q, locate('.', mail, 5) AS l FROM t ORDER BY id
SELECT id, from_csv(concat_ws(',', id, spent), 'a STRING, b DOUBLE') AS r FROM t WHERE id IN ('1', '5') ORDER BY id
SELECT id, str_to_map(concat('id=', id, ',mail=', mail), ',', '=') AS m FROM t ORDER BY id
SELECT max(length(name)) AS longest, min(nullif(name, '')) AS first, count(DISTINCT lower(trim(mail))) AS mails FROM t
SELECT a.id, b.id AS twin FROM t a JOIN t b ON lower(trim(a.mail)) = lower(trim(b.mail)) AND a.id < b.id
SELECT id, regexp_extract_all(phone, '(\\d+)', 1) AS groups, regexp_count(phone, '\\d') AS digits FROM t ORDER BY id
SELECT id, encode(name, 'UTF-8') AS e, hex(name) AS h, ascii(name) AS a, unhex('41') AS u FROM t ORDER BY id
SELECT id, date_format(try_to_timestamp(seen), 'dd MMM yyyy HH:mm') AS f, unix_timestamp(try_to_timestamp(seen)) AS u FROM t ORDER BY id
