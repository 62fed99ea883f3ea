-- Dates and times from the year 1 to 9999, drawn by chance: made by random_cases.py 20260729.
-- columns: d date, e date, n int
-- row: DATE'9999-09-23', DATE'1582-10-13', 5
-- row: DATE'1582-09-01', DATE'9999-04-02', 25
-- row: DATE'1970-07-31', DATE'9999-04-04', 40
-- row: DATE'0001-10-28', DATE'1582-02-01', -3
-- row: DATE'1600-08-01', DATE'1582-05-01', -5
-- row: DATE'2000-04-30', DATE'2029-02-28', 9
-- row: DATE'0100-03-01', DATE'9999-06-01', 31
-- row: DATE'6791-03-31', DATE'0001-04-01', -40
-- row: DATE'0004-02-13', DATE'2000-12-20', 14
-- row: DATE'9999-01-31', DATE'1970-12-01', 25
-- row: DATE'6039-04-23', DATE'9999-09-01', -35
-- row: DATE'1970-08-31', DATE'0001-01-31', 15
year(d)
quarter(d)
month(d)
day(d)
dayofweek(d)
weekday(d)
dayofyear(d)
weekofyear(d)
last_day(d)
dayname(d)
monthname(d)
unix_date(d)
trunc(d, 'YEAR')
trunc(d, 'quarter')
trunc(d, 'MM')
trunc(d, 'week')
date_part('YEAROFWEEK', d)
date_part('DOW', d)
date_part('DOW_ISO', d)
date_part('WEEK', d)
next_day(d, 'MO')
next_day(d, 'Thursday')
next_day(d, 'sun')
d + n
date_add(d, n)
date_sub(d, n)
add_months(d, n)
datediff(d, e)
months_between(d, e)
months_between(e, d, false)
d - e
d < e
d + make_ym_interval(n, n)
d - INTERVAL 3 MONTHS
date_diff(YEAR, e, d)
date_diff(QUARTER, e, d)
date_diff(MONTH, e, d)
date_diff(WEEK, e, d)
date_diff(DAY, e, d)
date_add(YEAR, n, d)
date_add(QUARTER, n, d)
date_add(MONTH, n, d)
date_add(WEEK, n, d)
date_add(DAY, n, d)
make_date(year(d), month(e), day(d))
to_date(date_format(d, 'dd.MM.yyyy'), 'dd.MM.yyyy')
date_format(d, 'yyyy-MM-dd')
date_format(d, 'yyyy DDD')
date_format(d, 'E d MMM yy')
date_format(d, 'QQQ yyyy')
date_format(d, 'MMMM, EEEE')
-- columns: d date, e date, n int
-- row: DATE'1970-08-31', DATE'9999-06-16', 32
-- row: DATE'0004-11-01', DATE'2077-10-01', 35
-- row: DATE'1582-09-01', DATE'9999-04-30', 39
-- row: DATE'0001-05-01', DATE'9999-02-28', -30
-- row: DATE'0001-04-30', DATE'5023-02-26', -20
-- row: DATE'1970-11-30', DATE'1970-03-31', 1
-- row: DATE'1600-04-30', DATE'1973-08-08', -37
-- row: DATE'9999-11-30', DATE'1964-02-29', -33
-- row: DATE'4373-06-13', DATE'1600-01-18', -11
-- row: DATE'0100-06-01', DATE'0001-05-01', 35
-- row: DATE'9999-01-20', DATE'1600-06-30', 22
-- row: DATE'1582-12-01', DATE'2000-05-16', -32
year(d)
quarter(d)
month(d)
day(d)
dayofweek(d)
weekday(d)
dayofyear(d)
weekofyear(d)
last_day(d)
dayname(d)
monthname(d)
unix_date(d)
trunc(d, 'YEAR')
trunc(d, 'quarter')
trunc(d, 'MM')
trunc(d, 'week')
date_part('YEAROFWEEK', d)
date_part('DOW', d)
date_part('DOW_ISO', d)
date_part('WEEK', d)
next_day(d, 'MO')
next_day(d, 'Thursday')
next_day(d, 'sun')
d + n
date_add(d, n)
date_sub(d, n)
add_months(d, n)
datediff(d, e)
months_between(d, e)
months_between(e, d, false)
d - e
d < e
d + make_ym_interval(n, n)
d - INTERVAL 3 MONTHS
date_diff(YEAR, e, d)
date_diff(QUARTER, e, d)
date_diff(MONTH, e, d)
date_diff(WEEK, e, d)
date_diff(DAY, e, d)
date_add(YEAR, n, d)
date_add(QUARTER, n, d)
date_add(MONTH, n, d)
date_add(WEEK, n, d)
date_add(DAY, n, d)
make_date(year(d), month(e), day(d))
to_date(date_format(d, 'dd.MM.yyyy'), 'dd.MM.yyyy')
date_format(d, 'yyyy-MM-dd')
date_format(d, 'yyyy DDD')
date_format(d, 'E d MMM yy')
date_format(d, 'QQQ yyyy')
date_format(d, 'MMMM, EEEE')
-- columns: d date, e date, n int
-- row: DATE'1970-08-31', DATE'0001-02-17', -12
-- row: DATE'0004-03-01', DATE'1557-06-30', -38
-- row: DATE'1929-01-31', DATE'4984-04-30', -11
-- row: DATE'2025-10-08', DATE'0100-10-01', 40
-- row: DATE'9999-02-01', DATE'2000-01-31', -32
-- row: DATE'3434-09-01', DATE'0100-02-28', 18
-- row: DATE'0001-04-01', DATE'2017-05-25', 1
-- row: DATE'0004-05-29', DATE'1582-09-15', -18
-- row: DATE'0100-08-31', DATE'2000-11-07', -27
-- row: DATE'1934-04-01', DATE'1582-04-30', 1
-- row: DATE'1960-08-01', DATE'2000-10-31', -5
-- row: DATE'1947-05-01', DATE'0001-06-04', -1
year(d)
quarter(d)
month(d)
day(d)
dayofweek(d)
weekday(d)
dayofyear(d)
weekofyear(d)
last_day(d)
dayname(d)
monthname(d)
unix_date(d)
trunc(d, 'YEAR')
trunc(d, 'quarter')
trunc(d, 'MM')
trunc(d, 'week')
date_part('YEAROFWEEK', d)
date_part('DOW', d)
date_part('DOW_ISO', d)
date_part('WEEK', d)
next_day(d, 'MO')
next_day(d, 'Thursday')
next_day(d, 'sun')
d + n
date_add(d, n)
date_sub(d, n)
add_months(d, n)
datediff(d, e)
months_between(d, e)
months_between(e, d, false)
d - e
d < e
d + make_ym_interval(n, n)
d - INTERVAL 3 MONTHS
date_diff(YEAR, e, d)
date_diff(QUARTER, e, d)
date_diff(MONTH, e, d)
date_diff(WEEK, e, d)
date_diff(DAY, e, d)
date_add(YEAR, n, d)
date_add(QUARTER, n, d)
date_add(MONTH, n, d)
date_add(WEEK, n, d)
date_add(DAY, n, d)
make_date(year(d), month(e), day(d))
to_date(date_format(d, 'dd.MM.yyyy'), 'dd.MM.yyyy')
date_format(d, 'yyyy-MM-dd')
date_format(d, 'yyyy DDD')
date_format(d, 'E d MMM yy')
date_format(d, 'QQQ yyyy')
date_format(d, 'MMMM, EEEE')
-- columns: d date, e date, n int
-- row: DATE'1600-10-31', DATE'0100-01-13', 2
-- row: DATE'0004-04-01', DATE'1582-09-01', -2
-- row: DATE'0100-02-28', DATE'4219-08-31', -21
-- row: DATE'0001-02-28', DATE'2000-02-01', -7
-- row: DATE'0004-12-31', DATE'0001-02-28', -37
-- row: DATE'1836-10-06', DATE'1913-03-31', -34
-- row: DATE'2075-01-31', DATE'8756-04-30', 4
-- row: DATE'9999-09-05', DATE'0100-05-12', -2
-- row: DATE'1462-02-03', DATE'0001-11-01', -19
-- row: DATE'7574-01-03', DATE'0004-12-27', 28
-- row: DATE'1970-08-27', DATE'0001-06-01', 5
-- row: DATE'0100-09-16', DATE'0004-01-01', -30
year(d)
quarter(d)
month(d)
day(d)
dayofweek(d)
weekday(d)
dayofyear(d)
weekofyear(d)
last_day(d)
dayname(d)
monthname(d)
unix_date(d)
trunc(d, 'YEAR')
trunc(d, 'quarter')
trunc(d, 'MM')
trunc(d, 'week')
date_part('YEAROFWEEK', d)
date_part('DOW', d)
date_part('DOW_ISO', d)
date_part('WEEK', d)
next_day(d, 'MO')
next_day(d, 'Thursday')
next_day(d, 'sun')
d + n
date_add(d, n)
date_sub(d, n)
add_months(d, n)
datediff(d, e)
months_between(d, e)
months_between(e, d, false)
d - e
d < e
d + make_ym_interval(n, n)
d - INTERVAL 3 MONTHS
date_diff(YEAR, e, d)
date_diff(QUARTER, e, d)
date_diff(MONTH, e, d)
date_diff(WEEK, e, d)
date_diff(DAY, e, d)
date_add(YEAR, n, d)
date_add(QUARTER, n, d)
date_add(MONTH, n, d)
date_add(WEEK, n, d)
date_add(DAY, n, d)
make_date(year(d), month(e), day(d))
to_date(date_format(d, 'dd.MM.yyyy'), 'dd.MM.yyyy')
date_format(d, 'yyyy-MM-dd')
date_format(d, 'yyyy DDD')
date_format(d, 'E d MMM yy')
date_format(d, 'QQQ yyyy')
date_format(d, 'MMMM, EEEE')
-- columns: d date, e date, n int
-- row: DATE'0100-03-25', DATE'1985-04-30', -2
-- row: DATE'0100-11-01', DATE'1936-03-31', 10
-- row: DATE'2000-02-11', DATE'1970-07-29', -40
-- row: DATE'0004-02-01', DATE'0100-12-01', -19
-- row: DATE'0100-09-01', DATE'1924-06-30', 8
-- row: DATE'1999-02-01', DATE'0001-01-07', 31
-- row: DATE'1970-07-31', DATE'0100-11-15', -32
-- row: DATE'1970-04-01', DATE'2047-02-27', -32
-- row: DATE'1600-03-01', DATE'0100-06-01', 11
-- row: DATE'3992-06-01', DATE'0001-11-02', -24
-- row: DATE'0004-04-30', DATE'2000-06-01', 16
-- row: DATE'1582-01-31', DATE'1970-01-01', -32
year(d)
quarter(d)
month(d)
day(d)
dayofweek(d)
weekday(d)
dayofyear(d)
weekofyear(d)
last_day(d)
dayname(d)
monthname(d)
unix_date(d)
trunc(d, 'YEAR')
trunc(d, 'quarter')
trunc(d, 'MM')
trunc(d, 'week')
date_part('YEAROFWEEK', d)
date_part('DOW', d)
date_part('DOW_ISO', d)
date_part('WEEK', d)
next_day(d, 'MO')
next_day(d, 'Thursday')
next_day(d, 'sun')
d + n
date_add(d, n)
date_sub(d, n)
add_months(d, n)
datediff(d, e)
months_between(d, e)
months_between(e, d, false)
d - e
d < e
d + make_ym_interval(n, n)
d - INTERVAL 3 MONTHS
date_diff(YEAR, e, d)
date_diff(QUARTER, e, d)
date_diff(MONTH, e, d)
date_diff(WEEK, e, d)
date_diff(DAY, e, d)
date_add(YEAR, n, d)
date_add(QUARTER, n, d)
date_add(MONTH, n, d)
date_add(WEEK, n, d)
date_add(DAY, n, d)
make_date(year(d), month(e), day(d))
to_date(date_format(d, 'dd.MM.yyyy'), 'dd.MM.yyyy')
date_format(d, 'yyyy-MM-dd')
date_format(d, 'yyyy DDD')
date_format(d, 'E d MMM yy')
date_format(d, 'QQQ yyyy')
date_format(d, 'MMMM, EEEE')
-- columns: d date, e date, n int
-- row: DATE'1600-12-31', DATE'1582-03-01', -30
-- row: DATE'0001-07-01', DATE'2097-06-30', -35
-- row: DATE'0100-08-31', DATE'1970-02-21', 31
-- row: DATE'1600-06-01', DATE'0004-07-31', 8
-- row: DATE'1970-12-01', DATE'0100-05-01', 38
-- row: DATE'2000-05-01', DATE'1600-06-01', 1
-- row: DATE'7822-04-30', DATE'9999-11-01', 37
-- row: DATE'0004-09-01', DATE'1956-09-01', -15
-- row: DATE'1582-04-30', DATE'0001-01-01', 21
-- row: DATE'1970-05-26', DATE'0001-05-19', -5
-- row: DATE'0004-08-31', DATE'5476-09-29', -27
-- row: DATE'1970-07-24', DATE'0001-04-12', -18
year(d)
quarter(d)
month(d)
day(d)
dayofweek(d)
weekday(d)
dayofyear(d)
weekofyear(d)
last_day(d)
dayname(d)
monthname(d)
unix_date(d)
trunc(d, 'YEAR')
trunc(d, 'quarter')
trunc(d, 'MM')
trunc(d, 'week')
date_part('YEAROFWEEK', d)
date_part('DOW', d)
date_part('DOW_ISO', d)
date_part('WEEK', d)
next_day(d, 'MO')
next_day(d, 'Thursday')
next_day(d, 'sun')
d + n
date_add(d, n)
date_sub(d, n)
add_months(d, n)
datediff(d, e)
months_between(d, e)
months_between(e, d, false)
d - e
d < e
d + make_ym_interval(n, n)
d - INTERVAL 3 MONTHS
date_diff(YEAR, e, d)
date_diff(QUARTER, e, d)
date_diff(MONTH, e, d)
date_diff(WEEK, e, d)
date_diff(DAY, e, d)
date_add(YEAR, n, d)
date_add(QUARTER, n, d)
date_add(MONTH, n, d)
date_add(WEEK, n, d)
date_add(DAY, n, d)
make_date(year(d), month(e), day(d))
to_date(date_format(d, 'dd.MM.yyyy'), 'dd.MM.yyyy')
date_format(d, 'yyyy-MM-dd')
date_format(d, 'yyyy DDD')
date_format(d, 'E d MMM yy')
date_format(d, 'QQQ yyyy')
date_format(d, 'MMMM, EEEE')
-- columns: t timestamp, u timestamp, n int
-- row: TIMESTAMP'1582-09-30 00:00:00.5', TIMESTAMP'1905-04-01 00:00:00', -1525
-- row: TIMESTAMP'2000-06-30 00:00:00.999999', TIMESTAMP'0001-04-29 23:59:59', 1379
-- row: TIMESTAMP'9999-06-30 14:03:57.000001', TIMESTAMP'0100-02-28 03:04:18.123', 856
-- row: TIMESTAMP'0100-03-12 23:59:59.999999', TIMESTAMP'1600-09-01 11:19:40.123', -1306
-- row: TIMESTAMP'1970-10-31 02:36:48.123', TIMESTAMP'2000-11-01 00:00:00.5', -247
-- row: TIMESTAMP'7523-11-01 00:00:00.123', TIMESTAMP'9999-07-31 00:00:00.5', 416
-- row: TIMESTAMP'0100-01-01 00:00:00.999999', TIMESTAMP'1600-08-01 23:59:59.123', 1804
-- row: TIMESTAMP'0004-12-08 18:46:35.123', TIMESTAMP'9999-06-30 00:00:00', -689
-- row: TIMESTAMP'0001-12-01 00:00:00.5', TIMESTAMP'1600-10-02 20:36:00.000001', 1602
-- row: TIMESTAMP'9999-10-01 23:59:59', TIMESTAMP'0100-07-15 00:00:00.999999', -672
-- row: TIMESTAMP'0100-10-01 22:16:58.5', TIMESTAMP'2091-10-31 23:59:59.123', -1898
-- row: TIMESTAMP'8218-05-31 01:18:02', TIMESTAMP'0001-10-31 14:31:58', 1942
date_trunc('YEAR', t)
date_trunc('QUARTER', t)
date_trunc('MONTH', t)
date_trunc('WEEK', t)
date_trunc('DAY', t)
date_trunc('HOUR', t)
date_trunc('MINUTE', t)
date_trunc('SECOND', t)
date_trunc('MILLISECOND', t)
date_trunc('MICROSECOND', t)
timestampdiff(YEAR, u, t)
timestampdiff(QUARTER, u, t)
timestampdiff(MONTH, u, t)
timestampdiff(WEEK, u, t)
timestampdiff(DAY, u, t)
timestampdiff(HOUR, u, t)
timestampdiff(MINUTE, u, t)
timestampdiff(SECOND, u, t)
timestampdiff(MILLISECOND, u, t)
timestampdiff(MICROSECOND, u, t)
timestampadd(YEAR, n, t)
timestampadd(QUARTER, n, t)
timestampadd(MONTH, n, t)
timestampadd(WEEK, n, t)
timestampadd(DAY, n, t)
timestampadd(HOUR, n, t)
timestampadd(MINUTE, n, t)
timestampadd(SECOND, n, t)
timestampadd(MILLISECOND, n, t)
timestampadd(MICROSECOND, n, t)
hour(t)
minute(t)
second(t)
date_part('SECONDS', t)
unix_timestamp(t)
unix_micros(t)
to_date(t)
months_between(t, u)
add_months(t, n)
datediff(t, u)
t - u
t < u
t + INTERVAL '1 02:03:04.5' DAY TO SECOND
t + make_dt_interval(n, n, n, 1.5)
t - INTERVAL 13 MONTHS
date_format(t, 'yyyy-MM-dd HH:mm:ss.SSSSSS')
date_format(t, 'hh:mm a')
date_format(t, 'yyyyMMddHHmmss')
from_utc_timestamp(t, 'Asia/Tokyo')
to_utc_timestamp(t, 'America/New_York')
from_unixtime(unix_timestamp(t))
timestamp_seconds(n)
to_timestamp(date_format(t, 'dd/MM/yyyy HH:mm:ss'), 'dd/MM/yyyy HH:mm:ss')
-- columns: t timestamp, u timestamp, n int
-- row: TIMESTAMP'2000-11-14 23:59:59.123', TIMESTAMP'1970-08-31 09:00:43.000001', 1363
-- row: TIMESTAMP'9999-02-01 13:11:40', TIMESTAMP'1921-02-01 00:00:00.000001', 821
-- row: TIMESTAMP'0004-02-01 13:22:11', TIMESTAMP'1919-06-01 06:29:13.000001', 1355
-- row: TIMESTAMP'0100-02-01 00:00:00', TIMESTAMP'1970-04-15 00:00:00', -1336
-- row: TIMESTAMP'1582-05-01 00:00:00.999999', TIMESTAMP'1582-06-30 23:59:59', 1636
-- row: TIMESTAMP'0004-12-31 00:00:00.000001', TIMESTAMP'2074-11-30 23:59:59.123', -552
-- row: TIMESTAMP'5357-01-20 23:59:59.123', TIMESTAMP'1600-02-01 10:52:10.5', 1440
-- row: TIMESTAMP'1582-01-22 23:59:59.000001', TIMESTAMP'0100-09-01 04:05:58.999999', 587
-- row: TIMESTAMP'1970-09-01 04:09:44', TIMESTAMP'1600-04-02 00:00:00.000001', -814
-- row: TIMESTAMP'9999-06-30 23:59:59.999999', TIMESTAMP'0100-12-29 11:44:05.5', -202
-- row: TIMESTAMP'0100-10-01 00:00:00', TIMESTAMP'2060-01-31 23:59:59', -477
-- row: TIMESTAMP'2015-06-01 23:59:59.5', TIMESTAMP'1970-04-01 00:00:00.999999', 1403
date_trunc('YEAR', t)
date_trunc('QUARTER', t)
date_trunc('MONTH', t)
date_trunc('WEEK', t)
date_trunc('DAY', t)
date_trunc('HOUR', t)
date_trunc('MINUTE', t)
date_trunc('SECOND', t)
date_trunc('MILLISECOND', t)
date_trunc('MICROSECOND', t)
timestampdiff(YEAR, u, t)
timestampdiff(QUARTER, u, t)
timestampdiff(MONTH, u, t)
timestampdiff(WEEK, u, t)
timestampdiff(DAY, u, t)
timestampdiff(HOUR, u, t)
timestampdiff(MINUTE, u, t)
timestampdiff(SECOND, u, t)
timestampdiff(MILLISECOND, u, t)
timestampdiff(MICROSECOND, u, t)
timestampadd(YEAR, n, t)
timestampadd(QUARTER, n, t)
timestampadd(MONTH, n, t)
timestampadd(WEEK, n, t)
timestampadd(DAY, n, t)
timestampadd(HOUR, n, t)
timestampadd(MINUTE, n, t)
timestampadd(SECOND, n, t)
timestampadd(MILLISECOND, n, t)
timestampadd(MICROSECOND, n, t)
hour(t)
minute(t)
second(t)
date_part('SECONDS', t)
unix_timestamp(t)
unix_micros(t)
to_date(t)
months_between(t, u)
add_months(t, n)
datediff(t, u)
t - u
t < u
t + INTERVAL '1 02:03:04.5' DAY TO SECOND
t + make_dt_interval(n, n, n, 1.5)
t - INTERVAL 13 MONTHS
date_format(t, 'yyyy-MM-dd HH:mm:ss.SSSSSS')
date_format(t, 'hh:mm a')
date_format(t, 'yyyyMMddHHmmss')
from_utc_timestamp(t, 'Asia/Tokyo')
to_utc_timestamp(t, 'America/New_York')
from_unixtime(unix_timestamp(t))
timestamp_seconds(n)
to_timestamp(date_format(t, 'dd/MM/yyyy HH:mm:ss'), 'dd/MM/yyyy HH:mm:ss')
-- columns: t timestamp, u timestamp, n int
-- row: TIMESTAMP'1600-06-20 00:00:00', TIMESTAMP'1600-11-30 23:59:59.123', 1665
-- row: TIMESTAMP'0001-02-28 23:59:59.123', TIMESTAMP'2000-02-16 23:59:59.999999', 677
-- row: TIMESTAMP'0100-02-28 23:35:37.000001', TIMESTAMP'1582-08-28 00:00:00', -273
-- row: TIMESTAMP'1970-07-31 00:00:00.5', TIMESTAMP'0004-10-31 23:59:59.123', -867
-- row: TIMESTAMP'1979-08-31 01:11:07.000001', TIMESTAMP'1970-02-28 00:00:00', 1276
-- row: TIMESTAMP'0001-11-21 00:00:00.999999', TIMESTAMP'2000-01-07 00:00:00.123', -23
-- row: TIMESTAMP'5867-03-20 12:27:07.5', TIMESTAMP'1970-11-01 23:59:59.000001', -694
-- row: TIMESTAMP'1600-07-31 23:59:59', TIMESTAMP'0100-08-31 23:59:59', -1296
-- row: TIMESTAMP'1600-01-31 06:41:22', TIMESTAMP'2002-04-30 00:00:00', 1339
-- row: TIMESTAMP'1970-02-12 00:00:00.5', TIMESTAMP'1970-11-30 12:35:23.5', 1232
-- row: TIMESTAMP'9940-03-01 23:59:59.999999', TIMESTAMP'0100-07-01 23:59:59.999999', 1676
-- row: TIMESTAMP'0001-09-13 19:08:27', TIMESTAMP'0004-10-31 00:00:00.000001', -1069
date_trunc('YEAR', t)
date_trunc('QUARTER', t)
date_trunc('MONTH', t)
date_trunc('WEEK', t)
date_trunc('DAY', t)
date_trunc('HOUR', t)
date_trunc('MINUTE', t)
date_trunc('SECOND', t)
date_trunc('MILLISECOND', t)
date_trunc('MICROSECOND', t)
timestampdiff(YEAR, u, t)
timestampdiff(QUARTER, u, t)
timestampdiff(MONTH, u, t)
timestampdiff(WEEK, u, t)
timestampdiff(DAY, u, t)
timestampdiff(HOUR, u, t)
timestampdiff(MINUTE, u, t)
timestampdiff(SECOND, u, t)
timestampdiff(MILLISECOND, u, t)
timestampdiff(MICROSECOND, u, t)
timestampadd(YEAR, n, t)
timestampadd(QUARTER, n, t)
timestampadd(MONTH, n, t)
timestampadd(WEEK, n, t)
timestampadd(DAY, n, t)
timestampadd(HOUR, n, t)
timestampadd(MINUTE, n, t)
timestampadd(SECOND, n, t)
timestampadd(MILLISECOND, n, t)
timestampadd(MICROSECOND, n, t)
hour(t)
minute(t)
second(t)
date_part('SECONDS', t)
unix_timestamp(t)
unix_micros(t)
to_date(t)
months_between(t, u)
add_months(t, n)
datediff(t, u)
t - u
t < u
t + INTERVAL '1 02:03:04.5' DAY TO SECOND
t + make_dt_interval(n, n, n, 1.5)
t - INTERVAL 13 MONTHS
date_format(t, 'yyyy-MM-dd HH:mm:ss.SSSSSS')
date_format(t, 'hh:mm a')
date_format(t, 'yyyyMMddHHmmss')
from_utc_timestamp(t, 'Asia/Tokyo')
to_utc_timestamp(t, 'America/New_York')
from_unixtime(unix_timestamp(t))
timestamp_seconds(n)
to_timestamp(date_format(t, 'dd/MM/yyyy HH:mm:ss'), 'dd/MM/yyyy HH:mm:ss')
-- columns: t timestamp, u timestamp, n int
-- row: TIMESTAMP'7723-07-15 23:59:59', TIMESTAMP'9999-08-31 00:00:00.000001', -1266
-- row: TIMESTAMP'2089-10-01 23:59:59', TIMESTAMP'0004-05-31 00:00:00.999999', 855
-- row: TIMESTAMP'9999-02-27 00:00:00.999999', TIMESTAMP'2000-11-03 23:59:59.000001', 311
-- row: TIMESTAMP'2000-02-29 00:00:00.5', TIMESTAMP'9999-05-01 23:59:59', -1358
-- row: TIMESTAMP'1582-12-31 04:45:02.000001', TIMESTAMP'9999-07-01 08:31:25.123', -1270
-- row: TIMESTAMP'0004-11-30 00:00:00', TIMESTAMP'1582-05-09 00:37:48.000001', 1262
-- row: TIMESTAMP'2000-11-30 00:00:00', TIMESTAMP'1582-05-31 11:24:29.000001', -1246
-- row: TIMESTAMP'0004-02-08 23:59:59', TIMESTAMP'2023-06-30 00:00:00', 1786
-- row: TIMESTAMP'1582-01-22 00:00:00.000001', TIMESTAMP'1600-02-29 23:59:59.123', 1133
-- row: TIMESTAMP'1970-02-28 00:00:00.999999', TIMESTAMP'1582-05-28 00:00:00', 1295
-- row: TIMESTAMP'0100-02-28 23:59:59.5', TIMESTAMP'0001-03-01 23:59:59.999999', 17
-- row: TIMESTAMP'0004-04-01 23:59:59.000001', TIMESTAMP'2045-06-26 05:25:15.000001', -36
date_trunc('YEAR', t)
date_trunc('QUARTER', t)
date_trunc('MONTH', t)
date_trunc('WEEK', t)
date_trunc('DAY', t)
date_trunc('HOUR', t)
date_trunc('MINUTE', t)
date_trunc('SECOND', t)
date_trunc('MILLISECOND', t)
date_trunc('MICROSECOND', t)
timestampdiff(YEAR, u, t)
timestampdiff(QUARTER, u, t)
timestampdiff(MONTH, u, t)
timestampdiff(WEEK, u, t)
timestampdiff(DAY, u, t)
timestampdiff(HOUR, u, t)
timestampdiff(MINUTE, u, t)
timestampdiff(SECOND, u, t)
timestampdiff(MILLISECOND, u, t)
timestampdiff(MICROSECOND, u, t)
timestampadd(YEAR, n, t)
timestampadd(QUARTER, n, t)
timestampadd(MONTH, n, t)
timestampadd(WEEK, n, t)
timestampadd(DAY, n, t)
timestampadd(HOUR, n, t)
timestampadd(MINUTE, n, t)
timestampadd(SECOND, n, t)
timestampadd(MILLISECOND, n, t)
timestampadd(MICROSECOND, n, t)
hour(t)
minute(t)
second(t)
date_part('SECONDS', t)
unix_timestamp(t)
unix_micros(t)
to_date(t)
months_between(t, u)
add_months(t, n)
datediff(t, u)
t - u
t < u
t + INTERVAL '1 02:03:04.5' DAY TO SECOND
t + make_dt_interval(n, n, n, 1.5)
t - INTERVAL 13 MONTHS
date_format(t, 'yyyy-MM-dd HH:mm:ss.SSSSSS')
date_format(t, 'hh:mm a')
date_format(t, 'yyyyMMddHHmmss')
from_utc_timestamp(t, 'Asia/Tokyo')
to_utc_timestamp(t, 'America/New_York')
from_unixtime(unix_timestamp(t))
timestamp_seconds(n)
to_timestamp(date_format(t, 'dd/MM/yyyy HH:mm:ss'), 'dd/MM/yyyy HH:mm:ss')
-- columns: t timestamp, u timestamp, n int
-- row: TIMESTAMP'9999-03-01 01:16:33.999999', TIMESTAMP'0100-02-08 23:59:59', -1635
-- row: TIMESTAMP'2000-03-31 18:46:44.000001', TIMESTAMP'1974-03-01 00:00:00', -1735
-- row: TIMESTAMP'1600-07-01 23:59:59.000001', TIMESTAMP'7410-09-01 23:59:59.000001', -32
-- row: TIMESTAMP'0100-06-30 08:25:02', TIMESTAMP'1970-01-01 19:27:36', -174
-- row: TIMESTAMP'0928-02-29 23:59:59.999999', TIMESTAMP'1582-10-27 23:59:59.123', -911
-- row: TIMESTAMP'9999-05-31 00:54:33.999999', TIMESTAMP'9999-08-01 22:43:47.999999', 432
-- row: TIMESTAMP'1970-12-01 23:59:59.000001', TIMESTAMP'2087-12-31 02:41:38.000001', 675
-- row: TIMESTAMP'0100-02-28 03:42:02', TIMESTAMP'0100-03-27 14:33:14.123', -216
-- row: TIMESTAMP'0001-07-31 00:00:00', TIMESTAMP'2000-01-01 08:10:29.000001', -316
-- row: TIMESTAMP'9106-05-16 00:00:00.123', TIMESTAMP'0001-06-30 23:59:59.5', -1322
-- row: TIMESTAMP'1970-01-19 00:00:00.999999', TIMESTAMP'1582-03-31 00:00:00.5', -1709
-- row: TIMESTAMP'1970-10-31 02:13:49.123', TIMESTAMP'0004-01-01 23:59:59.123', 1352
date_trunc('YEAR', t)
date_trunc('QUARTER', t)
date_trunc('MONTH', t)
date_trunc('WEEK', t)
date_trunc('DAY', t)
date_trunc('HOUR', t)
date_trunc('MINUTE', t)
date_trunc('SECOND', t)
date_trunc('MILLISECOND', t)
date_trunc('MICROSECOND', t)
timestampdiff(YEAR, u, t)
timestampdiff(QUARTER, u, t)
timestampdiff(MONTH, u, t)
timestampdiff(WEEK, u, t)
timestampdiff(DAY, u, t)
timestampdiff(HOUR, u, t)
timestampdiff(MINUTE, u, t)
timestampdiff(SECOND, u, t)
timestampdiff(MILLISECOND, u, t)
timestampdiff(MICROSECOND, u, t)
timestampadd(YEAR, n, t)
timestampadd(QUARTER, n, t)
timestampadd(MONTH, n, t)
timestampadd(WEEK, n, t)
timestampadd(DAY, n, t)
timestampadd(HOUR, n, t)
timestampadd(MINUTE, n, t)
timestampadd(SECOND, n, t)
timestampadd(MILLISECOND, n, t)
timestampadd(MICROSECOND, n, t)
hour(t)
minute(t)
second(t)
date_part('SECONDS', t)
unix_timestamp(t)
unix_micros(t)
to_date(t)
months_between(t, u)
add_months(t, n)
datediff(t, u)
t - u
t < u
t + INTERVAL '1 02:03:04.5' DAY TO SECOND
t + make_dt_interval(n, n, n, 1.5)
t - INTERVAL 13 MONTHS
date_format(t, 'yyyy-MM-dd HH:mm:ss.SSSSSS')
date_format(t, 'hh:mm a')
date_format(t, 'yyyyMMddHHmmss')
from_utc_timestamp(t, 'Asia/Tokyo')
to_utc_timestamp(t, 'America/New_York')
from_unixtime(unix_timestamp(t))
timestamp_seconds(n)
to_timestamp(date_format(t, 'dd/MM/yyyy HH:mm:ss'), 'dd/MM/yyyy HH:mm:ss')
-- columns: t timestamp, u timestamp, n int
-- row: TIMESTAMP'1970-01-05 23:59:59', TIMESTAMP'1618-07-31 00:00:00.5', 1015
-- row: TIMESTAMP'1970-07-22 23:59:59', TIMESTAMP'0004-02-01 00:00:00.000001', 1249
-- row: TIMESTAMP'4259-12-01 00:00:00', TIMESTAMP'1970-01-01 06:14:03.000001', 387
-- row: TIMESTAMP'0004-04-30 03:27:34.000001', TIMESTAMP'0004-08-31 23:59:59.000001', -1215
-- row: TIMESTAMP'2071-11-30 00:00:00.123', TIMESTAMP'9999-03-15 00:00:00.123', 619
-- row: TIMESTAMP'0001-01-05 23:59:59', TIMESTAMP'2005-08-31 00:00:00', -383
-- row: TIMESTAMP'0192-07-01 00:00:00', TIMESTAMP'0001-09-27 11:48:27.5', 304
-- row: TIMESTAMP'0004-03-26 00:00:00.000001', TIMESTAMP'2000-12-01 09:40:11', -215
-- row: TIMESTAMP'1970-11-03 00:00:00.999999', TIMESTAMP'1582-04-30 23:59:59', 1846
-- row: TIMESTAMP'1600-09-30 00:00:00', TIMESTAMP'0001-06-30 14:36:10', -593
-- row: TIMESTAMP'1970-05-01 03:50:43.123', TIMESTAMP'1600-09-13 23:59:59', 533
-- row: TIMESTAMP'9999-11-08 00:47:15.5', TIMESTAMP'9999-05-31 00:00:00.123', -217
date_trunc('YEAR', t)
date_trunc('QUARTER', t)
date_trunc('MONTH', t)
date_trunc('WEEK', t)
date_trunc('DAY', t)
date_trunc('HOUR', t)
date_trunc('MINUTE', t)
date_trunc('SECOND', t)
date_trunc('MILLISECOND', t)
date_trunc('MICROSECOND', t)
timestampdiff(YEAR, u, t)
timestampdiff(QUARTER, u, t)
timestampdiff(MONTH, u, t)
timestampdiff(WEEK, u, t)
timestampdiff(DAY, u, t)
timestampdiff(HOUR, u, t)
timestampdiff(MINUTE, u, t)
timestampdiff(SECOND, u, t)
timestampdiff(MILLISECOND, u, t)
timestampdiff(MICROSECOND, u, t)
timestampadd(YEAR, n, t)
timestampadd(QUARTER, n, t)
timestampadd(MONTH, n, t)
timestampadd(WEEK, n, t)
timestampadd(DAY, n, t)
timestampadd(HOUR, n, t)
timestampadd(MINUTE, n, t)
timestampadd(SECOND, n, t)
timestampadd(MILLISECOND, n, t)
timestampadd(MICROSECOND, n, t)
hour(t)
minute(t)
second(t)
date_part('SECONDS', t)
unix_timestamp(t)
unix_micros(t)
to_date(t)
months_between(t, u)
add_months(t, n)
datediff(t, u)
t - u
t < u
t + INTERVAL '1 02:03:04.5' DAY TO SECOND
t + make_dt_interval(n, n, n, 1.5)
t - INTERVAL 13 MONTHS
date_format(t, 'yyyy-MM-dd HH:mm:ss.SSSSSS')
date_format(t, 'hh:mm a')
date_format(t, 'yyyyMMddHHmmss')
from_utc_timestamp(t, 'Asia/Tokyo')
to_utc_timestamp(t, 'America/New_York')
from_unixtime(unix_timestamp(t))
timestamp_seconds(n)
to_timestamp(date_format(t, 'dd/MM/yyyy HH:mm:ss'), 'dd/MM/yyyy HH:mm:ss')
