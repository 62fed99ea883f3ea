-- The same in another zone: summer time, and years before zones were agreed on.
-- time zone: America/New_York
-- columns: t timestamp, n timestamp_ntz, s string
-- row: TIMESTAMP'2024-03-10 01:30:00', TIMESTAMP_NTZ'2024-03-10 02:30:00', '2024-03-10 02:30:00'
-- row: TIMESTAMP'2024-11-03 01:30:00', TIMESTAMP_NTZ'2024-11-03 01:30:00', '2024-11-03 01:30:00'
-- row: TIMESTAMP'2024-07-01 12:00:00.5', TIMESTAMP_NTZ'2024-07-01 12:00:00.5', '2024-07-01T12:00:00Z'
-- row: TIMESTAMP'1883-11-18 12:00:00', TIMESTAMP_NTZ'1883-11-18 12:00:00', '1883-11-18 12:00:00'
-- row: TIMESTAMP'1970-01-01 00:00:00', TIMESTAMP_NTZ'1970-01-01 00:00:00', '1970-01-01'
-- row: TIMESTAMP'0001-01-01 00:00:00', TIMESTAMP_NTZ'9999-12-31 23:59:59', '2024-07-01 12:00:00 Europe/Madrid'
t
CAST(t AS string)
CAST(t AS date)
CAST(t AS bigint)
CAST(t AS timestamp_ntz)
CAST(n AS timestamp)
CAST(n AS string)
CAST(s AS timestamp)
CAST(s AS date)
CAST(DATE'2024-03-10' AS timestamp)
to_timestamp(s)
unix_timestamp(s)
unix_timestamp(t)
from_unixtime(0)
from_unixtime(unix_timestamp(t))
hour(t)
day(t)
hour(n)
extract(HOUR FROM t)
date_trunc('DAY', t)
date_trunc('HOUR', t)
date_trunc('MONTH', t)
trunc(t, 'MM')
date_format(t, 'yyyy-MM-dd HH:mm:ss')
date_format(t, 'z')
date_format(t, 'XXX')
date_format(t, 'VV')
t + INTERVAL 1 DAY
t + INTERVAL 24 HOURS
t + INTERVAL 1 MONTH
t - INTERVAL 1 HOUR
t - TIMESTAMP'2024-03-09 12:00:00'
datediff(t, '2024-03-09')
date(t)
to_utc_timestamp(t, 'Europe/Madrid')
from_utc_timestamp(t, 'Europe/Madrid')
to_utc_timestamp(n, 'America/New_York')
timestamp_seconds(0)
make_timestamp(2024, 3, 10, 2, 30, 0)
make_timestamp(2024, 3, 10, 2, 30, 0, 'UTC')
TIMESTAMP'2024-07-01 12:00:00' = t
t = n
t > n
t = '2024-07-01 12:00:00.5'
to_json(struct(t))
concat(t, '')
TIMESTAMP'2024-07-01 12:00:00Z'
months_between(t, TIMESTAMP'2024-01-31 10:00:00')
sequence(DATE'2024-03-09', DATE'2024-03-11')
to_timestamp('2024-03-10 02:30', 'yyyy-MM-dd HH:mm')
last_day(t)
window(t, '1 day').start
hash(t)
