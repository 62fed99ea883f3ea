-- Timestamps, times without a zone and intervals; the session's zone is UTC.
-- columns: t timestamp, n int
-- row: TIMESTAMP'2024-03-05 07:08:09', 1
-- row: TIMESTAMP'2024-03-05 17:58:59.123456', -1
-- row: TIMESTAMP'2024-12-31 23:59:59.999999', 90
-- row: TIMESTAMP'2024-02-29 00:00:00.5', 12
-- row: TIMESTAMP'1970-01-01 00:00:00', 0
-- row: TIMESTAMP'1969-12-31 23:59:59.75', 30
-- row: TIMESTAMP'0001-01-01 00:00:00', 2
-- row: TIMESTAMP'9999-12-31 12:00:00', -3
-- row: TIMESTAMP'1600-02-29 01:02:03', 4
-- row: TIMESTAMP'2024-10-27 01:30:00', NULL
year(t)
quarter(t)
month(t)
day(t)
dayofweek(t)
dayofyear(t)
weekofyear(t)
weekday(t)
hour(t)
minute(t)
second(t)
extract(YEAR FROM t)
extract(HOUR FROM t)
extract(MINUTE FROM t)
extract(SECOND FROM t)
extract(WEEK FROM t)
date_part('SECONDS', t)
date_part('hour', t)
to_date(t)
date(t)
cast(t AS date)
cast(t AS string)
cast(t AS bigint)
cast(t AS double)
cast(t AS decimal(20,6))
cast(t AS timestamp_ntz)
last_day(t)
next_day(t, 'FRI')
add_months(t, 1)
date_add(t, 1)
date_sub(t, n)
datediff(t, '2024-03-01')
months_between(t, TIMESTAMP'2024-01-31 10:00:00')
months_between(t, TIMESTAMP'2024-01-31 10:00:00', false)
trunc(t, 'MM')
date_trunc('YEAR', t)
date_trunc('QUARTER', t)
date_trunc('MON', t)
date_trunc('WEEK', t)
date_trunc('dd', t)
date_trunc('HOUR', t)
date_trunc('MINUTE', t)
date_trunc('SECOND', t)
date_trunc('MILLISECOND', t)
date_trunc('MICROSECOND', t)
date_trunc('xx', t)
date_trunc('decade', t)
t + INTERVAL 1 DAY
t + INTERVAL 1 HOUR
t - INTERVAL 30 MINUTES
t + INTERVAL 1 MONTH
t - INTERVAL 1 YEAR
t + INTERVAL '1 02:03:04.5' DAY TO SECOND
t + INTERVAL '0.000001' SECOND
t + INTERVAL 1 MONTH 2 DAYS
t + n * INTERVAL 1 HOUR
t + make_interval(0, 0, 0, n)
t + make_dt_interval(n, 1)
t + make_ym_interval(1, n)
t - TIMESTAMP'2024-03-05 00:00:00'
TIMESTAMP'2024-03-06 00:00:00' - t
extract(DAY FROM t - TIMESTAMP'2024-01-01 00:00:00')
extract(HOUR FROM t - TIMESTAMP'2024-01-01 00:00:00')
t - DATE'2024-01-01'
cast(t AS double) - cast(TIMESTAMP'2024-01-01 00:00:00' AS double)
unix_timestamp(t) - unix_timestamp(TIMESTAMP'2024-01-01 00:00:00')
timestampdiff(HOUR, t, TIMESTAMP'2024-03-05 18:00:00')
timestampdiff(MINUTE, TIMESTAMP'2024-03-05 18:00:00', t)
timestampdiff(SECOND, t, TIMESTAMP'2024-03-05 18:00:00')
timestampdiff(MONTH, t, TIMESTAMP'2024-03-05 18:00:00')
timestampdiff(YEAR, t, TIMESTAMP'2024-03-05 18:00:00')
timestampdiff(MILLISECOND, t, TIMESTAMP'2024-03-05 18:00:00')
timestampadd(HOUR, n, t)
timestampadd(MONTH, n, t)
timestampadd(SECOND, n, t)
dateadd(DAY, n, t)
date_format(t, 'yyyy-MM-dd HH:mm:ss')
date_format(t, 'yyyyMMdd HH:mm')
date_format(t, 'yyyyMMddHHmmss')
date_format(t, 'HH:mm')
date_format(t, 'h:mm a')
date_format(t, 'hh')
date_format(t, 'K')
date_format(t, 'k')
date_format(t, 'H')
date_format(t, 'S')
date_format(t, 'SSS')
date_format(t, 'SSSSSS')
date_format(t, 'SSSSSSSSS')
date_format(t, 'n')
date_format(t, 'A')
date_format(t, 'B')
date_format(t, 'z')
date_format(t, 'zzzz')
date_format(t, 'VV')
date_format(t, 'Z')
date_format(t, 'XXX')
date_format(t, 'X')
date_format(t, 'xxx')
date_format(t, 'O')
date_format(t, "yyyy-MM-dd'T'HH:mm:ss.SSSXXX")
date_format(t, "yyyy-MM-dd'T'HH:mm:ss'Z'")
date_format(t, "hh 'o''clock' a")
date_format(t, 'EEE, dd MMM yyyy HH:mm:ss')
date_format(t, 'yyyy-MM-dd[ HH:mm]')
date_format(t, 'D')
date_format(t, 'mm:ss')
date_format(t, 'MM:mm')
unix_timestamp(t)
to_unix_timestamp(t)
unix_seconds(t)
unix_millis(t)
unix_micros(t)
from_unixtime(unix_timestamp(t))
from_unixtime(unix_timestamp(t), 'yyyy/MM/dd')
to_timestamp(t)
timestamp_seconds(unix_timestamp(t))
to_utc_timestamp(t, 'Europe/Madrid')
to_utc_timestamp(t, 'America/New_York')
to_utc_timestamp(t, 'GMT+2')
to_utc_timestamp(t, '+05:30')
to_utc_timestamp(t, 'PST')
to_utc_timestamp(t, 'Nowhere')
from_utc_timestamp(t, 'Europe/Madrid')
from_utc_timestamp(t, 'America/New_York')
from_utc_timestamp(t, 'Asia/Kolkata')
from_utc_timestamp(t, 'UTC')
convert_timezone('Europe/Madrid', 'America/New_York', cast(t AS timestamp_ntz))
t = '2024-03-05 07:08:09'
t > '2024'
t BETWEEN '2024-01-01' AND '2024-12-31'
t >= DATE'2024-03-05'
t = DATE'1970-01-01'
date(t) = '2024-03-05'
t IN (TIMESTAMP'2024-03-05 07:08:09')
t || ''
concat('at ', t)
substring(t, 1, 10)
length(t)
left(string(t), 7)
coalesce(t, TIMESTAMP'1970-01-01 00:00:00')
greatest(t, TIMESTAMP'2024-03-05 12:00:00')
array(t, DATE'2024-01-01')
sequence(t, t + INTERVAL 2 HOURS, INTERVAL 1 HOUR)
to_json(named_struct('t', t))
hash(t)
xxhash64(t)
window(t, '1 hour').start
typeof(t + INTERVAL 1 DAY)
typeof(t - t)
typeof(second(t))
typeof(extract(SECOND FROM t))
typeof(date_trunc('DAY', t))
typeof(unix_timestamp(t))
-- from numbers
-- columns: n bigint
-- row: 0
-- row: 1
-- row: -1
-- row: 86399
-- row: 1711852200
-- row: 1711852200123
-- row: -62135596800
-- row: 253402300799
-- row: 9223372036854775807
from_unixtime(n)
from_unixtime(n, 'yyyy-MM-dd HH:mm')
from_unixtime(n, 'yyyy')
timestamp_seconds(n)
timestamp_millis(n)
timestamp_micros(n)
cast(n AS timestamp)
to_timestamp(n)
date_from_unix_date(cast(n % 100000 AS int))
from_unixtime(n / 1000)
timestamp_seconds(n / 1000)
from_unixtime(cast(n AS string))
-- from parts
-- columns: y int, m int, d int, h int, s decimal(16,6)
-- row: 2024, 2, 29, 10, 30.5
-- row: 2023, 2, 29, 0, 0
-- row: 2024, 13, 1, 0, 0
-- row: 2024, 1, 32, 23, 59.999999
-- row: 1, 1, 1, 0, 0
-- row: 9999, 12, 31, 24, 0
-- row: 0, 6, 15, 12, 60
-- row: 2024, 6, 15, 12, 60.5
-- row: -1, 1, 1, -1, 0
-- row: 2024, NULL, 1, 0, 0
make_date(y, m, d)
try_make_date(y, m, d)
make_timestamp(y, m, d, h, 0, s)
make_timestamp(y, m, d, h, 61, s)
try_make_timestamp(y, m, d, h, 0, s)
make_timestamp_ntz(y, m, d, h, 0, s)
make_timestamp_ltz(y, m, d, h, 0, s)
make_timestamp(y, m, d, h, 0, s, 'Europe/Madrid')
make_interval(y, m)
make_interval(0, 0, 0, d, h, 0, s)
make_dt_interval(d, h, 0, s)
make_ym_interval(y, m)
DATE'2024-01-31' + make_ym_interval(0, m)
TIMESTAMP'2024-01-31 00:00:00' + make_dt_interval(d, h, 0, s)
to_date(concat(y, '-', m, '-', d))
to_date(concat(y, lpad(m, 2, '0'), lpad(d, 2, '0')), 'yyyyMMdd')
INTERVAL 1 DAY * d
d * INTERVAL 1 MONTH
INTERVAL 10 DAYS / d
make_dt_interval(d) > INTERVAL 1 DAY
-make_ym_interval(y, m)
-- times without a zone
-- columns: t timestamp_ntz, u timestamp
-- row: TIMESTAMP_NTZ'2024-03-05 07:08:09', TIMESTAMP'2024-03-05 07:08:09'
-- row: TIMESTAMP_NTZ'2024-03-31 02:30:00.123456', TIMESTAMP'2024-03-31 00:30:00'
-- row: TIMESTAMP_NTZ'0001-01-01 00:00:00', TIMESTAMP'9999-12-31 23:59:59'
t
cast(t AS string)
cast(t AS date)
cast(t AS timestamp)
cast(u AS timestamp_ntz)
t = u
t < u
t = '2024-03-05 07:08:09'
t > DATE'2024-03-05'
year(t)
hour(t)
second(t)
extract(SECOND FROM t)
date_format(t, 'yyyy-MM-dd HH:mm:ss.SSS')
date_trunc('HOUR', t)
t + INTERVAL 1 DAY
t + INTERVAL 1 MONTH
t - TIMESTAMP_NTZ'2024-03-05 00:00:00'
t - u
coalesce(t, u)
unix_timestamp(t)
to_timestamp_ntz('2024-03-05 07:08:09')
to_timestamp_ltz(t)
concat(t, '')
hash(t)
datediff(t, u)
typeof(t)
typeof(t + INTERVAL 1 DAY)
typeof(coalesce(t, u))
typeof(date_trunc('DAY', t))
