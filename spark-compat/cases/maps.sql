-- Maps and structs.
-- columns: m map<string,int>, o map<string,int>, k string
-- row: map('a', 1, 'b', 2), map('b', 3, 'c', 4), 'a'
-- row: map('a', NULL), map(), 'a'
-- row: map(), map('x', 1), ''
-- row: map('', 0, 'ñ', 7, 'Z', -1), NULL, 'Z'
-- row: map('k', 5), map('k', 6), NULL
m
m['a']
m[k]
m['missing']
m.a
element_at(m, 'a')
element_at(m, k)
element_at(m, 'missing')
try_element_at(m, k)
map_keys(m)
map_values(m)
map_entries(m)
map_contains_key(m, 'a')
map_contains_key(m, k)
map_concat(m, o)
map_concat(m, map('z', 9))
map_concat(m)
map_from_arrays(array('p', 'q'), array(1, 2))
map_from_arrays(map_keys(m), map_values(m))
map_from_arrays(array('p', 'p'), array(1, 2))
map_from_arrays(array('p', NULL), array(1, 2))
map_from_arrays(array('p'), array(1, 2))
map_from_entries(map_entries(m))
map_from_entries(array(struct('p', 1), struct('q', 2)))
map_filter(m, (x, y) -> y > 1)
map_filter(m, (x, y) -> x = k)
transform_values(m, (x, y) -> y + 1)
transform_values(m, (x, y) -> concat(x, y))
transform_keys(m, (x, y) -> upper(x))
transform_keys(m, (x, y) -> concat(x, '!'))
map_zip_with(m, o, (x, y, z) -> coalesce(y, 0) + coalesce(z, 0))
size(m)
cardinality(m)
map('p', 1, 'q', 2)
map(k, 1)
map('p', k)
map(1, 'x', 2, 'y')[2]
map('a', 1, 'b', 2.5)
map(k, m)
str_to_map('a:1,b:2')
str_to_map('a=1&b=2', '&', '=')
str_to_map('a:1,a:2')
str_to_map(k)
str_to_map('a,b:')
array_sort(map_keys(m))
aggregate(map_values(m), 0, (acc, x) -> acc + coalesce(x, 0))
exists(map_keys(m), x -> x = 'a')
transform(map_entries(m), x -> x.key)
m = o
m IS NULL
coalesce(m, map('d', 0))
coalesce(m['missing'], 0)
if(size(m) > 1, m, map())
to_json(m)
CAST(m AS string)
CAST(m AS map<string,bigint>)
hash(map_keys(m))
array(m, map('z', 1))
typeof(m)
typeof(map())
typeof(map_entries(m))
typeof(map('a', 1, 'b', 2.5))
typeof(str_to_map('a:1'))
SELECT count(*) AS n FROM VALUES (array(map('a', 1, 'b', 2))), (array(map('b', 2, 'a', 1))) AS v(m) GROUP BY m
SELECT count(*) AS n FROM VALUES (map(1, map('a', 1, 'b', 2))), (map(1, map('b', 2, 'a', 1))), (map(2, map('a', 1, 'b', 2))) AS v(m) GROUP BY m ORDER BY n
SELECT count(*) AS n FROM (SELECT named_struct('m', map('a', 1, 'b', 2)) AS m UNION ALL SELECT named_struct('m', map('b', 2, 'a', 1))) AS v GROUP BY m
SELECT count(*) AS n FROM VALUES (array(0D)), (array(-0D)) AS v(m) GROUP BY m
SELECT count(DISTINCT m) AS n FROM (SELECT map('a', 1, 'b', 2) AS m UNION ALL SELECT map('b', 2, 'a', 1)) AS v
SELECT DISTINCT m FROM (SELECT array(0D, CAST('NaN' AS double)) AS m UNION ALL SELECT array(-0D, CAST('NaN' AS double))) AS v
SELECT count(*) OVER (PARTITION BY m) AS n FROM t
-- columns: r struct<a:int,b:string,c:array<int>,d:struct<e:double,f:date>>, n int
-- row: named_struct('a', 1, 'b', 'x', 'c', array(1, 2), 'd', named_struct('e', 1.5D, 'f', DATE'2024-02-29')), 1
-- row: named_struct('a', NULL, 'b', '', 'c', array(), 'd', NULL), 0
-- row: named_struct('a', -1, 'b', NULL, 'c', NULL, 'd', named_struct('e', NULL, 'f', NULL)), -1
r
r.a
r.b
r.c
r.c[0]
get(r.c, 1)
r.d
r.d.e
r.d.f
year(r.d.f)
r['a']
r.missing
r.A
(r).b
r.a + n
size(r.c)
transform(r.c, x -> x + r.a)
struct(n, r.a)
struct(n AS x, r.b AS y)
struct(n, r.a).n
named_struct('x', n, 'y', r.d.e)
named_struct('x', n).x
named_struct('x', n, 'x', 2)
(n, r.b)
(n, r.b).col1
struct(n + 1)
struct(1, 'x', n)
r = r
r.d = named_struct('e', 1.5D, 'f', DATE'2024-02-29')
struct(n, 2) < struct(1, 3)
struct(n, 2) = struct(1, 2)
struct(n, NULL) = struct(1, NULL)
greatest(struct(n, 2), struct(0, 3))
coalesce(r.d, named_struct('e', 0.0D, 'f', NULL))
coalesce(r.a, n)
r IS NULL
r.d IS NULL
r IS NOT NULL
to_json(r)
to_json(struct(r.a, r.b))
CAST(r AS string)
CAST(struct(n, 2) AS struct<x:string,y:double>)
if(n > 0, struct(n AS x), struct(2 AS x))
array(struct(n AS x), struct(2 AS x))
array(struct(n AS x), struct(2L AS x))
hash(r)
xxhash64(r)
hash(r.d)
typeof(r)
typeof(struct(n, r.a))
typeof((n, r.b))
typeof(struct(n + 1))
typeof(named_struct('x', n))
