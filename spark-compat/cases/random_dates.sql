-- Written by random_cases.py from seed 13.
-- columns: d date, t timestamp, n int
-- row: DATE'1900-02-09', TIMESTAMP'1970-01-09 22:36:25.5', 1400
-- row: DATE'2000-03-10', TIMESTAMP'0001-02-22 20:38:38', 3432
-- row: DATE'2024-03-30', TIMESTAMP'2022-11-07 22:33:27', -362
-- row: DATE'2011-01-29', TIMESTAMP'1944-06-06 02:37:42.075692', -2667
-- row: DATE'2053-06-03', TIMESTAMP'0001-02-11 01:18:04.5', 2174
-- row: DATE'1582-10-09', TIMESTAMP'2010-03-28 12:19:23.5', 2212
t - INTERVAL 1 DAY 2 HOURS
d - n
months_between(d, t, false)
extract(WEEK FROM t)
datediff(d, t)
t < d
date_sub(d, n)
d = t
timestampadd(WEEK, n, t)
CAST(d AS string)
-- columns: d date, t timestamp, n int
-- row: DATE'1928-02-08', TIMESTAMP'1969-12-26 05:23:35.059356', 2743
-- row: DATE'2000-02-21', TIMESTAMP'1591-05-09 12:36:53', -1151
-- row: DATE'2019-01-21', TIMESTAMP'2051-11-22 16:52:28', 14
-- row: DATE'1916-06-06', TIMESTAMP'0008-10-15 06:07:43.985952', 948
-- row: DATE'2054-05-23', TIMESTAMP'0047-08-17 17:19:41', 602
-- row: DATE'2029-08-17', TIMESTAMP'2005-02-23 22:52:07.476988', -3797
d + INTERVAL 3 MONTHS
CAST(t AS double)
unix_timestamp(t)
months_between(d, t, false)
second(t)
d - CAST(t AS date)
month(t)
day(t)
last_day(d)
date_add(d, n)
-- columns: d date, t timestamp, n int
-- row: DATE'2031-02-05', TIMESTAMP'1900-01-05 15:32:24.105661', 984
-- row: DATE'1900-01-24', TIMESTAMP'2000-03-31 19:54:28.5', -2062
-- row: DATE'2000-03-10', TIMESTAMP'2000-03-17 07:27:26', -3629
-- row: DATE'0001-01-22', TIMESTAMP'2062-10-19 11:45:14.793817', 855
-- row: DATE'1593-04-14', TIMESTAMP'1909-07-01 08:22:36', 3277
-- row: DATE'1970-01-01', TIMESTAMP'0001-02-05 05:43:17.041480', 636
d + n
quarter(t)
d - n
timestampadd(WEEK, n, t)
CAST(d AS timestamp)
weekofyear(d)
date_add(d, n)
date_trunc('SECOND', t)
extract(QUARTER FROM t)
t + n * INTERVAL 1 MINUTE
-- columns: d date, t timestamp, n int
-- row: DATE'0049-08-07', TIMESTAMP'0004-02-21 15:28:03.483622', 2292
-- row: DATE'0021-01-17', TIMESTAMP'2000-02-26 14:33:56.099030', -1625
-- row: DATE'1900-01-23', TIMESTAMP'2024-03-29 21:13:04.5', -133
-- row: DATE'1918-09-30', TIMESTAMP'1636-02-02 10:12:07', 1474
-- row: DATE'0001-02-18', TIMESTAMP'1631-01-31 20:06:22.5', 3666
-- row: DATE'1969-12-31', TIMESTAMP'2025-01-12 21:43:27.5', -3934
t - INTERVAL 1 DAY 2 HOURS
timestampadd(YEAR, n, t)
weekofyear(d)
greatest(d, CAST(t AS date))
year(d)
CAST(t AS string)
d = t
d - CAST(t AS date)
d - n
weekday(d)
-- columns: d date, t timestamp, n int
-- row: DATE'1900-01-05', TIMESTAMP'0001-01-28 09:13:47', -2622
-- row: DATE'1623-05-04', TIMESTAMP'0049-10-31 11:41:22.5', -1863
-- row: DATE'1610-05-26', TIMESTAMP'0032-05-23 12:16:06.323212', 1364
-- row: DATE'2033-10-01', TIMESTAMP'2024-03-08 12:59:12.683275', 2898
-- row: DATE'1983-01-30', TIMESTAMP'2025-06-06 17:56:59.667062', -2306
-- row: DATE'2024-03-26', TIMESTAMP'1900-02-03 18:32:59.5', 912
d + INTERVAL 3 MONTHS
months_between(t, d)
dayofweek(t)
t - INTERVAL 1 DAY 2 HOURS
date_sub(d, n)
day(t)
d - n
CAST(d AS string)
last_day(d)
greatest(d, CAST(t AS date))
-- columns: d date, t timestamp, n int
-- row: DATE'2024-02-28', TIMESTAMP'1582-10-28 16:27:29.5', -182
-- row: DATE'1608-05-10', TIMESTAMP'1997-03-22 01:48:31.5', -281
-- row: DATE'2045-07-05', TIMESTAMP'1900-01-08 01:27:35', 661
-- row: DATE'2000-03-02', TIMESTAMP'1616-11-15 06:14:56.676518', -2283
-- row: DATE'1582-10-01', TIMESTAMP'2000-03-19 05:41:09.5', -1877
-- row: DATE'0016-07-04', TIMESTAMP'2002-05-15 14:08:44.5', 815
unix_timestamp(t)
t < d
CAST(t AS date)
unix_date(d)
hour(t)
year(d)
month(t)
extract(QUARTER FROM t)
CAST(t AS bigint)
CAST(d AS string)
-- columns: d date, t timestamp, n int
-- row: DATE'2000-03-25', TIMESTAMP'2009-05-31 01:43:59.5', -1668
-- row: DATE'1594-05-31', TIMESTAMP'0001-02-17 08:31:31.482447', -2101
-- row: DATE'1919-10-01', TIMESTAMP'0018-03-09 22:55:03.5', 807
-- row: DATE'2000-03-17', TIMESTAMP'1969-12-30 21:12:12.941341', 233
-- row: DATE'1914-08-20', TIMESTAMP'1900-01-20 21:01:37.756509', 2599
-- row: DATE'1913-06-17', TIMESTAMP'1900-01-13 02:57:12.726800', -3253
d + INTERVAL 3 MONTHS
dayofweek(t)
weekday(d)
datediff(d, t)
t < d
date_add(d, n)
weekofyear(d)
t + n * INTERVAL 1 MINUTE
last_day(d)
d = t
-- columns: d date, t timestamp, n int
-- row: DATE'1582-10-03', TIMESTAMP'0001-02-05 23:24:06.789652', 1457
-- row: DATE'1900-01-25', TIMESTAMP'0051-09-27 08:24:04', 2282
-- row: DATE'2021-10-10', TIMESTAMP'1900-01-28 20:21:11', -3840
-- row: DATE'1969-12-26', TIMESTAMP'2024-03-07 11:00:46.158409', 2730
-- row: DATE'2044-01-08', TIMESTAMP'2002-01-12 07:26:43.574228', 2700
-- row: DATE'0001-02-27', TIMESTAMP'1582-10-17 07:09:35.5', -3906
add_months(d, n)
datediff(d, t)
d = t
weekday(d)
t - INTERVAL 1 DAY 2 HOURS
hour(t)
d - CAST(t AS date)
t + n * INTERVAL 1 MINUTE
dayofyear(d)
date_format(t, 'yyyy-'Q'q')
-- columns: d date, t timestamp, n int
-- row: DATE'2056-05-12', TIMESTAMP'1592-07-27 08:52:37.962537', 435
-- row: DATE'1611-10-06', TIMESTAMP'2024-03-30 20:20:59.5', 3951
-- row: DATE'2000-06-28', TIMESTAMP'2041-05-01 19:20:00.432392', 1369
-- row: DATE'2036-02-19', TIMESTAMP'1608-02-27 17:51:59.748835', 1818
-- row: DATE'1929-04-18', TIMESTAMP'0028-11-04 20:12:32.937676', 1389
-- row: DATE'2014-07-04', TIMESTAMP'2000-02-29 22:35:19.969517', 2346
d - CAST(t AS date)
unix_timestamp(t)
add_months(d, n)
d = t
CAST(d AS string)
date_add(d, n)
hour(t)
dayofyear(d)
CAST(t AS double)
greatest(d, CAST(t AS date))
-- columns: d date, t timestamp, n int
-- row: DATE'1978-06-19', TIMESTAMP'1999-02-08 06:34:15', 1384
-- row: DATE'2000-03-12', TIMESTAMP'2000-03-19 03:41:26', 3483
-- row: DATE'2000-03-27', TIMESTAMP'1900-01-04 02:25:42', 2723
-- row: DATE'2024-02-29', TIMESTAMP'1928-12-23 01:01:33.5', -38
-- row: DATE'1970-01-07', TIMESTAMP'1619-04-18 18:46:25', 3524
-- row: DATE'1900-02-07', TIMESTAMP'0001-02-20 05:18:50.678078', -847
d - CAST(t AS date)
extract(MINUTE FROM t)
CAST(t AS bigint)
d - INTERVAL 1 YEAR
last_day(d)
greatest(d, CAST(t AS date))
month(t)
second(t)
t + n * INTERVAL 1 MINUTE
months_between(d, t, false)
-- columns: d date, t timestamp, n int
-- row: DATE'1943-12-11', TIMESTAMP'1621-09-20 02:01:45.5', -1842
-- row: DATE'1582-10-14', TIMESTAMP'0055-02-08 13:17:50.631921', -330
-- row: DATE'2000-03-02', TIMESTAMP'2039-12-30 11:53:59.836086', -544
-- row: DATE'1985-09-10', TIMESTAMP'1921-06-15 22:52:32.771229', -2093
-- row: DATE'0001-02-21', TIMESTAMP'1949-03-28 14:26:37.5', -2117
-- row: DATE'1582-10-28', TIMESTAMP'2024-03-01 04:02:32', 548
date_format(t, 'yyyyMMdd HHmmss.SSS')
d + INTERVAL 3 MONTHS
months_between(d, t, false)
months_between(t, d)
datediff(d, t)
CAST(d AS string)
next_day(d, 'THU')
t + n * INTERVAL 1 MINUTE
day(t)
date_add(d, n)
-- columns: d date, t timestamp, n int
-- row: DATE'2057-10-12', TIMESTAMP'2015-12-01 13:17:59', 887
-- row: DATE'2000-02-20', TIMESTAMP'2024-02-28 05:57:44.050061', -231
-- row: DATE'1970-01-10', TIMESTAMP'2051-09-02 20:16:35.197325', -735
-- row: DATE'1969-12-23', TIMESTAMP'0001-02-21 12:06:24', -3731
-- row: DATE'1900-02-03', TIMESTAMP'1900-01-10 08:33:56', -3726
-- row: DATE'2024-03-11', TIMESTAMP'1582-10-31 06:04:29.247723', 2362
d + INTERVAL 3 MONTHS
hour(t)
CAST(t AS bigint)
d - n
CAST(t AS double)
date_trunc('WEEK', t)
dayofyear(d)
t + n * INTERVAL 1 MINUTE
month(t)
d = t
-- columns: d date, t timestamp, n int
-- row: DATE'2024-03-08', TIMESTAMP'1900-01-25 20:24:39.587530', -2702
-- row: DATE'0001-02-12', TIMESTAMP'2020-03-01 10:31:56.5', -1515
-- row: DATE'2024-03-03', TIMESTAMP'2024-03-17 01:05:35.5', 107
-- row: DATE'1969-12-02', TIMESTAMP'0049-06-01 11:23:17.5', -2089
-- row: DATE'0001-02-25', TIMESTAMP'0001-02-28 10:07:56.194846', 2112
-- row: DATE'0001-01-27', TIMESTAMP'1970-01-04 20:32:50.101455', -2643
next_day(d, 'we')
t - INTERVAL 1 DAY 2 HOURS
dayofweek(t)
timestampadd(MONTH, n, t)
last_day(d)
months_between(d, t, false)
date_format(t, 'dd.MM.yyyy HH:mm')
unix_date(d)
weekday(d)
CAST(t AS string)
-- columns: d date, t timestamp, n int
-- row: DATE'0009-09-24', TIMESTAMP'1925-09-13 03:08:19.841801', -2329
-- row: DATE'0012-06-10', TIMESTAMP'0011-09-22 09:36:32.5', 1832
-- row: DATE'2024-03-30', TIMESTAMP'1582-10-02 09:07:59.5', -1512
-- row: DATE'0020-02-09', TIMESTAMP'2024-03-01 20:04:44.5', 3089
-- row: DATE'0014-04-07', TIMESTAMP'1632-02-28 22:49:02.5', 386
-- row: DATE'2027-04-21', TIMESTAMP'1969-12-29 15:40:16', -409
CAST(t AS date)
add_months(d, n)
next_day(d, 'MO')
CAST(d AS string)
day(t)
year(d)
CAST(t AS string)
dayofyear(d)
CAST(t AS double)
weekday(d)
-- columns: d date, t timestamp, n int
-- row: DATE'2024-03-28', TIMESTAMP'2029-04-07 07:07:41.5', 1374
-- row: DATE'1952-12-10', TIMESTAMP'1900-01-24 19:32:37', 3823
-- row: DATE'1933-09-08', TIMESTAMP'1900-01-08 21:36:16', -1446
-- row: DATE'1970-01-06', TIMESTAMP'0005-04-15 01:08:14.5', -2953
-- row: DATE'1900-01-08', TIMESTAMP'2010-07-15 05:32:36', 3363
-- row: DATE'2000-02-21', TIMESTAMP'1633-12-10 15:13:37.5', 3195
month(t)
CAST(t AS string)
weekofyear(d)
CAST(d AS timestamp)
day(t)
d - n
trunc(d, 'YEAR')
d - CAST(t AS date)
quarter(t)
hour(t)
-- columns: d date, t timestamp, n int
-- row: DATE'1916-05-25', TIMESTAMP'1582-10-25 00:17:14.5', -3344
-- row: DATE'0001-02-01', TIMESTAMP'1583-04-02 21:37:32', 326
-- row: DATE'2024-03-18', TIMESTAMP'2066-12-21 07:35:21.5', 2104
-- row: DATE'2035-11-08', TIMESTAMP'1900-02-07 14:46:09.5', 3205
-- row: DATE'0001-01-24', TIMESTAMP'1989-05-23 16:13:55.191600', 544
-- row: DATE'0032-07-14', TIMESTAMP'1582-11-05 19:39:55.359744', 1085
d - INTERVAL 1 YEAR
CAST(t AS date)
month(t)
dayofweek(t)
datediff(d, t)
next_day(d, 'MO')
last_day(d)
dayofyear(d)
timestampadd(MONTH, n, t)
add_months(d, n)
-- columns: d date, t timestamp, n int
-- row: DATE'1612-07-26', TIMESTAMP'2024-03-13 20:49:12.143425', 146
-- row: DATE'0001-01-22', TIMESTAMP'0006-03-30 21:30:28.5', 1859
-- row: DATE'2028-01-03', TIMESTAMP'2000-02-25 00:00:11', 3812
-- row: DATE'1635-12-04', TIMESTAMP'0001-01-22 16:29:57', -2169
-- row: DATE'1923-07-19', TIMESTAMP'1900-01-02 07:38:09.5', 2778
-- row: DATE'2041-12-02', TIMESTAMP'1969-12-25 17:23:18.537915', 708
next_day(d, 'MO')
greatest(d, CAST(t AS date))
d + INTERVAL 3 MONTHS
dayofyear(d)
year(d)
months_between(t, d)
trunc(d, 'YEAR')
extract(DOW FROM t)
d - n
weekofyear(d)
-- columns: d date, t timestamp, n int
-- row: DATE'2000-03-01', TIMESTAMP'2064-02-18 09:32:33.5', 2411
-- row: DATE'2000-03-09', TIMESTAMP'2024-02-24 23:23:37.5', 884
-- row: DATE'0020-12-13', TIMESTAMP'0001-02-20 21:55:07', 1865
-- row: DATE'1589-02-03', TIMESTAMP'1617-01-31 03:47:53.417699', -2453
-- row: DATE'1949-10-21', TIMESTAMP'1998-02-16 01:00:53.5', 2676
-- row: DATE'1900-01-06', TIMESTAMP'2035-04-16 23:58:03.120750', 1071
unix_date(d)
add_months(d, n)
d - CAST(t AS date)
d - INTERVAL 1 YEAR
month(t)
day(t)
CAST(d AS string)
d + n
months_between(t, d)
year(d)
-- columns: d date, t timestamp, n int
-- row: DATE'1582-10-03', TIMESTAMP'0054-07-02 13:50:24', -1517
-- row: DATE'1970-01-08', TIMESTAMP'2024-03-09 11:35:59.5', -1231
-- row: DATE'2024-02-25', TIMESTAMP'1976-11-07 15:06:52.799509', -1251
-- row: DATE'2000-04-22', TIMESTAMP'2030-11-19 03:21:42', 2952
-- row: DATE'2039-02-16', TIMESTAMP'0002-03-12 01:58:41.5', -166
-- row: DATE'2000-03-08', TIMESTAMP'2024-03-29 08:28:13.5', 2825
unix_timestamp(t)
t + n * INTERVAL 1 MINUTE
t - INTERVAL 1 DAY 2 HOURS
months_between(d, t, false)
d = t
CAST(t AS double)
date_trunc('QUARTER', t)
CAST(d AS string)
d - n
datediff(d, t)
-- columns: d date, t timestamp, n int
-- row: DATE'1900-01-26', TIMESTAMP'1986-06-27 06:44:42.5', -3984
-- row: DATE'1977-06-11', TIMESTAMP'2005-03-31 17:24:55.459213', -1752
-- row: DATE'2034-09-06', TIMESTAMP'1628-04-14 09:41:51.5', -476
-- row: DATE'1594-05-28', TIMESTAMP'1992-06-25 13:29:17.5', 2085
-- row: DATE'0014-10-17', TIMESTAMP'1614-08-25 10:11:59.5', -602
-- row: DATE'2074-09-11', TIMESTAMP'1980-12-25 20:19:53.5', 1584
month(t)
CAST(d AS timestamp)
dayofweek(t)
t + n * INTERVAL 1 MINUTE
weekday(d)
date_add(d, n)
d + n
CAST(d AS string)
timestampdiff(HOUR, t, CAST(d AS timestamp))
hour(t)
-- columns: d date, t timestamp, n int
-- row: DATE'0016-12-09', TIMESTAMP'2008-11-14 03:45:29', 132
-- row: DATE'1969-12-30', TIMESTAMP'1969-12-18 04:08:57.639567', 895
-- row: DATE'1970-01-10', TIMESTAMP'1636-08-23 10:27:11', 3391
-- row: DATE'2024-03-25', TIMESTAMP'1900-01-26 23:03:12.645266', -2196
-- row: DATE'1947-08-02', TIMESTAMP'0001-01-26 17:54:06', -1543
-- row: DATE'1969-12-04', TIMESTAMP'2054-03-20 17:13:45.5', -702
d - n
months_between(d, t, false)
date_trunc('WEEK', t)
trunc(d, 'MONTH')
weekday(d)
months_between(t, d)
timestampdiff(WEEK, t, CAST(d AS timestamp))
d - CAST(t AS date)
year(d)
weekofyear(d)
-- columns: d date, t timestamp, n int
-- row: DATE'1972-11-26', TIMESTAMP'2000-03-29 08:28:06.335694', -3681
-- row: DATE'0001-02-02', TIMESTAMP'1969-12-16 12:00:28.526137', 2554
-- row: DATE'1594-11-20', TIMESTAMP'1900-01-06 04:42:54.360079', -2351
-- row: DATE'0001-02-23', TIMESTAMP'2024-03-16 22:15:35.171261', -3283
-- row: DATE'2025-07-10', TIMESTAMP'2050-05-18 17:54:23.5', -3348
-- row: DATE'1950-05-11', TIMESTAMP'2024-03-15 15:03:31.946449', 576
unix_timestamp(t)
d - INTERVAL 1 YEAR
timestampdiff(MINUTE, t, CAST(d AS timestamp))
d - n
weekofyear(d)
greatest(d, CAST(t AS date))
month(t)
CAST(t AS double)
t < d
CAST(t AS date)
-- columns: d date, t timestamp, n int
-- row: DATE'1608-09-05', TIMESTAMP'2024-03-04 17:44:34.5', -702
-- row: DATE'1992-05-23', TIMESTAMP'1589-08-19 04:48:37.152582', -2870
-- row: DATE'2024-03-29', TIMESTAMP'1582-11-03 12:31:18.634853', -3032
-- row: DATE'1900-01-31', TIMESTAMP'2000-02-29 02:50:06.5', -2591
-- row: DATE'0051-08-11', TIMESTAMP'0001-02-23 19:19:48.5', 1275
-- row: DATE'1970-01-02', TIMESTAMP'0022-06-03 09:25:03', -3376
months_between(d, t, false)
greatest(d, CAST(t AS date))
weekofyear(d)
d - CAST(t AS date)
t - INTERVAL 1 DAY 2 HOURS
d - INTERVAL 1 YEAR
CAST(t AS string)
dayofweek(t)
t + n * INTERVAL 1 MINUTE
last_day(d)
-- columns: d date, t timestamp, n int
-- row: DATE'2000-02-23', TIMESTAMP'1991-07-02 09:53:13', -1752
-- row: DATE'2024-03-11', TIMESTAMP'1912-12-15 10:22:54.5', 2718
-- row: DATE'0001-01-21', TIMESTAMP'0001-02-27 01:19:35', -2708
-- row: DATE'1942-04-09', TIMESTAMP'1969-12-30 19:22:14.5', 2862
-- row: DATE'2024-10-30', TIMESTAMP'1969-12-19 08:46:34', -3615
-- row: DATE'2070-05-30', TIMESTAMP'2011-12-31 06:14:37.5', 3734
CAST(t AS date)
add_months(d, n)
d = t
months_between(t, d)
quarter(t)
CAST(t AS bigint)
date_format(t, 'yyyyMMdd HHmmss.SSS')
second(t)
CAST(d AS string)
CAST(t AS string)
-- columns: d date, t timestamp, n int
-- row: DATE'2038-09-02', TIMESTAMP'2051-04-22 17:31:38.5', 697
-- row: DATE'1582-10-31', TIMESTAMP'2046-03-06 23:53:52', -2488
-- row: DATE'2038-01-05', TIMESTAMP'1900-01-28 12:41:53.5', -1591
-- row: DATE'1900-01-17', TIMESTAMP'2009-04-21 13:07:10', -3370
-- row: DATE'2050-07-09', TIMESTAMP'2024-01-28 14:01:31.5', 1277
-- row: DATE'2049-02-14', TIMESTAMP'1900-02-09 17:16:25.5', 3337
d + INTERVAL 3 MONTHS
unix_date(d)
dayofweek(t)
weekofyear(d)
datediff(d, t)
CAST(d AS timestamp)
last_day(d)
t + n * INTERVAL 1 MINUTE
trunc(d, 'WEEK')
d + n
-- columns: d date, t timestamp, n int
-- row: DATE'2024-03-01', TIMESTAMP'2006-09-30 03:16:08.345481', 1325
-- row: DATE'1900-02-08', TIMESTAMP'1969-12-22 00:03:02.146379', -3892
-- row: DATE'0021-09-13', TIMESTAMP'2024-03-10 08:01:43.5', -1357
-- row: DATE'1900-01-18', TIMESTAMP'2021-04-29 20:27:34.5', -1504
-- row: DATE'1969-12-20', TIMESTAMP'2065-08-22 12:34:22.361238', -1010
-- row: DATE'2049-06-19', TIMESTAMP'1900-01-31 03:09:23', 178
date_format(t, 'yyyy-'Q'q')
extract(QUARTER FROM t)
hour(t)
d - n
d + n
quarter(t)
unix_timestamp(t)
CAST(t AS bigint)
CAST(t AS string)
timestampdiff(MINUTE, t, CAST(d AS timestamp))
-- columns: d date, t timestamp, n int
-- row: DATE'0018-05-18', TIMESTAMP'2045-02-15 17:38:15', -2317
-- row: DATE'1969-12-29', TIMESTAMP'1621-07-14 15:58:23.694876', -3817
-- row: DATE'1900-01-15', TIMESTAMP'1588-08-08 20:13:51.868828', 468
-- row: DATE'2053-07-02', TIMESTAMP'1940-04-13 11:17:00.053167', 2793
-- row: DATE'1970-01-06', TIMESTAMP'2024-03-22 23:06:12.5', 2449
-- row: DATE'2040-12-05', TIMESTAMP'1582-10-28 16:55:19.807361', -756
months_between(t, d)
month(t)
d = t
date_sub(d, n)
greatest(d, CAST(t AS date))
weekday(d)
date_format(t, 'yyyyMMdd HHmmss.SSS')
day(t)
year(d)
d + n
-- columns: d date, t timestamp, n int
-- row: DATE'1582-10-21', TIMESTAMP'2074-09-15 00:43:16.5', 3164
-- row: DATE'2042-08-30', TIMESTAMP'2000-03-21 21:55:39', -2180
-- row: DATE'1971-06-29', TIMESTAMP'1604-08-28 15:03:50.5', -3710
-- row: DATE'1592-09-29', TIMESTAMP'2024-02-25 20:54:54', -3348
-- row: DATE'1920-02-12', TIMESTAMP'1910-08-05 01:24:11.058432', -3380
-- row: DATE'1900-02-06', TIMESTAMP'1624-02-23 11:25:27', -2663
hour(t)
CAST(t AS bigint)
CAST(d AS timestamp)
d + INTERVAL 3 MONTHS
month(t)
datediff(d, t)
dayofweek(t)
timestampadd(YEAR, n, t)
greatest(d, CAST(t AS date))
trunc(d, 'YEAR')
-- columns: d date, t timestamp, n int
-- row: DATE'1583-04-27', TIMESTAMP'2029-11-23 07:15:22.5', -544
-- row: DATE'1969-12-22', TIMESTAMP'2035-10-20 10:16:45.584738', -2360
-- row: DATE'1900-01-14', TIMESTAMP'1930-07-09 15:48:15', 2305
-- row: DATE'1900-01-13', TIMESTAMP'1582-11-04 22:21:06.327947', 3739
-- row: DATE'1926-03-09', TIMESTAMP'2024-03-22 01:43:22', 374
-- row: DATE'1970-01-03', TIMESTAMP'0001-02-04 20:50:51', 1554
next_day(d, 'Tuesday')
dayofyear(d)
year(d)
datediff(d, t)
add_months(d, n)
last_day(d)
d + n
CAST(t AS string)
extract(DOY FROM t)
date_sub(d, n)
-- columns: d date, t timestamp, n int
-- row: DATE'1900-01-12', TIMESTAMP'2041-05-21 18:16:08.5', 2989
-- row: DATE'1970-01-07', TIMESTAMP'2041-10-03 10:44:16.5', -2411
-- row: DATE'2024-02-26', TIMESTAMP'0053-10-22 20:42:15', -871
-- row: DATE'1985-02-13', TIMESTAMP'0001-02-05 04:52:22', -1126
-- row: DATE'1991-04-15', TIMESTAMP'2024-03-27 18:14:37.5', 2798
-- row: DATE'1900-01-24', TIMESTAMP'1900-01-26 20:02:15', 1346
d + n
trunc(d, 'YEAR')
date_format(t, 'yyyyMMdd HHmmss.SSS')
date_sub(d, n)
date_add(d, n)
greatest(d, CAST(t AS date))
dayofweek(t)
datediff(d, t)
quarter(t)
months_between(d, t, false)
