-- Decimals of all precisions and scales, drawn by chance: made by random_cases.py 20260729.
-- columns: a decimal(1,0), b decimal(28,10), n int, l bigint
-- row: CAST('1.0' AS decimal(1,0)), CAST('-10000000000000000.0000000009' AS decimal(28,10)), 6, 5555555L
-- row: CAST('0.0' AS decimal(1,0)), CAST('-676822209415952665.85444045' AS decimal(28,10)), 0, 5555555555555L
-- row: CAST('-8.0' AS decimal(1,0)), CAST('99999999.562247898' AS decimal(28,10)), -3, 165L
-- row: CAST('5.0' AS decimal(1,0)), CAST('-14.5' AS decimal(28,10)), 2, 555L
-- row: CAST('-9.0' AS decimal(1,0)), CAST('9999999999.9999999999' AS decimal(28,10)), 3, 55555555555555L
-- row: CAST('6.0' AS decimal(1,0)), CAST('100000.7134466' AS decimal(28,10)), 9, 9999999L
-- row: CAST('-6.0' AS decimal(1,0)), CAST('-99999.0000055555' AS decimal(28,10)), 11, 9999999L
-- row: CAST('5.0' AS decimal(1,0)), CAST('55555555555555.9999999999' AS decimal(28,10)), 6, 100000L
-- row: CAST('-1.0' AS decimal(1,0)), CAST('5.99' AS decimal(28,10)), -3, 10L
-- row: CAST('-9.0' AS decimal(1,0)), CAST('55555555555555.0000000100' AS decimal(28,10)), 12, 100000L
a + b
a - b
a * b
a / b
b / a
a % b
pmod(a, b)
a div 7
sign(a)
-a
abs(a)
a + n
a * n
a / 3
a * l
l / b
a + 1.5
a * 0.1
(a + b) / 2
a * 1.5D
a = b
a < b
a <=> b
a > n
greatest(a, b)
least(a, b, 0)
coalesce(a, b)
a IN (b, 1)
if(a > b, a, b)
nullif(a, b)
a BETWEEN 0 AND b
array(a, b)[1]
hash(a, b)
round(a)
bround(a)
floor(a)
ceil(a)
sqrt(a)
round(a, -2)
round(a, 1)
round(a, 3)
bround(b, 1)
floor(a, 1)
ceil(b, -1)
CAST(a AS int)
CAST(a AS tinyint)
CAST(a AS bigint)
CAST(a AS double)
CAST(a AS float)
CAST(a AS string)
CAST(a AS boolean)
CAST(a AS timestamp)
CAST(b AS decimal(12,2))
CAST(b AS decimal(10,0))
CAST(b AS decimal(28,10))
CAST(b AS decimal(38,18))
try_cast(a AS decimal(20,5))
try_cast(a AS decimal(18,18))
try_cast(a AS decimal(9,4))
try_add(a, b)
try_multiply(a, b)
try_divide(a, b)
CAST(CAST(a AS string) AS double) + b
-- columns: a decimal(12,2), b decimal(38,37), n int, l bigint
-- row: CAST('99999.01' AS decimal(12,2)), CAST('1.100000' AS decimal(38,37)), -3, 5982253544L
-- row: CAST('-999.5' AS decimal(12,2)), CAST('8.100000000000000000000000000' AS decimal(38,37)), 12, 1000000000L
-- row: CAST('100000000.47' AS decimal(12,2)), CAST('5.0000000000000000010000000000000000000' AS decimal(38,37)), 4, 497L
-- row: CAST('-555555555.03' AS decimal(12,2)), CAST('7.1000000000000000000000000000000000' AS decimal(38,37)), 9, 555555L
-- row: CAST('1000.05' AS decimal(12,2)), CAST('9.1089583506181242739' AS decimal(38,37)), 4, 5555555555555L
-- row: CAST('-45104.05' AS decimal(12,2)), CAST('4.0000000000000000000000000000000000427' AS decimal(38,37)), 5, 9999999999L
-- row: CAST('-7904695762.05' AS decimal(12,2)), CAST('-9.0000000000000000000000100000000000000' AS decimal(38,37)), 4, 99999L
-- row: CAST('19080.43' AS decimal(12,2)), CAST('-6.555555555' AS decimal(38,37)), 8, 1000L
-- row: CAST('1467055381.9' AS decimal(12,2)), CAST('1.0100000000000000000000000000000000000' AS decimal(38,37)), 1, 9999999999L
-- row: CAST('55.99' AS decimal(12,2)), CAST('5.1000000000000000000000000' AS decimal(38,37)), 2, 99999999L
a + b
a - b
a * b
a / b
b / a
a % b
pmod(a, b)
a div 7
sign(a)
-a
abs(a)
a + n
a * n
a / 3
a * l
l / b
a + 1.5
a * 0.1
(a + b) / 2
a * 1.5D
a = b
a < b
a <=> b
a > n
greatest(a, b)
least(a, b, 0)
coalesce(a, b)
a IN (b, 1)
if(a > b, a, b)
nullif(a, b)
a BETWEEN 0 AND b
array(a, b)[1]
hash(a, b)
round(a)
bround(a)
floor(a)
ceil(a)
sqrt(a)
round(a, -2)
round(a, 1)
round(a, 3)
bround(b, 1)
floor(a, 1)
ceil(b, -1)
CAST(a AS int)
CAST(a AS tinyint)
CAST(a AS bigint)
CAST(a AS double)
CAST(a AS float)
CAST(a AS string)
CAST(a AS boolean)
CAST(a AS timestamp)
CAST(b AS decimal(10,0))
CAST(b AS decimal(38,37))
CAST(b AS decimal(20,5))
CAST(b AS decimal(18,6))
try_cast(a AS decimal(18,6))
try_cast(a AS decimal(20,5))
try_cast(a AS decimal(38,18))
try_add(a, b)
try_multiply(a, b)
try_divide(a, b)
CAST(CAST(a AS string) AS double) + b
-- columns: a decimal(18,18), b decimal(20,5), n int, l bigint
-- row: CAST('-0.000000000000000099' AS decimal(18,18)), CAST('-73543214217.00830' AS decimal(20,5)), -3, 951646L
-- row: CAST('-0.000000999999999999' AS decimal(18,18)), CAST('55.5555' AS decimal(20,5)), 4, 100000L
-- row: CAST('0.5555555555' AS decimal(18,18)), CAST('-555555555555555.17362' AS decimal(20,5)), -2, 5L
-- row: CAST('-0.000000000001000000' AS decimal(18,18)), CAST('10000.9' AS decimal(20,5)), 7, 9999999999L
-- row: CAST('-0.000099999999999999' AS decimal(18,18)), CAST('828231868.09999' AS decimal(20,5)), 10, 5L
-- row: CAST('-0.000000010000000000' AS decimal(18,18)), CAST('6245.00005' AS decimal(20,5)), 10, 9999L
-- row: CAST('0.555555555555555555' AS decimal(18,18)), CAST('5555555.00555' AS decimal(20,5)), 12, 9L
-- row: CAST('0.000000350116205458' AS decimal(18,18)), CAST('-9999.100' AS decimal(20,5)), -3, 72L
-- row: CAST('-0.555' AS decimal(18,18)), CAST('6057.99999' AS decimal(20,5)), 1, 99L
-- row: CAST('-0.5555555' AS decimal(18,18)), CAST('-999999999999.9999' AS decimal(20,5)), 0, 10000000000000L
a + b
a - b
a * b
a / b
b / a
a % b
pmod(a, b)
a div 7
sign(a)
-a
abs(a)
a + n
a * n
a / 3
a * l
l / b
a + 1.5
a * 0.1
(a + b) / 2
a * 1.5D
a = b
a < b
a <=> b
a > n
greatest(a, b)
least(a, b, 0)
coalesce(a, b)
a IN (b, 1)
if(a > b, a, b)
nullif(a, b)
a BETWEEN 0 AND b
array(a, b)[1]
hash(a, b)
round(a)
bround(a)
floor(a)
ceil(a)
sqrt(a)
round(a, -2)
round(a, 1)
round(a, 3)
bround(b, 1)
floor(a, 1)
ceil(b, -1)
CAST(a AS int)
CAST(a AS tinyint)
CAST(a AS bigint)
CAST(a AS double)
CAST(a AS float)
CAST(a AS string)
CAST(a AS boolean)
CAST(a AS timestamp)
CAST(b AS decimal(9,4))
CAST(b AS decimal(5,2))
CAST(b AS decimal(10,0))
CAST(b AS decimal(20,5))
try_cast(a AS decimal(28,10))
try_cast(a AS decimal(1,0))
try_cast(a AS decimal(38,37))
try_add(a, b)
try_multiply(a, b)
try_divide(a, b)
CAST(CAST(a AS string) AS double) + b
-- columns: a decimal(18,18), b decimal(38,0), n int, l bigint
-- row: CAST('0.99999999999' AS decimal(18,18)), CAST('6.0' AS decimal(38,0)), -2, 100000000L
-- row: CAST('0.9999999' AS decimal(18,18)), CAST('9999999999999999999999999.0' AS decimal(38,0)), 1, 9L
-- row: CAST('0.000000000000000009' AS decimal(18,18)), CAST('9999.0' AS decimal(38,0)), 1, 100000L
-- row: CAST('0.75252146061056' AS decimal(18,18)), CAST('71922538736751845799.0' AS decimal(38,0)), 12, 1000000000L
-- row: CAST('-0.005555555555555555' AS decimal(18,18)), CAST('9999999999999999.0' AS decimal(38,0)), -1, 13325508751140L
-- row: CAST('-0.100000' AS decimal(18,18)), CAST('99999999999999999999.0' AS decimal(38,0)), 4, 152L
-- row: CAST('0.000000000000055555' AS decimal(18,18)), CAST('-5555.0' AS decimal(38,0)), 4, 5L
-- row: CAST('0.99999999999999' AS decimal(18,18)), CAST('1000000000000000000.0' AS decimal(38,0)), 12, 10000000L
-- row: CAST('0.000000009999999999' AS decimal(18,18)), CAST('9999999999999999999999999999999999.0' AS decimal(38,0)), -2, 55555555555L
-- row: CAST('0.100000000' AS decimal(18,18)), CAST('99999999999999999999999.0' AS decimal(38,0)), 10, 9L
a + b
a - b
a * b
a / b
b / a
a % b
pmod(a, b)
a div 7
sign(a)
-a
abs(a)
a + n
a * n
a / 3
a * l
l / b
a + 1.5
a * 0.1
(a + b) / 2
a * 1.5D
a = b
a < b
a <=> b
a > n
greatest(a, b)
least(a, b, 0)
coalesce(a, b)
a IN (b, 1)
if(a > b, a, b)
nullif(a, b)
a BETWEEN 0 AND b
array(a, b)[1]
hash(a, b)
round(a)
bround(a)
floor(a)
ceil(a)
sqrt(a)
round(a, -2)
round(a, 1)
round(a, 3)
bround(b, 1)
floor(a, 1)
ceil(b, -1)
CAST(a AS int)
CAST(a AS tinyint)
CAST(a AS bigint)
CAST(a AS double)
CAST(a AS float)
CAST(a AS string)
CAST(a AS boolean)
CAST(a AS timestamp)
CAST(b AS decimal(3,3))
CAST(b AS decimal(38,0))
CAST(b AS decimal(1,0))
CAST(b AS decimal(18,6))
try_cast(a AS decimal(3,3))
try_cast(a AS decimal(1,0))
try_cast(a AS decimal(20,5))
try_add(a, b)
try_multiply(a, b)
try_divide(a, b)
CAST(CAST(a AS string) AS double) + b
-- columns: a decimal(38,37), b decimal(5,2), n int, l bigint
-- row: CAST('9.10' AS decimal(38,37)), CAST('555.9' AS decimal(5,2)), 1, 55555555555555L
-- row: CAST('5.0000000005555555555555555555555555555' AS decimal(38,37)), CAST('-9.09' AS decimal(5,2)), 3, 1000L
-- row: CAST('6.0000000000000000000000055555555555555' AS decimal(38,37)), CAST('9.10' AS decimal(5,2)), -3, 100000L
-- row: CAST('2.0000000000000000000000009708878690693' AS decimal(38,37)), CAST('-999.05' AS decimal(5,2)), 7, 918125580L
-- row: CAST('-9.99999999999999999999999' AS decimal(38,37)), CAST('-55.55' AS decimal(5,2)), 10, 490363576032L
-- row: CAST('-5.55555555555555555555555555555555' AS decimal(38,37)), CAST('-5.55' AS decimal(5,2)), -3, 5555555555L
-- row: CAST('-1.0000000000999999999999999999999999999' AS decimal(38,37)), CAST('100.5' AS decimal(5,2)), 3, 9L
-- row: CAST('-1.0000000000009999999999999999999999999' AS decimal(38,37)), CAST('3.03' AS decimal(5,2)), 11, 88002763549439L
-- row: CAST('1.5555555555555555' AS decimal(38,37)), CAST('0.29' AS decimal(5,2)), 5, 5555555555L
-- row: CAST('1.99999999999999999999999' AS decimal(38,37)), CAST('-0.9' AS decimal(5,2)), 8, 55555555555L
a + b
a - b
a * b
a / b
b / a
a % b
pmod(a, b)
a div 7
sign(a)
-b
abs(b)
a + n
a * n
a / 3
a * l
l / b
a + 1.5
a * 0.1
(a + b) / 2
a * 1.5D
a = b
a < b
a <=> b
a > n
greatest(a, b)
least(a, b, 0)
coalesce(a, b)
a IN (b, 1)
if(a > b, a, b)
nullif(a, b)
a BETWEEN 0 AND b
array(a, b)[1]
hash(a, b)
round(a)
bround(a)
floor(a)
ceil(a)
sqrt(a)
round(a, -2)
round(a, 1)
round(a, 3)
bround(b, 1)
floor(a, 1)
ceil(b, -1)
CAST(a AS bigint)
CAST(a AS double)
CAST(a AS float)
CAST(a AS string)
CAST(a AS boolean)
CAST(a AS timestamp)
CAST(b AS decimal(18,6))
CAST(b AS decimal(28,10))
CAST(b AS decimal(1,0))
CAST(b AS decimal(12,2))
try_cast(a AS decimal(38,37))
try_cast(a AS decimal(10,0))
try_cast(a AS decimal(38,0))
try_add(a, b)
try_multiply(a, b)
try_divide(a, b)
CAST(CAST(a AS string) AS double) + b
-- columns: a decimal(28,10), b decimal(28,10), n int, l bigint
-- row: CAST('-9999.0000000004' AS decimal(28,10)), CAST('1.99999999' AS decimal(28,10)), 1, 55L
-- row: CAST('5555555555555.0000000009' AS decimal(28,10)), CAST('804942845.100000000' AS decimal(28,10)), 10, 99999L
-- row: CAST('-1000000000.10000' AS decimal(28,10)), CAST('-248691895451365172.5555555' AS decimal(28,10)), 12, 10000000L
-- row: CAST('-999999999999.0000055555' AS decimal(28,10)), CAST('75.0005995908' AS decimal(28,10)), -1, 2565L
-- row: CAST('1000000000000000.0100000000' AS decimal(28,10)), CAST('8860899501.555555' AS decimal(28,10)), 4, 999999999999999L
-- row: CAST('10000.0000010000' AS decimal(28,10)), CAST('99999999999999999.5555555555' AS decimal(28,10)), 1, 10000000L
-- row: CAST('999999999999999999.3' AS decimal(28,10)), CAST('-10000000000.0000000059' AS decimal(28,10)), 2, 100000L
-- row: CAST('555555555555.153' AS decimal(28,10)), CAST('10000000000.0000005555' AS decimal(28,10)), 1, 159739942841L
-- row: CAST('1000000000.827783087' AS decimal(28,10)), CAST('-1630.5555555555' AS decimal(28,10)), -3, 999999L
-- row: CAST('-55555555555555555.56' AS decimal(28,10)), CAST('55.5555555' AS decimal(28,10)), 5, 999999999L
a + b
a - b
a * b
a / b
b / a
a % b
pmod(a, b)
a div 7
sign(a)
-a
abs(a)
a + n
a * n
a / 3
a * l
l / b
a + 1.5
a * 0.1
(a + b) / 2
a * 1.5D
a = b
a < b
a <=> b
a > n
greatest(a, b)
least(a, b, 0)
coalesce(a, b)
a IN (b, 1)
if(a > b, a, b)
nullif(a, b)
a BETWEEN 0 AND b
array(a, b)[1]
hash(a, b)
round(a)
bround(a)
floor(a)
ceil(a)
sqrt(a)
round(a, -2)
round(a, 1)
round(a, 3)
bround(b, 1)
floor(a, 1)
ceil(b, -1)
CAST(a AS bigint)
CAST(a AS double)
CAST(a AS float)
CAST(a AS string)
CAST(a AS boolean)
CAST(a AS timestamp)
CAST(b AS decimal(38,6))
CAST(b AS decimal(18,6))
CAST(b AS decimal(1,0))
CAST(b AS decimal(38,18))
try_cast(a AS decimal(12,2))
try_cast(a AS decimal(18,18))
try_cast(a AS decimal(38,0))
try_add(a, b)
try_multiply(a, b)
try_divide(a, b)
CAST(CAST(a AS string) AS double) + b
-- columns: a decimal(20,5), b decimal(38,0), n int, l bigint
-- row: CAST('100000000000.5555' AS decimal(20,5)), CAST('9999999999999999999.0' AS decimal(38,0)), -3, 99999999999999L
-- row: CAST('55555555555555.09999' AS decimal(20,5)), CAST('10000000000000000000000000000000000.0' AS decimal(38,0)), 6, 54400932L
-- row: CAST('-6104103.00055' AS decimal(20,5)), CAST('9999999999999999999999999999999.0' AS decimal(38,0)), 11, 27329349538L
-- row: CAST('55555555555.10' AS decimal(20,5)), CAST('9999999999999999999999999999999.0' AS decimal(38,0)), 1, 55555L
-- row: CAST('-9826689650475.00555' AS decimal(20,5)), CAST('4588431072536847741201476591.0' AS decimal(38,0)), -2, 10000000L
-- row: CAST('1.784' AS decimal(20,5)), CAST('8553421.0' AS decimal(38,0)), 11, 99999999999999L
-- row: CAST('555555555555.00555' AS decimal(20,5)), CAST('999999999999999999999999999.0' AS decimal(38,0)), 8, 6L
-- row: CAST('338611689979.08549' AS decimal(20,5)), CAST('-55555555555555.0' AS decimal(38,0)), 4, 1000000000L
-- row: CAST('555555.00184' AS decimal(20,5)), CAST('555555555555555555555.0' AS decimal(38,0)), 12, 10L
-- row: CAST('9999.3350' AS decimal(20,5)), CAST('-10000000000000000000000000000000000.0' AS decimal(38,0)), -1, 9999999999999L
a + b
a - b
a * b
a / b
b / a
a % b
pmod(a, b)
a div 7
sign(a)
-a
abs(a)
a + n
a * n
a / 3
a * l
l / b
a + 1.5
a * 0.1
(a + b) / 2
a * 1.5D
a = b
a < b
a <=> b
a > n
greatest(a, b)
least(a, b, 0)
coalesce(a, b)
a IN (b, 1)
if(a > b, a, b)
nullif(a, b)
a BETWEEN 0 AND b
array(a, b)[1]
hash(a, b)
round(a)
bround(a)
floor(a)
ceil(a)
sqrt(a)
round(a, -2)
round(a, 1)
round(a, 3)
bround(b, 1)
floor(a, 1)
ceil(b, -1)
CAST(a AS bigint)
CAST(a AS double)
CAST(a AS float)
CAST(a AS string)
CAST(a AS boolean)
CAST(a AS timestamp)
CAST(b AS decimal(38,37))
CAST(b AS decimal(38,0))
CAST(b AS decimal(12,2))
CAST(b AS decimal(18,6))
try_cast(a AS decimal(18,18))
try_cast(a AS decimal(12,2))
try_cast(a AS decimal(3,3))
try_add(a, b)
try_multiply(a, b)
try_divide(a, b)
CAST(CAST(a AS string) AS double) + b
-- columns: a decimal(18,6), b decimal(9,4), n int, l bigint
-- row: CAST('869368.000555' AS decimal(18,6)), CAST('555.999' AS decimal(9,4)), 11, 999999999L
-- row: CAST('-5555555555.9999' AS decimal(18,6)), CAST('-10000.5980' AS decimal(9,4)), 5, 999L
-- row: CAST('284237652.51622' AS decimal(18,6)), CAST('55.5555' AS decimal(9,4)), 11, 5L
-- row: CAST('1000000.100' AS decimal(18,6)), CAST('10.9999' AS decimal(9,4)), -1, 555555L
-- row: CAST('-5.000003' AS decimal(18,6)), CAST('-9.8349' AS decimal(9,4)), -3, 5555555555L
-- row: CAST('-999999.000005' AS decimal(18,6)), CAST('-5555.0999' AS decimal(9,4)), 4, 5555555555L
-- row: CAST('9999999.001394' AS decimal(18,6)), CAST('-917.0009' AS decimal(9,4)), -1, 8513307623L
-- row: CAST('1000.099999' AS decimal(18,6)), CAST('10000.100' AS decimal(9,4)), 7, 55555555555L
-- row: CAST('-999.000555' AS decimal(18,6)), CAST('-10.9999' AS decimal(9,4)), 2, 999999L
-- row: CAST('8144.999999' AS decimal(18,6)), CAST('10000.7520' AS decimal(9,4)), 8, 2010589L
a + b
a - b
a * b
a / b
b / a
a % b
pmod(a, b)
a div 7
sign(a)
-a
abs(a)
a + n
a * n
a / 3
a * l
l / b
a + 1.5
a * 0.1
(a + b) / 2
a * 1.5D
a = b
a < b
a <=> b
a > n
greatest(a, b)
least(a, b, 0)
coalesce(a, b)
a IN (b, 1)
if(a > b, a, b)
nullif(a, b)
a BETWEEN 0 AND b
array(a, b)[1]
hash(a, b)
round(a)
bround(a)
floor(a)
ceil(a)
sqrt(a)
round(a, -2)
round(a, 1)
round(a, 3)
bround(b, 1)
floor(a, 1)
ceil(b, -1)
CAST(a AS int)
CAST(a AS tinyint)
CAST(a AS bigint)
CAST(a AS double)
CAST(a AS float)
CAST(a AS string)
CAST(a AS boolean)
CAST(a AS timestamp)
CAST(b AS decimal(5,2))
CAST(b AS decimal(20,5))
CAST(b AS decimal(38,0))
CAST(b AS decimal(3,3))
try_cast(a AS decimal(5,2))
try_cast(a AS decimal(18,6))
try_cast(a AS decimal(38,18))
try_add(a, b)
try_multiply(a, b)
try_divide(a, b)
CAST(CAST(a AS string) AS double) + b
-- columns: a decimal(3,3), b decimal(38,18), n int, l bigint
-- row: CAST('0.005' AS decimal(3,3)), CAST('-1000000000000.000000999999999999' AS decimal(38,18)), 7, 464L
-- row: CAST('0.005' AS decimal(3,3)), CAST('55555555555555555.000003538308377980' AS decimal(38,18)), -2, 5555555L
-- row: CAST('0.10' AS decimal(3,3)), CAST('682324652527.5' AS decimal(38,18)), 8, 81984844L
-- row: CAST('0.999' AS decimal(3,3)), CAST('55555.000000000000000099' AS decimal(38,18)), 12, 5555L
-- row: CAST('-0.555' AS decimal(3,3)), CAST('-100000000000000000.000000000000000005' AS decimal(38,18)), 4, 999L
-- row: CAST('0.085' AS decimal(3,3)), CAST('10000000000000000.151043570257010' AS decimal(38,18)), 9, 55555555555555L
-- row: CAST('0.099' AS decimal(3,3)), CAST('-9720391980901808156.999' AS decimal(38,18)), 2, 1000L
-- row: CAST('-0.999' AS decimal(3,3)), CAST('-9999999999999999.009999999999999999' AS decimal(38,18)), -2, 8831981715L
-- row: CAST('0.10' AS decimal(3,3)), CAST('99999999999999.000000000000009999' AS decimal(38,18)), 4, 9999L
-- row: CAST('0.009' AS decimal(3,3)), CAST('-555555555555555.000000000000555555' AS decimal(38,18)), -2, 61755L
a + b
a - b
a * b
a / b
b / a
a % b
pmod(a, b)
a div 7
sign(a)
-a
abs(a)
a + n
a * n
a / 3
a * l
l / b
a + 1.5
a * 0.1
(a + b) / 2
a * 1.5D
a = b
a < b
a <=> b
a > n
greatest(a, b)
least(a, b, 0)
coalesce(a, b)
a IN (b, 1)
if(a > b, a, b)
nullif(a, b)
a BETWEEN 0 AND b
array(a, b)[1]
hash(a, b)
round(a)
bround(a)
floor(a)
ceil(a)
sqrt(a)
round(a, -2)
round(a, 1)
round(a, 3)
bround(b, 1)
floor(a, 1)
ceil(b, -1)
CAST(a AS int)
CAST(a AS tinyint)
CAST(a AS bigint)
CAST(a AS double)
CAST(a AS float)
CAST(a AS string)
CAST(a AS boolean)
CAST(a AS timestamp)
CAST(b AS decimal(18,6))
CAST(b AS decimal(20,5))
CAST(b AS decimal(18,18))
CAST(b AS decimal(28,10))
try_cast(a AS decimal(9,4))
try_cast(a AS decimal(38,6))
try_cast(a AS decimal(3,3))
try_add(a, b)
try_multiply(a, b)
try_divide(a, b)
CAST(CAST(a AS string) AS double) + b
-- columns: a decimal(3,3), b decimal(38,18), n int, l bigint
-- row: CAST('0.001' AS decimal(3,3)), CAST('10.950240' AS decimal(38,18)), 9, 860L
-- row: CAST('0.010' AS decimal(3,3)), CAST('1000.000000000100000000' AS decimal(38,18)), 5, 55555555555L
-- row: CAST('0.009' AS decimal(3,3)), CAST('-77480822905321440.000000099999999999' AS decimal(38,18)), -2, 100000000000000L
-- row: CAST('0.92' AS decimal(3,3)), CAST('100000000000000.000100000000000000' AS decimal(38,18)), 3, 10000000L
-- row: CAST('0.090' AS decimal(3,3)), CAST('-1833422863.999999999999' AS decimal(38,18)), 2, 6L
-- row: CAST('-0.55' AS decimal(3,3)), CAST('-999999999999999.1000' AS decimal(38,18)), 5, 55555L
-- row: CAST('0.010' AS decimal(3,3)), CAST('999999999999.000000000020120062' AS decimal(38,18)), 7, 999L
-- row: CAST('0.010' AS decimal(3,3)), CAST('1000000000.1000000' AS decimal(38,18)), 2, 9999999999L
-- row: CAST('0.099' AS decimal(3,3)), CAST('7789009064248764.10000000' AS decimal(38,18)), 10, 2166564L
-- row: CAST('-0.55' AS decimal(3,3)), CAST('999999999999.555555555555555555' AS decimal(38,18)), -3, 10000000000000L
a + b
a - b
a * b
a / b
b / a
a % b
pmod(a, b)
a div 7
sign(a)
-a
abs(a)
a + n
a * n
a / 3
a * l
l / b
a + 1.5
a * 0.1
(a + b) / 2
a * 1.5D
a = b
a < b
a <=> b
a > n
greatest(a, b)
least(a, b, 0)
coalesce(a, b)
a IN (b, 1)
if(a > b, a, b)
nullif(a, b)
a BETWEEN 0 AND b
array(a, b)[1]
hash(a, b)
round(a)
bround(a)
floor(a)
ceil(a)
sqrt(a)
round(a, -2)
round(a, 1)
round(a, 3)
bround(b, 1)
floor(a, 1)
ceil(b, -1)
CAST(a AS int)
CAST(a AS tinyint)
CAST(a AS bigint)
CAST(a AS double)
CAST(a AS float)
CAST(a AS string)
CAST(a AS boolean)
CAST(a AS timestamp)
CAST(b AS decimal(10,0))
CAST(b AS decimal(38,18))
CAST(b AS decimal(38,0))
CAST(b AS decimal(3,3))
try_cast(a AS decimal(5,2))
try_cast(a AS decimal(12,2))
try_cast(a AS decimal(18,6))
try_add(a, b)
try_multiply(a, b)
try_divide(a, b)
CAST(CAST(a AS string) AS double) + b
-- columns: a decimal(38,18), b decimal(28,10), n int, l bigint
-- row: CAST('8196662878858.1000000000000' AS decimal(38,18)), CAST('54287.0000000099' AS decimal(28,10)), 4, 8884L
-- row: CAST('5.000000000010000000' AS decimal(38,18)), CAST('-9.563' AS decimal(28,10)), 8, 5555555555555L
-- row: CAST('5555555555555555555.5555555' AS decimal(38,18)), CAST('10000000000.0009999999' AS decimal(28,10)), 6, 100L
-- row: CAST('10.68' AS decimal(38,18)), CAST('-9999999999999999.0001000000' AS decimal(28,10)), 10, 37L
-- row: CAST('-55555555.000000000009999999' AS decimal(38,18)), CAST('9999999999.99999' AS decimal(28,10)), 0, 480L
-- row: CAST('722277.000000000000000013' AS decimal(38,18)), CAST('-10000000000.10' AS decimal(28,10)), 4, 9999999999L
-- row: CAST('999999999999.1000000' AS decimal(38,18)), CAST('-1000.999999999' AS decimal(28,10)), 0, 55555555555555L
-- row: CAST('99999999999.000999999999999999' AS decimal(38,18)), CAST('99999999999.0055555555' AS decimal(28,10)), 4, 10000000L
-- row: CAST('-5555.000000000000000046' AS decimal(38,18)), CAST('999999999999999999.0000000005' AS decimal(28,10)), 5, 69568383708769L
-- row: CAST('555555555555555555.000000000000055555' AS decimal(38,18)), CAST('10.1000000000' AS decimal(28,10)), 10, 9999999999999L
a + b
a - b
a * b
a / b
b / a
a % b
pmod(a, b)
a div 7
sign(a)
-b
abs(b)
a + n
a * n
a / 3
a * l
l / b
a + 1.5
a * 0.1
(a + b) / 2
a * 1.5D
a = b
a < b
a <=> b
a > n
greatest(a, b)
least(a, b, 0)
coalesce(a, b)
a IN (b, 1)
if(a > b, a, b)
nullif(a, b)
a BETWEEN 0 AND b
array(a, b)[1]
hash(a, b)
round(a)
bround(a)
floor(a)
ceil(a)
sqrt(a)
round(a, -2)
round(a, 1)
round(a, 3)
bround(b, 1)
floor(a, 1)
ceil(b, -1)
CAST(a AS bigint)
CAST(a AS double)
CAST(a AS float)
CAST(a AS string)
CAST(a AS boolean)
CAST(a AS timestamp)
CAST(b AS decimal(38,6))
CAST(b AS decimal(38,0))
CAST(b AS decimal(38,37))
CAST(b AS decimal(28,10))
try_cast(a AS decimal(38,6))
try_cast(a AS decimal(20,5))
try_cast(a AS decimal(1,0))
try_add(a, b)
try_multiply(a, b)
try_divide(a, b)
CAST(CAST(a AS string) AS double) + b
-- columns: a decimal(3,3), b decimal(10,0), n int, l bigint
-- row: CAST('-0.10' AS decimal(3,3)), CAST('-5555555.0' AS decimal(10,0)), 11, 100L
-- row: CAST('0.555' AS decimal(3,3)), CAST('100.0' AS decimal(10,0)), 3, 99999999L
-- row: CAST('0.827' AS decimal(3,3)), CAST('-100.0' AS decimal(10,0)), 8, 9L
-- row: CAST('0.55' AS decimal(3,3)), CAST('667.0' AS decimal(10,0)), 2, 9999L
-- row: CAST('0.960' AS decimal(3,3)), CAST('10000000.0' AS decimal(10,0)), 9, 1000000000L
-- row: CAST('0.005' AS decimal(3,3)), CAST('1000000.0' AS decimal(10,0)), 0, 555555555L
-- row: CAST('-0.5' AS decimal(3,3)), CAST('8580634.0' AS decimal(10,0)), 0, 1000000L
-- row: CAST('-0.99' AS decimal(3,3)), CAST('555.0' AS decimal(10,0)), 9, 95516016624L
-- row: CAST('0.999' AS decimal(3,3)), CAST('1000000000.0' AS decimal(10,0)), 6, 528710677L
-- row: CAST('0.555' AS decimal(3,3)), CAST('10.0' AS decimal(10,0)), -3, 5555555L
a + b
a - b
a * b
a / b
b / a
a % b
pmod(a, b)
a div 7
sign(a)
-a
abs(a)
a + n
a * n
a / 3
a * l
l / b
a + 1.5
a * 0.1
(a + b) / 2
a * 1.5D
a = b
a < b
a <=> b
a > n
greatest(a, b)
least(a, b, 0)
coalesce(a, b)
a IN (b, 1)
if(a > b, a, b)
nullif(a, b)
a BETWEEN 0 AND b
array(a, b)[1]
hash(a, b)
round(a)
bround(a)
floor(a)
ceil(a)
sqrt(a)
round(a, -2)
round(a, 1)
round(a, 3)
bround(b, 1)
floor(a, 1)
ceil(b, -1)
CAST(a AS int)
CAST(a AS tinyint)
CAST(a AS bigint)
CAST(a AS double)
CAST(a AS float)
CAST(a AS string)
CAST(a AS boolean)
CAST(a AS timestamp)
CAST(b AS decimal(28,10))
CAST(b AS decimal(9,4))
CAST(b AS decimal(38,37))
CAST(b AS decimal(1,0))
try_cast(a AS decimal(38,0))
try_cast(a AS decimal(10,0))
try_cast(a AS decimal(3,3))
try_add(a, b)
try_multiply(a, b)
try_divide(a, b)
CAST(CAST(a AS string) AS double) + b
