-- JSON.
-- columns: j string
-- row: '{"a":1,"b":"x","c":[1,2,{"d":3}],"e":{"f":null,"g":true}}'
-- row: '{"a": 1.50, "b": "q\\"uote", "c": [], "e": {}}'
-- row: '{"a":null,"b":"","c":null}'
-- row: '{"a":"7","b":5,"c":"text","e":"text"}'
-- row: '{"A":1,"a b":2,"x.y":3}'
-- row: '[1,2,3]'
-- row: '[{"a":1},{"a":2}]'
-- row: '{"a":1,"a":2}'
-- row: '{"a":12345678901234567890,"b":1e3,"c":[[1,2],[3]]}'
-- row: '{"a":1'
-- row: '{a:1}'
-- row: '"text"'
-- row: 'null'
-- row: ''
-- row: ' {"a" : 1 , "b" : "\\u00e9" } '
get_json_object(j, '$')
get_json_object(j, '$.a')
get_json_object(j, '$.b')
get_json_object(j, '$.c')
get_json_object(j, '$.c[0]')
get_json_object(j, '$.c[2].d')
get_json_object(j, '$.c[*]')
get_json_object(j, '$.c[*].d')
get_json_object(j, '$.c[9]')
get_json_object(j, '$.e')
get_json_object(j, '$.e.f')
get_json_object(j, '$.e.g')
get_json_object(j, '$.missing')
get_json_object(j, '$[0]')
get_json_object(j, '$[0].a')
get_json_object(j, '$[*].a')
get_json_object(j, "$['a b']")
get_json_object(j, "$['x.y']")
get_json_object(j, '$.a b')
get_json_object(j, '$.*')
get_json_object(j, 'a')
get_json_object(j, '')
get_json_object(j, NULL)
cast(get_json_object(j, '$.a') AS int) + 1
json_array_length(j)
json_array_length(get_json_object(j, '$.c'))
json_object_keys(j)
from_json(j, 'a INT')
from_json(j, 'a INT, b STRING')
from_json(j, 'a STRING, b STRING, c STRING, e STRING')
from_json(j, 'a DOUBLE')
from_json(j, 'a DECIMAL(10,2)')
from_json(j, 'c ARRAY<INT>')
from_json(j, 'e STRUCT<f: INT, g: BOOLEAN>')
from_json(j, 'array<int>')
from_json(j, 'array<struct<a:int>>')
from_json(j, 'map<string,string>')
from_json(j, 'a INT', map('mode', 'FAILFAST'))
from_json(j, 'struct<a:int,_corrupt_record:string>')
from_json(j, 'a INT').a
from_json(j, 'a INT, b STRING').b
from_json(j, 'A INT')
schema_of_json('{"a":1,"b":[1.5],"c":{"d":"x"}}')
schema_of_json('[{"a":1},{"a":2,"b":true}]')
to_json(from_json(j, 'a INT, b STRING'))
to_json(from_json(j, 'map<string,string>'))
-- columns: a int, s string, d date, t timestamp, x double, m decimal(5,2), l array<int>, k map<string,int>, b boolean
-- row: 1, 'text', DATE'2024-02-29', TIMESTAMP'2024-02-29 10:11:12.123', 1.5, 1.50, array(1, NULL), map('p', 1), true
-- row: -2147483648, 'q"uo\\te\n/é🙂', DATE'0001-01-01', TIMESTAMP'1969-12-31 23:59:59', CAST('NaN' AS double), -0.01, array(), map(), false
-- row: NULL, '', NULL, TIMESTAMP'9999-12-31 23:59:59.999999', 1e20, NULL, NULL, map('n', NULL, '', 2), NULL
to_json(named_struct('a', a, 's', s))
to_json(struct(a, s, b))
to_json(struct(d, t))
to_json(struct(x, m))
to_json(struct(l, k))
to_json(named_struct('r', named_struct('a', a)))
to_json(l)
to_json(k)
to_json(array(named_struct('a', a)))
to_json(map('a', a, 'b', 2))
to_json(map(1, s))
to_json(struct(t), map('timestampFormat', 'dd/MM/yyyy HH:mm'))
to_json(struct(d), map('dateFormat', 'yyyyMMdd'))
to_json(struct(a), map('ignoreNullFields', 'false'))
to_json(s)
to_json(struct(X'4142' AS bin))
from_json(to_json(struct(a, s)), 'a INT, s STRING')
from_json('{"d":"2024-02-29","t":"2024-02-29T10:11:12Z"}', 'd DATE, t TIMESTAMP')
from_json('{"d":"29/02/2024"}', 'd DATE', map('dateFormat', 'dd/MM/yyyy'))
from_json('{"a":1.9}', 'a INT')
from_json('{"a":"1"}', 'a INT')
from_json('{"a":true}', 'a STRING')
from_json('{"a":3000000000}', 'a INT')
from_json('{"a":"NaN"}', 'a DOUBLE')
from_json('{"m":{"p":1}}', 'm MAP<STRING,INT>')
get_json_object(to_json(struct(a, s)), '$.s')
to_csv(struct(a, s, x))
from_csv('1,x', 'a INT, s STRING')
from_csv('1;x', 'a INT, s STRING', map('sep', ';'))
