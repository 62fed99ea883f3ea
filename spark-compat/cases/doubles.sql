-- Doubles and floats: NaN, -0.0, infinities, rounding, text.
-- columns: x double, y double
-- row: 1.5, 2.5
-- row: 0.0, CAST('-0.0' AS double)
-- row: CAST('-0.0' AS double), 0.0
-- row: CAST('NaN' AS double), 1.0
-- row: CAST('NaN' AS double), CAST('NaN' AS double)
-- row: CAST('Infinity' AS double), CAST('-Infinity' AS double)
-- row: 1e308, 10
-- row: 5e-324, 2
-- row: -2.5, 0.0
-- row: 2.5, 1.0
-- row: 0.1, 0.2
-- row: 1.005, 3
-- row: 2.675, -1
-- row: 123456789.987, 1e7
-- row: 1e-3, 1e21
-- row: -1e19, 9.99e-4
-- row: 100, NULL
x
y
x + y
x - y
x * y
x / y
x % y
pmod(x, y)
x div y
-x
abs(x)
sign(x)
x + 1
x * 1.1
x * 2
x + 0.1
x - 0.1F
x / 3
1 / y
x = y
x <=> y
x < y
x > y
x >= y
x <> y
x = 0
x > 1.5
x = '1.5'
x > 'a'
x IN (0, 1.5)
x IN (CAST('NaN' AS double), 2)
x BETWEEN 0 AND 2
isnan(x)
x IS NULL
nanvl(x, y)
nanvl(x, 0)
greatest(x, y)
least(x, y)
greatest(x, 2)
coalesce(y, x)
coalesce(y, 0)
nullif(x, 0)
nullif(x, CAST('NaN' AS double))
if(x > y, x, 0)
CASE WHEN x > 1 THEN x ELSE 1 END
round(x)
round(x, 1)
round(x, 2)
round(x, -1)
bround(x)
bround(x, 1)
bround(x, 2)
ceil(x)
floor(x)
rint(x)
int(x)
cast(x AS int)
cast(x AS bigint)
cast(x AS smallint)
cast(x AS tinyint)
cast(x AS float)
cast(x AS string)
cast(x AS boolean)
cast(x AS decimal(10,2))
cast(x AS decimal(38,18))
cast(x AS decimal(3,1))
cast(x AS timestamp)
try_cast(x AS int)
try_cast(x AS decimal(5,3))
try_cast(x AS timestamp)
string(x) || '!'
concat(x, '')
length(x)
hash(x)
xxhash64(x)
md5(cast(x AS string))
format_number(x, 2)
format_number(x, 0)
format_number(x, '#,###.0')
format_string('%.2f', x)
format_string('%s', x)
format_string('%e', x)
sqrt(x)
cbrt(x)
exp(x)
expm1(x)
ln(x)
log(x)
log10(x)
log2(x)
log1p(x)
log(2, x)
log(y, 8)
power(x, y)
pow(x, 2)
hypot(x, y)
sin(x)
cos(x)
tan(x)
cot(y)
sec(y)
csc(y)
asin(x)
acos(x)
atan(x)
atan2(x, y)
sinh(y)
cosh(y)
tanh(x)
asinh(y)
acosh(x)
atanh(x)
degrees(x)
radians(x)
try_add(x, y)
try_subtract(x, y)
try_multiply(x, y)
try_divide(x, y)
try_mod(x, y)
width_bucket(x, 0, 10, 5)
array(x, y)
array_contains(array(0.0D, CAST('NaN' AS double)), x)
array_max(array(x, y))
array_min(array(x, y))
sort_array(array(x, y, 1.0D))
array_distinct(array(x, y))
struct(x)
to_json(named_struct('x', x, 'y', y))
to_json(array(x))
map(1, x)
typeof(x + 1)
typeof(round(x, 1))
typeof(ceil(x))
power(1, x)
power(x, 0)
power(-1, y)
pow(x, y)
-- columns: f float, g double
-- row: 1.1, 1.1
-- row: 16777217, 16777217
-- row: 3.4028235E38, 2
-- row: CAST('NaN' AS float), CAST('NaN' AS double)
-- row: CAST('-Infinity' AS float), CAST('Infinity' AS double)
-- row: CAST('-0.0' AS float), 0.0
-- row: 1.4E-45, 1e-50
-- row: -2.5, 1
-- row: 0.1, 0.30000001192092896
f
f + f
f * f
f + g
f - g
f * 2
f * 2L
f * 1.5
f / 3
f / f
f = g
f < g
f <=> g
f = 1.1
f = 1.1F
f = '1.1'
f > 1
-f
abs(f)
cast(f AS double)
cast(f AS int)
cast(f AS bigint)
cast(f AS string)
cast(f AS decimal(10,2))
cast(f AS decimal(38,10))
cast(f AS boolean)
cast(g AS float)
round(f)
round(f, 1)
bround(f, 0)
ceil(f)
floor(f)
sqrt(f)
isnan(f)
coalesce(f, g)
greatest(f, g)
if(f > g, f, 1)
hash(f)
xxhash64(f)
concat(f, '|', g)
array(f, g)
f % 2
f div 2
typeof(f + f)
typeof(f * 2)
typeof(f * 2L)
typeof(f + 1.5)
typeof(coalesce(f, 1))
