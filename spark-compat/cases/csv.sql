-- CSV in texts: from it, to it, and which schema it has.
-- columns: s string
-- row: '1,x,2.5'
-- row: ' 1, x ,2.5 '
-- row: ''
-- row: ','
-- row: ',,'
-- row: '1'
-- row: '1,2,3,4'
-- row: 'a,b,c'
-- row: '+7,"quoted, text",1e3'
-- row: '"1","say \\"hi\\"","2"'
-- row: '1,"say ""hi""",2'
-- row: '1,"open,2'
-- row: '1,"a"b,2'
-- row: '1,a"b,2'
-- row: '1,"back\\\\slash",NaN'
-- row: '1,back\\slash,Infinity'
-- row: '1,"",-Inf'
-- row: '9999999999,12345678901234567890,Inf'
-- row: '1,line\nend,2'
-- row: '1,"line\nend",2'
-- row: '#1,comment,2'
-- row: 'true,2024-02-29,2024-02-29 10:11:12.5'
-- row: 'TRUE,2024-2-9,2024-02-29T10:11:12Z'
-- row: 'yes,29.02.2024,29.02.2024 10:11'
-- row: '1.5,0.10,-3'
-- row: '1;2;3'
-- row: '1|2|3'
-- row: '0x1F,1d,1_0'
-- row: 'ñ,🙂,é'
-- row: ' '
-- row: '1, "a" ,2'
-- row: '1,"a" ,2'
-- row: '"a","b"\n'
-- row: 'a,b\r\n'
-- row: '1;"x;y";2'
from_csv(s, 'a INT, b STRING, c DOUBLE')
from_csv(s, 'a STRING, b STRING, c STRING')
from_csv(s, 'a BIGINT, b DECIMAL(12,2), c FLOAT')
from_csv(s, 'a BOOLEAN, b DATE, c TIMESTAMP')
from_csv(s, 'a TINYINT, b SMALLINT')
from_csv(s, 'a STRING')
from_csv(s, 'a INT, b STRING, _corrupt_record STRING')
from_csv(s, 'a INT, b STRING, c DOUBLE', map('mode', 'FAILFAST'))
from_csv(s, 'a INT, b STRING, c DOUBLE', map('mode', 'PERMISSIVE'))
from_csv(s, 'a INT, b STRING, c DOUBLE', map('mode', 'DROPMALFORMED'))
from_csv(s, 'a INT, b INT, c INT', map('sep', ';'))
from_csv(s, 'a INT, b INT, c INT', map('delimiter', '|'))
from_csv(s, 'a STRING, b STRING, c STRING', map('nullValue', 'a'))
from_csv(s, 'a STRING, b STRING, c STRING', map('quote', '|'))
from_csv(s, 'a STRING, b STRING, c STRING', map('escape', '"'))
from_csv(s, 'a STRING, b STRING, c STRING', map('ignoreLeadingWhiteSpace', 'true', 'ignoreTrailingWhiteSpace', 'true'))
from_csv(s, 'a STRING, b DATE, c TIMESTAMP', map('dateFormat', 'dd.MM.yyyy', 'timestampFormat', 'dd.MM.yyyy HH:mm'))
from_csv(s, 'a INT, b ARRAY<INT>')
from_csv(s, 'a INT, b BINARY')
from_csv(s, schema_of_csv('1,abc'))
from_csv(s, 'a INT, b STRING').b
from_csv(s, s)
from_csv(s, 'INT')
from_csv(s, 'a INT NOT NULL')
schema_of_csv('1,abc')
schema_of_csv('1;abc', map('sep', ';'))
schema_of_csv('1,9999999999,12345678901234567890,1.5,1e3,true,2024-01-01,2024-01-01 10:00:00,,x')
schema_of_csv('NaN,Inf,1.0,001,+1, 1,TRUE,2024,2024-02,10:00')
schema_of_csv('')
schema_of_csv('a')
schema_of_csv(s)
schema_of_csv(NULL)
-- columns: a int, s string, d date, t timestamp, x double, m decimal(5,2), b boolean, l bigint, f float
-- row: 1, 'text', DATE'2024-02-29', TIMESTAMP'2024-02-29 10:11:12.123', CAST(1.5 AS double), 1.50, true, 5000000000, CAST(0.1 AS float)
-- row: -1, 'with, comma', DATE'0001-01-01', TIMESTAMP'1969-12-31 23:59:59', CAST('NaN' AS double), -0.01, false, -1L, CAST('-Infinity' AS float)
-- row: 0, 'say "hi"', NULL, TIMESTAMP'9999-12-31 23:59:59.999999', 1e20, NULL, NULL, 0L, 1e10
-- row: NULL, '', DATE'9999-12-31', NULL, CAST('-0.0' AS double), 0.00, true, NULL, NULL
-- row: 2, ' padded ', NULL, NULL, 1e-5, NULL, NULL, NULL, NULL
-- row: 3, 'back\\slash', NULL, NULL, NULL, NULL, NULL, NULL, NULL
-- row: 4, 'line\nend', NULL, NULL, NULL, NULL, NULL, NULL, NULL
-- row: 5, 'carriage\rreturn', NULL, NULL, NULL, NULL, NULL, NULL, NULL
-- row: 6, '#sharp;semi', NULL, NULL, NULL, NULL, NULL, NULL, NULL
-- row: 7, 'back\\slash, "quoted"', NULL, NULL, NULL, NULL, NULL, NULL, NULL
-- row: 8, 'tab\there', NULL, NULL, NULL, NULL, NULL, NULL, NULL
-- row: 9, '"', NULL, NULL, NULL, NULL, NULL, NULL, NULL
-- row: 10, '\\', NULL, NULL, NULL, NULL, NULL, NULL, NULL
-- row: 11, ' ', NULL, NULL, NULL, NULL, NULL, NULL, NULL
-- row: 12, 'ñ🙂', NULL, NULL, NULL, NULL, NULL, NULL, NULL
-- row: 13, 'ends\n', NULL, NULL, NULL, NULL, NULL, NULL, NULL
-- row: 14, 'a, b ', NULL, NULL, NULL, NULL, NULL, NULL, NULL
to_csv(struct(a, s, d, t, x, m, b, l, f))
to_csv(struct(s, a))
to_csv(struct(s))
to_csv(named_struct('one', s, 'two', s))
to_csv(struct(a, s), map('sep', ';'))
to_csv(struct(a, s), map('quoteAll', 'true'))
to_csv(struct(a, s), map('nullValue', '-'))
to_csv(struct(d, t), map('dateFormat', 'dd/MM/yyyy', 'timestampFormat', 'yyyyMMdd HH:mm'))
to_csv(struct(s, a), map('ignoreLeadingWhiteSpace', 'false', 'ignoreTrailingWhiteSpace', 'false'))
to_csv(struct(s, a), map('emptyValue', 'E'))
to_csv(struct(s, a), map('escapeQuotes', 'false'))
to_csv(struct(s, a), map('quote', "'"))
to_csv(struct(a, CAST(t AS timestamp_ntz)))
to_csv(struct(a, array(a, 1)))
to_csv(struct(a, map('k', a)))
to_csv(struct(a, CAST(s AS binary)))
to_csv(struct(a, struct(s, x)))
to_csv(struct(a, NULL))
to_csv(CAST(NULL AS struct<a:int>))
to_csv(a)
to_csv(map('a', a))
from_csv(to_csv(struct(a, s, x)), 'a INT, s STRING, x DOUBLE')
