-- Dates.
-- columns: d date, n int
-- row: DATE'2024-02-29', 1
-- row: DATE'2023-12-31', -1
-- row: DATE'2024-01-01', 12
-- row: DATE'2024-03-31', -1
-- row: DATE'2021-01-03', 400
-- row: DATE'2020-12-28', -13
-- row: DATE'1970-01-01', 0
-- row: DATE'1969-12-31', 5
-- row: DATE'0001-01-01', 1
-- row: DATE'9999-12-31', -12
-- row: DATE'1582-10-15', 3
-- row: DATE'2024-11-03', NULL
year(d)
quarter(d)
month(d)
day(d)
dayofmonth(d)
dayofweek(d)
dayofyear(d)
weekday(d)
weekofyear(d)
extract(YEAR FROM d)
extract(YEAROFWEEK FROM d)
extract(QUARTER FROM d)
extract(MONTH FROM d)
extract(WEEK FROM d)
extract(DAY FROM d)
extract(DAYOFWEEK FROM d)
extract(DAYOFWEEK_ISO FROM d)
extract(DOW FROM d)
extract(DOY FROM d)
extract(HOUR FROM d)
extract(CENTURY FROM d)
date_part('year', d)
date_part('WEEK', d)
date_part('doy', d)
datepart('month', d)
hour(d)
dayname(d)
monthname(d)
last_day(d)
next_day(d, 'MON')
next_day(d, 'sunday')
next_day(d, 'We')
next_day(d, 'xx')
add_months(d, n)
add_months(d, 1)
date_add(d, n)
date_add(d, 30)
dateadd(d, 1)
date_sub(d, n)
date_sub(d, 1)
d + n
d - n
d + 1
1 + d
d - 1
d + INTERVAL 1 DAY
d + INTERVAL 1 MONTH
d + INTERVAL 1 YEAR
d - INTERVAL 1 MONTH
d - INTERVAL '1' YEAR
d + INTERVAL '1-2' YEAR TO MONTH
d + INTERVAL 2 WEEKS
d + INTERVAL 1 HOUR
d + INTERVAL 1 MONTH 1 DAY
d - INTERVAL '30 days'
d + make_interval(0, 1, 0, 1)
d + n * INTERVAL 1 DAY
d + INTERVAL '1' MONTH * n
datediff(d, DATE'2024-01-01')
date_diff(d, '2024-01-01')
datediff(DATE'2024-03-01', d)
datediff(MONTH, d, DATE'2024-03-30')
datediff(YEAR, d, DATE'2024-03-30')
datediff(WEEK, d, DATE'2024-03-30')
datediff(DAY, d, DATE'2024-03-30')
timestampdiff(QUARTER, d, DATE'2024-03-30')
dateadd(MONTH, n, d)
dateadd(DAY, n, d)
date_add(QUARTER, 1, d)
timestampadd(HOUR, n, d)
d - DATE'2024-01-01'
(d - DATE'2024-01-01') / 2
DATE'2024-03-01' - d
months_between(d, DATE'2024-01-31')
months_between(DATE'2024-03-31', d)
months_between(d, DATE'2024-01-15', false)
floor(months_between(DATE'2024-06-15', d) / 12)
trunc(d, 'YEAR')
trunc(d, 'yyyy')
trunc(d, 'YY')
trunc(d, 'QUARTER')
trunc(d, 'MONTH')
trunc(d, 'MON')
trunc(d, 'mm')
trunc(d, 'WEEK')
trunc(d, 'DAY')
trunc(d, 'xx')
trunc(d, NULL)
date_trunc('YEAR', d)
date_trunc('MONTH', d)
date_trunc('week', d)
date_trunc('DAY', d)
date_trunc('QUARTER', d)
date_format(d, 'yyyy-MM-dd')
date_format(d, 'yyyy/MM/dd')
date_format(d, 'dd.MM.yyyy')
date_format(d, 'yyyyMMdd')
date_format(d, 'd/M/yy')
date_format(d, 'yyyy-MM')
date_format(d, 'yyyy')
date_format(d, 'y')
date_format(d, 'u')
date_format(d, 'uuuu')
date_format(d, 'MMM')
date_format(d, 'MMMM')
date_format(d, 'LLL')
date_format(d, 'EEE')
date_format(d, 'EEEE')
date_format(d, 'E')
date_format(d, 'D')
date_format(d, 'DDD')
date_format(d, 'Q')
date_format(d, 'QQQ')
date_format(d, 'QQQQ')
date_format(d, 'q')
date_format(d, 'G')
date_format(d, 'F')
date_format(d, 'YYYY')
date_format(d, 'ww')
date_format(d, 'W')
date_format(d, 'e')
date_format(d, 'MMM d, yyyy')
date_format(d, 'EEEE, d MMMM yyyy')
date_format(d, 'HH:mm:ss')
date_format(d, "'week' yyyy")
date_format(d, "yyyy'Q'q")
date_format(d, '[yyyy]')
date_format(d, 'yyyyy')
date_format(d, 'yyyyyyy')
date_format(d, '')
date_format(d, 'invalid')
date_format(d, NULL)
concat(year(d), '-Q', quarter(d))
to_char(d, 'yyyy')
to_date(d)
to_date(date_format(d, 'dd/MM/yyyy'), 'dd/MM/yyyy')
to_timestamp(d)
unix_date(d)
date_from_unix_date(n)
make_date(2024, n, 1)
make_date(year(d), month(d), 1)
make_date(2023, 2, 29)
make_date(n, 1, 1)
try_make_date(2024, n, 31)
make_timestamp(year(d), n, 1, 0, 0, 0)
unix_timestamp(d)
to_unix_timestamp(d)
to_unix_timestamp(d, 'yyyy-MM-dd')
d = '2024-02-29'
d > '2023'
d = DATE'2024-02-29'
d BETWEEN '2024-01-01' AND '2024-12-31'
d IN (DATE'2024-02-29', DATE'1970-01-01')
d IN ('2024-02-29')
d > TIMESTAMP'2024-01-01 00:00:00'
d < DATE'2024-01-01' + INTERVAL 1 MONTH
year(d) * 100 + month(d)
cast(d AS string)
cast(d AS timestamp)
string(d)
d || ''
concat('on ', d)
substring(d, 1, 7)
left(d, 4)
length(d)
replace(d, '-', '')
split(d, '-')[0]
greatest(d, DATE'2024-01-01')
least(d, '2024-01-01')
coalesce(d, DATE'1970-01-01')
coalesce(d, '1970-01-01')
if(d > DATE'2024-01-01', d, NULL)
nullif(d, DATE'2024-02-29')
array(d, DATE'2024-01-01')
sequence(d, d + 2)
sequence(d, add_months(d, 2), INTERVAL 1 MONTH)
to_json(named_struct('d', d))
hash(d)
xxhash64(d)
typeof(d + 1)
typeof(d + INTERVAL 1 DAY)
typeof(d + INTERVAL 1 HOUR)
typeof(d - DATE'2024-01-01')
typeof(trunc(d, 'MM'))
typeof(date_trunc('MM', d))
typeof(datediff(d, d))
typeof(months_between(d, d))
typeof(last_day(d))
typeof(unix_timestamp(d))
typeof(extract(SECOND FROM cast(d AS timestamp)))
