-- Comparisons and conditions over mixed types: which type wins, and what is null.
-- columns: i int, s string, d decimal(5,2), g double, t timestamp, e date, b boolean
-- row: 1, '1', 1.00, 1.0, TIMESTAMP'2024-01-01 00:00:00', DATE'2024-01-01', true
-- row: 2, '02', 2.50, 2.5, TIMESTAMP'2024-01-01 12:00:00', DATE'2024-01-02', false
-- row: 0, '', 0.00, 0.0, TIMESTAMP'1970-01-01 00:00:00', DATE'1970-01-01', false
-- row: -1, 'abc', -0.01, CAST('NaN' AS double), TIMESTAMP'9999-12-31 00:00:00', DATE'9999-12-31', true
-- row: 5, '2024-01-01', 999.99, 1e10, TIMESTAMP'2024-01-01 00:00:00', DATE'2024-01-01', NULL
-- row: NULL, '1', NULL, 1.0, NULL, DATE'2024-01-01', true
i = s
i < s
i <> s
i <=> s
s = i
s = d
s = g
s = e
s = t
s = b
i = d
i = g
i = b
d = g
d < g
e = t
e < t
i = e
i < t
g = s
b = s
b = i
s < 'b'
s = 1
s = 1L
s = 1.0
s = 1.0D
s = '1'
e = '2024-01-01'
e = '2024'
e > '2023-12'
t = '2024-01-01'
t >= DATE'2024-01-01'
e BETWEEN '2024-01-01' AND '2024-12-31'
e IN ('2024-01-01', '2024-01-02')
t IN ('2024-01-01 12:00:00')
i IN ('1', '2')
i IN (1, 2.5)
i IN (1, NULL)
i NOT IN (1, NULL)
i IN (NULL)
s IN ('1', NULL)
s IN (1, 2)
d IN (1, 2.5)
g IN (1, 2.5)
(i, s) IN ((1, '1'), (2, 'x'))
(i, s) = (1, '1')
i IN (SELECT 1)
coalesce(i, d)
coalesce(i, g)
coalesce(i, s)
coalesce(d, g)
coalesce(e, t)
coalesce(e, s)
coalesce(t, s)
coalesce(b, s)
coalesce(i, b)
coalesce(i, e)
coalesce(NULL, i)
coalesce(NULL, NULL)
if(b, i, d)
if(b, i, s)
if(b, d, g)
if(b, e, t)
if(b, e, s)
if(b, i, NULL)
if(b, NULL, NULL)
if(b, i, e)
if(i, 1, 2)
CASE WHEN b THEN i ELSE d END
CASE WHEN b THEN i ELSE s END
CASE WHEN b THEN e ELSE t END
CASE WHEN b THEN 1 WHEN NOT b THEN 2.5 ELSE 3L END
CASE WHEN b THEN 'x' ELSE 1 END
CASE i WHEN '1' THEN 'one' WHEN 2 THEN 'two' ELSE 'more' END
CASE s WHEN 1 THEN 'one' ELSE 'more' END
CASE WHEN i THEN 1 ELSE 0 END
CASE WHEN NULL THEN 1 ELSE 0 END
CASE WHEN b THEN NULL ELSE 0.5 END
nvl(i, d)
nvl(s, i)
nvl2(b, i, d)
nvl2(b, i, s)
nullif(i, d)
nullif(i, s)
nullif(s, 1)
nullif(e, t)
decode(i, 1, 'one', 2, 'two', 'more')
decode(i, NULL, 'none', 1, 'one')
decode(s, '1', i, g)
greatest(i, d)
greatest(i, g)
greatest(i, s)
greatest(e, t)
greatest(i, NULL, 3)
greatest(i)
greatest(i, b)
least(d, g, i)
least(s, 'b')
least(e, s)
i + d
i + s
i + g
i + e
e + i
e - i
i - e
e - e
t - t
t - e
e - t
s + s
s + d
s + g
s || i
i || d || g
i AND b
b AND i > 0
b OR i / 0 > 1
b AND NULL
b OR NULL
NOT (b AND NULL)
b AND (s = 'x' OR i = 1)
i > 0 AND 10 / i > 1
i = 0 OR 10 / i > 1
CASE WHEN i <> 0 THEN 10 / i ELSE 0 END
if(i <> 0, 10 / i, 0)
coalesce(i, 1 / 0)
nvl(i, 10 / 0)
i IS NULL OR s IS NULL
equal_null(i, s)
equal_null(i, NULL)
i IS NOT DISTINCT FROM NULL
i BETWEEN d AND g
s BETWEEN 0 AND 5
e BETWEEN t AND '2025-01-01'
i BETWEEN 2 AND 0
i NOT BETWEEN 0 AND NULL
s LIKE '0%'
i LIKE '1%'
s LIKE i
s LIKE NULL
s ILIKE 'ABC'
s LIKE ANY ('a%', '0%')
s LIKE ALL ('%', '0%')
s NOT LIKE ANY ('a%', '0%')
s RLIKE '^[0-9]+$'
i RLIKE '1'
s NOT RLIKE 'a'
s REGEXP 'a'
e LIKE '2024%'
array(i, s)
array(i, d, g)
array(e, t)
array(i, NULL)
map('a', i, 'b', d)
map(i, s)
array_contains(array(1, 2), i)
array_contains(array('1'), s)
array_contains(array(1.0, 2.5), i)
array_contains(array(1, 2), s)
element_at(array('x', 'y'), i)
concat(i, s, d, g, e, b)
concat_ws(',', i, s, d)
typeof(coalesce(i, d))
typeof(coalesce(i, g))
typeof(coalesce(i, s))
typeof(coalesce(e, t))
typeof(if(b, i, d))
typeof(if(b, NULL, NULL))
typeof(nvl2(b, i, s))
typeof(greatest(i, d))
typeof(array(i, s))
typeof(e - e)
typeof(t - t)
typeof(e + i)
typeof(CASE WHEN b THEN 1 WHEN NOT b THEN 2.5 ELSE 3L END)
