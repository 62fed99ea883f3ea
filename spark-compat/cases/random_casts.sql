-- Casts between all types, and texts that are almost values, drawn by chance: made by random_cases.py 20260729.
-- columns: s string
-- row: ' 10000.3232e+12'
-- row: '-100.499999D'
-- row: ' -555555555555.5e+12\n'
-- row: '-26883238060.5555'
-- row: '\t999.5'
-- row: '\t-1000000000.499999L\n'
-- row: '\t999999999999999999999999.'
-- row: '\t-9999999.499999'
-- row: '955L'
-- row: ' 1.499999'
-- row: '\t-903883048960.9999999D'
-- row: '99999.5e3'
-- row: ' 884512248534.5e3\n'
-- row: ' +85f'
CAST(s AS tinyint)
CAST(s AS smallint)
CAST(s AS int)
CAST(s AS bigint)
CAST(s AS float)
CAST(s AS double)
CAST(s AS decimal(10,2))
CAST(s AS decimal(38,10))
CAST(s AS decimal(4,4))
CAST(s AS boolean)
try_cast(s AS tinyint)
try_cast(s AS smallint)
try_cast(s AS int)
try_cast(s AS bigint)
try_cast(s AS float)
try_cast(s AS double)
try_cast(s AS decimal(10,2))
try_cast(s AS decimal(38,10))
try_cast(s AS decimal(4,4))
s + 1
s * 1.5D
s > 2
s = 10L
s IN (1, 2)
abs(s)
round(s, 1)
s || 1
coalesce(s, 0)
-- columns: s string
-- row: ' 30207577079.499999 '
-- row: ' 9.499999e3\n'
-- row: '-9.1000e400'
-- row: '-831832234174735007148. '
-- row: '\t-360620967312561.499999L'
-- row: '5.e400'
-- row: ' -999999999999999999999e3\n'
-- row: '-2.5e3\n'
-- row: '\t-505095512.5e3'
-- row: '555555555555.L'
-- row: '+55.499999 '
-- row: '+99.'
-- row: ' -1.499999%'
-- row: '5555555555555555555555555.499999 '
CAST(s AS tinyint)
CAST(s AS smallint)
CAST(s AS int)
CAST(s AS bigint)
CAST(s AS float)
CAST(s AS double)
CAST(s AS decimal(10,2))
CAST(s AS decimal(38,10))
CAST(s AS decimal(4,4))
CAST(s AS boolean)
try_cast(s AS tinyint)
try_cast(s AS smallint)
try_cast(s AS int)
try_cast(s AS bigint)
try_cast(s AS float)
try_cast(s AS double)
try_cast(s AS decimal(10,2))
try_cast(s AS decimal(38,10))
try_cast(s AS decimal(4,4))
s + 1
s * 1.5D
s > 2
s = 10L
s IN (1, 2)
abs(s)
round(s, 1)
s || 1
coalesce(s, 0)
-- columns: s string
-- row: '\t5555555.9999e400 '
-- row: '\t+100000000000.f'
-- row: ' 10000000e400\n'
-- row: '55555555.'
-- row: '\t-669.100e400'
-- row: '+914714511488.%'
-- row: '-99999999.5'
-- row: '-10947777777843893783805.499999'
-- row: '3625.5D\n'
-- row: '-555555555555.%'
-- row: '\t555.5e400'
-- row: '\t+55.499999e3\n'
-- row: '763.f '
-- row: '1.5%'
CAST(s AS tinyint)
CAST(s AS smallint)
CAST(s AS int)
CAST(s AS bigint)
CAST(s AS float)
CAST(s AS double)
CAST(s AS decimal(10,2))
CAST(s AS decimal(38,10))
CAST(s AS decimal(4,4))
CAST(s AS boolean)
try_cast(s AS tinyint)
try_cast(s AS smallint)
try_cast(s AS int)
try_cast(s AS bigint)
try_cast(s AS float)
try_cast(s AS double)
try_cast(s AS decimal(10,2))
try_cast(s AS decimal(38,10))
try_cast(s AS decimal(4,4))
s + 1
s * 1.5D
s > 2
s = 10L
s IN (1, 2)
abs(s)
round(s, 1)
s || 1
coalesce(s, 0)
-- columns: s string
-- row: '\t+10.L '
-- row: '+100.5'
-- row: '\t100.5D '
-- row: '+9.5'
-- row: '-813722183224997588161889.5 '
-- row: '99.1000000D\n'
-- row: '-9999.e+12 '
-- row: '999.41%'
-- row: '51697112884871066131.5e+12'
-- row: '+100.5e+12 '
-- row: '+555555555555'
-- row: ' 999.499999e400'
-- row: '-271978950.%'
-- row: '\t581E-5'
CAST(s AS tinyint)
CAST(s AS smallint)
CAST(s AS int)
CAST(s AS bigint)
CAST(s AS float)
CAST(s AS double)
CAST(s AS decimal(10,2))
CAST(s AS decimal(38,10))
CAST(s AS decimal(4,4))
CAST(s AS boolean)
try_cast(s AS tinyint)
try_cast(s AS smallint)
try_cast(s AS int)
try_cast(s AS bigint)
try_cast(s AS float)
try_cast(s AS double)
try_cast(s AS decimal(10,2))
try_cast(s AS decimal(38,10))
try_cast(s AS decimal(4,4))
s + 1
s * 1.5D
s > 2
s = 10L
s IN (1, 2)
abs(s)
round(s, 1)
s || 1
coalesce(s, 0)
-- columns: s string
-- row: ' -1.E-5'
-- row: '\t+100.999999f'
-- row: '99999999999999999999D\n'
-- row: '9e+12'
-- row: '100.499999E-5'
-- row: ' 1000000000.499999e400\n'
-- row: '-58'
-- row: '\t-55\n'
-- row: '-73609.499999E-5\n'
-- row: '\t10000.499999'
-- row: ' +9.499999'
-- row: '\t99.10000e400\n'
-- row: '+9999999999999999.e400\n'
-- row: '15.499999 '
CAST(s AS tinyint)
CAST(s AS smallint)
CAST(s AS int)
CAST(s AS bigint)
CAST(s AS float)
CAST(s AS double)
CAST(s AS decimal(10,2))
CAST(s AS decimal(38,10))
CAST(s AS decimal(4,4))
CAST(s AS boolean)
try_cast(s AS tinyint)
try_cast(s AS smallint)
try_cast(s AS int)
try_cast(s AS bigint)
try_cast(s AS float)
try_cast(s AS double)
try_cast(s AS decimal(10,2))
try_cast(s AS decimal(38,10))
try_cast(s AS decimal(4,4))
s + 1
s * 1.5D
s > 2
s = 10L
s IN (1, 2)
abs(s)
round(s, 1)
s || 1
coalesce(s, 0)
-- columns: s string
-- row: '\t+9999999.99\n'
-- row: '+5555555\n'
-- row: '-999999999.5\n'
-- row: '-99999.f '
-- row: '\t1.499999e400 '
-- row: ' +9.7 '
-- row: '+27087229.499999e400'
-- row: '\t-53334952497551382637058.499999 '
-- row: ' 10000000000000000000E-5'
-- row: ' +9999.620'
-- row: '-5555555e+12'
-- row: '219. '
-- row: '9'
-- row: ' -100.5f\n'
CAST(s AS tinyint)
CAST(s AS smallint)
CAST(s AS int)
CAST(s AS bigint)
CAST(s AS float)
CAST(s AS double)
CAST(s AS decimal(10,2))
CAST(s AS decimal(38,10))
CAST(s AS decimal(4,4))
CAST(s AS boolean)
try_cast(s AS tinyint)
try_cast(s AS smallint)
try_cast(s AS int)
try_cast(s AS bigint)
try_cast(s AS float)
try_cast(s AS double)
try_cast(s AS decimal(10,2))
try_cast(s AS decimal(38,10))
try_cast(s AS decimal(4,4))
s + 1
s * 1.5D
s > 2
s = 10L
s IN (1, 2)
abs(s)
round(s, 1)
s || 1
coalesce(s, 0)
-- columns: s string
-- row: ' 0100T23:59:59.5 UTC'
-- row: ' 0001-08-01 '
-- row: '9999-03-21 23:59:59.5Z'
-- row: '1970 23:59:59Zx'
-- row: ' 0100-05-02'
-- row: ' 1-10 00:00:00.999999Z'
-- row: '1991-02-29'
-- row: '4640-12-21'
-- row: ' 1600-06-21 00:00:00.000001-0330 '
-- row: ' 0004-04-31x'
-- row: '0004-07-09T00:28:30.000001Z'
-- row: '1582-11'
-- row: ' 2043-10'
-- row: '2000T00:00:00.000001 '
CAST(s AS date)
CAST(s AS timestamp)
CAST(s AS timestamp_ntz)
try_cast(s AS date)
try_cast(s AS timestamp)
try_cast(s AS timestamp_ntz)
to_date(s)
to_timestamp(s)
try_to_timestamp(s)
year(s)
hour(s)
unix_timestamp(s)
s > DATE'2000-01-01'
date_add(s, 1)
date_trunc('MONTH', s)
s = TIMESTAMP'1970-01-01 00:00:00'
-- columns: s string
-- row: ' 2000-02 13:05:23x'
-- row: '1970-11-30 13:47:38.999999x'
-- row: ' 1600-04x'
-- row: '2029-3-30 00:00:00.123x'
-- row: ' 9999-12-1'
-- row: '1582 00:00:00.5x'
-- row: ' 0001-10-02 00:00:00.123Z '
-- row: ' 9999-1-31T15:10:36.000001-0330 '
-- row: '9999-12-01'
-- row: '4-01 00:00:00.999999x'
-- row: '2000-09-30'
-- row: '9999-02-01 02:37:15.5z'
-- row: '1964'
-- row: '1600-02T23:59:59.999999x'
CAST(s AS date)
CAST(s AS timestamp)
CAST(s AS timestamp_ntz)
try_cast(s AS date)
try_cast(s AS timestamp)
try_cast(s AS timestamp_ntz)
to_date(s)
to_timestamp(s)
try_to_timestamp(s)
year(s)
hour(s)
unix_timestamp(s)
s > DATE'2000-01-01'
date_add(s, 1)
date_trunc('MONTH', s)
s = TIMESTAMP'1970-01-01 00:00:00'
-- columns: s string
-- row: ' 2045-04T02:54:55.5 '
-- row: ' 0001-5-1T15:36:47.123-0330x'
-- row: '1970 23:59:59.000001'
-- row: '1600-10-31'
-- row: '100-06 '
-- row: '1582-3-1'
-- row: '1600T07:23:32.000001 UTC'
-- row: '1582-11-1T22:07:45.999999Z'
-- row: ' 1582-01-32T00:00:00-0330'
-- row: '1582-03-02T00:00:00 Europe/Madridx'
-- row: '1600-12-1T23:59:59.999999Z'
-- row: '1970-02 '
-- row: ' 0004-11-30'
-- row: '1582-06-30 '
CAST(s AS date)
CAST(s AS timestamp)
CAST(s AS timestamp_ntz)
try_cast(s AS date)
try_cast(s AS timestamp)
try_cast(s AS timestamp_ntz)
to_date(s)
to_timestamp(s)
try_to_timestamp(s)
year(s)
hour(s)
unix_timestamp(s)
s > DATE'2000-01-01'
date_add(s, 1)
date_trunc('MONTH', s)
s = TIMESTAMP'1970-01-01 00:00:00'
-- columns: s string
-- row: '0100'
-- row: '1582-3-9T00:00:00.000001 Europe/Madrid'
-- row: '2026-04-15 00:00:00 Europe/Madridx'
-- row: ' 1970-04-02'
-- row: '9999-06 21:31:42 '
-- row: '9999-4-16T00:00:00Z'
-- row: '0001 00:00:00.123+9'
-- row: '2098x'
-- row: '1600 00:00:00+01:00'
-- row: '1936-01'
-- row: '8676-09-02 00:00:00+01:00'
-- row: ' 0001T23:59:59.5+9 '
-- row: '1904-09-30'
-- row: '0004-08-01 01:38:04 Europe/Madrid '
CAST(s AS date)
CAST(s AS timestamp)
CAST(s AS timestamp_ntz)
try_cast(s AS date)
try_cast(s AS timestamp)
try_cast(s AS timestamp_ntz)
to_date(s)
to_timestamp(s)
try_to_timestamp(s)
year(s)
hour(s)
unix_timestamp(s)
s > DATE'2000-01-01'
date_add(s, 1)
date_trunc('MONTH', s)
s = TIMESTAMP'1970-01-01 00:00:00'
-- columns: s string
-- row: '0001-03-01x'
-- row: '1582-09-02x'
-- row: '0001-06-31'
-- row: '0001-08-01 05:45:45.999999-0330 '
-- row: '1582-09'
-- row: '1582-12 23:59:59.000001Z '
-- row: '2089x'
-- row: '3069T18:46:10.999999 UTC '
-- row: ' 0004'
-- row: '0004-11-30 18:33:09.000001zx'
-- row: ' 1970-05-02 23:59:59.5Z '
-- row: '0100-11-31 23:59:59.999999Zx'
-- row: ' 4895-01-31T20:32:52.000001+01:00x'
-- row: '2000T18:23:37.5+9 '
CAST(s AS date)
CAST(s AS timestamp)
CAST(s AS timestamp_ntz)
try_cast(s AS date)
try_cast(s AS timestamp)
try_cast(s AS timestamp_ntz)
to_date(s)
to_timestamp(s)
try_to_timestamp(s)
year(s)
hour(s)
unix_timestamp(s)
s > DATE'2000-01-01'
date_add(s, 1)
date_trunc('MONTH', s)
s = TIMESTAMP'1970-01-01 00:00:00'
-- columns: s string
-- row: '9999-11-15 00:00:00+01:00'
-- row: '4248-2-1 06:36:36Z '
-- row: ' 2000-09-30'
-- row: ' 2045-09-01 04:41:48.5+9'
-- row: '1923-7-1'
-- row: '1970-1-23 06:50:44.123-0330'
-- row: ' 1600-12-11'
-- row: ' 1600-11-02T23:59:59+01:00'
-- row: '0100 06:03:34 UTC'
-- row: '1970-01-32T00:00:00.123 Europe/Madrid'
-- row: '0004-05-12T23:59:59.999999 Europe/Madridx'
-- row: '0004 '
-- row: '2000-03 23:59:59-0330x'
-- row: '2068-01'
CAST(s AS date)
CAST(s AS timestamp)
CAST(s AS timestamp_ntz)
try_cast(s AS date)
try_cast(s AS timestamp)
try_cast(s AS timestamp_ntz)
to_date(s)
to_timestamp(s)
try_to_timestamp(s)
year(s)
hour(s)
unix_timestamp(s)
s > DATE'2000-01-01'
date_add(s, 1)
date_trunc('MONTH', s)
s = TIMESTAMP'1970-01-01 00:00:00'
-- columns: x double, f float, i int, l bigint, b boolean
-- row: CAST('-169083556.0' AS double), CAST('7.9409046' AS float), 1427004041, 4241987801167688874L, false
-- row: CAST('-0.0' AS double), CAST('175304803' AS float), -677262381, -1900791505524835755L, false
-- row: CAST('9.095288237085835e-05' AS double), CAST('-3.859930' AS float), 967799757, -3061698012809499796L, true
-- row: CAST('-0.0' AS double), CAST('5.3571675' AS float), 1712273224, -616979690149796253L, false
-- row: CAST('Infinity' AS double), CAST('-56632794' AS float), -906825615, 1442670234666484063L, true
-- row: CAST('-0.0' AS double), CAST('6.1748317' AS float), 641808366, -1700289187760356681L, true
-- row: CAST('Infinity' AS double), CAST('-27600679' AS float), -660227906, 1997968213557185587L, true
-- row: CAST('-9.74200916433913e+21' AS double), CAST('8.2273009' AS float), -1442248891, 2804077394444922685L, true
-- row: CAST('Infinity' AS double), CAST('-5.185733' AS float), -132811091, -2215954983856973497L, false
-- row: CAST('-0.07170687475272489' AS double), CAST('0.0889537' AS float), 1052026072, -1836761452874614824L, true
-- row: CAST('-8168744.590131923' AS double), CAST('-4329918.' AS float), -1708800310, -1270040556529064940L, true
-- row: CAST('-4878713701968580.0' AS double), CAST('849836069' AS float), 356300913, 3173380097933164422L, true
CAST(x AS tinyint)
try_cast(x AS tinyint)
CAST(x AS smallint)
try_cast(x AS smallint)
CAST(x AS int)
try_cast(x AS int)
CAST(x AS bigint)
try_cast(x AS bigint)
CAST(x AS float)
try_cast(x AS float)
CAST(x AS double)
try_cast(x AS double)
CAST(x AS decimal(10,2))
try_cast(x AS decimal(10,2))
CAST(x AS decimal(38,10))
try_cast(x AS decimal(38,10))
CAST(x AS decimal(4,4))
try_cast(x AS decimal(4,4))
CAST(f AS tinyint)
try_cast(f AS tinyint)
CAST(f AS smallint)
try_cast(f AS smallint)
CAST(f AS int)
try_cast(f AS int)
CAST(f AS bigint)
try_cast(f AS bigint)
CAST(f AS float)
try_cast(f AS float)
CAST(f AS double)
try_cast(f AS double)
CAST(f AS decimal(10,2))
try_cast(f AS decimal(10,2))
CAST(f AS decimal(38,10))
try_cast(f AS decimal(38,10))
CAST(f AS decimal(4,4))
try_cast(f AS decimal(4,4))
CAST(i AS tinyint)
try_cast(i AS tinyint)
CAST(i AS smallint)
try_cast(i AS smallint)
CAST(i AS int)
try_cast(i AS int)
CAST(i AS bigint)
try_cast(i AS bigint)
CAST(i AS float)
try_cast(i AS float)
CAST(i AS double)
try_cast(i AS double)
CAST(i AS decimal(10,2))
try_cast(i AS decimal(10,2))
CAST(i AS decimal(38,10))
try_cast(i AS decimal(38,10))
CAST(i AS decimal(4,4))
try_cast(i AS decimal(4,4))
CAST(l AS tinyint)
try_cast(l AS tinyint)
CAST(l AS smallint)
try_cast(l AS smallint)
CAST(l AS int)
try_cast(l AS int)
CAST(l AS bigint)
try_cast(l AS bigint)
CAST(l AS float)
try_cast(l AS float)
CAST(l AS double)
try_cast(l AS double)
CAST(l AS decimal(10,2))
try_cast(l AS decimal(10,2))
CAST(l AS decimal(38,10))
try_cast(l AS decimal(38,10))
CAST(l AS decimal(4,4))
try_cast(l AS decimal(4,4))
CAST(b AS tinyint)
try_cast(b AS tinyint)
CAST(b AS smallint)
try_cast(b AS smallint)
CAST(b AS int)
try_cast(b AS int)
CAST(b AS bigint)
try_cast(b AS bigint)
CAST(b AS float)
try_cast(b AS float)
CAST(b AS double)
try_cast(b AS double)
CAST(b AS decimal(10,2))
try_cast(b AS decimal(10,2))
CAST(b AS decimal(38,10))
try_cast(b AS decimal(38,10))
CAST(b AS decimal(4,4))
try_cast(b AS decimal(4,4))
CAST(x AS string)
CAST(i AS string)
CAST(l AS string)
CAST(b AS string)
CAST(x AS boolean)
CAST(f AS boolean)
CAST(i AS boolean)
CAST(l AS boolean)
CAST(x AS timestamp)
CAST(i AS timestamp)
CAST(l AS timestamp)
CAST(CAST(x AS string) AS double) = x
CAST(i AS binary)
hex(l)
-- columns: x double, f float, i int, l bigint, b boolean
-- row: CAST('NaN' AS double), CAST('594439319' AS float), -1577687840, -255342019230511516L, true
-- row: CAST('Infinity' AS double), CAST('-6.154151' AS float), -885366616, 2225201490945107638L, true
-- row: CAST('-0.0' AS double), CAST('1.2908328' AS float), -1934629178, 2156326083336219980L, true
-- row: CAST('-0.0' AS double), CAST('-2.433871' AS float), -1294516522, 2952595336716806916L, false
-- row: CAST('22663903.0' AS double), CAST('8.5893108' AS float), 1950724062, 2161160304437618923L, true
-- row: CAST('-201217680.0' AS double), CAST('-84301290' AS float), -570934399, 3636895382481421791L, false
-- row: CAST('Infinity' AS double), CAST('7.5212949' AS float), 884620029, -2071846529941761281L, true
-- row: CAST('NaN' AS double), CAST('53.667704' AS float), 259216033, 624473049825868445L, false
-- row: CAST('-532615660.0' AS double), CAST('7.6490218' AS float), -1125237865, -4500803213032225052L, true
-- row: CAST('-0.0' AS double), CAST('-3.590278' AS float), 741613878, 399481566792959742L, true
-- row: CAST('-910.8044606532551' AS double), CAST('-413.5327' AS float), 1019097879, -1573594057246174407L, false
-- row: CAST('Infinity' AS double), CAST('-77656.30' AS float), -1587840763, 3232648403304298093L, true
CAST(x AS tinyint)
try_cast(x AS tinyint)
CAST(x AS smallint)
try_cast(x AS smallint)
CAST(x AS int)
try_cast(x AS int)
CAST(x AS bigint)
try_cast(x AS bigint)
CAST(x AS float)
try_cast(x AS float)
CAST(x AS double)
try_cast(x AS double)
CAST(x AS decimal(10,2))
try_cast(x AS decimal(10,2))
CAST(x AS decimal(38,10))
try_cast(x AS decimal(38,10))
CAST(x AS decimal(4,4))
try_cast(x AS decimal(4,4))
CAST(f AS tinyint)
try_cast(f AS tinyint)
CAST(f AS smallint)
try_cast(f AS smallint)
CAST(f AS int)
try_cast(f AS int)
CAST(f AS bigint)
try_cast(f AS bigint)
CAST(f AS float)
try_cast(f AS float)
CAST(f AS double)
try_cast(f AS double)
CAST(f AS decimal(10,2))
try_cast(f AS decimal(10,2))
CAST(f AS decimal(38,10))
try_cast(f AS decimal(38,10))
CAST(f AS decimal(4,4))
try_cast(f AS decimal(4,4))
CAST(i AS tinyint)
try_cast(i AS tinyint)
CAST(i AS smallint)
try_cast(i AS smallint)
CAST(i AS int)
try_cast(i AS int)
CAST(i AS bigint)
try_cast(i AS bigint)
CAST(i AS float)
try_cast(i AS float)
CAST(i AS double)
try_cast(i AS double)
CAST(i AS decimal(10,2))
try_cast(i AS decimal(10,2))
CAST(i AS decimal(38,10))
try_cast(i AS decimal(38,10))
CAST(i AS decimal(4,4))
try_cast(i AS decimal(4,4))
CAST(l AS tinyint)
try_cast(l AS tinyint)
CAST(l AS smallint)
try_cast(l AS smallint)
CAST(l AS int)
try_cast(l AS int)
CAST(l AS bigint)
try_cast(l AS bigint)
CAST(l AS float)
try_cast(l AS float)
CAST(l AS double)
try_cast(l AS double)
CAST(l AS decimal(10,2))
try_cast(l AS decimal(10,2))
CAST(l AS decimal(38,10))
try_cast(l AS decimal(38,10))
CAST(l AS decimal(4,4))
try_cast(l AS decimal(4,4))
CAST(b AS tinyint)
try_cast(b AS tinyint)
CAST(b AS smallint)
try_cast(b AS smallint)
CAST(b AS int)
try_cast(b AS int)
CAST(b AS bigint)
try_cast(b AS bigint)
CAST(b AS float)
try_cast(b AS float)
CAST(b AS double)
try_cast(b AS double)
CAST(b AS decimal(10,2))
try_cast(b AS decimal(10,2))
CAST(b AS decimal(38,10))
try_cast(b AS decimal(38,10))
CAST(b AS decimal(4,4))
try_cast(b AS decimal(4,4))
CAST(x AS string)
CAST(i AS string)
CAST(l AS string)
CAST(b AS string)
CAST(x AS boolean)
CAST(f AS boolean)
CAST(i AS boolean)
CAST(l AS boolean)
CAST(x AS timestamp)
CAST(i AS timestamp)
CAST(l AS timestamp)
CAST(CAST(x AS string) AS double) = x
CAST(i AS binary)
hex(l)
-- columns: x double, f float, i int, l bigint, b boolean
-- row: CAST('53731183.0' AS double), CAST('6.0693955' AS float), 1489724437, -450068401909152559L, false
-- row: CAST('NaN' AS double), CAST('-7.963127' AS float), 47076991, 4037741168058818L, true
-- row: CAST('NaN' AS double), CAST('-69821963' AS float), -1635485395, -893341216589847741L, true
-- row: CAST('2.6003392443129973e-06' AS double), CAST('-1.496722' AS float), 1214693046, -857260883395144389L, false
-- row: CAST('-14.430147474848098' AS double), CAST('7.3307709' AS float), 1784357703, -4590953132595008026L, false
-- row: CAST('NaN' AS double), CAST('2419.1124' AS float), -1357341084, -3349670987606544580L, true
-- row: CAST('-4.911576579728143e-05' AS double), CAST('-2.485616' AS float), -1821772848, 3750614979238289397L, true
-- row: CAST('-0.0' AS double), CAST('8.8456728' AS float), 585877724, -1809806105767926515L, true
-- row: CAST('Infinity' AS double), CAST('247349299' AS float), -167561473, -2859915923388511841L, true
-- row: CAST('-3.1130346271953326e-09' AS double), CAST('-5.929205' AS float), -1376753285, 3982889790034780730L, true
-- row: CAST('Infinity' AS double), CAST('1.3397405' AS float), -2007561255, 2319374367808424178L, true
-- row: CAST('NaN' AS double), CAST('-0.070519' AS float), 268190727, -1120073882631320809L, true
CAST(x AS tinyint)
try_cast(x AS tinyint)
CAST(x AS smallint)
try_cast(x AS smallint)
CAST(x AS int)
try_cast(x AS int)
CAST(x AS bigint)
try_cast(x AS bigint)
CAST(x AS float)
try_cast(x AS float)
CAST(x AS double)
try_cast(x AS double)
CAST(x AS decimal(10,2))
try_cast(x AS decimal(10,2))
CAST(x AS decimal(38,10))
try_cast(x AS decimal(38,10))
CAST(x AS decimal(4,4))
try_cast(x AS decimal(4,4))
CAST(f AS tinyint)
try_cast(f AS tinyint)
CAST(f AS smallint)
try_cast(f AS smallint)
CAST(f AS int)
try_cast(f AS int)
CAST(f AS bigint)
try_cast(f AS bigint)
CAST(f AS float)
try_cast(f AS float)
CAST(f AS double)
try_cast(f AS double)
CAST(f AS decimal(10,2))
try_cast(f AS decimal(10,2))
CAST(f AS decimal(38,10))
try_cast(f AS decimal(38,10))
CAST(f AS decimal(4,4))
try_cast(f AS decimal(4,4))
CAST(i AS tinyint)
try_cast(i AS tinyint)
CAST(i AS smallint)
try_cast(i AS smallint)
CAST(i AS int)
try_cast(i AS int)
CAST(i AS bigint)
try_cast(i AS bigint)
CAST(i AS float)
try_cast(i AS float)
CAST(i AS double)
try_cast(i AS double)
CAST(i AS decimal(10,2))
try_cast(i AS decimal(10,2))
CAST(i AS decimal(38,10))
try_cast(i AS decimal(38,10))
CAST(i AS decimal(4,4))
try_cast(i AS decimal(4,4))
CAST(l AS tinyint)
try_cast(l AS tinyint)
CAST(l AS smallint)
try_cast(l AS smallint)
CAST(l AS int)
try_cast(l AS int)
CAST(l AS bigint)
try_cast(l AS bigint)
CAST(l AS float)
try_cast(l AS float)
CAST(l AS double)
try_cast(l AS double)
CAST(l AS decimal(10,2))
try_cast(l AS decimal(10,2))
CAST(l AS decimal(38,10))
try_cast(l AS decimal(38,10))
CAST(l AS decimal(4,4))
try_cast(l AS decimal(4,4))
CAST(b AS tinyint)
try_cast(b AS tinyint)
CAST(b AS smallint)
try_cast(b AS smallint)
CAST(b AS int)
try_cast(b AS int)
CAST(b AS bigint)
try_cast(b AS bigint)
CAST(b AS float)
try_cast(b AS float)
CAST(b AS double)
try_cast(b AS double)
CAST(b AS decimal(10,2))
try_cast(b AS decimal(10,2))
CAST(b AS decimal(38,10))
try_cast(b AS decimal(38,10))
CAST(b AS decimal(4,4))
try_cast(b AS decimal(4,4))
CAST(x AS string)
CAST(i AS string)
CAST(l AS string)
CAST(b AS string)
CAST(x AS boolean)
CAST(f AS boolean)
CAST(i AS boolean)
CAST(l AS boolean)
CAST(x AS timestamp)
CAST(i AS timestamp)
CAST(l AS timestamp)
CAST(CAST(x AS string) AS double) = x
CAST(i AS binary)
hex(l)
-- columns: x double, f float, i int, l bigint, b boolean
-- row: CAST('-0.0' AS double), CAST('-21501171' AS float), 1012429699, 576379426923295827L, true
-- row: CAST('-0.0' AS double), CAST('189820592' AS float), 1570775477, -1487835025355373981L, true
-- row: CAST('NaN' AS double), CAST('-9.412487' AS float), -1046440158, -228916969202371497L, true
-- row: CAST('467411427.0' AS double), CAST('-1.604749' AS float), -1316706, -1902193673438224618L, true
-- row: CAST('-944482.9385321727' AS double), CAST('168128.95' AS float), -1764322492, -2903454565247804939L, true
-- row: CAST('NaN' AS double), CAST('509463131' AS float), 1039476230, -687677966456751719L, false
-- row: CAST('-0.0' AS double), CAST('4.3097011' AS float), 1781186973, -1721210620844171524L, true
-- row: CAST('-0.0' AS double), CAST('269481397' AS float), -914476451, 142376840273752055L, false
-- row: CAST('NaN' AS double), CAST('-30874619' AS float), -580517256, 4165538619498179013L, false
-- row: CAST('714115087.0' AS double), CAST('-0.003720' AS float), 218705465, -2502353513545202736L, true
-- row: CAST('NaN' AS double), CAST('-61310533' AS float), -375670349, -2930270688732767876L, false
-- row: CAST('254989430.0' AS double), CAST('-1.933067' AS float), 855850886, -4030003966133472280L, false
CAST(x AS tinyint)
try_cast(x AS tinyint)
CAST(x AS smallint)
try_cast(x AS smallint)
CAST(x AS int)
try_cast(x AS int)
CAST(x AS bigint)
try_cast(x AS bigint)
CAST(x AS float)
try_cast(x AS float)
CAST(x AS double)
try_cast(x AS double)
CAST(x AS decimal(10,2))
try_cast(x AS decimal(10,2))
CAST(x AS decimal(38,10))
try_cast(x AS decimal(38,10))
CAST(x AS decimal(4,4))
try_cast(x AS decimal(4,4))
CAST(f AS tinyint)
try_cast(f AS tinyint)
CAST(f AS smallint)
try_cast(f AS smallint)
CAST(f AS int)
try_cast(f AS int)
CAST(f AS bigint)
try_cast(f AS bigint)
CAST(f AS float)
try_cast(f AS float)
CAST(f AS double)
try_cast(f AS double)
CAST(f AS decimal(10,2))
try_cast(f AS decimal(10,2))
CAST(f AS decimal(38,10))
try_cast(f AS decimal(38,10))
CAST(f AS decimal(4,4))
try_cast(f AS decimal(4,4))
CAST(i AS tinyint)
try_cast(i AS tinyint)
CAST(i AS smallint)
try_cast(i AS smallint)
CAST(i AS int)
try_cast(i AS int)
CAST(i AS bigint)
try_cast(i AS bigint)
CAST(i AS float)
try_cast(i AS float)
CAST(i AS double)
try_cast(i AS double)
CAST(i AS decimal(10,2))
try_cast(i AS decimal(10,2))
CAST(i AS decimal(38,10))
try_cast(i AS decimal(38,10))
CAST(i AS decimal(4,4))
try_cast(i AS decimal(4,4))
CAST(l AS tinyint)
try_cast(l AS tinyint)
CAST(l AS smallint)
try_cast(l AS smallint)
CAST(l AS int)
try_cast(l AS int)
CAST(l AS bigint)
try_cast(l AS bigint)
CAST(l AS float)
try_cast(l AS float)
CAST(l AS double)
try_cast(l AS double)
CAST(l AS decimal(10,2))
try_cast(l AS decimal(10,2))
CAST(l AS decimal(38,10))
try_cast(l AS decimal(38,10))
CAST(l AS decimal(4,4))
try_cast(l AS decimal(4,4))
CAST(b AS tinyint)
try_cast(b AS tinyint)
CAST(b AS smallint)
try_cast(b AS smallint)
CAST(b AS int)
try_cast(b AS int)
CAST(b AS bigint)
try_cast(b AS bigint)
CAST(b AS float)
try_cast(b AS float)
CAST(b AS double)
try_cast(b AS double)
CAST(b AS decimal(10,2))
try_cast(b AS decimal(10,2))
CAST(b AS decimal(38,10))
try_cast(b AS decimal(38,10))
CAST(b AS decimal(4,4))
try_cast(b AS decimal(4,4))
CAST(x AS string)
CAST(i AS string)
CAST(l AS string)
CAST(b AS string)
CAST(x AS boolean)
CAST(f AS boolean)
CAST(i AS boolean)
CAST(l AS boolean)
CAST(x AS timestamp)
CAST(i AS timestamp)
CAST(l AS timestamp)
CAST(CAST(x AS string) AS double) = x
CAST(i AS binary)
hex(l)
-- columns: d date, t timestamp
-- row: DATE'0001-06-01', TIMESTAMP'0001-09-22 00:00:00.000001'
-- row: DATE'1600-02-02', TIMESTAMP'9490-05-01 00:00:00.5'
-- row: DATE'2000-02-29', TIMESTAMP'0100-08-06 00:00:00.5'
-- row: DATE'0001-04-15', TIMESTAMP'7821-12-31 23:59:59.123'
-- row: DATE'2079-01-01', TIMESTAMP'0001-03-31 23:59:59.123'
-- row: DATE'1970-11-30', TIMESTAMP'0004-07-31 23:59:59.123'
-- row: DATE'2080-08-01', TIMESTAMP'8701-07-01 00:04:05.999999'
-- row: DATE'1970-08-01', TIMESTAMP'1582-03-31 23:59:59.5'
-- row: DATE'2000-12-01', TIMESTAMP'4055-04-30 00:00:00'
-- row: DATE'1970-08-31', TIMESTAMP'8130-05-31 18:07:14'
-- row: DATE'9999-01-01', TIMESTAMP'1600-08-01 23:59:59.123'
-- row: DATE'9311-08-01', TIMESTAMP'9999-06-30 00:00:00.999999'
CAST(t AS tinyint)
CAST(t AS smallint)
CAST(t AS int)
CAST(t AS bigint)
CAST(t AS double)
CAST(t AS decimal(20,6))
CAST(t AS string)
CAST(t AS date)
CAST(t AS boolean)
CAST(t AS timestamp_ntz)
try_cast(t AS tinyint)
try_cast(t AS smallint)
try_cast(t AS int)
try_cast(t AS bigint)
CAST(d AS string)
CAST(d AS timestamp)
d = t
d < t
coalesce(d, t)
CAST(CAST(t AS string) AS timestamp) = t
CAST(CAST(d AS string) AS date) = d
array(d, t)
t - d
greatest(d, t)
-- columns: d date, t timestamp
-- row: DATE'1582-07-01', TIMESTAMP'2000-11-30 00:00:00'
-- row: DATE'9999-10-01', TIMESTAMP'1970-04-30 08:15:05.123'
-- row: DATE'0004-12-01', TIMESTAMP'1582-04-02 00:00:00.123'
-- row: DATE'2000-09-10', TIMESTAMP'0001-08-17 00:20:56.999999'
-- row: DATE'0001-03-31', TIMESTAMP'2000-05-31 09:43:36'
-- row: DATE'0100-08-16', TIMESTAMP'0100-04-08 23:59:59.5'
-- row: DATE'2000-10-07', TIMESTAMP'0004-09-30 23:59:59'
-- row: DATE'0100-10-27', TIMESTAMP'9999-05-30 00:00:00.5'
-- row: DATE'0004-11-12', TIMESTAMP'0001-07-22 23:59:59.5'
-- row: DATE'0100-05-31', TIMESTAMP'1996-06-17 09:03:54'
-- row: DATE'2000-11-01', TIMESTAMP'1970-04-30 00:00:00.123'
-- row: DATE'9999-10-29', TIMESTAMP'1971-11-30 00:00:00'
CAST(t AS tinyint)
CAST(t AS smallint)
CAST(t AS int)
CAST(t AS bigint)
CAST(t AS double)
CAST(t AS decimal(20,6))
CAST(t AS string)
CAST(t AS date)
CAST(t AS boolean)
CAST(t AS timestamp_ntz)
try_cast(t AS tinyint)
try_cast(t AS smallint)
try_cast(t AS int)
try_cast(t AS bigint)
CAST(d AS string)
CAST(d AS timestamp)
d = t
d < t
coalesce(d, t)
CAST(CAST(t AS string) AS timestamp) = t
CAST(CAST(d AS string) AS date) = d
array(d, t)
t - d
greatest(d, t)
-- columns: d date, t timestamp
-- row: DATE'2000-04-01', TIMESTAMP'0001-03-31 23:59:59.999999'
-- row: DATE'2000-09-11', TIMESTAMP'2000-08-01 00:00:00.123'
-- row: DATE'1582-10-31', TIMESTAMP'2000-04-01 08:27:14.123'
-- row: DATE'8749-01-01', TIMESTAMP'0004-04-01 23:59:59.999999'
-- row: DATE'1388-04-30', TIMESTAMP'1600-02-03 23:59:59.5'
-- row: DATE'2090-08-01', TIMESTAMP'0001-09-30 22:21:32'
-- row: DATE'0001-11-01', TIMESTAMP'1582-10-01 00:00:00.999999'
-- row: DATE'1582-01-31', TIMESTAMP'2000-10-31 23:59:59'
-- row: DATE'1600-09-01', TIMESTAMP'0100-02-28 00:00:00.123'
-- row: DATE'1970-06-30', TIMESTAMP'1582-09-18 16:23:06.999999'
-- row: DATE'0100-08-01', TIMESTAMP'0100-06-01 07:15:46'
-- row: DATE'1582-09-30', TIMESTAMP'2000-08-25 00:00:00.000001'
CAST(t AS tinyint)
CAST(t AS smallint)
CAST(t AS int)
CAST(t AS bigint)
CAST(t AS double)
CAST(t AS decimal(20,6))
CAST(t AS string)
CAST(t AS date)
CAST(t AS boolean)
CAST(t AS timestamp_ntz)
try_cast(t AS tinyint)
try_cast(t AS smallint)
try_cast(t AS int)
try_cast(t AS bigint)
CAST(d AS string)
CAST(d AS timestamp)
d = t
d < t
coalesce(d, t)
CAST(CAST(t AS string) AS timestamp) = t
CAST(CAST(d AS string) AS date) = d
array(d, t)
t - d
greatest(d, t)
