-- Dates and times read from text by a pattern.
-- columns: s string
-- row: '2024-03-05'
-- row: '2024-3-5'
-- row: '05/03/2024'
-- row: '5/3/2024'
-- row: '20240305'
-- row: '2024-03-05 17:08:09'
-- row: '2024-03-05T17:08:09Z'
-- row: '05.03.2024'
-- row: 'Mar 5, 2024'
-- row: '5 March 2024'
-- row: '2024-02-30'
-- row: '2024-13-01'
-- row: ' 2024-03-05'
-- row: '2024-03-05 '
-- row: '24-03-05'
-- row: '2024'
-- row: ''
-- row: 'abc'
to_date(s, 'yyyy-MM-dd')
to_date(s, 'yyyy-M-d')
to_date(s, 'dd/MM/yyyy')
to_date(s, 'd/M/yyyy')
to_date(s, 'MM/dd/yyyy')
to_date(s, 'yyyyMMdd')
to_date(s, 'dd.MM.yyyy')
to_date(s, 'MMM d, yyyy')
to_date(s, 'd MMMM yyyy')
to_date(s, 'yy-MM-dd')
to_date(s, 'yyyy')
to_date(s, 'yyyy-MM-dd HH:mm:ss')
to_date(s, "yyyy-MM-dd'T'HH:mm:ssX")
to_date(s, 'yyyy-MM-dd[ HH:mm:ss]')
to_date(s, 'u-M-d')
to_date(s, 'YYYY-MM-dd')
to_date(s, 'bad pattern')
to_date(s, '')
to_date(s, NULL)
try_to_date(s, 'yyyy-MM-dd')
try_to_date(s)
to_timestamp(s, 'yyyy-MM-dd')
to_timestamp(s, 'yyyy-MM-dd HH:mm:ss')
to_timestamp(s, "yyyy-MM-dd'T'HH:mm:ssX")
to_timestamp(s, 'dd/MM/yyyy')
try_to_timestamp(s, 'yyyy-MM-dd')
try_to_timestamp(s, 'dd/MM/yyyy')
try_to_timestamp(s, 'yyyy-MM-dd HH:mm:ss')
unix_timestamp(s, 'yyyy-MM-dd')
unix_timestamp(s, 'dd/MM/yyyy')
unix_timestamp(s, 'yyyyMMdd')
to_unix_timestamp(s, 'yyyy-MM-dd HH:mm:ss')
date_format(to_date(s, 'yyyy-MM-dd'), 'dd/MM/yyyy')
coalesce(try_to_date(s, 'yyyy-MM-dd'), try_to_date(s, 'dd/MM/yyyy'))
-- columns: s string
-- row: '2024-03-05 17:08:09'
-- row: '2024-03-05 5:08:09 PM'
-- row: '2024-03-05 05:08:09 pm'
-- row: '2024-03-05 17:08:09.123'
-- row: '2024-03-05 17:08:09.123456'
-- row: '2024-03-05T17:08:09+02:00'
-- row: '2024-03-05 17:08:09 Europe/Madrid'
-- row: '2024-03-05 17:08:09 +0200'
-- row: '05/Mar/2024:17:08:09 +0200'
-- row: 'Tue, 05 Mar 2024 17:08:09 GMT'
-- row: '20240305170809'
-- row: '2024-03-05 24:00:00'
-- row: '2024-03-05 17:60:00'
-- row: '17:08'
to_timestamp(s, 'yyyy-MM-dd HH:mm:ss')
to_timestamp(s, 'yyyy-MM-dd h:mm:ss a')
to_timestamp(s, 'yyyy-MM-dd hh:mm:ss a')
to_timestamp(s, 'yyyy-MM-dd HH:mm:ss.SSS')
to_timestamp(s, 'yyyy-MM-dd HH:mm:ss.SSSSSS')
to_timestamp(s, 'yyyy-MM-dd HH:mm:ss[.SSS]')
to_timestamp(s, 'yyyy-MM-dd HH:mm:ss[.SSSSSS]')
to_timestamp(s, "yyyy-MM-dd'T'HH:mm:ssXXX")
to_timestamp(s, 'yyyy-MM-dd HH:mm:ss VV')
to_timestamp(s, 'yyyy-MM-dd HH:mm:ss Z')
to_timestamp(s, 'dd/MMM/yyyy:HH:mm:ss Z')
to_timestamp(s, 'EEE, dd MMM yyyy HH:mm:ss z')
to_timestamp(s, 'yyyyMMddHHmmss')
to_timestamp(s, 'HH:mm')
to_timestamp_ntz(s, 'yyyy-MM-dd HH:mm:ss')
try_to_timestamp(s, 'yyyy-MM-dd HH:mm:ss.SSS')
try_to_timestamp(s, 'yyyyMMddHHmmss')
try_to_timestamp(s, 'yyyy-MM-dd HH:mm:ss Z')
unix_timestamp(s)
unix_timestamp(s, 'yyyy-MM-dd HH:mm:ss')
to_date(s, 'yyyy-MM-dd HH:mm:ss')
to_unix_timestamp(s, "yyyy-MM-dd'T'HH:mm:ssXXX")
hour(to_timestamp(s, 'yyyy-MM-dd HH:mm:ss'))
-- the pattern is a column
-- columns: s string, p string
-- row: '2024-03-05', 'yyyy-MM-dd'
-- row: '05/03/2024', 'dd/MM/yyyy'
-- row: '2024', 'yyyy'
-- row: '05/03/2024', 'yyyy-MM-dd'
-- row: '2024-03-05', 'bad'
-- row: '2024-03-05', NULL
to_date(s, p)
to_timestamp(s, p)
try_to_date(s, p)
try_to_timestamp(s, p)
unix_timestamp(s, p)
date_format(DATE'2024-03-05', p)
date_format(TIMESTAMP'2024-03-05 17:08:09', p)
from_unixtime(1709658489, p)
