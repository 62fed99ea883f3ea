-- Casts between the types, with what cannot be cast.
-- text to numbers and truth
-- columns: s string
-- row: '12'
-- row: ' 12 '
-- row: '\t12\n'
-- row: '-7'
-- row: '+5'
-- row: '1.5'
-- row: '-1.99'
-- row: '1e3'
-- row: '1E-2'
-- row: 'abc'
-- row: ''
-- row: ' '
-- row: '127'
-- row: '128'
-- row: '-129'
-- row: '2147483648'
-- row: '9223372036854775807'
-- row: '9223372036854775808'
-- row: '1e400'
-- row: '0x1F'
-- row: 'NaN'
-- row: 'nan'
-- row: 'Infinity'
-- row: '-inf'
-- row: '1.5f'
-- row: '1.5d'
-- row: '1L'
-- row: '.5'
-- row: '5.'
-- row: '.'
-- row: '--1'
-- row: '- 1'
-- row: '1_000'
-- row: '1,000'
-- row: '00012'
-- row: 'true'
-- row: ' TRUE '
-- row: 't'
-- row: 'yes'
-- row: 'Y'
-- row: '1'
-- row: '0'
-- row: 'false'
-- row: 'off'
-- row: 'no'
-- row: 'null'
-- row: '１２'
-- row: '12abc'
-- row: '99999999.995'
-- row: '123456789012345678901234567890.5'
CAST(s AS int)
CAST(s AS bigint)
CAST(s AS smallint)
CAST(s AS tinyint)
CAST(s AS double)
CAST(s AS float)
CAST(s AS decimal(10,2))
CAST(s AS decimal(4,1))
CAST(s AS decimal(38,10))
CAST(s AS boolean)
CAST(s AS binary)
try_cast(s AS int)
try_cast(s AS bigint)
try_cast(s AS tinyint)
try_cast(s AS double)
try_cast(s AS decimal(10,2))
try_cast(s AS boolean)
int(s)
double(s)
boolean(s)
s + 1
s * 2
s / 2
s % 5
s + 0.5
s + 1L
s || 1
-s
abs(s)
s > 1
s = 1
s = 12L
s > 0.5
s = 1.5D
s = true
s IN (1, 12)
s IN ('12', 1)
s BETWEEN 1 AND 20
coalesce(s, 0)
if(s = '12', 1, 'x')
round(s)
ceil(s)
sqrt(s)
greatest(s, 5)
s AND true
s::int
-- text to dates
-- columns: s string
-- row: '2024-02-29'
-- row: ' 2024-02-29 '
-- row: '2023-02-29'
-- row: '2024-2-9'
-- row: '2024'
-- row: '2024-02'
-- row: '2024-02-29T10:00:00'
-- row: '2024-02-29 10:00:00'
-- row: '2024-02-29 abc'
-- row: '2024-02-29x'
-- row: '20240229'
-- row: '2024/02/29'
-- row: '29.02.2024'
-- row: '0001-01-01'
-- row: '9999-12-31'
-- row: '10000-01-01'
-- row: '12345-01-01'
-- row: '123-01-01'
-- row: '-0044-03-15'
-- row: '+2024-01-01'
-- row: '2024-13-01'
-- row: '2024-00-10'
-- row: '2024-02-30'
-- row: '1582-10-10'
-- row: 'epoch'
-- row: 'abc'
-- row: ''
CAST(s AS date)
try_cast(s AS date)
date(s)
to_date(s)
year(s)
s > DATE'2024-01-01'
s = DATE'2024-02-29'
DATE'2024-02-29' IN (s)
s BETWEEN DATE'2024-01-01' AND DATE'2024-12-31'
datediff(s, '2024-01-01')
date_add(s, 1)
add_months(s, 1)
last_day(s)
date_format(s, 'dd/MM/yyyy')
trunc(s, 'MM')
CAST(s AS timestamp)
s > TIMESTAMP'2024-01-01 00:00:00'
coalesce(CAST(NULL AS date), s)
if(true, s, DATE'2024-01-01')
-- text to times
-- columns: s string
-- row: '2024-03-31 02:30:00'
-- row: '2024-03-31T02:30:00'
-- row: '2024-03-31T02:30:00Z'
-- row: '2024-03-31T02:30:00+02:00'
-- row: '2024-03-31 02:30:00-0330'
-- row: '2024-03-31 02:30:00 +05:30'
-- row: '2024-03-31 02:30:00 Europe/Madrid'
-- row: '2024-03-31 03:30:00 America/New_York'
-- row: '2024-03-31 02:30:00 UTC'
-- row: '2024-03-31 02:30:00 GMT+1'
-- row: '2024-03-31 02:30:00 PST'
-- row: '2024-03-31 02:30:00 Nowhere/City'
-- row: '2024-03-31 02:30:00.1'
-- row: '2024-03-31 02:30:00.123456'
-- row: '2024-03-31 02:30:00.123456789'
-- row: '2024-03-31 02:30:00.'
-- row: '2024-03-31 2:3:4'
-- row: '2024-03-31 02'
-- row: '2024-03-31 02:30'
-- row: '2024-03-31'
-- row: '2024-3'
-- row: '2024'
-- row: ' 2024-03-31 02:30:00 '
-- row: '2024-03-31 24:00:00'
-- row: '2024-03-31 23:59:60'
-- row: '2024-03-31 25:00:00'
-- row: '2024-12-31 23:59:59.9999999'
-- row: '2024-03-31 02:30:00+19:00'
-- row: '0001-01-01 00:00:00'
-- row: '9999-12-31 23:59:59.999999'
-- row: '1582-10-10 00:00:00'
-- row: '1677-09-21 00:00:00'
-- row: '2262-04-12 00:00:00'
-- row: '294247-01-10 04:00:54.775807'
-- row: '1711852200'
-- row: '20240331023000'
-- row: '2024-03-31 10:00 AM'
-- row: 'epoch'
-- row: 'abc'
-- row: ''
CAST(s AS timestamp)
try_cast(s AS timestamp)
to_timestamp(s)
try_to_timestamp(s)
timestamp(s)
CAST(s AS timestamp_ntz)
to_timestamp_ntz(s)
CAST(s AS date)
unix_timestamp(s)
hour(s)
s > TIMESTAMP'2024-03-31 00:00:00'
s = TIMESTAMP'2024-03-31 02:30:00'
date_trunc('HOUR', s)
CAST(CAST(s AS timestamp) AS bigint)
-- numbers to the rest
-- columns: n bigint
-- row: 0
-- row: 1
-- row: -1
-- row: 127
-- row: 128
-- row: 32768
-- row: 2147483648
-- row: -2147483648
-- row: 1711852200
-- row: 9223372036854775807
-- row: -9223372036854775808
-- row: 253402300799
CAST(n AS int)
CAST(n AS smallint)
CAST(n AS tinyint)
CAST(n AS double)
CAST(n AS float)
CAST(n AS string)
CAST(n AS boolean)
CAST(n AS decimal(5,2))
CAST(n AS decimal(19,0))
CAST(n AS decimal(38,18))
CAST(n AS timestamp)
CAST(n AS date)
CAST(n AS binary)
try_cast(n AS int)
try_cast(n AS tinyint)
try_cast(n AS decimal(5,2))
bigint(n)
tinyint(n)
float(n)
binary(n)
n = true
timestamp(n)
-- columns: i int, y tinyint, h smallint
-- row: 0, 0, 0
-- row: 1, 1, 1
-- row: -1, -1, -1
-- row: 2147483647, 127, 32767
-- row: -2147483648, -128, -32768
-- row: 1000, 10, 1000
CAST(i AS tinyint)
CAST(i AS smallint)
CAST(i AS bigint)
CAST(i AS float)
CAST(i AS double)
CAST(i AS string)
CAST(i AS boolean)
CAST(i AS decimal(3,1))
CAST(i AS decimal(10,0))
CAST(i AS timestamp)
CAST(i AS binary)
CAST(y AS int)
CAST(y AS string)
CAST(y AS binary)
CAST(y AS boolean)
CAST(y AS decimal(3,0))
CAST(h AS tinyint)
CAST(h AS binary)
CAST(h AS string)
CAST(i AS interval day)
CAST(i AS interval month)
-- columns: b boolean, c boolean
-- row: true, false
-- row: false, false
-- row: true, true
-- row: true, NULL
-- row: false, NULL
CAST(b AS int)
CAST(b AS tinyint)
CAST(b AS bigint)
CAST(b AS double)
CAST(b AS decimal(3,1))
CAST(b AS string)
CAST(b AS timestamp)
CAST(b AS date)
CAST(b AS binary)
b AND c
b OR c
NOT c
!c
b = c
b > c
b <=> c
b = 'true'
b = 1
b IN ('true', 'false')
b + 1
b || 'x'
concat(b, c)
if(c, 1, 2)
coalesce(c, b)
coalesce(c, 'none')
CASE WHEN c THEN 'yes' WHEN NOT c THEN 'no' ELSE 'unknown' END
b IS TRUE
c IS NOT TRUE
c IS UNKNOWN
c IS FALSE
greatest(b, c)
hash(b)
xxhash64(b)
array(b, c)
int(b)
string(b)
-- columns: d date, t timestamp
-- row: DATE'2024-02-29', TIMESTAMP'2024-02-29 10:11:12.120'
-- row: DATE'1970-01-01', TIMESTAMP'1970-01-01 00:00:00'
-- row: DATE'0001-01-01', TIMESTAMP'0001-01-01 00:00:00'
-- row: DATE'9999-12-31', TIMESTAMP'9999-12-31 23:59:59.999999'
-- row: DATE'1969-12-31', TIMESTAMP'1969-12-31 23:59:59.5'
-- row: DATE'1582-10-04', TIMESTAMP'1500-03-01 12:00:00'
-- row: DATE'2024-02-29', NULL
d
t
CAST(d AS string)
CAST(t AS string)
CAST(d AS timestamp)
CAST(t AS date)
CAST(d AS timestamp_ntz)
CAST(t AS timestamp_ntz)
CAST(t AS bigint)
CAST(t AS int)
CAST(t AS double)
CAST(t AS decimal(20,6))
CAST(t AS decimal(10,0))
CAST(t AS boolean)
CAST(d AS int)
CAST(d AS bigint)
CAST(d AS boolean)
CAST(d AS double)
CAST(t AS float)
CAST(t AS tinyint)
try_cast(t AS tinyint)
CAST(d AS binary)
string(t)
date(t)
timestamp(d)
d = t
d < t
d > t
d || ''
concat(d, ' ', t)
length(t)
coalesce(d, t)
coalesce(t, 'none')
greatest(d, t)
if(t IS NULL, d, t)
CASE WHEN t IS NULL THEN d ELSE 'none' END
array(d, t)
d IN (t)
d + 1
t + 1
d = 'abc'
t = '2024-02-29 10:11:12.12'
t > '2024-02-29'
t = d
d = 19782
hash(d)
hash(t)
xxhash64(d)
xxhash64(t)
to_json(named_struct('d', d, 't', t))
-- columns: x binary
-- row: X'616263'
-- row: X''
-- row: X'00FF80'
-- row: X'C3B1'
-- row: X'31'
x
CAST(x AS string)
CAST(x AS int)
CAST(x AS bigint)
try_cast(x AS string)
string(x)
length(x)
octet_length(x)
bit_length(x)
hex(x)
base64(x)
x = 'abc'
x = X'616263'
x > X'31'
x || X'00'
concat(x, x)
concat(x, 'a')
x || 'a'
substring(x, 1, 2)
substring(x, -1)
left(x, 1)
upper(x)
reverse(x)
md5(x)
sha1(x)
sha2(x, 256)
crc32(x)
hash(x)
xxhash64(x)
decode(x, 'UTF-8')
is_valid_utf8(x)
lpad(x, 4, X'00')
coalesce(x, X'00')
coalesce(x, 'none')
array(x, x)
to_json(named_struct('x', x))
-- columns: a array<int>, m map<string,int>, r struct<p:int,q:string>
-- row: array(1, NULL, 3), map('k', 1, 'l', NULL), named_struct('p', 1, 'q', 'x')
-- row: array(), map(), named_struct('p', NULL, 'q', NULL)
-- row: array(2), map('', 0), named_struct('p', 7, 'q', '')
a
m
r
CAST(a AS string)
CAST(m AS string)
CAST(r AS string)
CAST(a AS array<string>)
CAST(a AS array<bigint>)
CAST(m AS map<string,string>)
CAST(m AS map<string,double>)
CAST(r AS struct<p:string,q:string>)
CAST(r AS struct<a:bigint,b:string>)
CAST(a AS int)
concat('v: ', a)
a = array(1, NULL, 3)
a < array(2)
r = named_struct('p', 1, 'q', 'x')
m = map('k', 1)
coalesce(a, array(1L))
if(size(a) > 0, a, array(1.5))
array(a, array(5L))
array(r, named_struct('p', 2, 'q', 'y'))
hash(a)
hash(r)
hash(m)
xxhash64(a)
xxhash64(r)
r IN (named_struct('p', 1, 'q', 'x'))
to_json(a)
to_json(m)
to_json(r)
